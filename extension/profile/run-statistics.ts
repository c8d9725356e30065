/** The figures that every bench result derives from its runs, whatever the target. */
import type { BenchResult, BenchRun } from '../model.ts';
import { mean, sampleDeviation } from './moments.ts';
import { median } from './percentiles.ts';

/**
 * One fresh process.
 *
 * @param passesNs nanoseconds of each pass; one shorter than the clock's step counts as one nanosecond
 * @param operations operations a pass
 */
export function benchRun(passesNs: readonly number[], operations: number): BenchRun {
  const passes = passesNs.map((ns) => (operations / Math.max(1, ns)) * 1e9);
  return { passes, median: passes.length === 0 ? 0 : median(passes), first: passes[0] ?? 0 };
}

type Summary = Pick<
  BenchResult,
  'runs' | 'mean' | 'median' | 'stdev' | 'cv' | 'min' | 'max' | 'firstOpsPerSecond'
>;

/** Over the medians of at least one run. */
export function summarizeRuns(runs: readonly BenchRun[]): Summary {
  const medians = runs.map((r) => r.median);
  const centre = mean(medians);
  const stdev = sampleDeviation(medians);
  return {
    runs,
    mean: centre,
    median: median(medians),
    stdev,
    cv: stdev === null ? null : stdev / centre,
    min: Math.min(...medians),
    max: Math.max(...medians),
    firstOpsPerSecond: median(runs.map((r) => r.first)),
  };
}
