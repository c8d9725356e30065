/** What the laboratory's statistics share: samples that are fit to be used, percent of log ratios, noise. */
import { UserError } from '../model.ts';
import { studentQuantile } from './quantiles.ts';
import { robustSigma } from './robust.ts';

/** Throws `UserError` unless there are at least `least` numbers, all finite. */
export function requireSamples(values: readonly number[], least: number, what: string): void {
  if (values.length < least) {
    throw new UserError(`${what} needs at least ${least} values, not ${values.length}: measure more`);
  }
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) throw new UserError(`${what} needs numbers, and value ${bad + 1} is ${values[bad]}`);
}

/** ln(treatment / baseline) of two times in one unit; refuses with `UserError` what cannot be a time. */
export function logRatioOfTimes(treatment: number, baseline: number): number {
  for (const time of [treatment, baseline]) {
    if (!(time > 0 && Number.isFinite(time))) throw new UserError(`a time has to be positive, not ${time}`);
  }
  return Math.log(treatment) - Math.log(baseline);
}

/** Percent of throughput, positive = faster, of a log ratio of times, positive = slower. */
export function effectPercent(logRatio: number): number {
  // 0 - …: the effect of no difference is 0, not -0.
  return 100 * Math.expm1(0 - logRatio);
}

/** The interval of effects that belongs to an interval of log ratios of times. */
export function effectInterval(interval: readonly [number, number]): [number, number] {
  return [effectPercent(interval[1]), effectPercent(interval[0])];
}

/** Robust standard deviation of a unit's effect, percent; null with fewer than three units. */
export function sigmaPercent(logRatios: readonly number[]): number | null {
  return logRatios.length < 3 ? null : 100 * robustSigma(logRatios);
}

/** Half the width of the 95% interval that pure noise has: t(.975, n-1) σ / √n (ANCHORS 6.4). `n` units. */
export function noiseFloor(sigma: number, n: number): number {
  return (studentQuantile(0.975, n - 1) * sigma) / Math.sqrt(n);
}

/**
 * Smallest effect that n units show with 80% power: (t(.975, n-1) + t(.80, n-1)) σ / √n (ANCHORS 6.4; the usual
 * minimum detectable effect, Bloom 1995).
 */
export function smallestVisible(sigma: number, n: number): number {
  return ((studentQuantile(0.975, n - 1) + studentQuantile(0.8, n - 1)) * sigma) / Math.sqrt(n);
}
