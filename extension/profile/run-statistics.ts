/** The figures that every bench result derives from its runs, whatever the target. */
import type { BenchResult, BenchRun } from '../model.ts';
import { median } from './percentiles.ts';

/** Sample standard deviation (n-1); null for fewer than two. */
function deviation(values: readonly number[], mean: number): number | null {
  if (values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}

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
  const mean = medians.reduce((a, b) => a + b, 0) / medians.length;
  const stdev = deviation(medians, mean);
  return {
    runs,
    mean,
    median: median(medians),
    stdev,
    cv: stdev === null ? null : stdev / mean,
    min: Math.min(...medians),
    max: Math.max(...medians),
    firstOpsPerSecond: median(runs.map((r) => r.first)),
  };
}
