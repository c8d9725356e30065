/** Soaks on the built-in engine: a process a side, kept alive; only one of them works at a time. */
import type { PairHooks, SideSpec } from '../../extension/model-experiment.ts';
import type {
  SideName,
  SoakMeasure,
  SoakPlan,
  SoakProcess,
  SoakRunner,
  SoakSession,
} from '../../extension/model-soak.ts';
import { UserError } from '../../extension/model.ts';
import type { TraceParameters, WorkloadParameters } from '../../extension/profile/workloads.ts';
import { type ChildOptions, probeFlags, runJob } from './child.ts';
import { compileSettings } from './flavours.ts';
import { readManifest } from './manifest.ts';
import { Modules, type ResolvedModule } from './modules.ts';
import { type EngineSide, engineSide, workParameters } from './pair-side.ts';
import { SoakChild } from './soak-child.ts';
import type { EngineTargetOptions } from './target.ts';
import { flagsOf, variants } from './variants.ts';

export interface EngineSoakOptions extends EngineTargetOptions {
  /** For tests: a side that leaves frees out, every so many epochs. */
  readonly forget?: { readonly side: SideName; readonly epochs: number };
}

function requireSoakable(plan: SoakPlan): void {
  for (const { target } of [plan.baseline, plan.treatment]) {
    if (target !== 'engine')
      throw new UserError(`a soak runs on the engine: ${target} cannot take part in one`);
  }
  if (plan.work.workload === 'trace' && (plan.work.threads ?? 1) !== 1) {
    throw new UserError('a trace has its own threads: leave --threads out, or give --flatten for one');
  }
}

/** The same for both sides, another for each epoch; never 0. */
export function epochSeed(seed: number, index: number): number {
  return (seed + Math.imul(index, 0x85ebca6b)) >>> 0 || 1;
}

class EngineSoakSession implements SoakSession {
  readonly flags: readonly string[];
  readonly baseline: SoakProcess;
  readonly treatment: SoakProcess;
  readonly #children: Readonly<Record<SideName, SoakChild>>;
  readonly #seed: number;

  constructor(
    flags: readonly string[],
    processes: Readonly<Record<SideName, SoakProcess>>,
    children: Readonly<Record<SideName, SoakChild>>,
    seed: number,
  ) {
    this.flags = flags;
    this.baseline = processes.baseline;
    this.treatment = processes.treatment;
    this.#children = children;
    this.#seed = seed;
  }

  async epoch(side: SideName, index: number, seconds: number): Promise<SoakMeasure> {
    const order = { index, seconds, seed: epochSeed(this.#seed, index) };
    const { ns, ...measured } = await this.#children[side].epoch(order);
    return { ...measured, opsPerSecond: (measured.operations / Math.max(1, ns)) * 1e9 };
  }

  end(): void {
    this.#children.baseline.end();
    this.#children.treatment.end();
  }
}

/** A soak's processes have their tier pinned as those of benchmarks. */
export class EngineSoakRunner implements SoakRunner {
  readonly #options: EngineSoakOptions;

  constructor(options: EngineSoakOptions) {
    this.#options = options;
  }

  /** Rejects with `UserError` for what cannot be soaked, with an AbortError when cancelled. */
  async start(plan: SoakPlan, hooks: PairHooks): Promise<SoakSession> {
    requireSoakable(plan);
    const parameters = workParameters(plan.work);
    const base = {
      distDir: this.#options.distDir,
      nodePath: this.#options.nodePath ?? process.execPath,
      extraEnv: this.#options.extraEnv ?? {},
    };
    const options = { ...base, nodeFlags: await probeFlags(base) };
    const baseline = await this.#process('baseline', plan.baseline, parameters, options, hooks);
    try {
      const treatment = await this.#process('treatment', plan.treatment, parameters, options, hooks);
      return new EngineSoakSession(
        options.nodeFlags,
        { baseline: baseline.process, treatment: treatment.process },
        { baseline: baseline.child, treatment: treatment.child },
        plan.work.seed,
      );
    } catch (error) {
      baseline.child.end();
      throw error;
    }
  }

  async #process(
    name: SideName,
    spec: SideSpec,
    parameters: WorkloadParameters | TraceParameters,
    options: ChildOptions,
    hooks: PairHooks,
  ): Promise<{ readonly child: SoakChild; readonly process: SoakProcess }> {
    const side = engineSide(spec);
    hooks.onProgress?.(`${name}: preparing`, 0);
    const module = await this.#module(side, options, hooks);
    const variant = variants.find((v) => v.name === side.variant);
    const flags = variant === undefined ? {} : flagsOf(variant, compileSettings(side.flags));
    const osStats = flags.HAKMEM_SS_OS_STATS_COMPILED === 1;
    const { forget } = this.#options;
    const forgetEvery = forget?.side === name ? forget.epochs : null;
    const child = await SoakChild.start(
      { kind: 'soak', module: module.file, parameters, env: side.env, osStats, forgetEvery },
      options,
      hooks.signal,
    );
    return { child, process: { sha256: module.sha256, systemCallsExact: osStats } };
  }

  #module(side: EngineSide, options: ChildOptions, { signal }: PairHooks): Promise<ResolvedModule> {
    const modules = new Modules(
      options.distDir,
      (job) => runJob(job, options, { onProgress: () => {}, signal }),
      this.#options.cacheDir,
    );
    return modules.resolve(readManifest(options.distDir), side.variant, side.flags, side.env);
  }
}
