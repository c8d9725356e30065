/** The robust estimators that cost calibration needs: medians, Yuen's interval, Theil and Sen's slope. Pure. */

export interface Located {
  readonly estimate: number;
  readonly interval: readonly [number, number];
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

/** NaN of nothing. */
export function medianOf(values: readonly number[]): number {
  const s = ascending(values);
  const half = s.length >> 1;
  const upper = s[half] ?? Number.NaN;
  return s.length % 2 === 1 ? upper : ((s[half - 1] ?? Number.NaN) + upper) / 2;
}

const trimmed = 0.2;
const meanOf = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

/** 20% trimmed mean; NaN of nothing. */
export function trimmedMean(values: readonly number[]): number {
  const cut = Math.floor(trimmed * values.length);
  return meanOf(ascending(values).slice(cut, values.length - cut));
}

/** 97.5% quantiles of Student's t, 1 to 30 degrees of freedom. */
const student975 = [
  12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281, 2.201, 2.1788, 2.1604,
  2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.093, 2.086, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555,
  2.0518, 2.0484, 2.0452, 2.0423,
] as const;

/** Beyond the table by its first three terms in 1/df (Abramowitz and Stegun 26.7.5). */
export function student975Of(df: number): number {
  const z = 1.959963984540054;
  return (
    student975[df - 1] ?? z + (z ** 3 + z) / (4 * df) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * df * df)
  );
}

/**
 * 20% trimmed mean with Yuen's 95% interval (Yuen 1974; Wilcox, Introduction to Robust Estimation, 4.3): winsorised sd
 * over 0.6 √n, with h-1 degrees of freedom, h the values left. At least 3 values; below 5 it is Student's.
 */
export function yuen95(values: readonly number[]): Located {
  const n = values.length;
  if (n < 3) throw new RangeError(`an interval needs 3 values, not ${n}`);
  const cut = Math.floor(trimmed * n);
  const s = ascending(values);
  const [low, high] = [s[cut] ?? 0, s[n - 1 - cut] ?? 0];
  const winsorised = s.map((v) => Math.min(high, Math.max(low, v)));
  const mean = meanOf(winsorised);
  const sd = Math.sqrt(winsorised.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (n - 1));
  const error = sd / ((cut === 0 ? 1 : 1 - 2 * trimmed) * Math.sqrt(n));
  const half = student975Of(n - 2 * cut - 1) * error;
  const estimate = trimmedMean(values);
  return { estimate, interval: [estimate - half, estimate + half] };
}

/** Median of the slopes between all pairs of points (Theil 1950, Sen 1968); NaN without two different abscissas. */
export function theilSen(points: readonly (readonly [number, number])[]): number {
  const slopes: number[] = [];
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) if (x1 !== x2) slopes.push((y2 - y1) / (x2 - x1));
  }
  return medianOf(slopes);
}
