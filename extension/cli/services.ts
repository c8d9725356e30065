/** What the commands need from the rest of the program; the entry file fills it in, tests may too. */
import type { AnalyzeOptions } from '../analysis/analyze.ts';
import type { CostTable } from '../model-costs.ts';
import type { Experiment, ExperimentPlan, MachineState, PairHooks } from '../model-experiment.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import type { SoakRunner } from '../model-soak.ts';
import type { BenchResult, Findings, Profile, Target } from '../model.ts';
import type { RecordOptions, Recording } from '../native/trace-record.ts';
import type { RawProfile } from '../model-profile.ts';
import type { CostRunner } from '../profile/cost-measurement.ts';
import type { ImportOptions } from '../profile/import/types.ts';
import type { HtmlAssets } from '../report/html.ts';
import type { Output } from './output.ts';

export interface Services {
  readonly output: Output;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
  readonly analyze: (
    paths: readonly string[],
    options: Omit<AnalyzeOptions, 'grammarDir'>,
  ) => Promise<Findings>;
  /** Rejects with `UserError` for names that mean nothing. */
  readonly target: (name: string) => Target;
  /** Names of the installed allocators. */
  readonly installed: () => Promise<readonly string[]>;
  readonly profileFromBench: (result: BenchResult, recordedAt: string) => Profile | null;
  /** Reads a perf.data file by perf itself; absent where that is not offered. Rejects as an importer does. */
  readonly readPerfData?: (file: string, options: ImportOptions) => Promise<RawProfile>;
  /** One line of a profiled target's own source, null where it cannot be read. */
  readonly sourceText: (file: string, line: number) => string | null;
  readonly htmlAssets: () => HtmlAssets;
  /** Runs a plan of two sides to its verdict; `maxProcesses` null for all planned looks. Rejects as `runExperiment`. */
  readonly experiment: (
    plan: ExperimentPlan,
    hooks: PairHooks,
    options: { readonly maxProcesses: number | null; readonly calibrate: boolean },
  ) => Promise<Experiment>;
  /** Resolves when the record is on the disk; without `file` in the workspace's own ledger. */
  readonly appendToLedger: (record: LedgerRecord, file?: string | null) => Promise<void>;
  readonly machine: () => MachineState;
  /** Names of all functions in the engine's sources. */
  readonly engineFunctions: () => readonly string[];
  readonly soakRunner: SoakRunner;
  /** Names of a binary's functions. Rejects as `functionSymbols`. */
  readonly functionSymbols: (file: string) => Promise<readonly string[]>;
  /** Runs a program under the allocation recorder. Rejects as `recordTrace`. */
  readonly recordTrace: (
    options: Pick<RecordOptions, 'command' | 'out' | 'all' | 'env' | 'limit' | 'signal' | 'onProgress'>,
  ) => Promise<Recording>;
  readonly costs: CostServices;
}

/** What cost calibration needs, and what it left on this machine. */
export interface CostServices {
  readonly native: CostRunner;
  readonly engine: CostRunner;
  readonly host: string;
  /** The table of this machine, null without one. */
  readonly kept: () => CostTable | null;
  /** Keeps a table and returns its file, null where nothing is kept. */
  readonly keep: (table: CostTable) => string | null;
}
