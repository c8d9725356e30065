/** Reduction candidates with what was estimated of them and, after their experiment, what was measured (Phase 19 §3, §4). */
import type { Experiment } from '../../model-experiment.ts';
import type { CandidateGain, Gain, MeasuredGain, Projection } from '../../model-report.ts';
import { UserError } from '../../model.ts';
import { deltaPercent } from '../seed-rule.ts';

/** A candidate before it is known whether its experiment was run. */
export type LabCandidate = Omit<CandidateGain, 'measured'>;

/** §4's table: the middles of §3's ranges, throughput rounded down. */
export const fastlaneCandidates: readonly LabCandidate[] = (
  [
    ['A', 'Remove FastLane layer', 'low', -17.5, -6, 12],
    ['B', 'ENV snapshot consolidation', 'medium', -10, -4, 6],
    ['C', 'Stats removal (Release)', 'low', -5, -2.5, 4],
    ['D', 'Inline header validation', 'medium', -4, -1.5, 2],
    ['E', 'Static route fast path', 'low', -3.5, -1.5, 2],
  ] as const
).map(([letter, title, risk, instructionsPerOp, branchesPerOp, throughputPercent]) => ({
  id: null,
  letter,
  title,
  risk,
  estimate: { unit: 'x86', instructionsPerOp, branchesPerOp, throughputPercent },
  experiment: `phase-19${letter.toLowerCase()}`,
}));

/** Phase 19's allowance for savings that overlap. */
export const overlapEfficiency = 0.8;

function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((v): v is number => v !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}

/**
 * Sum of the estimates times the efficiency; what nothing is known of stays null. Throws `UserError` for gains in two units.
 */
export function combinedEstimate(gains: readonly Gain[], efficiency = overlapEfficiency): Gain {
  const units = [...new Set(gains.flatMap((g) => g.unit ?? []))];
  if (units.length > 1) {
    throw new UserError(
      'gains in wasm and in x86 instructions cannot be added up: combine those of one unit',
    );
  }
  const of = (key: Exclude<keyof Gain, 'unit'>): number | null => {
    const total = sum(gains.map((g) => g[key]));
    return total === null ? null : total * efficiency;
  };
  return {
    unit: units[0] ?? null,
    instructionsPerOp: of('instructionsPerOp'),
    branchesPerOp: of('branchesPerOp'),
    throughputPercent: of('throughputPercent'),
  };
}

/** Where counts an operation come to (`change` is added), against a baseline's. */
export function projectedCount(metric: string, now: number, change: number, baseline: number): Projection {
  const projected = now + change;
  const gapProjectedPercent = deltaPercent(baseline, projected);
  return { metric, now, projected, gapNowPercent: deltaPercent(baseline, now), gapProjectedPercent };
}

/** Where a speed comes to (`gain` in percent), and how far a faster baseline stays ahead of it. */
export function projectedSpeed(now: number, gain: number, baseline: number): Projection {
  const projected = now * (1 + gain / 100);
  return {
    metric: 'ops/s',
    now,
    projected,
    gapNowPercent: deltaPercent(now, baseline),
    gapProjectedPercent: deltaPercent(projected, baseline),
  };
}

/** Treatment less baseline of the counter whose name begins so; null when either side was not counted. */
function counted(experiment: Experiment, name: RegExp): number | null {
  const row = experiment.counters?.rows.find((r) => name.test(r.name));
  return row === undefined || row.baseline === null || row.treatment === null
    ? null
    : row.treatment - row.baseline;
}

/** What an experiment measured. Counts are per operation only where the experiment counted them so. */
export function measuredGain(experiment: Experiment): Gain {
  return {
    unit: experiment.counters?.unit ?? null,
    instructionsPerOp: counted(experiment, /^instructions\/op$/i),
    branchesPerOp: counted(experiment, /^branches\/op$/i),
    throughputPercent: experiment.effectPercent,
  };
}

/** An experiment as a candidate's; `link` says what makes it so. */
export function measuredBy(experiment: Experiment, link: string): MeasuredGain {
  const { id, title, verdict, interval, baseline } = experiment;
  return {
    ...measuredGain(experiment),
    ...{ experiment: id, title, target: baseline.spec.target, verdict, interval, link },
  };
}

/** Each candidate with the newest experiment of its id or replay name; `experiments` oldest first. */
export function withMeasured(
  candidates: readonly LabCandidate[],
  experiments: readonly Experiment[],
): CandidateGain[] {
  return candidates.map((candidate): CandidateGain => {
    const { experiment: wanted } = candidate;
    const found =
      wanted === null ? undefined : experiments.filter((e) => e.id === wanted || e.replay === wanted).at(-1);
    if (found === undefined) return { ...candidate, measured: null };
    const link = found.replay === wanted ? 'replay' : 'id';
    return { ...candidate, measured: measuredBy(found, link) };
  });
}

/** Product of the measured effects, percent; null with fewer than two. Verdicts are the reader's to weigh. */
export function measuredTogether(rows: readonly CandidateGain[]): number | null {
  const effects = rows.flatMap((r) => r.measured?.throughputPercent ?? []);
  if (effects.length < 2) return null;
  return 100 * (effects.reduce((product, e) => product * (1 + e / 100), 1) - 1);
}
