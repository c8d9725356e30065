/** Messages between the target and its child process (engine/host/runner.ts), over the IPC channel. */
import type { CostUnit } from '../../extension/profile/cost-measurement.ts';
import type { BenchCounters, ProfileFunction, ProfileLine } from '../../extension/model.ts';
import type { SourceFunction } from './compile.ts';
import type { TraceParameters, WorkloadParameters } from '../../extension/profile/workloads.ts';
import type { Latency } from './workloads.ts';

interface JobBase {
  /** Path of the .wasm; its source map lies beside it as `.map`. */
  readonly module: string;
  readonly parameters: WorkloadParameters | TraceParameters;
  readonly env: Readonly<Record<string, string>>;
}

/** Timed passes of a fresh process. */
export interface PassesJob extends JobBase {
  readonly kind: 'passes';
  /** Null for the workload's own number. */
  readonly passes: number | null;
  readonly instrumented: boolean;
  readonly latency: boolean;
}

/** The untimed pass: hash, accounting, and with `verify` contents, alignment and zeroing. */
export interface CheckJob extends JobBase {
  readonly kind: 'check';
  readonly verify: boolean;
  /** What the request wants beside that one thread has to do, null where nothing is. */
  readonly oneThread: string | null;
}

/** One pass of the instrumented module: exact counts. */
export interface CountersJob extends JobBase {
  readonly kind: 'counters';
}

/** The sampler on `module`, counted line shares of it, and its speed against `fastModule`. */
export interface SampleJob extends JobBase {
  readonly kind: 'sample';
  readonly fastModule: string;
  readonly functions: readonly SourceFunction[];
}

/** Compiles a flag combination with asc: in the child, because it takes seconds and must not end its caller. */
export interface CompileJob {
  readonly kind: 'compile';
  /** The folder that holds `engine/`. */
  readonly root: string;
  readonly keepCalls: readonly string[] | 'all';
  readonly flags: Readonly<Record<string, number>>;
  /** Where compiled modules are kept, each with its source map beside it as `.map`. */
  readonly folder: string;
}

/** One unit of a cost calibration on the module of engine/workloads/costs.ts. */
export interface CostsJob {
  readonly kind: 'costs';
  readonly module: string;
  readonly milliseconds: number;
  /** Of a batch. */
  readonly batchNs: number;
  readonly seed: number;
}

export type Job = CompileJob | PassesJob | CheckJob | CountersJob | SampleJob | CostsJob;

export interface PassesResult {
  readonly kind: 'passes';
  /** Nanoseconds of each pass. */
  readonly passes: readonly number[];
  /** Of each pass. */
  readonly operations: number;
  /** That work at the same time. */
  readonly threads: number;
  /** Bytes of the heap ever touched (or grown to, where that cannot be read). */
  readonly peakBytes: number;
  readonly latency: Latency | null;
}

export interface CheckResult {
  readonly kind: 'check';
  /** 16 hex digits each. */
  readonly hashes: readonly string[];
  readonly liveBytes: number;
  readonly requestedBytes: number;
  readonly wasteByClass: Readonly<Record<string, number>>;
}

export interface CountersResult {
  readonly kind: 'counters';
  readonly counters: BenchCounters;
}

export interface SampleResult {
  readonly kind: 'sample';
  readonly functions: readonly ProfileFunction[];
  readonly lines: readonly ProfileLine[];
  readonly samples: number;
  readonly speedAgainstFast: number;
}

export interface CompileResult {
  readonly kind: 'compile';
  readonly file: string;
  readonly sha256: string;
}

export interface CostsResult {
  readonly kind: 'costs';
  readonly unit: CostUnit;
}

export type JobResult =
  | CompileResult
  | PassesResult
  | CheckResult
  | CountersResult
  | SampleResult
  | CostsResult;

/** `exitCode` is that of a `UserError`, null for faults of our own. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly message: string; readonly fraction: number }
  | { readonly type: 'result'; readonly result: JobResult }
  | { readonly type: 'error'; readonly message: string; readonly exitCode: 2 | 3 | null };
