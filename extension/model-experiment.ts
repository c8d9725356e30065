/**
 * The laboratory's part of the data model: experiments, their verdicts, what the ledger keeps, soaks, costs. Plain
 * serialisable types, as in model.ts. Effects are percent of throughput, positive = the treatment is faster; log ratios
 * are of times, treatment over baseline, positive = the treatment is slower, as the statistics' sources have them.
 */
import type { BenchCounters } from './model.ts';

export const ledgerVersion = 1;

export type Verdict = 'GO' | 'NEUTRAL' | 'NO-GO' | 'NO-OP' | 'INCONCLUSIVE';

/** One side as it is asked for: `TARGET[:VARIANT][,FLAG=V...][,env:NAME=V...]`, or a preset's name in the place of those. */
export interface SideSpec {
  /** `engine`, `system`, an installed allocator, a library's path, or the name of a configured target. */
  readonly target: string;
  readonly variant: string;
  readonly preset: string | null;
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Work of both sides. Numbers as in `BenchRequest`: null for the workload's own. */
export interface ExperimentWork {
  readonly workload: 'random_mixed' | 'larson' | 'pc' | 'mstress' | 'trace';
  readonly profile: string;
  readonly trace: { readonly file: string; readonly flatten: boolean } | null;
  readonly iterations: number | null;
  readonly workingSet: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly seed: number;
  readonly threads: number | null;
}

/** `interval`: Yuen's interval against ±threshold, at planned looks. `seed`: the documents' difference of means. */
export type Rule = 'interval' | 'seed';

export interface ExperimentPlan {
  readonly id: string;
  readonly title: string;
  readonly baseline: SideSpec;
  readonly treatment: SideSpec;
  readonly work: ExperimentWork;
  /** Percent. */
  readonly threshold: number;
  readonly rule: Rule;
  /** Units after which a decision may be taken, ascending; with the rule `seed` one number, the runs a side. */
  readonly looks: readonly number[];
  /** Of the name in the documents that is replayed (`phase-24`), null for one's own. */
  readonly replay: string | null;
}

/** What is known of both sides before anything is timed. */
export interface PairFacts {
  readonly baseline: SideFacts;
  readonly treatment: SideFacts;
  /** Both run the same bytes under the same environment. */
  readonly identical: boolean;
  /**
   * Whether a line that differs between the sides was executed in this workload; null where it cannot be counted.
   * `changed` names the places that differ, and how often each side executed them.
   */
  readonly changedRan: boolean | null;
  readonly changed: readonly ChangedPlace[];
  /** Nanoseconds that the clock steps by. */
  readonly clockNs: number;
}

export interface ChangedPlace {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** Executions in one pass. */
  readonly baseline: number;
  readonly treatment: number;
}

export interface SideFacts {
  readonly spec: SideSpec;
  /** As it is shown: `engine fast, HAKMEM_X=1`. */
  readonly label: string;
  /** SHA-256 of the module or library that ran, null when unknown. */
  readonly sha256: string | null;
  /** The allocator that answered, in its own words; null when it cannot be asked. */
  readonly answered: string | null;
  readonly intended: boolean;
  /** Of the operations, 16 hex digits a thread. */
  readonly hash: readonly string[];
  readonly verified: boolean;
  readonly counters: BenchCounters | null;
}

/** One unit of replication: for the engine a fresh process, for native targets four (A B B A). */
export interface Unit {
  readonly index: number;
  /** Name of the code layout it ran in. */
  readonly layout: string;
  /** Which side was created, or ran, first. */
  readonly first: 'baseline' | 'treatment';
  /** ln(time of treatment / time of baseline): mean of the medians of both orders of blocks (`unitLogRatio`). */
  readonly logRatio: number;
  /** Block by block. */
  readonly blocks: readonly number[];
  /** Median operations per second of each side's batches. */
  readonly baseline: number;
  readonly treatment: number;
  /** Nanoseconds of a batch, median of both sides. */
  readonly batchNs: number;
  /** Share of this unit's time that other processes took, 0..1; null when unknown. */
  readonly disturbed: number | null;
}

/** Runs one side against the other; the engine and native targets implement it. Rejects as `Target.run` does. */
export interface PairRunner {
  /** Fresh processes of a unit; 1 where it does not say. */
  readonly processesPerUnit?: number;
  /** Gates need it: identity, liveness, hashes, counted execution. */
  facts(plan: ExperimentPlan, hooks: PairHooks): Promise<PairFacts>;
  /** Layouts that units are spread over, in turn. */
  layouts(plan: ExperimentPlan): readonly string[];
  unit(plan: ExperimentPlan, index: number, layout: string, hooks: PairHooks): Promise<Unit>;
}

export interface PairHooks {
  readonly onProgress?: (message: string, fraction: number) => void;
  readonly signal?: AbortSignal;
}

/** What has to hold before a timing is believed. `note` says what was found, in one sentence. */
export interface ExperimentGate {
  readonly name: 'identity' | 'liveness' | 'coverage' | 'checksum' | 'batch' | 'calibration' | 'machine';
  readonly passed: boolean;
  readonly note: string;
}

/** State of the machine that a measurement has to be read with. */
export interface MachineState {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly runtime: string;
  /** Null where it cannot be read. */
  readonly governor: string | null;
  readonly turbo: boolean | null;
  /** One minute's load average when it began. */
  readonly load: number | null;
  readonly container: boolean;
  /** Cores that the processes were pinned to, null when they were not. */
  readonly pinned: readonly number[] | null;
  /** Flags that V8 took: tier, inlining. */
  readonly flags: readonly string[];
}

/** Percent of throughput. */
export interface Estimate {
  readonly method: 'trimmed' | 'hodges-lehmann' | 'bca' | 'means' | 'medians';
  readonly percent: number;
  readonly interval: readonly [number, number];
}

/** A decision point. */
export interface Look {
  readonly units: number;
  readonly estimate: Estimate;
  readonly verdict: Verdict | null;
}

/** An identical pair, measured. */
export interface Calibration {
  /** ISO 8601. */
  readonly at: string;
  readonly host: string;
  readonly target: string;
  readonly workload: string;
  readonly units: number;
  /** Robust standard deviation of a unit's effect, percent. */
  readonly sigmaPercent: number;
  readonly biasPercent: number;
  readonly interval: readonly [number, number];
  readonly passed: boolean;
}

/** What `alloc-lens experiment --format json` prints, and what the ledger keeps. */
export interface Experiment {
  readonly schemaVersion: 1;
  readonly id: string;
  readonly title: string;
  readonly replay: string | null;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly reason: string;
  /** Null where no timing was believed. */
  readonly effectPercent: number | null;
  readonly interval: readonly [number, number] | null;
  readonly threshold: number;
  readonly rule: Rule;
  /** Fresh processes that were timed. */
  readonly processes: number;
  readonly looks: readonly Look[];
  readonly noiseFloorPercent: number | null;
  readonly smallestVisiblePercent: number | null;
  /** How many more processes would probably decide; null or absent where nothing is open or more would not help. */
  readonly moreProcesses?: number | null;
  readonly warnings: readonly string[];
  readonly work: ExperimentWork;
  readonly baseline: ExperimentSide;
  readonly treatment: ExperimentSide;
  readonly counters: CounterTable | null;
  readonly gates: readonly ExperimentGate[];
  /** The other estimators, at the last look. */
  readonly crossChecks: readonly Estimate[];
  readonly layouts: readonly LayoutRow[];
  readonly units: readonly Unit[];
  readonly calibration: Calibration | null;
  readonly machine: MachineState;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly finishedAt: string;
}

export interface ExperimentSide {
  readonly label: string;
  readonly spec: SideSpec;
  readonly sha256: string | null;
  /** Operations per second over its units (or listed runs). */
  readonly mean: number | null;
  readonly median: number | null;
  readonly stdev: number | null;
  readonly runs: readonly number[];
}

export interface LayoutRow {
  readonly layout: string;
  readonly units: number;
  readonly effectPercent: number;
}

/** Phase 64's table. Only figures of one unit stand in it. */
export interface CounterTable {
  readonly unit: 'wasm' | 'x86';
  readonly rows: readonly {
    readonly name: string;
    readonly baseline: number | null;
    readonly treatment: number | null;
    /** Percent of the baseline; null where either is missing. */
    readonly delta: number | null;
  }[];
  /** Instructions an operation fall and time does not. */
  readonly layoutTax: boolean;
}

/** A line of the ledger. Records are never rewritten; a note refers to the record that it is about. */
export type LedgerRecord =
  | { readonly v: 1; readonly kind: 'experiment'; readonly at: string; readonly experiment: Experiment }
  | { readonly v: 1; readonly kind: 'calibration'; readonly at: string; readonly calibration: Calibration }
  | { readonly v: 1; readonly kind: 'soak'; readonly at: string; readonly soak: SoakSummary }
  | { readonly v: 1; readonly kind: 'costs'; readonly at: string; readonly costs: CostTable };

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
}

export interface SoakSide {
  readonly label: string;
  readonly spec: SideSpec;
  readonly epochs: readonly SoakEpoch[];
  readonly operations: number;
  readonly meanOpsPerSecond: number;
  readonly cvPercent: number;
  readonly driftPercent: number | null;
  readonly systemCallsPerOp: number | null;
  readonly budgets: readonly SoakBudget[];
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
  readonly passed: boolean;
  readonly machine: MachineState;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export type CostName =
  | 'relaxed add'
  | 'seq_cst add'
  | 'acquire load'
  | 'compare and swap'
  | 'thread-local read'
  | 'environment-gate branch'
  | 'header check'
  | 'wrapper call';

/** What one more of something costs on a malloc hot path, nanoseconds an operation. */
export interface Cost {
  readonly name: CostName;
  readonly contended: boolean;
  readonly ns: number;
  readonly interval: readonly [number, number];
  /** Percent of a malloc and free pair. */
  readonly percent: number;
}

/** What `alloc-lens calibrate` prints. */
export interface CostTable {
  readonly schemaVersion: 1;
  /** `C, gcc 12.2.0` or `wasm, seq_cst`. */
  readonly source: string;
  readonly host: string;
  readonly costs: readonly Cost[];
  readonly machine: MachineState;
  readonly at: string;
}
