/**
 * The documents' own rule (Phases 24 to 29, step 4 of their template): the difference of the runs' means in percent of the
 * baseline, at or above +t GO, at or below -t NO-GO, else NEUTRAL. In Phases 24 to 29 the baseline of the effect is the
 * compiled-in side, (out - in) / in; in Phase 64 it is the old build. Whoever lists the runs names the sides so.
 */
import type { ExperimentGate, Verdict } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { median } from '../profile/percentiles.ts';

/** Runs that one side may list. */
export const mostRuns = 100_000;
/** No machine does more operations a second; sums of so many stay exact enough to print. */
const mostOpsPerSecond = 1e15;
/** A difference that is the threshold but for the last bits of its computation counts as reaching it. */
const slack = 1e-9;

export interface SeedSide {
  /** Operations per second, in the order listed. */
  readonly runs: readonly number[];
  readonly mean: number;
  readonly median: number;
  /** Sample standard deviation (n-1); null with one run. */
  readonly stdev: number | null;
  /** Percent of the mean; null with one run. */
  readonly cvPercent: number | null;
  readonly min: number;
  readonly max: number;
}

export interface SeedResult {
  readonly baseline: SeedSide;
  readonly treatment: SeedSide;
  /** Percent of the baseline, positive = the treatment is faster. */
  readonly meanDeltaPercent: number;
  readonly medianDeltaPercent: number;
  readonly threshold: number;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly reason: string;
}

/**
 * Operations per second of one side's runs, checked. `what` names the side in the messages. Throws `UserError` for anything
 * but a list of 1 to `mostRuns` finite, positive numbers.
 */
export function checkedRuns(runs: unknown, what: string): number[] {
  if (!Array.isArray(runs)) throw new UserError(`${what}: expected a list of numbers, operations per second`);
  const list: readonly unknown[] = runs;
  if (list.length === 0) throw new UserError(`${what}: the list of runs is empty`);
  if (list.length > mostRuns) {
    throw new UserError(`${what}: ${list.length} runs are more than the ${mostRuns} that are taken`);
  }
  return list.map((run, i) => {
    const name = `${what}, run ${i + 1}`;
    if (typeof run !== 'number' || !Number.isFinite(run)) {
      const shown = (JSON.stringify(run) ?? String(run)).slice(0, 40);
      throw new UserError(`${name}: expected operations per second as a number, not ${shown}`);
    }
    if (run <= 0) throw new UserError(`${name}: a speed is above zero, not ${run}`);
    if (run > mostOpsPerSecond) {
      throw new UserError(`${name}: ${run} operations per second are more than any machine does`);
    }
    return run;
  });
}

/** Percent, as a threshold may be: above 0 and at most 100. Throws `UserError`. */
export function checkedThreshold(value: unknown, what: string): number {
  if (typeof value !== 'number' || !(value > 0 && value <= 100)) {
    throw new UserError(`${what}: expected percent above 0 and at most 100, such as 0.5`);
  }
  return value;
}

/** The figures that the documents print of a list of runs. Throws as `checkedRuns`. */
export function seedSide(runs: readonly number[], what = 'runs'): SeedSide {
  const checked = checkedRuns(runs, what);
  const centre = mean(checked);
  const stdev = sampleDeviation(checked);
  return {
    runs: checked,
    mean: centre,
    median: median(checked),
    stdev,
    cvPercent: stdev === null ? null : (100 * stdev) / centre,
    min: checked.reduce((a, b) => Math.min(a, b)),
    max: checked.reduce((a, b) => Math.max(a, b)),
  };
}

/** Percent by which `treatment` differs from `baseline`. */
export function deltaPercent(baseline: number, treatment: number): number {
  return (100 * (treatment - baseline)) / baseline;
}

/** The rule itself: `effectPercent` against plus and minus `threshold`, both inclusive. */
export function seedVerdict(effectPercent: number, threshold: number): Verdict {
  const reach = threshold * (1 - slack);
  if (effectPercent >= reach) return 'GO';
  return effectPercent <= -reach ? 'NO-GO' : 'NEUTRAL';
}

/**
 * What failing gates decide before any figure is looked at: identical code is NEUTRAL, changed code that never ran is
 * NO-OP (Phase 29's lesson), anything else leaves the question open. Null when all gates passed.
 */
export function gateDecision(
  gates: readonly ExperimentGate[],
): { readonly verdict: Verdict; readonly reason: string } | null {
  const failed = gates.find((g) => !g.passed);
  if (failed === undefined) return null;
  if (failed.name === 'identity') return { verdict: 'NEUTRAL', reason: failed.note };
  if (failed.name === 'coverage') return { verdict: 'NO-OP', reason: failed.note };
  return { verdict: 'INCONCLUSIVE', reason: failed.note };
}

const signed = (percent: number): string => `${percent < 0 ? '' : '+'}${percent.toFixed(2)}%`;

function reasonOf(verdict: Verdict, effect: number, threshold: number): string {
  const sentence = `the mean of the treatment's runs is ${signed(effect)} of the baseline's`;
  if (verdict === 'GO') return `${sentence}, at or above +${threshold}%`;
  if (verdict === 'NO-GO') return `${sentence}, at or below -${threshold}%`;
  return `${sentence}, inside ±${threshold}%`;
}

/**
 * Applies the documents' rule to two lists of runs (operations per second), gates first.
 *
 * @param threshold percent
 * @throws UserError for lists that are none
 */
export function seedRule(
  baseline: readonly number[],
  treatment: readonly number[],
  threshold: number,
  gates: readonly ExperimentGate[] = [],
): SeedResult {
  checkedThreshold(threshold, 'threshold');
  const base = seedSide(baseline, 'baseline');
  const treated = seedSide(treatment, 'treatment');
  const meanDeltaPercent = deltaPercent(base.mean, treated.mean);
  const verdict = seedVerdict(meanDeltaPercent, threshold);
  return {
    baseline: base,
    treatment: treated,
    meanDeltaPercent,
    medianDeltaPercent: deltaPercent(base.median, treated.median),
    threshold,
    verdict,
    reason: reasonOf(verdict, meanDeltaPercent, threshold),
    ...gateDecision(gates),
  };
}

/** The ledger's total of Phases 24 to 29: effects of the experiments that were GO, added up; percent. */
export function addedGains(
  results: readonly { readonly verdict: Verdict; readonly effectPercent: number | null }[],
): number {
  return results.reduce((sum, r) => (r.verdict === 'GO' ? sum + (r.effectPercent ?? 0) : sum), 0);
}
