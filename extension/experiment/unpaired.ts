/**
 * Statistics of two lists of runs that were measured apart: no pairing cancels what changed on the machine between them,
 * so that whatever they say is marked as open to drift. Ratio of medians with a percentile bootstrap, ratio of means with
 * a BCa bootstrap (Efron 1987), Mann and Whitney's U.
 */
import type { Estimate, Verdict } from '../model-experiment.ts';
import { median } from '../profile/run-statistics.ts';

const resamples = 9999;
/** Fewer runs of a side have no 95% interval worth the name (benchstat asks for six as well). */
export const fewestRuns = 6;
/** Longer lists are thinned out before they are resampled: the interval is then wider than it could be, and soon there. */
const mostResampled = 500;

/** Numbers in [0, 1) from a seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal distribution; error below 1.2e-7 (Numerical Recipes, erfcc). */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + z / 2);
  const series = [
    1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ].reduceRight((sum, c) => t * (c + sum), 0);
  const tail = (t * Math.exp(-z * z - 1.26551223 + series)) / 2;
  return x < 0 ? tail : 1 - tail;
}

/** Quantile of the standard normal distribution for 0 < p < 1, by bisection of `normalCdf`. */
export function normalQuantile(p: number): number {
  let low = -9;
  let high = 9;
  for (let i = 0; i < 80; i++) {
    const mid = (low + high) / 2;
    if (normalCdf(mid) < p) low = mid;
    else high = mid;
  }
  return (low + high) / 2;
}

/** Value at a share of a sorted list, between neighbours in proportion. */
function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = Math.min(Math.max(share, 0), 1) * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? 0;
  return low + ((sorted[below + 1] ?? low) - low) * (at - below);
}

const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ?? 0;
  return sum / values.length;
};

/** A location of values that it may reorder. */
type Location = (values: Float64Array) => number;

const medianInPlace: Location = (values) => {
  values.sort();
  const middle = values.length >>> 1;
  const upper = values[middle] ?? 0;
  return values.length % 2 === 1 ? upper : ((values[middle - 1] ?? 0) + upper) / 2;
};

/** Every k-th value, so that at most `mostResampled` are left; spread over the whole list. */
function thinned(values: readonly number[]): readonly number[] {
  if (values.length <= mostResampled) return values;
  return Array.from({ length: mostResampled }, (_, i) =>
    Number(values[Math.floor((i * values.length) / mostResampled)]),
  );
}

/** ln of the ratio of the sides' locations over resamples with replacement, sorted. */
function bootstrap(
  baseline: readonly number[],
  treatment: readonly number[],
  location: Location,
  seed: number,
): Float64Array {
  const random = randomNumbers(seed);
  const draw = (from: Float64Array, into: Float64Array): number => {
    for (let i = 0; i < from.length; i++) into[i] = from[Math.floor(random() * from.length)] ?? 0;
    return location(into);
  };
  const [b, t] = [Float64Array.from(baseline), Float64Array.from(treatment)];
  const [drawnB, drawnT] = [b.slice(), t.slice()];
  return Float64Array.from({ length: resamples }, () => Math.log(draw(t, drawnT) / draw(b, drawnB))).sort();
}

const percentOf = (logRatio: number): number => 100 * Math.expm1(logRatio);

/** Skewness of the jackknife values over both sides (DiCiccio and Efron 1996, several samples). */
function acceleration(baseline: readonly number[], treatment: readonly number[]): number {
  let cubes = 0;
  let squares = 0;
  for (const [values, sign] of [
    [baseline, -1],
    [treatment, 1],
  ] as const) {
    const n = values.length;
    const sum = values.reduce((a, c) => a + c, 0);
    const left = values.map((v) => sign * Math.log((sum - v) / (n - 1)));
    const middle = mean(left);
    for (const value of left) {
      const influence = ((n - 1) * (middle - value)) / n;
      cubes += influence ** 3;
      squares += influence ** 2;
    }
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

/** Ratio of medians with the percentile bootstrap's 95% interval. Lists of positive numbers, two or more each. */
export function ratioOfMedians(baseline: readonly number[], treatment: readonly number[]): Estimate {
  const drawn = bootstrap(thinned(baseline), thinned(treatment), medianInPlace, 0x5eed01);
  return {
    method: 'medians',
    percent: percentOf(Math.log(median(treatment) / median(baseline))),
    interval: [percentOf(quantile(drawn, 0.025)), percentOf(quantile(drawn, 0.975))],
  };
}

/** Ratio of means with the BCa bootstrap's 95% interval. Lists of positive numbers, two or more each. */
export function ratioOfMeans(baseline: readonly number[], treatment: readonly number[]): Estimate {
  const [b, t] = [thinned(baseline), thinned(treatment)];
  const observed = Math.log(mean(t) / mean(b));
  const drawn = bootstrap(b, t, mean, 0x5eed02);
  const below = drawn.reduce((n, v) => n + (v < observed ? 1 : v === observed ? 0.5 : 0), 0);
  // A share of 0 or 1 has no quantile: half a resample keeps it inside.
  const share = Math.min(Math.max(below, 0.5), resamples - 0.5) / resamples;
  const bias = normalQuantile(share);
  const a = acceleration(b, t);
  const corrected = (level: number): number => {
    const z = bias + normalQuantile(level);
    return quantile(drawn, normalCdf(bias + z / (1 - a * z)));
  };
  return {
    method: 'means',
    percent: percentOf(Math.log(mean(treatment) / mean(baseline))),
    interval: [percentOf(corrected(0.025)), percentOf(corrected(0.975))],
  };
}

/** How many arrangements of n and m values have U = u, for all u, by their generating function. */
function exactCounts(n: number, m: number): number[] {
  // counts[j][u]: j values of the first sample among those looked at so far.
  let counts: number[][] = Array.from({ length: n + 1 }, (_, j) => (j === 0 ? [1] : []));
  for (let k = 1; k <= m; k++) {
    const next: number[][] = [[1]];
    for (let j = 1; j <= n; j++) {
      // f(j, k; u) = f(j - 1, k; u - k) + f(j, k - 1; u)
      const shifted = next[j - 1] ?? [];
      const row: number[] = Array.from({ length: j * k + 1 }, () => 0);
      shifted.forEach((c, u) => {
        row[u + k] = (row[u + k] ?? 0) + c;
      });
      const fewer = k === 1 ? [1] : (counts[j] ?? []);
      fewer.forEach((c, u) => {
        row[u] = (row[u] ?? 0) + c;
      });
      next.push(row);
    }
    counts = next;
  }
  return counts[n] ?? [];
}

/** Middle ranks of all values, and the sum of t^3 - t over groups of equal ones. */
function ranks(values: readonly number[]): { readonly rank: readonly number[]; readonly ties: number } {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const rank: number[] = Array.from({ length: values.length }, () => 0);
  let ties = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.value === order[from]?.value) to++;
    const size = to - from;
    ties += size ** 3 - size;
    for (let i = from; i < to; i++) rank[order[i]?.index ?? 0] = (from + 1 + to) / 2;
    from = to;
  }
  return { rank, ties };
}

/**
 * Two-sided p of Mann and Whitney's U test: exact for at most 20 and 20 values without ties, else the normal
 * approximation with corrections for ties and continuity (as scipy's `mannwhitneyu` has them).
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const [n, m] = [a.length, b.length];
  const { rank, ties } = ranks([...a, ...b]);
  const sum = rank.slice(0, n).reduce((s, r) => s + r, 0);
  const u = sum - (n * (n + 1)) / 2;
  const larger = Math.max(u, n * m - u);
  if (ties === 0 && n <= 20 && m <= 20) {
    const counts = exactCounts(n, m);
    const all = counts.reduce((s, c) => s + c, 0);
    return Math.min(1, (2 * counts.slice(larger).reduce((s, c) => s + c, 0)) / all);
  }
  const total = n + m;
  const spread = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))));
  if (spread === 0) return 1;
  return Math.min(1, 2 * (1 - normalCdf((larger - (n * m) / 2 - 0.5) / spread)));
}

/** Standard error of the ratio of means, percent (delta method). */
export function standardErrorPercent(baseline: readonly number[], treatment: readonly number[]): number {
  const relative = (values: readonly number[]): number => {
    const m = mean(values);
    const variance = values.reduce((s, v) => s + (v - m) ** 2, 0) / (values.length - 1);
    return variance / values.length / m ** 2;
  };
  return 100 * Math.sqrt(relative(baseline) + relative(treatment));
}

/** An interval against plus and minus `threshold`, all percent. */
function decide([low, high]: readonly [number, number], threshold: number): Verdict {
  if (low > threshold) return 'GO';
  if (high < -threshold) return 'NO-GO';
  return low >= -threshold && high <= threshold ? 'NEUTRAL' : 'INCONCLUSIVE';
}

export interface UnpairedResult {
  readonly estimate: Estimate;
  readonly check: Estimate;
  /** Of Mann and Whitney's test. */
  readonly p: number;
  readonly verdict: Verdict;
  readonly reason: string;
}

/**
 * Both intervals against the threshold (percent); where they do not agree, or a side has fewer than six runs, the answer is
 * INCONCLUSIVE. Null for lists of one run, which have no spread.
 */
export function unpaired(
  baseline: readonly number[],
  treatment: readonly number[],
  threshold: number,
): UnpairedResult | null {
  if (baseline.length < 2 || treatment.length < 2) return null;
  const estimate = ratioOfMedians(baseline, treatment);
  const check = ratioOfMeans(baseline, treatment);
  const p = mannWhitney(treatment, baseline);
  const byMedians = decide(estimate.interval, threshold);
  const byMeans = decide(check.interval, threshold);
  const base = { estimate, check, p };
  const few = Math.min(baseline.length, treatment.length);
  if (few < fewestRuns) {
    const reason = `${few} runs of a side are too few for a 95% interval: list at least ${fewestRuns}`;
    return { ...base, verdict: 'INCONCLUSIVE', reason };
  }
  if (byMedians !== byMeans) {
    const reason = `estimator-dependent: the medians say ${byMedians}, the means ${byMeans}`;
    return { ...base, verdict: 'INCONCLUSIVE', reason };
  }
  const reasons: Readonly<Record<Verdict, string>> = {
    GO: `the whole interval lies above +${threshold}%`,
    'NO-GO': `the whole interval lies below -${threshold}%`,
    NEUTRAL: `the whole interval lies inside ±${threshold}%`,
    INCONCLUSIVE: `the interval reaches over a threshold of ±${threshold}%: more runs would decide`,
    'NO-OP': '',
  };
  return { ...base, verdict: byMedians, reason: reasons[byMedians] };
}
