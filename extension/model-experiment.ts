/**
 * The laboratory's part of the data model: experiments and their verdicts. Plain serialisable types, as in model.ts.
 * Effects are percent of throughput, positive = the treatment is faster; log ratios are of times, treatment over
 * baseline, positive = the treatment is slower, as the statistics' sources have them.
 */
import type { AtomicClass, BenchCounters, FunctionCategory } from './model.ts';

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
  /** Executions in the counted passes: a first one, and a warm one after its frees. */
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
  /** A program of the user's own, whose operations are neither hashed nor verified. */
  readonly ownProgram?: boolean;
  readonly counters: BenchCounters | null;
  /** Where the counters come from, by function and line; null or absent where nothing was counted. */
  readonly counted?: CountedTable | null;
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

/** Executed instructions of the counted variant, an operation. Exact: the same on every machine and run. */
export interface CountedCosts {
  readonly instructionsPerOp: number;
  readonly branchesPerOp: number;
  readonly memoryOpsPerOp: number;
  readonly callsPerOp: number;
}

/** A WebAssembly function, with what was inlined into it. `file` and `line` are null where the sources have none of its name. */
export interface CountedFunction extends CountedCosts {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
}

/** What a source line executes inside a WebAssembly function. */
export interface CountedLine extends CountedCosts {
  readonly function: string;
  readonly file: string;
  readonly line: number;
}

/** Counts of one pass on one thread; rows with most instructions first. */
export interface CountedTable extends CountedCosts {
  readonly unit: 'wasm';
  /** Of the pass. */
  readonly operations: number;
  readonly functions: readonly CountedFunction[];
  readonly lines: readonly CountedLine[];
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
  /** Places that differ between the sides, with how often they ran; absent where it was not counted. */
  readonly changed?: readonly ChangedPlace[];
  /** Set when the runs were given as lists: nothing is known of the work, the sides' settings and the machine then. */
  readonly source?: 'listed';
  /** What the treatment leaves out, where the change is a removal of atomics. */
  readonly pruned?: Pruned;
  /** Of a replay: what its document printed. */
  readonly document?: DocumentFigures;
  /** Of a replay that looks for gates worth removing (Phase 42). */
  readonly topRule?: TopRule;
  /** Of a replay that was profiled (Phases 19 and 42): functions by self time. */
  readonly hot?: HotTable;
  /** Of a replay of Phase 19: the layered engine against the heap that stands in for libc, both counted here. */
  readonly gap?: GapTable;
  /** Of a replay of Phase 19: its validation checklist, the document's estimate held against this experiment. */
  readonly checks?: readonly CheckItem[];
  /** Of a replay that is an audit (Phase 28): every atomic operation that was looked at. */
  readonly audit?: readonly AuditedOperation[];
}

/** One side as a document prints it, operations per second; null where it does not. */
export interface DocumentSide {
  readonly label: string;
  readonly mean: number | null;
  readonly median: number | null;
  readonly stdev: number | null;
  /** Runs a side. */
  readonly runs: number | null;
  /** The runs themselves, where they are printed. */
  readonly listed?: readonly number[];
}

/** What the document of a replayed experiment prints, to stand beside our own figures. */
export interface DocumentFigures {
  readonly replay: string;
  /** The document and its section. */
  readonly source: string;
  /** In the document's own words. */
  readonly verdict: string | null;
  /** Percent, signed as in the document. */
  readonly effectPercent: number | null;
  /** Of the medians. */
  readonly medianPercent?: number | null;
  /** What the document expected or estimated, in its words. */
  readonly expected?: string | null;
  readonly threshold: number | null;
  readonly baseline: DocumentSide | null;
  readonly treatment: DocumentSide | null;
  /** What has to be known to compare, and where the document disagrees with itself; one sentence each. */
  readonly notes: readonly string[];
}

/** Phase 19's table of one allocator against another, per operation and in one unit of instruction. */
export interface GapTable {
  readonly unit: 'wasm' | 'x86';
  readonly ours: string;
  readonly theirs: string;
  readonly rows: readonly GapRow[];
}

export interface GapRow {
  readonly metric: string;
  readonly ours: number | null;
  readonly theirs: number | null;
  /** Ours less theirs; of shares in points. */
  readonly delta: number | null;
  /** Percent of theirs; null for shares. */
  readonly deltaPercent: number | null;
}

/** A step or criterion of Phase 19 §7. */
export interface CheckItem {
  readonly item: string;
  /** Null when it was not done or cannot be said. */
  readonly passed: boolean | null;
  /** What was found, in a few words. */
  readonly note: string;
}

/** Functions by self time with their categories, as the documents list them. */
export interface HotTable {
  /** What was profiled and how: `engine sampled, baseline; V8 sampler`. */
  readonly source: string;
  /** In falling share. */
  readonly rows: readonly HotTableRow[];
}

export interface HotTableRow {
  /** From 1. */
  readonly rank: number;
  readonly name: string;
  /** Percent of self time. */
  readonly selfPercent: number;
  readonly category: FunctionCategory;
}

/** Phase 42: gates that are present in the code against those that the profile shows. */
export interface TopRule {
  readonly top: number;
  /** Percent of self time below which a gate is no target. */
  readonly floor: number;
  readonly functions: number;
  readonly gates: readonly {
    readonly name: string;
    /** Place among the functions by self time, from 1; null when the profile does not show it. */
    readonly rank: number | null;
    readonly selfPercent: number | null;
    readonly state: 'hot' | 'below the floor' | 'below the top' | 'not seen';
    /** Whether the binary has a function of the name; absent where no binary was looked at. */
    readonly inBinary?: boolean;
  }[];
  readonly verdict: 'NEUTRAL' | 'INCONCLUSIVE';
  readonly reason: string;
}

export interface AuditedOperation {
  readonly file: string;
  readonly function: string;
  readonly operation: string;
  readonly variable: string;
  readonly class: AtomicClass;
  readonly reason: string;
}

/** Atomics that a treatment compiles out, as the method's cumulative table counts them. */
export interface Pruned {
  readonly atomics: number;
  /** `class stats`. */
  readonly what: string;
  /** `High (every cache op)`. */
  readonly frequency: string;
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

/** A step of a running product: after the experiment `id`, everything accepted so far on the same work together. */
export interface CumulativeStep {
  readonly id: string;
  readonly title: string;
  /** Target and workload: only effects on the same ones can be multiplied. */
  readonly work: string;
  readonly verdict: Verdict;
  /** Of this experiment alone. */
  readonly effectPercent: number | null;
  /** Whether it is part of the product. */
  readonly counted: boolean;
  /** Percent of throughput, of the product. */
  readonly percent: number;
  readonly interval: readonly [number, number] | null;
}
