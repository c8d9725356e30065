/** Messages between the target and its child process (engine/host/runner.ts), over the IPC channel. */
import type { CostUnit } from '../../extension/profile/cost-measurement.ts';
import type { BenchCounters, ProfileFunction, ProfileLine } from '../../extension/model.ts';
import type { ChangedPlace, CountedTable } from '../../extension/model-experiment.ts';
import type { SourceFunction } from './compile.ts';
import type { LayoutRecipe } from './module-layout.ts';
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

/** A side of an experiment. */
export interface SideModule {
  /** Path of the .wasm. */
  readonly module: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Two sides against each other in blocks A B B A, B A A B, ... of batches. */
export interface PairJob {
  readonly kind: 'pair';
  readonly baseline: SideModule;
  readonly treatment: SideModule;
  readonly parameters: WorkloadParameters | TraceParameters;
  readonly layout: LayoutRecipe;
  /** Whose module is compiled and whose memory is made first. */
  readonly first: 'baseline' | 'treatment';
  /** By which the heaps begin later, bytes. */
  readonly heapOffset: number;
  /** Of the blocks' seeds. */
  readonly seed: number;
  /** Blocks, at most: with long batches fewer, so that they fit into `budgetNs`. */
  readonly blocks: number;
  readonly batchNs: number;
  readonly budgetNs: number;
}

/** Which allocator answers, and the clock. */
export interface LivenessJob extends SideModule {
  readonly kind: 'liveness';
}

/** Counted execution of both sides, on one thread. */
export interface CompareJob {
  readonly kind: 'compare';
  readonly baseline: SideModule;
  readonly treatment: SideModule;
  readonly parameters: WorkloadParameters | TraceParameters;
  /** Where the sources' functions stand. */
  readonly functions: readonly SourceFunction[];
}

/** Counts of one side, by function and line. */
export interface TableJob extends JobBase {
  readonly kind: 'table';
  readonly functions: readonly SourceFunction[];
}

/** Stays until it is killed, and works when it gets an order. */
export interface SoakJob extends JobBase {
  readonly kind: 'soak';
  /** The module counts its calls of the system (HAKMEM_SS_OS_STATS_COMPILED). */
  readonly osStats: boolean;
  /** For tests: every so many epochs random_mixed forgets what its slots hold, so that it is never freed. */
  readonly forgetEvery: number | null;
}

/** Parent to child, one at a time. */
export interface SoakEpochOrder {
  readonly index: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface SoakEpochResult {
  readonly operations: number;
  /** That the operations took. */
  readonly ns: number;
  /** Nanoseconds an operation, of batches. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Of the memory's pages; its size where that cannot be read. */
  readonly residentBytes: number;
  readonly systemCalls: number;
  /** Share of the time in which it had no core; null when unknown. */
  readonly disturbed: number | null;
}

export type Job =
  | CompileJob
  | PassesJob
  | CheckJob
  | CountersJob
  | SampleJob
  | PairJob
  | LivenessJob
  | CompareJob
  | TableJob
  | SoakJob
  | CostsJob;

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
  /** Page faults of the process during the passes, all of them. */
  readonly pageFaults: number;
  /** Growths of the memory and pages given back during the passes, as far as they are seen between them. */
  readonly systemCalls: number;
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

export interface PairResult {
  readonly kind: 'pair';
  /** Log ratio of each block, of times, treatment over baseline. */
  readonly blocks: readonly number[];
  /** Nanoseconds an operation of each batch. */
  readonly baseline: readonly number[];
  readonly treatment: readonly number[];
  /** Nanoseconds of a batch, median of both sides. */
  readonly batchNs: number;
  readonly operations: number;
  /** Share of the time in which it waited for a core, null when unknown. */
  readonly disturbed: number | null;
}

export interface LivenessResult {
  readonly kind: 'liveness';
  /** Which heap a small block came from; null when malloc gave nothing that is a block of this engine. */
  readonly heap: 'engine' | 'libc' | null;
  readonly clockNs: number;
}

export interface CompareResult {
  readonly kind: 'compare';
  readonly baseline: CountedTable;
  readonly treatment: CountedTable;
  readonly changed: readonly ChangedPlace[];
  readonly changedRan: boolean;
}

export interface TableResult {
  readonly kind: 'table';
  readonly table: CountedTable;
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
  | PairResult
  | LivenessResult
  | CompareResult
  | TableResult
  | CostsResult;

/** `exitCode` is that of a `UserError`, null for faults of our own. */
export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly message: string; readonly fraction: number }
  | { readonly type: 'result'; readonly result: JobResult }
  /** A soak's process is ready for its first order. */
  | { readonly type: 'waiting' }
  | { readonly type: 'epoch'; readonly result: SoakEpochResult }
  | { readonly type: 'error'; readonly message: string; readonly exitCode: 2 | 3 | null };
