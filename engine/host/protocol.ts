/** Messages between the target and its child process (engine/host/runner.ts), over the IPC channel. */
import type { BenchCounters, ProfileFunction, ProfileLine } from '../../extension/model.ts';
import type { SourceFunction } from './compile.ts';
import type { Latency, WorkloadParameters } from './workloads.ts';

interface JobBase {
  /** Path of the .wasm; its source map lies beside it as `.map`. */
  readonly module: string;
  readonly parameters: WorkloadParameters;
  readonly env: Readonly<Record<string, string>>;
}

/** Timed passes of a fresh process; `checks` adds the untimed pass with hash and accounting. */
export interface PassesJob extends JobBase {
  readonly kind: 'passes';
  readonly instrumented: boolean;
  readonly checks: boolean;
  readonly verify: boolean;
  readonly latency: boolean;
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

export type Job = PassesJob | CountersJob | SampleJob;

export interface PassesResult {
  readonly kind: 'passes';
  readonly optimisingTier: boolean;
  /** Nanoseconds of each pass. */
  readonly passes: readonly number[];
  readonly hash: string | null;
  /** Bytes of the heap ever touched (or grown to, where that cannot be read). */
  readonly peakBytes: number;
  readonly liveBytes: number | null;
  readonly requestedBytes: number | null;
  readonly wasteByClass: Readonly<Record<string, number>> | null;
  readonly latency: Latency | null;
  readonly counters: BenchCounters | null;
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

export type JobResult = PassesResult | CountersResult | SampleResult;

export type ChildMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly message: string; readonly fraction: number }
  | { readonly type: 'result'; readonly result: JobResult }
  | { readonly type: 'error'; readonly message: string; readonly user: boolean };
