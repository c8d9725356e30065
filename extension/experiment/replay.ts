/** What a named replay of the documents is: its sides on the engine, the document's conditions and its figures. */
import type { AuditedOperation, DocumentFigures, DocumentSide } from '../model-experiment.ts';

/**
 * `pair`: two sides, timed. `targets`: two allocators that cannot share a process, timed in processes of their own.
 * `profile`: one side, profiled (Phase 42). `audit`: read, not run (Phase 28).
 */
export type ReplayKind = 'pair' | 'targets' | 'profile' | 'audit';

/** Null where the document does not say. */
export interface ReplayWork {
  readonly workload: 'random_mixed';
  readonly iterations: number | null;
  readonly workingSet: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface Replay {
  readonly name: string;
  readonly title: string;
  readonly kind: ReplayKind;
  /** Side specifications (side-spec.ts). The effect is the treatment's against the baseline's. */
  readonly baseline: string;
  readonly treatment: string;
  /** What the baseline of the effect is: `compiled-in`, `old`, ... */
  readonly baselineSide: string;
  readonly work: ReplayWork;
  /** Runs a side. */
  readonly runs: number;
  /** Whether the document says how many. */
  readonly runsPrinted: boolean;
  /** Percent. Where the document names none, that of Phases 24 to 29. */
  readonly threshold: number;
  readonly figures: DocumentFigures;
  /** What is otherwise here than in the document, one sentence each. */
  readonly differs: readonly string[];
  /** Of an audit. */
  readonly audit?: readonly AuditedOperation[];
}

/** Workload without any stated parameter. */
export const unstated: ReplayWork = {
  ...{ workload: 'random_mixed', iterations: null, workingSet: null, min: null, max: null },
};

/** A side that printed nothing but, perhaps, what is in `over`. */
export function printed(label: string, over: Partial<DocumentSide> = {}): DocumentSide {
  return { label, mean: null, median: null, stdev: null, runs: [], ...over };
}

/** Threshold of the documents' template, percent. */
export const templateThreshold = 0.5;

export const noThreshold =
  'The document prints no threshold; ±0.5% of Phases 24 to 29 is taken, with runs in the number of their script.';
