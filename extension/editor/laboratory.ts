/** What the editor asks of the laboratory; main.ts hands it in, tests hand in their own. */
import type {
  Calibration,
  CumulativeStep,
  DocumentFigures,
  Experiment,
  ExperimentPlan,
  ExperimentWork,
  PairHooks,
  SideSpec,
} from '../model-experiment.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import type { SoakSummary } from '../model-soak.ts';

/** An experiment of the documents that can be done again. */
export interface ReplayChoice {
  /** `phase-24`. */
  readonly name: string;
  /** What it is about, a few words. */
  readonly about: string;
  /**
   * Does it again: most compare two sides, some are audits or profiles.
   *
   * @param most fresh processes that it may take
   */
  readonly run: (id: string, most: number, folder: string, hooks: PairHooks) => Promise<Experiment>;
}

export interface SoakDone {
  readonly summary: SoakSummary;
  /** Path of the epochs, from which one that was cancelled can go on. */
  readonly file: string;
  readonly cancelled: boolean;
}

export interface SoakRequest {
  readonly id: string;
  /** Of both sides together. */
  readonly minutes: number;
  readonly work: ExperimentWork;
  readonly baseline: SideSpec;
  readonly treatment: SideSpec;
}

export interface LedgerContents {
  /** Oldest first. */
  readonly records: readonly LedgerRecord[];
  /** What could not be read, a sentence each. */
  readonly problems: readonly string[];
}

/** Folders are absolute paths of workspace folders. Everything rejects with `UserError`-shaped errors, or as its signal says. */
export interface Laboratory {
  /**
   * Units after which a decision may be taken, when at most `most` fresh processes are allowed; with native targets, whose
   * units are more and take four processes each, `most` stands for the same share of what is planned.
   */
  readonly looks: (most: number, native?: boolean) => readonly number[];
  readonly replays: readonly ReplayChoice[];
  /** Figures of the documents that can be replayed. */
  readonly documents: readonly DocumentFigures[];
  /**
   * Measures the noise first where this machine's history has nothing of the last 24 hours and the plan has room for it; the
   * result itself is appended by the caller.
   */
  readonly experiment: (plan: ExperimentPlan, folder: string, hooks: PairHooks) => Promise<Experiment>;
  /** The noise of the plan's baseline on its workload (A/A), kept in this machine's history; appended by the caller. */
  readonly calibrate: (plan: ExperimentPlan, hooks: PairHooks) => Promise<Calibration>;
  /** Resolves with what was done when it is cancelled after its first epochs. */
  readonly soak: (request: SoakRequest, folder: string, hooks: PairHooks) => Promise<SoakDone>;
  readonly readLedger: (folder: string) => Promise<LedgerContents>;
  readonly append: (folder: string, record: LedgerRecord) => Promise<unknown>;
  readonly cumulative: (records: readonly LedgerRecord[]) => readonly CumulativeStep[];
  /** Writes the ledger's documents and gives absolute paths of those about `id`, of all for null. */
  readonly writeDocuments: (folder: string, id: string | null) => Promise<readonly string[]>;
}
