/** Long runs in the data model: their plan, what they measure and what is said of it. Plain serialisable types. */
import type { ExperimentWork, MachineState, PairHooks, SideSpec } from './model-experiment.ts';

/** A stretch of a soak. */
export interface SoakEpoch {
  readonly index: number;
  /** Seconds since the beginning. */
  readonly at: number;
  readonly operations: number;
  readonly opsPerSecond: number;
  /** Nanoseconds an operation, of sampled batches. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly residentBytes: number | null;
  /** Growth of the memory and decommits; native: calls of the system. */
  readonly systemCalls: number | null;
  /** Which process of the side it ran in, from 1: a soak that is continued begins with new ones. */
  readonly session?: number;
  /** Share of the epoch in which it was ready to run and others had its core, 0..1; null when unknown. */
  readonly disturbed?: number | null;
}

/** Percentiles over a side's epochs. */
export interface SoakTail {
  /** Operations per second: the median epoch, and the slow ones. */
  readonly throughput: {
    readonly p50: number;
    readonly p10: number;
    readonly p1: number;
    readonly min: number;
  };
  /** Nanoseconds an operation of sampled batches: medians of the epochs' percentiles, and the worst epoch's p99.9. */
  readonly latency: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly worst: number;
    /** Index of the epoch that `worst` is from. */
    readonly worstEpoch: number;
  };
  /** p99.9 over p50. */
  readonly ratio: number;
}

export interface SoakSide {
  readonly label: string;
  readonly spec: SideSpec;
  readonly epochs: readonly SoakEpoch[];
  readonly operations: number;
  readonly meanOpsPerSecond: number;
  /** Null of fewer than two epochs. */
  readonly cvPercent: number | null;
  readonly driftPercent: number | null;
  readonly systemCallsPerOp: number | null;
  readonly budgets: readonly SoakBudget[];
  /** Of the same two medians as `driftPercent`. */
  readonly driftBytes?: number | null;
  /** Null without epochs. */
  readonly tail?: SoakTail | null;
  /** False where calls were seen from outside and not counted where they are made. */
  readonly systemCallsExact?: boolean;
  /** SHA-256 of the module that ran. */
  readonly sha256?: string | null;
}

export interface SoakBudget {
  readonly name: 'drift' | 'system calls' | 'cv';
  readonly limit: number;
  readonly value: number | null;
  /** Null where it could not be measured. */
  readonly passed: boolean | null;
}

export interface SoakSummary {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly minutes: number;
  readonly work: ExperimentWork;
  readonly sides: readonly SoakSide[];
  /** Every budget of both sides was measured and kept. */
  readonly passed: boolean;
  readonly machine: MachineState;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly epochSeconds?: number;
  /** Epochs of a side that were planned. */
  readonly plannedEpochs?: number;
  /** Stopped before its end. */
  readonly cancelled?: boolean;
  /** What a reader of the figures has to know, a sentence each. */
  readonly notes?: readonly string[];
}

export type SideName = 'baseline' | 'treatment';

/** What a side may do at most. */
export interface SoakLimits {
  /** Percent. */
  readonly drift: number;
  /** An operation. */
  readonly systemCalls: number;
  /** Percent. */
  readonly cv: number;
}

export interface SoakPlan {
  readonly id: string;
  /** Of both sides together. */
  readonly minutes: number;
  readonly epochSeconds: number;
  readonly work: ExperimentWork;
  readonly baseline: SideSpec;
  readonly treatment: SideSpec;
  readonly limits: SoakLimits;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** An epoch as it is kept while the soak runs. */
export interface SoakRow {
  readonly side: SideName;
  readonly epoch: SoakEpoch;
}

/** What a side's process is. */
export interface SoakProcess {
  readonly sha256: string | null;
  readonly systemCallsExact: boolean;
}

export type SoakMeasure = Pick<
  SoakEpoch,
  'operations' | 'opsPerSecond' | 'p50' | 'p99' | 'p999' | 'residentBytes' | 'systemCalls' | 'disturbed'
>;

/** Both sides' processes, kept alive; one works at a time. */
export interface SoakSession {
  /** Flags that V8 took. */
  readonly flags: readonly string[];
  readonly baseline: SoakProcess;
  readonly treatment: SoakProcess;
  /** Works for `seconds`. `index` is the epoch's, from 0: each has its own random numbers, the same for both sides. */
  epoch(side: SideName, index: number, seconds: number): Promise<SoakMeasure>;
  /** Ends both processes. */
  end(): void;
}

/** Begins a soak; the engine implements it. Rejects as `Target.run` does. */
export interface SoakRunner {
  start(plan: SoakPlan, hooks: PairHooks): Promise<SoakSession>;
}
