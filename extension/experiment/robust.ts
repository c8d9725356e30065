/** Estimators that a few bad processes cannot pull away, with their intervals. Values in any unit, in any order. */
import { sampleDeviation } from '../profile/moments.ts';
import { median, medianOfSorted } from '../profile/percentiles.ts';
import { normalQuantile, studentQuantile } from './quantiles.ts';

/** A location and its interval, in the unit of the values. */
export interface Located {
  readonly estimate: number;
  readonly interval: readonly [number, number];
}

export function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

/** How many values a 20% trim takes from each end. */
export function trimCount(n: number): number {
  return Math.floor(n / 5);
}

/** Mean of the ascending `v` without its `cut` lowest and highest. */
export function trimmedMeanOfSorted(v: ArrayLike<number>, cut: number): number {
  let sum = 0;
  for (let i = cut; i < v.length - cut; i++) sum += v[i] ?? Number.NaN;
  return sum / (v.length - 2 * cut);
}

/** 20% trimmed mean (Tukey & McLaughlin 1963). */
export function trimmedMean(values: readonly number[]): number {
  return trimmedMeanOfSorted(sorted(values), trimCount(values.length));
}

/** Sample standard deviation (n-1) after the lowest and highest 20% took the value of their nearest neighbour. */
export function winsorisedSd(values: readonly number[]): number {
  const v = sorted(values);
  const cut = trimCount(v.length);
  const low = v[cut] ?? Number.NaN;
  const high = v[v.length - 1 - cut] ?? Number.NaN;
  return sampleDeviation(v.map((x) => Math.min(high, Math.max(low, x)))) ?? Number.NaN;
}

/**
 * 20% trimmed mean with Yuen's interval (Yuen 1974; Wilcox, Introduction to Robust Estimation, 4.3): the standard error
 * is the winsorised sd over 0.6 √n, with h-1 degrees of freedom, h the values that are left. Below five values nothing is
 * trimmed, and the interval is Student's. At least 3 values.
 *
 * @param confidence of the two-sided interval, such as 0.95
 */
export function yuen(values: readonly number[], confidence: number): Located {
  const n = values.length;
  const left = n - 2 * trimCount(n);
  const estimate = trimmedMean(values);
  const kept = 1 - 2 * 0.2;
  const error = winsorisedSd(values) / ((trimCount(n) === 0 ? 1 : kept) * Math.sqrt(n));
  const half = studentQuantile(0.5 + confidence / 2, left - 1) * error;
  return { estimate, interval: [estimate - half, estimate + half] };
}

/** 1.4826 times the median absolute deviation from the median: the sd where the values are normal (Hampel 1974). */
export function robustSigma(values: readonly number[]): number {
  const centre = median(values);
  return 1.482602218505602 * median(values.map((x) => Math.abs(x - centre)));
}

/** Median of the slopes between all pairs of points (Theil 1950, Sen 1968); NaN without two different abscissas. */
export function theilSen(points: readonly (readonly [number, number])[]): number {
  const slopes: number[] = [];
  for (const [i, [x1, y1]] of points.entries()) {
    for (const [x2, y2] of points.slice(i + 1)) if (x1 !== x2) slopes.push((y2 - y1) / (x2 - x1));
  }
  return median(slopes);
}

/**
 * Largest c such that P(W <= c - 1) <= tail for Wilcoxon's signed-rank statistic of n values: exact up to 60, then the
 * normal approximation with continuity correction. 0 where even the most extreme rank is not rare enough.
 */
export function signedRankCount(n: number, tail: number): number {
  const all = (n * (n + 1)) / 2;
  if (n > 60) {
    const sd = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24);
    return Math.max(0, Math.floor(all / 2 - 0.5 + normalQuantile(tail) * sd) + 1);
  }
  // chance[w] = P(W = w): each rank is in the sum or not, with equal chances.
  let chance = new Float64Array(all + 1);
  chance[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    const next = new Float64Array(all + 1);
    for (let w = 0; w <= (rank * (rank + 1)) / 2; w++) {
      next[w] = 0.5 * ((chance[w] ?? 0) + (w >= rank ? (chance[w - rank] ?? 0) : 0));
    }
    chance = next;
  }
  let sum = 0;
  for (let w = 0; w <= all; w++) {
    sum += chance[w] ?? 0;
    if (sum > tail) return w;
  }
  return all;
}

/**
 * Hodges-Lehmann: the median of the Walsh averages (xi + xj)/2, i <= j, between the c-th smallest and the c-th largest of
 * them (Hodges & Lehmann 1963; Hollander, Wolfe & Chicken, 3.2-3.3). Where so few values cannot give the confidence,
 * the interval is unbounded.
 */
export function hodgesLehmann(values: readonly number[], confidence: number): Located {
  const n = values.length;
  const walsh = new Float64Array((n * (n + 1)) / 2);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) walsh[at++] = ((values[i] ?? Number.NaN) + (values[j] ?? Number.NaN)) / 2;
  }
  walsh.sort();
  const estimate = medianOfSorted(walsh);
  const c = signedRankCount(n, (1 - confidence) / 2);
  if (c === 0) return { estimate, interval: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] };
  return { estimate, interval: [walsh[c - 1] ?? Number.NaN, walsh[walsh.length - c] ?? Number.NaN] };
}
