/** The engine as a `PairRunner`: facts of both sides, and units that time one against the other. */
import { UserError } from '../../extension/model.ts';
import type {
  CountedTable,
  ExperimentPlan,
  ExperimentWork,
  PairFacts,
  PairHooks,
  PairRunner,
  SideFacts,
  SideSpec,
  Unit,
} from '../../extension/model-experiment.ts';
import { median } from '../../extension/profile/percentiles.ts';
import { unitLogRatio } from '../../extension/profile/unit-blocks.ts';
import type { TraceParameters, WorkloadParameters } from '../../extension/profile/workloads.ts';
import { abortError, type ChildOptions, pinFlags, probeFlags, runJob } from './child.ts';
import { ranIn } from './counted-table.ts';
import { readManifest } from './manifest.ts';
import { layoutRecipes, seededRandom } from './module-layout.ts';
import { Modules } from './modules.ts';
import { engineSide, engineSideLabel, hasThreads, workParameters } from './pair-side.ts';
import { type Pin, probePin } from '../../extension/profile/pin.ts';
import type {
  CheckResult,
  CompareResult,
  Job,
  JobResult,
  LivenessResult,
  PairResult,
  SideModule,
} from './protocol.ts';
import { readTrace } from './trace-file.ts';

export interface EnginePairOptions {
  readonly distDir: string;
  /** Default: the running executable. */
  readonly nodePath?: string;
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** Keeps modules with changed flags; default: dist/engine-cache. */
  readonly cacheDir?: string;
  /** Few blocks of short batches, to see everything work; its timings say nothing. */
  readonly quick?: boolean;
}

/** One thread compiles: functions then stand in the order of their numbers, and a layout is the same in every process. */
const layoutFlag = '--wasm-num-compilation-tasks=1';
const blocksOfUnit = 30;
const batchNs = 5e6;
const quickBlocks = 4;
const quickBatchNs = 2e5;
/** Long batches get fewer blocks, so that a unit stays within about this time. */
const budgetNs = 20e9;
/** The heaps of a unit begin up to so many MiB later: where a heap begins, the engine wants a multiple of 1 MiB. */
const heapSteps = 16;
const mib = 0x100000;
const longestPadding = 4096;

/** Of the progress: where the length of what follows is not known. */
const start = { from: 0, size: 0 };

type Parameters = WorkloadParameters | TraceParameters;

interface Resolved extends SideModule {
  readonly sha256: string;
}

interface Sides {
  readonly baseline: Resolved;
  readonly treatment: Resolved;
}

function environmentKey(env: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What `HAKMEM_FORCE_LIBC_ALLOC` says, read as the engine reads a gate: set, not empty, not beginning with `0`. */
function wantsLibc(env: Readonly<Record<string, string>>): boolean {
  const value = env.HAKMEM_FORCE_LIBC_ALLOC ?? '';
  return value !== '' && !value.startsWith('0');
}

const answers = {
  engine: "the engine's own heap",
  libc: 'the forced baseline (TLSF)',
} as const;

/** Seed of everything random about a unit. */
function unitSeed(plan: ExperimentPlan, index: number): number {
  return (Math.imul(plan.work.seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
}

function operationsPerSecond(nsPerOperation: readonly number[]): number {
  return 1e9 / median(nsPerOperation);
}

/**
 * Experiments on the engine. A unit is a fresh process that has both sides, each with its own copy of the code and its own
 * memory. Nothing of the engine runs in the caller's process.
 */
export class EnginePair implements PairRunner {
  readonly #options: EnginePairOptions;
  #child: Promise<ChildOptions> | null = null;
  #pin: Promise<Pin | null> | null = null;

  constructor(options: EnginePairOptions) {
    this.#options = options;
  }

  #childOptions(): Promise<ChildOptions> {
    const base = {
      distDir: this.#options.distDir,
      nodePath: this.#options.nodePath ?? process.execPath,
      extraEnv: this.#options.extraEnv ?? {},
    };
    this.#child ??= probeFlags(base, [...pinFlags, layoutFlag]).then((nodeFlags) => ({ ...base, nodeFlags }));
    return this.#child;
  }

  #pinned(): Promise<Pin | null> {
    this.#pin ??= probePin(this.#options.nodePath ?? process.execPath);
    return this.#pin;
  }

  /** What units of this work run under, for `MachineState`: the core that they are pinned to, and V8's flags. */
  async conditions(
    work: ExperimentWork,
  ): Promise<{ readonly pinned: readonly number[] | null; readonly flags: readonly string[] }> {
    const pin = (await this.#threaded(workParameters(work))) ? null : await this.#pinned();
    return {
      pinned: pin === null ? null : [pin.core],
      flags: (await this.#childOptions()).nodeFlags,
    };
  }

  layouts(_plan: ExperimentPlan): readonly string[] {
    return layoutRecipes.map((r) => r.name);
  }

  /** Several threads are not pinned: they would share the one core. */
  async #threaded(parameters: Parameters): Promise<boolean> {
    if (parameters.workload !== 'trace') return hasThreads(parameters);
    return !parameters.flatten && (await readTrace(parameters.file)).threads > 1;
  }

  async #run(
    job: Job,
    label: string,
    hooks: PairHooks,
    share: { readonly from: number; readonly size: number } = { from: 0, size: 1 },
    changes: Partial<ChildOptions> = {},
  ): Promise<JobResult> {
    const options = { ...(await this.#childOptions()), ...changes };
    return runJob(job, options, {
      signal: hooks.signal,
      onProgress: (message, fraction) =>
        hooks.onProgress?.(`${label}: ${message}`, Math.min(1, share.from + share.size * fraction)),
    });
  }

  /** Compiles where it has to, in a child process that a cancel ends. */
  async #resolve(spec: SideSpec, hooks: PairHooks): Promise<Resolved> {
    const { variant, flags, env } = engineSide(spec);
    const { distDir, cacheDir } = this.#options;
    const modules = new Modules(
      distDir,
      (job) => this.#run(job, `compiling ${engineSideLabel(spec)}`, hooks, start),
      cacheDir,
    );
    const { file, sha256 } = await modules.resolve(readManifest(distDir), variant, flags, env);
    return { module: file, env, sha256 };
  }

  async #sides(plan: ExperimentPlan, hooks: PairHooks): Promise<Sides> {
    if (hooks.signal?.aborted) throw abortError();
    // One after the other: both may be the same combination, which is compiled once.
    const baseline = await this.#resolve(plan.baseline, hooks);
    if (hooks.signal?.aborted) throw abortError();
    return { baseline, treatment: await this.#resolve(plan.treatment, hooks) };
  }

  /** The checked pass; with faults only its hash, and `verified` false. */
  async #check(
    side: Resolved,
    parameters: Parameters,
    label: string,
    hooks: PairHooks,
    from: number,
  ): Promise<{ readonly hash: readonly string[]; readonly verified: boolean }> {
    const base = { module: side.module, env: side.env, parameters, oneThread: null };
    const check = async (verify: boolean): Promise<CheckResult> => {
      const result = await this.#run({ ...base, kind: 'check', verify }, label, hooks, {
        from: from + 0.05,
        size: 0.2,
      });
      if (result.kind !== 'check') throw new Error('the child answered another question');
      return result;
    };
    try {
      return { hash: (await check(true)).hashes, verified: true };
    } catch (error) {
      if (!(error instanceof UserError) || !error.message.startsWith('--verify failed')) throw error;
    }
    try {
      return { hash: (await check(false)).hashes, verified: false };
    } catch (error) {
      // What is faulty enough not to finish has no hash.
      if (!(error instanceof UserError)) throw error;
      return { hash: [], verified: false };
    }
  }

  async #alive(side: Resolved, label: string, hooks: PairHooks, from: number): Promise<LivenessResult> {
    const { module, env } = side;
    const result = await this.#run({ kind: 'liveness', module, env }, label, hooks, { from, size: 0.05 });
    if (result.kind !== 'liveness') throw new Error('the child answered another question');
    return result;
  }

  async #compare(sides: Sides, parameters: Parameters, hooks: PairHooks): Promise<CompareResult> {
    const { functions } = readManifest(this.#options.distDir);
    const result = await this.#run({ kind: 'compare', ...sides, parameters, functions }, 'coverage', hooks, {
      from: 0,
      size: 0.5,
    });
    if (result.kind !== 'compare') throw new Error('the child answered another question');
    return result;
  }

  /**
   * Identity, liveness, hashes and `--verify` of both sides, and their counted execution where the work has one thread
   * (with several, counters and `changedRan` are null). Throws `UserError` for what the engine does not have.
   */
  async facts(plan: ExperimentPlan, hooks: PairHooks): Promise<PairFacts> {
    const parameters = workParameters(plan.work);
    const sides = await this.#sides(plan, hooks);
    const counted = (await this.#threaded(parameters)) ? null : await this.#compare(sides, parameters, hooks);
    const one = async (side: 'baseline' | 'treatment', from: number): Promise<[SideFacts, number]> => {
      const module = sides[side];
      const { heap, clockNs } = await this.#alive(module, side, hooks, from);
      const { hash, verified } = await this.#check(module, parameters, side, hooks, from);
      const table = counted?.[side] ?? null;
      const libc = wantsLibc(module.env);
      // The pass itself has to have gone there too, not just the block that was asked for.
      const served = table === null || ranIn(table, 'engine/allocator/libc_heap.ts') === libc;
      const facts: SideFacts = {
        spec: plan[side],
        label: engineSideLabel(plan[side]),
        sha256: module.sha256,
        answered: heap === null ? null : answers[heap],
        intended: heap === (libc ? 'libc' : 'engine') && served,
        hash,
        verified,
        counters: table === null ? null : countersOf(table),
        counted: table,
      };
      return [facts, clockNs];
    };
    const [baseline, clockNs] = await one('baseline', 0.5);
    const [treatment, otherClock] = await one('treatment', 0.75);
    return {
      baseline,
      treatment,
      identical:
        sides.baseline.sha256 === sides.treatment.sha256 &&
        environmentKey(sides.baseline.env) === environmentKey(sides.treatment.env),
      changedRan: counted?.changedRan ?? null,
      changed: counted?.changed ?? [],
      clockNs: Math.max(clockNs, otherClock),
    };
  }

  /** Counts of one side by function and line. Throws `UserError` for work with several threads. */
  async counted(spec: SideSpec, work: ExperimentWork, hooks: PairHooks): Promise<CountedTable> {
    const parameters = workParameters(work);
    const { module, env } = await this.#resolve(spec, hooks);
    const { functions } = readManifest(this.#options.distDir);
    const result = await this.#run({ kind: 'table', module, env, parameters, functions }, 'counting', hooks);
    if (result.kind !== 'table') throw new Error('the child answered another question');
    return result.table;
  }

  /**
   * A fresh process with both sides. Which side comes first alternates from unit to unit and, layout by layout, from round to
   * round. Everything random about it follows from `index` and the plan's seed. For random_mixed the plan's `iterations`
   * say what the facts are taken of; a batch is as long as its time asks for.
   */
  async unit(plan: ExperimentPlan, index: number, layout: string, hooks: PairHooks): Promise<Unit> {
    const recipe = layoutRecipes.find((r) => r.name === layout);
    if (recipe === undefined) throw new Error(`no layout ${layout}`);
    const parameters = workParameters(plan.work);
    const { baseline, treatment } = await this.#sides(plan, hooks);
    const random = seededRandom(unitSeed(plan, index));
    const round = Math.floor(index / layoutRecipes.length);
    const first = (index + round) % 2 === 0 ? 'baseline' : 'treatment';
    const heapOffset = Math.floor(random() * heapSteps) * mib;
    const padding = 'x'.repeat(Math.floor(random() * longestPadding));
    const pin = (await this.#threaded(parameters)) ? null : await this.#pinned();
    const quick = this.#options.quick === true;
    const result = await this.#run(
      {
        ...{ kind: 'pair', baseline, treatment, parameters, layout: recipe, first, heapOffset },
        ...{ seed: Math.floor(random() * 2 ** 32), blocks: quick ? quickBlocks : blocksOfUnit },
        ...{ batchNs: quick ? quickBatchNs : batchNs, budgetNs },
      },
      `unit ${index + 1}`,
      hooks,
      undefined,
      {
        extraEnv: { ...this.#options.extraEnv, ALLOC_LENS_PADDING: padding },
        ...(pin === null ? {} : { launcher: pin.launcher }),
      },
    );
    if (result.kind !== 'pair') throw new Error('the child answered another question');
    return unitOf(index, layout, first, result);
  }
}

function countersOf(table: CountedTable): SideFacts['counters'] {
  const { unit, instructionsPerOp, branchesPerOp, memoryOpsPerOp, callsPerOp } = table;
  return { unit, instructionsPerOp, branchesPerOp, memoryOpsPerOp, callsPerOp };
}

function unitOf(index: number, layout: string, first: Unit['first'], result: PairResult): Unit {
  return {
    ...{ index, layout, first },
    logRatio: unitLogRatio(result.blocks),
    blocks: result.blocks,
    baseline: operationsPerSecond(result.baseline),
    treatment: operationsPerSecond(result.treatment),
    batchNs: result.batchNs,
    disturbed: result.disturbed,
  };
}
