/**
 * What profiles of native programs carry beside their functions and lines: plain serialisable types, shared by the
 * importers, perf's and callgrind's runs, the editor, the report and the command line.
 *
 * A recording in any format is read into a `RawProfile` (frames and stacks as the file has them), which `buildProfile`
 * turns into the `Profile` that everything else shows.
 */
import type { FunctionCategory } from './model.ts';

export type ProfileFormat =
  | 'alloc-lens'
  | 'perf.data'
  | 'perf-script'
  | 'perf-report'
  | 'perf-annotate'
  | 'folded'
  | 'callgrind'
  | 'cachegrind'
  | 'pprof'
  | 'cpuprofile'
  | 'firefox'
  | 'speedscope';

/** What one weight counts. `samples`: one each, or the period of an event that is named beside it. */
export type ProfileUnit = 'samples' | 'instructions' | 'nanoseconds' | 'bytes' | 'events';

/** One place in a program as a recording names it; frames are interned, equal ones stand once. */
export interface RawFrame {
  /** As recorded, without `+0x1f` and `(inlined)`; `[unknown]` where there is no symbol. */
  readonly name: string;
  /** As the debug information writes it, null when unknown. */
  readonly file: string | null;
  /** 1-based, null when unknown. */
  readonly line: number | null;
  /** Shared object or binary, null when unknown; `[kernel.kallsyms]` and the like as they are. */
  readonly object: string | null;
  /** Virtual address inside that object's file (not of the process), null when unknown. */
  readonly address: number | null;
  /** The compiler put it into the frame that follows it in the stack (its caller). */
  readonly inlined: boolean;
  /** Line in `file` at which the function is defined, where the recording says so (pprof, V8). */
  readonly definedAt?: number | null;
  /** File of the function where `file` is that of code inlined into it, of which the name is not known (callgrind). */
  readonly definedIn?: string | null;
  /** The instruction's text, where the recording shows it (`perf annotate`); `address` is its place. */
  readonly instruction?: string;
}

export interface RawThread {
  /** `comm`, as the recording has it. */
  readonly name: string;
  readonly pid: number | null;
  readonly tid: number | null;
  readonly weight: number;
}

/** One kind of event of a recording: never summed with another kind. */
export interface RawEvent {
  /** `cpu-clock`, `cycles:u`, `Ir`, `cpu`, ... */
  readonly name: string;
  readonly unit: ProfileUnit;
  /** How many samples (or lines of cost) it rests on. */
  readonly samples: number;
  /** Sum of all weights. */
  readonly weight: number;
}

/**
 * A recording of one kind of event. Stacks are a tree: node 0 is the root and no frame, every other node has its parent
 * before it. Its size follows the number of distinct stacks, not of samples.
 */
export interface RawProfile {
  readonly format: ProfileFormat;
  /** The event that the weights are of: the one asked for, else the one with the most samples. */
  readonly event: RawEvent;
  /** All events of the recording, that one included. */
  readonly events: readonly RawEvent[];
  readonly frames: readonly RawFrame[];
  readonly nodes: {
    /** Index of the parent node; -1 for the root. */
    readonly parent: ArrayLike<number>;
    /** Index into `frames`; -1 for the root. */
    readonly frame: ArrayLike<number>;
    /** Weight of samples that ended exactly here. */
    readonly self: ArrayLike<number>;
  };
  /** Weight with everything called, by frame, where the recording gives it; the totals of functions are then these. */
  readonly totals?: ArrayLike<number>;
  /** Heaviest first. */
  readonly threads: readonly RawThread[];
  /** False where a format has no stacks: totals are then unknown. */
  readonly stacks: boolean;
  /** Lines or samples that could not be read, with the first of them; null when all could. */
  readonly skipped: { readonly count: number; readonly first: string } | null;
  /** Build ids (hex) by object, where the recording has them. */
  readonly buildIds: Readonly<Record<string, string>>;
  /** What the user should know of it, a sentence each (`cycles are not counted here: cpu-clock was used`). */
  readonly notes: readonly string[];
}

/** One instruction of a line, hottest first where a line has several. */
export interface ProfileInstruction {
  /** Hexadecimal, without `0x`, in the object's file. */
  readonly address: string;
  /** As objdump writes it, blanks single: `lock addq $0x1,0x2d3c(%rip)`. */
  readonly text: string;
  /** Share of all samples, 0..100. */
  readonly percent: number;
  readonly function: string;
}

/** Sampled addresses of one object: what a disassembly is coloured with. */
export interface ProfileAddresses {
  readonly object: string;
  readonly buildId: string | null;
  /** Virtual address inside the object's file, share of all samples (0..100); in order of address. */
  readonly points: readonly (readonly [number, number])[];
}

/** A call tree as columns; node 0 is the root, every other node has its parent before it, children heaviest first. */
export interface ProfileTree {
  readonly names: readonly string[];
  readonly categories: readonly FunctionCategory[];
  /** -1 for the root. */
  readonly parent: readonly number[];
  /** Index into `names` and `categories`; -1 for the root. */
  readonly function: readonly number[];
  /** Shares of all samples, 0..100. */
  readonly self: readonly number[];
  readonly total: readonly number[];
  /** Share of stacks that were too light to be kept as nodes; it is in their nearest kept ancestors' totals. */
  readonly dropped: number;
}

export interface ProfileThread {
  readonly name: string;
  readonly tid: number | null;
  readonly percent: number;
}

/** A file of the recording that no file of the workspace could be found for, with its share of samples. */
export interface UnmappedFile {
  readonly file: string;
  readonly percent: number;
}

/** Counters of a run by operation; null what this machine does not count. Source: `perf stat`, `callgrind`. */
export interface NativeCounters {
  readonly source: 'perf stat' | 'callgrind' | 'cachegrind';
  readonly cyclesPerOp: number | null;
  readonly instructionsPerOp: number | null;
  readonly branchesPerOp: number | null;
  readonly branchMissesPerOp: number | null;
  readonly cacheMissesPerOp: number | null;
}

/** What a native or imported profile has beside functions and lines; absent in profiles of the engine. */
export interface ProfileDetails {
  readonly format: ProfileFormat;
  readonly event: RawEvent;
  readonly events: readonly RawEvent[];
  readonly threads: readonly ProfileThread[];
  readonly tree: ProfileTree | null;
  readonly addresses: readonly ProfileAddresses[];
  readonly unmapped: readonly UnmappedFile[];
  readonly counters: NativeCounters | null;
  readonly buildIds: Readonly<Record<string, string>>;
  readonly skipped: RawProfile['skipped'];
  readonly notes: readonly string[];
}

// ---------------------------------------------------------------------------------------------- differences

/** One function or line of two profiles; percent points of each one's own samples. */
export interface ProfileDifference {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Null where the profile does not know it at all. */
  readonly before: number | null;
  readonly after: number | null;
  /** `after` less `before`, percent points. */
  readonly delta: number;
  /** 95% of that difference by the samples' counts (Poisson); null where they are unknown. */
  readonly interval: readonly [number, number] | null;
}

/** What `alloc-lens profile diff --format json` prints. */
export interface ProfileDiff {
  readonly schemaVersion: 1;
  readonly before: { readonly name: string; readonly samples: number; readonly unit: ProfileUnit };
  readonly after: { readonly name: string; readonly samples: number; readonly unit: ProfileUnit };
  /** Largest difference first. */
  readonly functions: readonly ProfileDifference[];
  readonly lines: readonly ProfileDifference[];
  readonly notes: readonly string[];
}

// ---------------------------------------------------------------------------------------------- targets

/** How the throughput of a program of the user's own is read from its output. */
export interface ThroughputRule {
  /** Regular expression with one group that holds the number. */
  readonly pattern: string;
  readonly unit: 'ops/s' | 'Kops/s' | 'Mops/s' | 'ns/op' | 'us/op' | 'seconds';
  /** Operations of a run, for `seconds`. */
  readonly operations: number | null;
}

/**
 * A native target of `allocLens.targets` or `alloc-lens.json`. Elements of argument vectors, paths and environment values
 * may hold `${workspaceFolder}`, `${out}` (build folder of this combination of flags) and `${cflags}` (`-DNAME=VALUE ...`
 * of the experiment's flags); they are put in as text, no shell reads them.
 */
export interface TargetConfig {
  readonly name: string;
  readonly build: {
    readonly command: readonly string[];
    /** Further commands, each when the one before it succeeded (`cmake --build`). */
    readonly next?: readonly (readonly string[])[];
    /** Null: the target's own. */
    readonly cwd: string | null;
    readonly env: Readonly<Record<string, string>>;
  } | null;
  /** Library to preload under the benchmark programs. Exactly one of `preload` and `run` is set. */
  readonly preload: string | null;
  /** A program of the user's own that is a benchmark. */
  readonly run: { readonly command: readonly string[]; readonly throughput: ThroughputRule } | null;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** Paths of the debug information to paths of the workspace, longest first. */
  readonly sourceMap: Readonly<Record<string, string>>;
}

/** Where a target came from. */
export type TargetOrigin = 'settings' | 'alloc-lens.json' | 'detected';

/** A target and where it was found. */
export interface WorkspaceTarget {
  readonly config: TargetConfig;
  readonly origin: TargetOrigin;
  /** Absolute path of the workspace folder: `${workspaceFolder}`, and what relative paths begin at. */
  readonly folder: string;
  /** What the user should know of it, a sentence each. */
  readonly notes: readonly string[];
}

/** Something that a compiler said about a file. */
export interface BuildProblem {
  /** Absolute. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly severity: 'error' | 'warning' | 'information';
  readonly message: string;
}
