/**
 * The data model that every part shares, the webview and the command line included: plain serialisable types, no
 * behaviour. Lines and columns are 1-based, columns in UTF-16 units; paths are relative to a root, with `/`.
 * The JSON that the command line prints is these types, so a change here is a change of a public contract
 * (docs/schemas/*.schema.json).
 */

import type { CostTable } from './model-costs.ts';
import type { CumulativeStep, DocumentFigures, Experiment, TopRule } from './model-experiment.ts';
import type { NativeCounters, ProfileDetails, ProfileInstruction, ProfileUnit } from './model-profile.ts';
import type { CandidateTable, Disagreement, PhaseTable, ReplayRow } from './model-report.ts';
import type { SoakSummary } from './model-soak.ts';

export const schemaVersion = 1;

// ---------------------------------------------------------------------------------------------- findings

export type Language = 'c' | 'cpp';
export type SiteKind = 'primitive' | 'wrapper' | 'fence' | 'asm';
export type Operation =
  | 'load'
  | 'store'
  | 'exchange'
  | 'compare_exchange'
  | 'fetch_add'
  | 'fetch_sub'
  | 'fetch_and'
  | 'fetch_or'
  | 'fetch_xor'
  | 'test_and_set'
  | 'clear'
  | 'fence';
export type MemoryOrder = 'relaxed' | 'consume' | 'acquire' | 'release' | 'acq_rel' | 'seq_cst';
export type AtomicClass = 'telemetry' | 'correctness' | 'unknown';
export type CorrectnessRole =
  | 'lock'
  | 'lock-free'
  | 'publication'
  | 'flow-control'
  | 'refcount'
  | 'once'
  | 'id'
  | 'config';
export type TelemetryRole = 'counter' | 'peak' | 'timing' | 'diagnostic';
export type Role = CorrectnessRole | TelemetryRole;
export type Temperature = 'hot' | 'warm' | 'cold' | 'unreached';
export type ActivityState = 'active' | 'inactive' | 'conditional';
/** `library` stands in profiles of native programs alone: code of other shared objects. */
export type FunctionCategory = 'wrapper' | 'core' | 'env' | 'benchmark' | 'kernel' | 'stats' | 'library';
export type Severity = 'error' | 'warning' | 'information' | 'hint';

/** One step from the written call down to the primitive: a macro or function and where it is defined (null when it is not in the project). */
export interface ViaStep {
  readonly name: string;
  readonly kind: 'macro' | 'function' | 'builtin';
  readonly file: string | null;
  readonly line: number | null;
}

/** One access or fact that a decision rests on; `reason` is one sentence, `text` the trimmed source line. */
export interface Evidence {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  readonly reason: string;
}

export interface Activity {
  readonly state: ActivityState;
  /** Name of the gate that decided (compile flag or environment variable), null when nothing guards the site. */
  readonly decidedBy: string | null;
}

/** One written use of an atomic operation. */
export interface AtomicSite {
  readonly id: string;
  readonly kind: SiteKind;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  /** Enclosing function, null at file scope (a `#define` body that is never used, an initialiser). */
  readonly function: string | null;
  readonly operation: Operation;
  /** Null when it cannot be read off the site. */
  readonly order: MemoryOrder | null;
  /** The expression operated on, as written (`&g_free_ss_enter[c]` gives `g_free_ss_enter[c]`); null for fences. */
  readonly target: string | null;
  /** Id of the row in `variables`, null when the target could not be resolved to one. */
  readonly variable: string | null;
  readonly via: readonly ViaStep[];
  readonly class: AtomicClass;
  readonly role: Role | null;
  readonly temperature: Temperature;
  readonly activity: Activity;
  /** Names of the compile and environment gates that guard it, outermost first. */
  readonly gates: readonly string[];
  readonly evidence: readonly Evidence[];
}

/** A plain (non-atomic) telemetry update on a hot or warm path. */
export interface Counter {
  readonly id: string;
  readonly file: string;
  readonly line: number;
  readonly function: string | null;
  readonly target: string;
  readonly temperature: Temperature;
  readonly activity: Activity;
}

export type GateKind = 'env' | 'compile';
export type GateRead = 'per-call' | 'per-thread' | 'once' | 'constructor';

/** A read of an environment variable, or a compile flag. */
export interface Gate {
  readonly id: string;
  readonly kind: GateKind;
  /** The literal or composed name; null when it is computed at run time. */
  readonly name: string | null;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Gate function that holds the read; null for compile flags. */
  readonly function: string | null;
  /** `off`, `on`, a value as text, or null when it cannot be computed. */
  readonly default: string | null;
  /** Null for compile flags. */
  readonly read: GateRead | null;
  /** True when the read itself lies on a hot path. */
  readonly hot: boolean;
  /** Ids of the functions and sites that run only under it. */
  readonly guards: readonly string[];
}

/** An atomic object, or a plain object that is accessed atomically. */
export interface Variable {
  readonly id: string;
  readonly name: string;
  /** Struct or class for fields, null otherwise. */
  readonly owner: string | null;
  readonly file: string;
  readonly line: number;
  readonly type: string;
  readonly class: AtomicClass;
  readonly role: Role | null;
  readonly evidence: readonly Evidence[];
}

export interface FunctionInfo {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly endLine: number;
  readonly temperature: Temperature;
  readonly category: FunctionCategory;
  /** Measured self percentage, null without a profile. */
  readonly selfPercent: number | null;
}

export type CandidateLetter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I';

export interface Candidate {
  readonly id: string;
  readonly letter: CandidateLetter;
  readonly file: string;
  readonly line: number;
  readonly function: string | null;
  readonly title: string;
  readonly reason: string;
  readonly risk: 'low' | 'medium' | 'high';
  readonly estimate: {
    readonly instructionsPerOp: number | null;
    readonly branchesPerOp: number | null;
    /** Percent of throughput, positive = faster: from the costs of this machine, null where they say nothing. */
    readonly throughputPercent: number | null;
    readonly throughputInterval?: readonly [number, number];
    /** `estimate, C, gcc 12.2.0 on this machine`: what the percentage rests on. */
    readonly throughputSource?: string;
  };
  /** What would confirm it, as a command or one sentence. */
  readonly experiment: string;
}

export interface AnalyzedFile {
  readonly path: string;
  readonly language: Language;
  readonly lines: number;
  readonly bytes: number;
  readonly parseErrors: number;
}

export interface AnalysisDiagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface Configuration {
  readonly defines: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Entry points that were given or found. */
  readonly entries: readonly string[];
}

/** What `alloc-lens analyze --format json` prints. */
export interface Findings {
  readonly schemaVersion: 1;
  readonly root: string;
  readonly configuration: Configuration;
  readonly files: readonly AnalyzedFile[];
  readonly diagnostics: readonly AnalysisDiagnostic[];
  readonly atomics: readonly AtomicSite[];
  readonly counters: readonly Counter[];
  readonly gates: readonly Gate[];
  readonly variables: readonly Variable[];
  readonly functions: readonly FunctionInfo[];
  readonly candidates: readonly Candidate[];
  readonly timing: {
    readonly parseMs: number;
    readonly extractMs: number;
    readonly linkMs: number;
    readonly classifyMs: number;
    readonly totalMs: number;
  };
}

/**
 * The rows of one file while it is typed in: positions, operations, conditions and temperatures are those of the new text;
 * classes and counters are as before it, until the findings of the whole project follow.
 */
export interface FileUpdate
  extends Pick<
    Findings,
    'diagnostics' | 'atomics' | 'counters' | 'gates' | 'variables' | 'functions' | 'candidates'
  > {
  readonly file: string;
}

// ---------------------------------------------------------------------------------------------- profile

/** Where the figures of a profile come from; decides what it may annotate. */
export interface TargetIdentity {
  readonly kind: 'engine' | 'native' | 'imported';
  /** `engine`, `system`, a library's path, or the name of a configured target. */
  readonly name: string;
  readonly variant: string | null;
  /** SHA-256 of the module or binary that ran, null when unknown. */
  readonly sha256: string | null;
}

export interface ProfileFunction {
  readonly name: string;
  readonly category: FunctionCategory;
  /** Share of all samples, 0..100. The list sums to 100. */
  readonly selfPercent: number;
  /** Source file (for the engine, relative to the extension: `engine/allocator/...`), null when unknown. */
  readonly file: string | null;
  readonly line: number | null;
  /** Share of the samples that have it anywhere in their stack (once for recursion), where stacks were recorded. */
  readonly totalPercent?: number;
  /** Shared object or binary of a native program. */
  readonly object?: string;
}

export interface ProfileLine {
  readonly file: string;
  readonly line: number;
  /** Share of all samples, 0..100. */
  readonly percent: number;
  /** Share of samples in code that the compiler inlined here, counted in `percent` of its own lines. */
  readonly callSitePercent?: number;
  /** The hottest of the line, where the binary could be disassembled. */
  readonly instructions?: readonly ProfileInstruction[];
}

/** `profile` of the bench JSON. */
export interface BenchProfile {
  readonly target: string;
  readonly variant: string;
  /** Throughput of the profiled variant over that of `fast`, measured in the same run; null when not measured. */
  readonly speedAgainstFast: number | null;
  readonly functions: readonly ProfileFunction[];
  readonly lines: readonly ProfileLine[];
  /** How many samples the function shares rest on. */
  readonly samples?: number;
  /** Of native programs and imported recordings. */
  readonly details?: ProfileDetails;
}

export interface Profile extends Omit<BenchProfile, 'target' | 'variant'> {
  readonly target: TargetIdentity;
  readonly workload: string;
  /** How function shares were made (`V8 sampler`) and how line shares were (`counted instructions`). */
  readonly origin: { readonly functions: string; readonly lines: string };
  readonly unit: ProfileUnit;
  readonly samples: number;
  /** ISO 8601. */
  readonly recordedAt: string;
}

// ---------------------------------------------------------------------------------------------- runs

export type EngineVariant = 'fast' | 'fast-calls' | 'sampled' | 'standard' | 'research' | 'counted';

export interface BenchRequest {
  readonly workload: 'random_mixed' | 'floor' | 'larson' | 'pc' | 'mstress' | 'trace';
  /** Set when `workload` is `trace`: which file, and whether all of it is to be done by one thread in file order. */
  readonly trace?: { readonly file: string; readonly flatten: boolean } | null;
  /** Row of the workload's parameter table (mixed, tiny, ...); explicit parameters below override it. */
  readonly profile: string;
  readonly variant: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
  readonly iterations: number | null;
  readonly workingSet: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly seed: number;
  /** Null for the workload's own number. */
  readonly threads: number | null;
  /** Fresh processes. */
  readonly runs: number;
  /** Passes of each process; the workload's own number when it is absent. */
  readonly passes?: number | null;
  readonly sample: boolean;
  readonly counters: boolean;
  readonly latency: boolean;
  readonly verify: boolean;
  /** Where an experiment wants its processes; as the system likes without it. */
  readonly placement?: Placement;
}

/** Core, addresses and environment block of a process, for comparisons (Mytkowicz et al., ASPLOS 2009). */
export interface Placement {
  /** Null: any core. */
  readonly core: number | null;
  /** Address space randomisation is off. */
  readonly fixedAddresses: boolean;
  /** Where the stack begins: bytes, modulo 4096, that arguments and environment take together. */
  readonly environmentBytes: number;
}

export interface BenchRun {
  /** Operations per second of each pass. */
  readonly passes: readonly number[];
  readonly median: number;
  readonly first: number;
}

export interface BenchCounters {
  readonly unit: 'wasm' | 'x86';
  readonly instructionsPerOp: number | null;
  readonly branchesPerOp: number | null;
  readonly memoryOpsPerOp: number | null;
  readonly callsPerOp: number | null;
  /** Of native programs: who counted, and what is not instructions. */
  readonly native?: NativeCounters;
}

export interface BenchMemory {
  readonly peakBytes: number | null;
  readonly liveBytes: number | null;
  readonly requestedBytes: number | null;
  readonly wasteByClass: Readonly<Record<string, number>> | null;
  /** Minor and major page faults of a pass, over all runs' passes; null where they are not counted. */
  readonly pageFaults?: number | null;
  /** Growths of the engine's memory and pages given back, an operation, over the first run's passes. */
  readonly systemCallsPerOp?: number | null;
}

/** What a result was measured under, as it was asked for. */
export interface BenchEnvironment {
  /** Engine preset, null without one. */
  readonly preset: string | null;
  /** Environment gates, the preset's included. */
  readonly env: Readonly<Record<string, string>>;
  /** Compile settings, the preset's included. */
  readonly flags: Readonly<Record<string, string>>;
}

/** What `alloc-lens bench --format json` prints. Speeds in operations per second, latency in nanoseconds. */
export interface BenchResult {
  readonly schemaVersion: 1;
  readonly workload: string;
  readonly target: string;
  readonly variant: string;
  readonly threads: number;
  readonly iterations: number;
  readonly runs: readonly BenchRun[];
  readonly mean: number;
  readonly median: number;
  /** Over the runs' medians, n-1; null with one run. */
  readonly stdev: number | null;
  readonly cv: number | null;
  readonly min: number;
  readonly max: number;
  readonly firstOpsPerSecond: number;
  /** 16 hex digits per thread. */
  readonly hash: readonly string[];
  readonly moduleSha256: string | null;
  readonly environment?: BenchEnvironment;
  readonly counters: BenchCounters | null;
  readonly latency: {
    readonly p50: number;
    readonly p99: number;
    readonly p999: number;
    readonly max: number;
  } | null;
  readonly memory: BenchMemory;
  readonly profile: BenchProfile | null;
}

/** One allocator of a comparison; figures over its runs' medians, in operations per second. */
export interface CompareRow {
  readonly target: string;
  readonly variant: string;
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly firstOpsPerSecond: number | null;
  readonly peakBytes: number | null;
  /** Against the first row, formed inside each round: median and range. */
  readonly ratio: { readonly median: number; readonly min: number; readonly max: number } | null;
  /** Standard deviation over mean of the rounds' medians, percent; null below two rounds. */
  readonly cv?: number | null;
  /** As `ratio`, against mimalloc, where it is among the rows. */
  readonly ratioToMimalloc?: CompareRow['ratio'];
  /** Of a pass, minor and major; null where they are not counted (the engine). */
  readonly pageFaults?: number | null;
  /** System calls of the allocator an operation; of the engine, its memory growths and decommits. */
  readonly systemCallsPerOp?: number | null;
  /** Why it has no figures, null when it has. */
  readonly error: string | null;
}

/** What `alloc-lens compare-allocators --format json` prints. */
export interface CompareResult {
  readonly schemaVersion: 1;
  readonly workload: string;
  readonly threads: number;
  /** Fresh processes of each target, interleaved. */
  readonly rounds: number;
  /** ISO 8601, when it ended; absent in tables of older versions. */
  readonly at?: string;
  /** Of the operations, the same for every target; 16 hex digits per thread. */
  readonly hash: readonly string[];
  readonly rows: readonly CompareRow[];
}

export interface BenchProgress {
  /** What is happening, for a person. */
  readonly message: string;
  /** Share done, 0..1. */
  readonly fraction: number;
}

export interface RunHooks {
  readonly onProgress?: (progress: BenchProgress) => void;
  readonly signal?: AbortSignal;
}

/** Something that can run a workload: the engine and native allocators implement it, callers hand it on. */
export interface Target {
  readonly name: string;
  readonly variants: readonly string[];
  /** Absent: `request.flags` may be given. Else why this target is run as it was built, a clause. */
  readonly noFlags?: string;
  /** Rejects with `UserError`-shaped errors (`message` is one clear line) or with an AbortError. */
  run(request: BenchRequest, hooks: RunHooks): Promise<BenchResult>;
  /**
   * Memory-management system calls an operation, in a run of its own (counting slows it down); null where they cannot be
   * counted. Rejects as `run`.
   */
  systemCallsPerOp?(request: BenchRequest, hooks: RunHooks): Promise<number | null>;
  /** Does once what several runs of such a request need (builds, looks up). Rejects as `run`. */
  prepare?(request: BenchRequest, hooks: RunHooks): Promise<PreparedTarget>;
}

/** A target whose runs begin at once; what it was built with stays. */
export interface PreparedTarget extends Pick<Target, 'run' | 'systemCallsPerOp'> {
  /** SHA-256 of what the processor runs and of the target's own environment, null when unknown. */
  readonly code: string | null;
  /** A program of the user's own: its operations are its own, unhashed and unverified. */
  readonly ownProgram: boolean;
}

// ---------------------------------------------------------------------------------------------- annotations

export interface FunctionAnnotation {
  readonly function: FunctionInfo;
  readonly selfPercent: number | null;
  /** Set when the percentage comes from a profile of another target that shares the name. */
  readonly bySymbol: string | null;
  /** Share of the samples that have it anywhere in their stack, where stacks were recorded. */
  readonly totalPercent?: number;
  /** Against the profile that the loaded one is compared with. */
  readonly change?: HeatChange;
  readonly atomics: readonly AtomicSite[];
  readonly counters: readonly Counter[];
  readonly gates: readonly Gate[];
}

/** What a share was in another profile; percent points of each one's own samples. */
export interface HeatChange {
  /** Null where that profile does not know the place at all. */
  readonly before: number | null;
  readonly delta: number;
  /** 95% of the difference; null where it is unknown. */
  readonly interval: readonly [number, number] | null;
}

export interface LineHeat {
  readonly line: number;
  /** Own share: samples whose innermost frame, inlined ones included, is this line. */
  readonly percent: number;
  /** Share of samples in code that the compiler inlined at this line; counted in `percent` of its own lines. */
  readonly callSitePercent?: number;
  readonly instructions?: readonly ProfileInstruction[];
  readonly change?: HeatChange;
}

/** Everything the editor shows for one file. */
export interface FileAnnotations {
  readonly file: string;
  readonly functions: readonly FunctionAnnotation[];
  readonly heat: readonly LineHeat[];
}

// ---------------------------------------------------------------------------------------------- report

export interface HotFunctionRow {
  readonly name: string;
  readonly selfPercent: number;
  readonly category: FunctionCategory;
  readonly target: CandidateLetter | null;
  /** What to do, in a few words (`remove layer`, `later`, `baseline`). */
  readonly reduction: string;
  readonly totalPercent?: number;
  /** Shared object or binary of a native program. */
  readonly object?: string;
  /** In the profiled target's own sources. */
  readonly source: SourceLocation | null;
  /** In the analysed project, by symbol. */
  readonly projectSource: SourceLocation | null;
}

export interface SourceLocation {
  /** `project` paths are relative to the analysed root, `engine` paths to the extension. */
  readonly origin: 'project' | 'engine';
  readonly file: string;
  readonly line: number;
}

/** One atomic variable of the audit, over all its sites. */
export interface AuditRow {
  /** Id of the row in `variables`. */
  readonly variable: string;
  /** `owner.name` for fields. */
  readonly name: string;
  readonly class: AtomicClass;
  readonly role: Role | null;
  /** Of its hottest site. */
  readonly temperature: Temperature;
  /** Of its most active site. */
  readonly activity: Activity;
  readonly sites: number;
  /** The decisive reason, in one sentence. */
  readonly evidence: string;
  /** Declaration. */
  readonly source: SourceLocation;
  /** The access that the reason is about, null when there is none. */
  readonly decisive: SourceLocation | null;
}

export interface ReportModel {
  readonly schemaVersion: 1;
  readonly title: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** One sentence or two: what was found and what to do next. */
  readonly lead: string;
  readonly findings: Findings | null;
  readonly profile: Profile | null;
  readonly hotFunctions: readonly HotFunctionRow[];
  /** Hottest and most active first. */
  readonly audit: readonly AuditRow[];
  readonly runs: readonly BenchResult[];
  /** Of the ledger, oldest first; absent where no ledger was read. */
  readonly experiments?: readonly Experiment[];
  readonly soaks?: readonly SoakSummary[];
  readonly costs?: readonly CostTable[];
  /** Gates of the sources against those that the profile shows (Phase 42); absent without a profile of them. */
  readonly gateRule?: TopRule;
  /** Allocators side by side, newest first. */
  readonly comparisons?: readonly CompareResult[];
  readonly cumulative?: readonly CumulativeStep[];
  /** Figures of the documents whose experiments were replayed. */
  readonly documents?: readonly DocumentFigures[];
  /** The prune document's cumulative table, one for each target and work. */
  readonly phases?: readonly PhaseTable[];
  /** All experiments of the documents, with what they print. */
  readonly replays?: readonly ReplayRow[];
  readonly disagreements?: readonly Disagreement[];
  /** Reduction candidates, estimated and measured: the project's, and Phase 19's once one of them was replayed. */
  readonly candidateTables?: readonly CandidateTable[];
  /** Lines of the ledger that could not be read, one sentence each. */
  readonly ledgerProblems?: readonly string[];
}

/** Where the report is to open: a tab, and the row of it that is to be selected. */
export interface ReportPlace {
  readonly tab: 'experiments' | 'soak' | 'costs' | 'allocators';
  /** Id of an experiment or soak, null for the newest. */
  readonly id: string | null;
}

/** Host to webview. */
export type ReportMessage =
  | { readonly type: 'model'; readonly model: ReportModel }
  | { readonly type: 'show'; readonly place: ReportPlace };

/** Commands behind the report's buttons. */
export type ReportAction =
  | 'runBenchmark'
  | 'analyze'
  | 'runExperiment'
  | 'compareAllocators'
  | 'runSoak'
  | 'calibrateCosts'
  | 'writeDocuments';

/** Webview to host. */
export type ReportRequest =
  | { readonly type: 'ready' }
  | { readonly type: 'open'; readonly location: SourceLocation }
  | { readonly type: ReportAction };

/**
 * A failure that the user can do something about: `message` is one clear line with the next step, shown without a
 * stack trace. `exitCode` is the command line's: 2 bad usage or bad input, 3 a target or tool failed.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  constructor(
    message: string,
    readonly exitCode: 2 | 3 = 2,
  ) {
    super(message);
  }
}
