/** BCa bootstrap of the 20% trimmed mean, repeatable: its random numbers have a seed. */
import { mean } from '../profile/moments.ts';
import { quantileOfSorted } from '../profile/percentiles.ts';
import { normalCdf, normalQuantile } from './quantiles.ts';
import { type Located, sorted, trimCount, trimmedMeanOfSorted } from './robust.ts';

/** Uniform numbers in [0, 1), 32 bits each. Source: Chris Doty-Humphrey's sfc32, seeded by splitmix32. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  const split = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
  let [a, b, c, d] = [split(), split(), split(), 1];
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) next();
  return next;
}

/** Trimmed means of `count` resamples of the values, in the order drawn. */
export function resampledTrimmedMeans(values: readonly number[], count: number, seed: number): Float64Array {
  const v = Float64Array.from(sorted(values));
  const n = v.length;
  const cut = trimCount(n);
  const random = seededRandom(seed);
  const times = new Uint16Array(n);
  const out = new Float64Array(count);
  for (let b = 0; b < count; b++) {
    times.fill(0);
    for (let i = 0; i < n; i++) {
      const at = Math.floor(random() * n);
      times[at] = (times[at] ?? 0) + 1;
    }
    // How often each of the ordered values was drawn stands for the ordered resample.
    let sum = 0;
    let rank = 0;
    for (let i = 0; i < n && rank < n - cut; i++) {
      const from = Math.max(rank, cut);
      rank += times[i] ?? 0;
      const to = Math.min(rank, n - cut);
      if (to > from) sum += (to - from) * (v[i] ?? Number.NaN);
    }
    out[b] = sum / (n - 2 * cut);
  }
  return out;
}

/** Trimmed means of the values without one of them each. */
export function jackknifedTrimmedMeans(values: readonly number[]): number[] {
  const v = sorted(values);
  const cut = trimCount(v.length - 1);
  return v.map((_, i) => trimmedMeanOfSorted([...v.slice(0, i), ...v.slice(i + 1)], cut));
}

/**
 * Bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani, chapter 14): percentiles of the replicates,
 * moved by the bias z0 (ties count half) and by the acceleration that the jackknife gives.
 */
export function bcaInterval(
  estimate: number,
  replicates: ArrayLike<number>,
  jackknifed: readonly number[],
  confidence: number,
): [number, number] {
  const ordered = Float64Array.from(replicates).sort();
  const count = ordered.length;
  let score = 0;
  for (const r of ordered) score += r < estimate ? 1 : r === estimate ? 0.5 : 0;
  // All replicates on one side: as if one half of one were on the other, so that the quantile is finite.
  const share = Math.min(count - 0.5, Math.max(0.5, score)) / count;
  const z0 = normalQuantile(share);
  const centre = mean(jackknifed);
  const squares = jackknifed.reduce((sum, x) => sum + (centre - x) ** 2, 0);
  const cubes = jackknifed.reduce((sum, x) => sum + (centre - x) ** 3, 0);
  const a = squares > 0 ? cubes / (6 * squares ** 1.5) : 0;
  const moved = (p: number): number => {
    const z = z0 + normalQuantile(p);
    return quantileOfSorted(ordered, normalCdf(z0 + z / (1 - a * z)));
  };
  const tail = (1 - confidence) / 2;
  return [moved(tail), moved(1 - tail)];
}

export const bootstrapReplicates = 9999;
/** With fewer values its coverage is below what it claims (92.9% of 95% with ten, by simulation). */
export const leastForBootstrap = 15;

/** The 20% trimmed mean with its BCa interval, 9,999 resamples. */
export function bcaTrimmedMean(values: readonly number[], confidence: number, seed: number): Located {
  const estimate = trimmedMeanOfSorted(sorted(values), trimCount(values.length));
  const replicates = resampledTrimmedMeans(values, bootstrapReplicates, seed);
  return {
    estimate,
    interval: bcaInterval(estimate, replicates, jackknifedTrimmedMeans(values), confidence),
  };
}
