/** Percentiles of a list of figures. */

/**
 * Percentiles by linear interpolation between the closest ranks (type 7 of Hyndman and Fan, "Sample quantiles in
 * statistical packages", 1996; what numpy does unless told otherwise).
 *
 * @param sorted ascending, at least one
 * @param percent 0..100
 */
export function percentileOf(sorted: ArrayLike<number>, percent: number): number {
  const at = ((sorted.length - 1) * percent) / 100;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
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
