/** A native allocator as a `Target`: the C harness in fresh processes, the library by LD_PRELOAD. */
import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import {
  type BenchRequest,
  type BenchResult,
  type PreparedTarget,
  type RunHooks,
  type Target,
  UserError,
} from '../model.ts';
import { placedCommand } from '../profile/placement.ts';
import {
  defaultPasses,
  latencyOperations,
  parametersOf,
  requestedPasses,
  type TraceParameters,
  traceOf,
  type WorkloadParameters,
  workloadName,
} from '../profile/workloads.ts';
import { loadedHash } from './elf.ts';
import { harnessBinary, type LinkedAllocator } from './harness.ts';
import { type HarnessOutput, parseHarnessOutput } from './output.ts';
import { type ProcessOutcome, abortError, oneLine, runProcess } from './process.ts';
import { profileHarness } from './profile-run.ts';
import { nativeBenchProfile, nativeResult } from './result.ts';
import { harnessArguments } from './arguments.ts';
import { countSystemCalls } from './system-calls.ts';
import { type TraceText, traceText } from './trace-text.ts';

export interface NativeTargetOptions {
  /** Shown, and `target` in the result. */
  readonly name: string;
  /** Path of the allocator's shared library; null runs the system's own malloc. */
  readonly preload: string | null;
  /** An allocator to be linked into the harness instead. */
  readonly linked?: LinkedAllocator;
  /** Compiled harnesses are kept here. */
  readonly cacheDir: string;
  /** Path of `harness.c` (`native/harness.c` in dist), the harness's other files beside it. */
  readonly harness: string;
  /** Default: `cc`. */
  readonly compiler?: string;
}

async function sha256Of(file: string): Promise<string | null> {
  try {
    return createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  } catch {
    return null;
  }
}

async function realPathOrNull(file: string): Promise<string | null> {
  try {
    return await realpath(file);
  } catch {
    return null;
  }
}

/** The last line of stderr that says something, without the harness's own progress. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').filter((l) => l.trim() !== '' && !/^pass \d+ of \d+$/.test(l));
  return lines.at(-1)?.trim().slice(0, 300) ?? '';
}

/** Single operations to time in each thread. Only random_mixed has a number of its own; the others are timed whole. */
function latencyCount(p: WorkloadParameters | TraceParameters): number {
  return p.workload === 'random_mixed' ? Math.min(p.iterations, latencyOperations) : 2 ** 22;
}

/** One request, ready to be handed to the harness. */
interface Job {
  readonly binary: string;
  readonly preload: string | null;
  readonly request: BenchRequest;
  readonly parameters: WorkloadParameters | TraceParameters;
  readonly text: TraceText | null;
}

/**
 * Runs workloads and traces over a native allocator. Every run is a fresh process, in which the intended library has
 * to be the one that defines malloc. Profiles and counters are measured in further processes, after the timed ones.
 */
export class NativeTarget implements Target {
  readonly name: string;
  readonly variants: readonly string[] = ['native'];
  readonly noFlags = 'native libraries are run as they were built';
  readonly #options: NativeTargetOptions;

  constructor(options: NativeTargetOptions) {
    this.name = options.name;
    this.#options = options;
  }

  run(request: BenchRequest, hooks: RunHooks): Promise<BenchResult> {
    return this.#prepared(request, hooks, (job) => this.#runs(job, hooks));
  }

  /** Checks the request, and hands its job to `use` while the trace's text is there. */
  async #prepared<T>(request: BenchRequest, hooks: RunHooks, use: (job: Job) => Promise<T>): Promise<T> {
    const parameters = request.workload === 'trace' ? traceOf(request) : parametersOf(request);
    if (!Number.isInteger(request.runs) || request.runs < 1 || request.runs > 1000) {
      throw new UserError(`--runs has to be a whole number from 1 to 1000, not ${request.runs}`);
    }
    const flag = Object.keys(request.flags)[0];
    if (flag !== undefined) {
      throw new UserError(`${flag} is a compile flag: ${this.noFlags}`);
    }
    if (hooks.signal?.aborted) throw abortError();
    const preload = await this.#library();
    hooks.onProgress?.({ message: `${this.name}: preparing the harness`, fraction: 0 });
    const binary = await this.#binary(false, hooks.signal);
    const text = parameters.workload === 'trace' ? await traceText(parameters.file, hooks.signal) : null;
    try {
      return await use({ binary, preload, request, parameters, text });
    } finally {
      await text?.dispose();
    }
  }

  async systemCallsPerOp(request: BenchRequest, hooks: RunHooks): Promise<number | null> {
    const plain = { ...request, sample: false, counters: false, latency: false, verify: false };
    return this.#prepared(plain, hooks, async (job) => {
      const counted = await countSystemCalls({
        ...{ binary: job.binary, args: this.#arguments(job, false), preload: job.preload },
        ...{ env: request.env, cacheDir: this.#options.cacheDir, signal: hooks.signal },
        source: path.join(path.dirname(this.#options.harness), 'syscalls.c'),
        compiler: this.#options.compiler ?? 'cc',
      });
      if (counted === null) return null;
      const output = parseHarnessOutput(counted.stdout, null);
      const operations = output.operations * output.passesNs.length;
      return operations === 0 ? null : counted.calls / operations;
    });
  }

  #binary(framePointers: boolean, signal: AbortSignal | undefined): Promise<string> {
    return harnessBinary({
      source: this.#options.harness,
      linked: this.#options.linked ?? null,
      cacheDir: this.#options.cacheDir,
      compiler: this.#options.compiler ?? 'cc',
      framePointers,
      signal,
    });
  }

  async prepare(): Promise<PreparedTarget> {
    const preload = await this.#library();
    const code = preload === null ? null : await loadedHash(preload);
    return { run: (request, hooks) => this.run(request, hooks), code, ownProgram: false };
  }

  async #runs(job: Job, hooks: RunHooks): Promise<BenchResult> {
    const first = await this.#once(job, 0, hooks);
    const outputs: [HarnessOutput, ...HarnessOutput[]] = [first];
    for (let i = 1; i < job.request.runs; i++) outputs.push(await this.#once(job, i, hooks));
    this.#requireSameSequence(outputs);
    hooks.onProgress?.({ message: 'done', fraction: 1 });
    const answered = job.preload ?? first.allocator;
    const result = nativeResult(job.request, this.name, outputs, await sha256Of(answered));
    const { sample, counters } = job.request;
    return sample || counters
      ? { ...result, ...(await this.#profile(job, result, answered, hooks)) }
      : result;
  }

  /** Profile and counters, in processes of their own. */
  async #profile(
    job: Job,
    result: BenchResult,
    answered: string,
    hooks: RunHooks,
  ): Promise<Pick<BenchResult, 'profile' | 'counters'>> {
    const { preload, request, parameters, text } = job;
    const binary = await this.#binary(true, hooks.signal);
    const done = await profileHarness({
      binary,
      args: ({ passes, share }) => {
        const iterations =
          parameters.workload === 'trace' ? 0 : Math.max(1, Math.round(parameters.iterations * share));
        const p = parameters.workload === 'trace' ? parameters : { ...parameters, iterations };
        return harnessArguments(p, text?.file ?? null, { passes, verify: false, latency: 0 });
      },
      programEnv: { ...request.env, LD_PRELOAD: preload },
      passes: result.runs[0]?.passes.length ?? 1,
      passNs: (result.iterations / result.median) * 1e9,
      operations: result.iterations,
      scalable: parameters.workload !== 'trace',
      sample: request.sample,
      counters: request.counters,
      signal: hooks.signal,
      onProgress: (message) => hooks.onProgress?.({ message: `${this.name}: ${message}`, fraction: 1 }),
      check: async (end, passes) => {
        this.#requireSuccess(end, request);
        const output = parseHarnessOutput(end.stdout, passes);
        await this.#requireAllocator(output, { ...job, binary }, end);
        return output.operations;
      },
    });
    const identity = {
      name: this.name,
      object:
        preload === null && this.#options.linked === undefined
          ? null
          : ((await realPathOrNull(answered)) ?? answered),
      binary,
      linked: this.#options.linked !== undefined,
    };
    return { counters: done.counters, profile: nativeBenchProfile(done, identity, result.workload) };
  }

  /** Real path of the library; the loader's separators cannot be written in LD_PRELOAD. */
  async #library(): Promise<string | null> {
    const { preload } = this.#options;
    if (preload === null) return null;
    const file = await realPathOrNull(preload);
    if (file === null) throw new UserError(`${oneLine(preload)} does not exist: build the library first`);
    if (/[\s:]/.test(file)) {
      throw new UserError(`${oneLine(file)}: a preload library's path must be without blanks and colons`);
    }
    return file;
  }

  #arguments({ parameters, request, text }: Job, checks: boolean): string[] {
    return harnessArguments(parameters, text?.file ?? null, {
      passes: this.#passes({ parameters, request }),
      verify: checks && request.verify,
      latency: checks && request.latency ? latencyCount(parameters) : 0,
    });
  }

  #passes({ parameters, request }: Pick<Job, 'parameters' | 'request'>): number | null {
    // How many passes a trace has by its definition only the harness knows, once it has read it.
    const own = parameters.workload === 'trace' ? null : defaultPasses(parameters.workload, 0);
    return requestedPasses(request) ?? own;
  }

  async #once(job: Job, index: number, hooks: RunHooks): Promise<HarnessOutput> {
    const { binary, preload, request } = job;
    const passes = this.#passes(job);
    const args = this.#arguments(job, index === 0);
    const env: NodeJS.ProcessEnv = { ...process.env, ...request.env };
    delete env.LD_PRELOAD;
    const last: Record<string, string> = preload === null ? {} : { LD_PRELOAD: preload };
    const placed = placedCommand(binary, args, env, last, request.placement);
    const label = request.runs === 1 ? this.name : `${this.name}, run ${index + 1} of ${request.runs}`;
    const outcome = await runProcess(placed.command, placed.args, {
      env: placed.env,
      signal: hooks.signal,
      onErrorLine: (line) => {
        const m = /^pass (\d+) of (\d+)$/.exec(line);
        if (m === null) return;
        const [done, of] = [Number(m[1]), Number(m[2])];
        hooks.onProgress?.({
          message: `${label}: pass ${done} of ${of}`,
          fraction: Math.min(1, (index + done / (of + 1)) / request.runs),
        });
      },
    });
    this.#requireSuccess(outcome, request);
    const output = parseHarnessOutput(outcome.stdout, passes);
    await this.#requireAllocator(output, job, outcome);
    const { contents, alignment, zero } = output.faults;
    if (contents + alignment + zero > 0) {
      throw new UserError(
        `${this.name} gave out bad memory: ${contents} objects with wrong contents, ${alignment} misaligned, ${zero} not zeroed by calloc`,
        3,
      );
    }
    return output;
  }

  #requireSuccess(outcome: ProcessOutcome, request: BenchRequest): void {
    const what = workloadName(request);
    if (outcome.startError !== null) {
      throw new UserError(`the native harness cannot be started (${outcome.startError})`, 3);
    }
    if (outcome.signal !== null) {
      const words = lastWords(outcome.stderr);
      throw new UserError(
        `${this.name} crashed with ${outcome.signal} in ${what}${words === '' ? '' : `: ${words}`}`,
        3,
      );
    }
    if (outcome.status !== 0) {
      const words = lastWords(outcome.stderr).replace(/^harness: /, '');
      if (outcome.status === 2 && request.workload === 'trace') {
        throw new UserError(`trace ${request.trace?.file ?? ''}: ${words}`);
      }
      throw new UserError(
        `${this.name} failed in ${what} with exit status ${outcome.status}${words === '' ? '' : `: ${words}`}`,
        3,
      );
    }
  }

  /** The loader ignores libraries that it cannot load, and a library need not define malloc. */
  async #requireAllocator(
    output: HarnessOutput,
    { preload, binary }: Job,
    outcome: ProcessOutcome,
  ): Promise<void> {
    const wanted = preload ?? (this.#options.linked === undefined ? null : binary);
    if (wanted === null) return;
    const answered = await realPathOrNull(output.allocator);
    if (answered === (await realPathOrNull(wanted))) return;
    const refused = /cannot be preloaded.*/.exec(outcome.stderr)?.[0];
    const reason =
      refused === undefined
        ? `malloc came from ${output.allocator === '' ? 'elsewhere' : output.allocator}`
        : `the loader says it ${refused.trim()}`;
    throw new UserError(`${this.name}: ${wanted} did not answer, ${reason}`, 3);
  }

  #requireSameSequence(outputs: readonly HarnessOutput[]): void {
    if (new Set(outputs.map((o) => o.hash.join())).size > 1) {
      throw new UserError(`${this.name}: two runs of the same workload did different operations`, 3);
    }
  }
}
