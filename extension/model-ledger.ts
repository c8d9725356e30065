/** What the ledger keeps, and how its commands show it. Plain serialisable types. */
import type { CostTable } from './model-costs.ts';
import type { Calibration, Experiment, Verdict } from './model-experiment.ts';
import type { SoakSummary } from './model-soak.ts';

export const ledgerVersion = 1;

/** A line of the ledger. Records are never rewritten; a note refers to the record that it is about. */
export type LedgerRecord =
  | { readonly v: 1; readonly kind: 'experiment'; readonly at: string; readonly experiment: Experiment }
  | { readonly v: 1; readonly kind: 'calibration'; readonly at: string; readonly calibration: Calibration }
  | { readonly v: 1; readonly kind: 'soak'; readonly at: string; readonly soak: SoakSummary }
  | { readonly v: 1; readonly kind: 'costs'; readonly at: string; readonly costs: CostTable };

/** A record as a list shows it. */
export interface LedgerRow {
  /** Of the experiment or soak; of the others, kind and time. */
  readonly id: string;
  readonly kind: 'experiment' | 'calibration' | 'soak' | 'costs';
  /** ISO 8601, when it was written. */
  readonly at: string;
  readonly title: string;
  readonly replay: string | null;
  readonly workload: string | null;
  /** Of an experiment. */
  readonly verdict: Verdict | null;
  /** Of a soak or a calibration. */
  readonly passed: boolean | null;
  readonly effectPercent: number | null;
  readonly interval: readonly [number, number] | null;
  readonly threshold: number | null;
  readonly file: string;
  readonly line: number;
}

/**
 * Something in a ledger that could not be read. `torn`: the last line has no end. `newer`: written by a later version.
 * `file`: nothing of the file was read.
 */
export interface LedgerProblem {
  readonly kind: 'torn' | 'invalid' | 'newer' | 'file';
  readonly file: string;
  /** 1-based; 0 when it is about the whole file. */
  readonly line: number;
  /** Of the record's schema, for `newer`. */
  readonly version: number | null;
  readonly reason: string;
}

/** What `alloc-lens ledger list` prints. */
export interface LedgerListing {
  readonly schemaVersion: 1;
  /** Absolute path of the JSON Lines. */
  readonly path: string;
  /** Oldest first. */
  readonly records: readonly LedgerRow[];
  readonly problems: readonly LedgerProblem[];
  /** Problems beyond those listed. */
  readonly moreProblems: number;
}

/** What `alloc-lens ledger export` prints. */
export interface LedgerExport {
  readonly schemaVersion: 1;
  /** Absolute. */
  readonly folder: string;
  /** Names of the documents that were written. */
  readonly written: readonly string[];
  /** Names that exist and were not made by an export: left as they are. */
  readonly kept: readonly string[];
  readonly problems: readonly LedgerProblem[];
  readonly moreProblems: number;
}
