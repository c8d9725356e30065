/** The built-in engine as a `Target`. */
import {
  type BenchCounters,
  type BenchProfile,
  type BenchRequest,
  type BenchResult,
  type RunHooks,
  type Target,
  UserError,
} from '../../extension/model.ts';
import { benchRun, summarizeRuns } from '../../extension/profile/run-statistics.ts';
import {
  parametersOf,
  requestedPasses,
  type TraceParameters,
  traceOf,
  type WorkloadParameters,
  workloadName,
} from '../../extension/profile/workloads.ts';
import { type ChildOptions, abortError, probeFlags, runJob } from './child.ts';
import { type Manifest, readManifest } from './manifest.ts';
import { Modules, type ResolvedModule } from './modules.ts';
import type { CheckResult, Job, JobResult, PassesResult } from './protocol.ts';
import { variants } from './variants.ts';
import { countersWant, sampleWants } from './work.ts';

export interface EngineTargetOptions {
  readonly distDir: string;
  /** Default: the running executable. */
  readonly nodePath?: string;
  readonly extraEnv?: Readonly<Record<string, string>>;
  /** Keeps modules with changed flags; default: dist/engine-cache. */
  readonly cacheDir?: string;
}

type Parameters = WorkloadParameters | TraceParameters;

function systemCallsPerOp(run: PassesResult | undefined): number | null {
  const operations = run === undefined ? 0 : run.passes.length * run.operations;
  return run === undefined || operations === 0 ? null : run.systemCalls / operations;
}

function resultOf(
  request: BenchRequest,
  module: ResolvedModule,
  runs: readonly PassesResult[],
  check: CheckResult | null,
  counters: BenchCounters | null,
  profile: BenchProfile | null,
): BenchResult {
  return {
    schemaVersion: 1,
    workload: workloadName(request),
    target: 'engine',
    variant: request.variant,
    threads: runs[0]?.threads ?? 1,
    iterations: runs[0]?.operations ?? 0,
    ...summarizeRuns(runs.map((run) => benchRun(run.passes, run.operations))),
    hash: check?.hashes ?? [],
    moduleSha256: module.sha256,
    counters,
    latency: runs[0]?.latency ?? null,
    memory: {
      peakBytes: Math.max(...runs.map((r) => r.peakBytes)),
      liveBytes: check?.liveBytes ?? null,
      requestedBytes: check?.requestedBytes ?? null,
      wasteByClass: check?.wasteByClass ?? null,
      pageFaults: runs.reduce((sum, r) => sum + r.pageFaults / r.passes.length, 0) / runs.length,
      systemCallsPerOp: systemCallsPerOp(runs[0]),
    },
    profile,
  };
}

/** Refuses at once what cannot be done with the threads of a workload. (How many a trace has stands in its file.) */
function requireOneThread(request: BenchRequest, parameters: Parameters): void {
  const { workload } = parameters;
  requestedPasses(request);
  if (workload === 'trace') {
    if (request.threads !== null && request.threads !== 1) {
      throw new UserError('a trace has its own threads: leave --threads out, or give --flatten for one');
    }
  }
  if (request.latency && workload !== 'random_mixed' && workload !== 'floor') {
    throw new UserError(`--latency is measured with random_mixed, not with ${workload}`);
  }
  if (workload !== 'larson' && workload !== 'pc' && workload !== 'mstress') return;
  const what = [
    ...(request.sample ? ['--sample'] : []),
    ...(request.counters ? ['--counters'] : []),
    ...(request.variant === 'counted' ? ['--variant counted'] : []),
  ][0];
  if (what === undefined) return;
  throw new UserError(
    `${what} looks at one thread, and ${workload} has several: choose random_mixed, or a trace with --flatten`,
  );
}

/**
 * Runs workloads on the engine, each run in a fresh child process with V8's optimising tier pinned where the flag is
 * taken. Nothing of the engine runs in the caller's process.
 */
export class EngineTarget implements Target {
  readonly name = 'engine';
  readonly variants: readonly string[] = [...variants.map((v) => v.name), 'counted'];
  readonly #options: EngineTargetOptions;
  readonly #modules: Modules;
  #flags: Promise<string[]> | null = null;

  constructor(options: EngineTargetOptions) {
    this.#options = options;
    this.#modules = new Modules(
      options.distDir,
      async (job) => runJob(job, await this.#childOptions(), { onProgress: () => {}, signal: undefined }),
      options.cacheDir,
    );
  }

  #manifest(): Manifest {
    return readManifest(this.#options.distDir);
  }

  async #childOptions(): Promise<ChildOptions> {
    const base = {
      distDir: this.#options.distDir,
      nodePath: this.#options.nodePath ?? process.execPath,
      extraEnv: this.#options.extraEnv ?? {},
    };
    this.#flags ??= probeFlags(base);
    return { ...base, nodeFlags: await this.#flags };
  }

  async run(request: BenchRequest, hooks: RunHooks): Promise<BenchResult> {
    const parameters = request.workload === 'trace' ? traceOf(request) : parametersOf(request);
    requireOneThread(request, parameters);
    if (!Number.isInteger(request.runs) || request.runs < 1 || request.runs > 1000) {
      throw new UserError(`--runs has to be a whole number from 1 to 1000, not ${request.runs}`);
    }
    const manifest = this.#manifest();
    const core = request.placement?.core ?? null;
    const options = {
      ...(await this.#childOptions()),
      ...(core === null ? {} : { launcher: ['taskset', '-c', String(core)] }),
    };
    if (hooks.signal?.aborted) throw abortError();
    hooks.onProgress?.({ message: `engine ${request.variant}: preparing`, fraction: 0 });
    const module = await this.#modules.resolve(manifest, request.variant, request.flags, request.env);
    return this.#runResolved(request, hooks, parameters, manifest, module, options);
  }

  async #runResolved(
    request: BenchRequest,
    hooks: RunHooks,
    parameters: Parameters,
    manifest: Manifest,
    module: ResolvedModule,
    options: ChildOptions,
  ): Promise<BenchResult> {
    const counted = request.variant === 'counted';
    const checks = parameters.workload !== 'floor';
    const steps =
      request.runs + (checks ? 1 : 0) + (request.counters || counted ? 1 : 0) + (request.sample ? 2 : 0);
    let step = 0;
    const tier = options.nodeFlags.includes('--no-liftoff') ? '' : ', tier not pinned';
    const job = async (label: string, share: number, j: Job): Promise<JobResult> => {
      const result = await runJob(j, options, {
        signal: hooks.signal,
        onProgress: (message, fraction) =>
          hooks.onProgress?.({
            message: `${label}: ${message}${tier}`,
            fraction: Math.min(1, (step + fraction * share) / steps),
          }),
      });
      step += share;
      return result;
    };
    const base = { module: module.file, parameters, env: request.env };
    let check: CheckResult | null = null;
    if (checks) {
      const result = await job(`engine ${request.variant}`, 1, {
        ...base,
        kind: 'check',
        verify: request.verify,
        oneThread: request.sample ? sampleWants : request.counters || counted ? countersWant : null,
      });
      if (result.kind === 'check') check = result;
    }
    const runs: PassesResult[] = [];
    for (let i = 0; i < request.runs; i++) {
      const label =
        request.runs === 1 ? `engine ${request.variant}` : `engine ${request.variant}, run ${i + 1}`;
      const result = await job(label, 1, {
        ...base,
        kind: 'passes',
        passes: requestedPasses(request),
        instrumented: counted,
        latency: request.latency && i === 0,
      });
      if (result.kind === 'passes') runs.push(result);
    }
    let counters: BenchCounters | null = null;
    if (request.counters || counted) {
      const result = await job('counting', 1, { ...base, kind: 'counters' });
      if (result.kind === 'counters') counters = result.counters;
    }
    let profile: BenchProfile | null = null;
    if (request.sample) profile = await this.#profile(request, parameters, manifest, job);
    hooks.onProgress?.({ message: 'done', fraction: 1 });
    return resultOf(request, module, runs, check, counters, profile);
  }

  /** The sampler's run: always on `sampled`, with the request's flags and gates. */
  async #profile(
    request: BenchRequest,
    parameters: Parameters,
    manifest: Manifest,
    job: (label: string, share: number, j: Job) => Promise<JobResult>,
  ): Promise<BenchProfile | null> {
    const sampled = await this.#modules.resolve(manifest, 'sampled', request.flags, {});
    const fast = await this.#modules.resolve(manifest, 'fast', {}, {});
    const result = await job('sampling', 2, {
      kind: 'sample',
      module: sampled.file,
      fastModule: fast.file,
      functions: manifest.functions,
      parameters,
      env: request.env,
    });
    if (result.kind !== 'sample') return null;
    const { functions, lines, speedAgainstFast, samples } = result;
    return { target: 'engine', variant: 'sampled', speedAgainstFast, functions, lines, samples };
  }
}
