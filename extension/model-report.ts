/**
 * What a report derives from the ledger, the sources and the documents together. Plain serialisable types, as in model.ts;
 * percent of throughput, positive = faster.
 */
import type { Candidate, CandidateLetter } from './model.ts';
import type { Pruned, Verdict } from './model-experiment.ts';

/** Changes an operation, negative = fewer; throughput in percent, positive = faster. Null where nothing is known. */
export interface Gain {
  /** Of the instructions and branches; null where neither is known. */
  readonly unit: 'wasm' | 'x86' | null;
  readonly instructionsPerOp: number | null;
  readonly branchesPerOp: number | null;
  readonly throughputPercent: number | null;
}

/** What a candidate's experiment measured. */
export interface MeasuredGain extends Gain {
  /** Id of the experiment. */
  readonly experiment: string;
  readonly title: string;
  /** Target that was measured: `engine` for the built-in one. */
  readonly target: string;
  readonly verdict: Verdict;
  readonly interval: readonly [number, number] | null;
  /** What links the two: `replay`, `named in its title`, or the gate that both are about. */
  readonly link: string;
}

/** A reduction candidate, estimated and, after its experiment, measured. */
export interface CandidateGain {
  /** Id of the row in `candidates`; null for one of a document. */
  readonly id: string | null;
  readonly letter: CandidateLetter;
  readonly title: string;
  readonly risk: Candidate['risk'];
  readonly estimate: Gain;
  /** Id or replay name of the experiment that would confirm it, null without one. */
  readonly experiment: string | null;
  readonly measured: MeasuredGain | null;
}

/** Where a figure would come to with the combined estimate, against a baseline's. */
export interface Projection {
  readonly metric: string;
  readonly now: number;
  readonly projected: number;
  /** Against the baseline's own, percent. Of speeds: by how much the baseline is faster. */
  readonly gapNowPercent: number;
  readonly gapProjectedPercent: number;
}

/** Candidates with the estimate of all of them together (Phase 19 §4). */
export interface CandidateTable {
  readonly of: 'document' | 'project';
  /** Where the estimates come from, a few words. */
  readonly source: string;
  readonly rows: readonly CandidateGain[];
  /** Sum of the estimates times `efficiency`; null where fewer than two are estimated. */
  readonly combined: Gain | null;
  /** Which rows are in it: `A to E`, `the best of each kind`. */
  readonly combinedOf: string;
  /** Share of the sum that is left where savings overlap, 0..1. */
  readonly efficiency: number;
  /** Product of what was measured of the rows; null where fewer than two were. */
  readonly measuredPercent: number | null;
  readonly projection: readonly Projection[];
}

/** Effects that were added up and multiplied. */
export interface CumulativeTotal {
  /** Experiments that it is made of. */
  readonly changes: number;
  /** Sum of the effects, percent. */
  readonly sumPercent: number;
  /** Product of the effects, percent. */
  readonly productPercent: number;
  /** Of the product; null without changes and when one of them has no interval. */
  readonly interval: readonly [number, number] | null;
}

/** A row of the prune document's cumulative table. */
export interface PhaseRow {
  /** Id of the experiment. */
  readonly id: string;
  /** `24`, `19A`; null for what is no phase. */
  readonly phase: string | null;
  readonly title: string;
  readonly pruned: Pruned | null;
  readonly effectPercent: number | null;
  readonly interval: readonly [number, number] | null;
  readonly threshold: number;
  /** Null for the workload's own. */
  readonly iterations: number | null;
  readonly workingSet: number | null;
  /** Label of the side that the effect is against. */
  readonly baselineSide: string;
  readonly status: Verdict;
  /** Which totals it is in. */
  readonly counts: 'go' | 'kept' | 'no';
  /** Why it is in no total, empty when it is. */
  readonly why: string;
}

/** The cumulative table of one target and work. */
export interface PhaseTable {
  /** Target and work, as `CumulativeStep.work`. */
  readonly work: string;
  readonly rows: readonly PhaseRow[];
  /** Of the changes that are kept; null when none says how many. */
  readonly atomics: number | null;
  /** The documents' total: GO changes alone. */
  readonly go: CumulativeTotal;
  /** GO and NEUTRAL changes: all that are kept. */
  readonly kept: CumulativeTotal;
}

/** A replay of the documents: under which conditions, and what its document prints. */
export interface ReplayRow {
  /** `phase-24`. */
  readonly name: string;
  readonly title: string;
  /** Percent. */
  readonly threshold: number;
  /** Whether the document prints it. */
  readonly thresholdPrinted: boolean;
  readonly iterations: number | null;
  readonly workingSet: number | null;
  /** Runs a side. */
  readonly runs: number;
  readonly runsPrinted: boolean;
  /** What the effect is against: `compiled-in`, `old`, ... */
  readonly baselineSide: string;
  /** As the document prints them. */
  readonly effectPercent: number | null;
  readonly verdict: Verdict | null;
}

/** Where a document does not agree with itself or with its own data. */
export interface Disagreement {
  /** The document, as far as no replay says more. */
  readonly document: string;
  /** Replays that it is about; none for a document as a whole. */
  readonly replays: readonly string[];
  readonly sentence: string;
}
