/** What a named replay of the documents is: its sides on the engine, the document's conditions and its figures. */
import type {
  AuditedOperation,
  DocumentFigures,
  DocumentSide,
  Pruned,
  Verdict,
} from '../model-experiment.ts';

/**
 * `pair`: two sides, timed. `targets`: two allocators that cannot share a process, timed in processes of their own.
 * `profile`: one side, profiled (Phase 42). `audit`: read, not run (Phase 28).
 */
export type ReplayKind = 'pair' | 'targets' | 'profile' | 'audit';

/** Operations per second; null where the document prints nothing. */
export interface PrintedSide {
  readonly label: string;
  readonly mean: number | null;
  readonly median: number | null;
  readonly stdev: number | null;
  readonly runs: readonly number[];
}

/** What a document prints of one experiment; percent, null where it prints nothing. */
export interface PrintedFigures {
  readonly document: string;
  readonly baseline: PrintedSide;
  readonly treatment: PrintedSide;
  readonly meanDeltaPercent: number | null;
  readonly medianDeltaPercent: number | null;
  readonly verdict: Verdict | null;
  readonly threshold: number | null;
  readonly expected: string | null;
  /** Where the document does not agree with itself or its data, one sentence each. */
  readonly disagreements: readonly string[];
}

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
  readonly figures: PrintedFigures;
  /** What is otherwise here than in the document, one sentence each. */
  readonly differs: readonly string[];
  /** What the treatment leaves out, of a removal of atomics. */
  readonly pruned?: Pruned;
  /** Of an audit. */
  readonly audit?: readonly AuditedOperation[];
}

/** Workload without any stated parameter. */
export const unstated: ReplayWork = {
  ...{ workload: 'random_mixed', iterations: null, workingSet: null, min: null, max: null },
};

/** A side that printed nothing but, perhaps, what is in `over`. */
export function printed(label: string, over: Partial<PrintedSide> = {}): PrintedSide {
  return { label, mean: null, median: null, stdev: null, runs: [], ...over };
}

/** Threshold of the documents' template, percent. */
export const templateThreshold = 0.5;

export const noThreshold =
  'The document prints no threshold; ±0.5% of Phases 24 to 29 is taken, with runs in the number of their script.';

function shownSide(side: PrintedSide, runs: number | null): DocumentSide {
  const { runs: listed, ...figures } = side;
  return {
    ...figures,
    runs: listed.length > 0 ? listed.length : runs,
    ...(listed.length > 0 ? { listed } : {}),
  };
}

/** The document's figures as they stand beside ours: what differs first, then where the document disagrees with itself. */
export function documentFigures(replay: Replay): DocumentFigures {
  const { figures } = replay;
  const runs = replay.runsPrinted ? replay.runs : null;
  return {
    replay: replay.name,
    source: figures.document,
    verdict: figures.verdict,
    effectPercent: figures.meanDeltaPercent,
    medianPercent: figures.medianDeltaPercent,
    expected: figures.expected,
    threshold: figures.threshold,
    baseline: shownSide(figures.baseline, runs),
    treatment: shownSide(figures.treatment, runs),
    notes: [...replay.differs, ...figures.disagreements],
  };
}
