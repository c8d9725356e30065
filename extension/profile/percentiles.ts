/** Medians and percentiles of a list of figures. */

/** Of ascending values: the one in the middle, or the mean of the two there. NaN of none. */
export function medianOfSorted(v: ArrayLike<number>): number {
  const mid = v.length >>> 1;
  const upper = v[mid] ?? Number.NaN;
  return v.length % 2 === 1 ? upper : ((v[mid - 1] ?? Number.NaN) + upper) / 2;
}

/** Of values in any order; NaN of none. */
export function median(values: readonly number[]): number {
  return medianOfSorted([...values].sort((a, b) => a - b));
}

/**
 * Quantile of ascending values by linear interpolation between the closest ranks (type 7 of Hyndman and Fan, "Sample
 * quantiles in statistical packages", 1996; what numpy does unless told otherwise). NaN of none.
 *
 * @param p 0..1
 */
export function quantileOfSorted(v: ArrayLike<number>, p: number): number {
  const at = p * (v.length - 1);
  const below = Math.floor(at);
  const low = v[below] ?? Number.NaN;
  const high = v[Math.min(below + 1, v.length - 1)] ?? Number.NaN;
  return low + (at - below) * (high - low);
}

/** The same with 0..100 in the place of 0..1. */
export function percentileOf(sorted: ArrayLike<number>, percent: number): number {
  return quantileOfSorted(sorted, percent / 100);
}

/**
 * The same for several percents, in their order, of figures in any order. Null when there are no figures.
 * (`calculate_percentiles` of the documents.)
 */
export function calculatePercentiles(
  values: readonly number[],
  percents: readonly number[],
): readonly number[] | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return percents.map((p) => percentileOf(sorted, p));
}
