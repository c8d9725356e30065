/**
 * Statistics of two lists of runs that were measured apart: no pairing cancels what changed on the machine between them,
 * so that whatever they say is marked as open to drift. Ratio of medians with a percentile bootstrap, ratio of means with
 * a BCa bootstrap (Efron 1987), Mann and Whitney's U.
 */
import type { Estimate, Verdict } from '../model-experiment.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { median, medianOfSorted, quantileOfSorted } from '../profile/percentiles.ts';
import { bcaInterval, bootstrapReplicates, seededRandom } from './bootstrap.ts';
import { normalCdf } from './quantiles.ts';

/** Fewer runs of a side have no 95% interval worth the name (benchstat asks for six as well). */
export const fewestRuns = 6;
/** Longer lists are thinned out before they are resampled: the interval is then wider than it could be, and soon there. */
const mostResampled = 500;

/** A location of values that it may reorder. */
type Location = (values: Float64Array) => number;

const medianInPlace: Location = (values) => medianOfSorted(values.sort());

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
  const random = seededRandom(seed);
  const draw = (from: Float64Array, into: Float64Array): number => {
    for (let i = 0; i < from.length; i++) into[i] = from[Math.floor(random() * from.length)] ?? 0;
    return location(into);
  };
  const [b, t] = [Float64Array.from(baseline), Float64Array.from(treatment)];
  const [drawnB, drawnT] = [b.slice(), t.slice()];
  return Float64Array.from({ length: bootstrapReplicates }, () =>
    Math.log(draw(t, drawnT) / draw(b, drawnB)),
  ).sort();
}

const percentOf = (logRatio: number): number => 100 * Math.expm1(logRatio);

/**
 * The jackknife over both sides: ln of the ratio of means without one value of a side, as its distance from that side's
 * mean of them, in proportion to the side's size (DiCiccio and Efron 1996, several samples).
 */
function jackknifed(baseline: readonly number[], treatment: readonly number[]): number[] {
  const distances = (values: readonly number[], sign: number): number[] => {
    const n = values.length;
    const sum = values.reduce((a, c) => a + c, 0);
    const left = values.map((v) => sign * Math.log((sum - v) / (n - 1)));
    const middle = mean(left);
    return left.map((value) => ((n - 1) * (value - middle)) / n);
  };
  return [...distances(baseline, -1), ...distances(treatment, 1)];
}

/** Ratio of medians with the percentile bootstrap's 95% interval. Lists of positive numbers, two or more each. */
export function ratioOfMedians(baseline: readonly number[], treatment: readonly number[]): Estimate {
  const drawn = bootstrap(thinned(baseline), thinned(treatment), medianInPlace, 0x5eed01);
  return {
    method: 'medians',
    percent: percentOf(Math.log(median(treatment) / median(baseline))),
    interval: [percentOf(quantileOfSorted(drawn, 0.025)), percentOf(quantileOfSorted(drawn, 0.975))],
  };
}

/** Ratio of means with the BCa bootstrap's 95% interval. Lists of positive numbers, two or more each. */
export function ratioOfMeans(baseline: readonly number[], treatment: readonly number[]): Estimate {
  const [b, t] = [thinned(baseline), thinned(treatment)];
  const drawn = bootstrap(b, t, mean, 0x5eed02);
  const [low, high] = bcaInterval(Math.log(mean(t) / mean(b)), drawn, jackknifed(b, t), 0.95);
  return {
    method: 'means',
    percent: percentOf(Math.log(mean(treatment) / mean(baseline))),
    interval: [percentOf(low), percentOf(high)],
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
    const deviation = sampleDeviation(values) ?? Number.NaN;
    return (deviation / mean(values)) ** 2 / values.length;
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
