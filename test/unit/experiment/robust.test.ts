import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bcaInterval,
  bcaTrimmedMean,
  jackknifedTrimmedMeans,
  resampledTrimmedMeans,
  seededRandom,
} from '../../../extension/experiment/bootstrap.ts';
import {
  hodgesLehmann,
  robustSigma,
  signedRankCount,
  theilSen,
  trimmedMean,
  winsorisedSd,
  yuen,
} from '../../../extension/experiment/robust.ts';
import { median, quantileOfSorted } from '../../../extension/profile/percentiles.ts';
import { golden } from './golden.ts';

const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 7, maxLength: 40 });
const close = (a: number, b: number): boolean => Math.abs(a - b) < 1e-12;

describe('robust estimators against scipy', () => {
  it.each(golden.samples.map((s) => [s.values.length, s] as const))('sample of %d', (_, sample) => {
    expect(trimmedMean(sample.values)).toBeCloseTo(sample.trimmedMean, 14);
    expect(winsorisedSd(sample.values)).toBeCloseTo(sample.winsorisedSd, 14);
    expect(robustSigma(sample.values)).toBeCloseTo(sample.sigma, 12);
    for (const level of [0.95, 0.9779]) {
      const { estimate, interval } = yuen(sample.values, level);
      expect(estimate).toBeCloseTo(sample.trimmedMean, 14);
      for (const wanted of [sample.yuen[level], sample.yuen[`${level} mstats`]]) {
        expect(interval[0]).toBeCloseTo(wanted?.[0] ?? Number.NaN, 12);
        expect(interval[1]).toBeCloseTo(wanted?.[1] ?? Number.NaN, 12);
      }
      const walsh = hodgesLehmann(sample.values, level);
      expect(walsh.estimate).toBeCloseTo(sample.hodgesLehmann.estimate, 14);
      const wanted = sample.hodgesLehmann[level];
      expect(wanted).not.toBeUndefined();
      expect(walsh.interval[0]).toBeCloseTo(wanted?.[0] ?? Number.NEGATIVE_INFINITY, 14);
      expect(walsh.interval[1]).toBeCloseTo(wanted?.[1] ?? Number.POSITIVE_INFINITY, 14);
    }
  });

  it('BCa: from the same replicates the same interval', () => {
    for (const { values: v, trimmedMean: mean, bca } of golden.samples) {
      const [low, high] = bcaInterval(mean, bca.replicates, jackknifedTrimmedMeans(v), 0.95);
      expect(low).toBeCloseTo(bca.interval[0], 12);
      expect(high).toBeCloseTo(bca.interval[1], 12);
    }
  });

  it('BCa: with random numbers of its own, the interval of many resamples within their scatter', () => {
    for (const { values: v, bca } of golden.samples) {
      const { interval } = bcaTrimmedMean(v, 0.95, 7);
      const width = bca.ofMany[1] - bca.ofMany[0];
      expect(Math.abs(interval[0] - bca.ofMany[0])).toBeLessThan(0.06 * width);
      expect(Math.abs(interval[1] - bca.ofMany[1])).toBeLessThan(0.06 * width);
    }
  });

  it('signed-rank counts: those of the exact distribution, and the printed critical values', () => {
    for (const [n, tail, count] of golden.signedRank) {
      // Above 60 by the normal approximation, which is off by little.
      if (n <= 60) expect([n, tail, signedRankCount(n, tail)]).toEqual([n, tail, count]);
      else expect(Math.abs(signedRankCount(n, tail) - count)).toBeLessThanOrEqual(4);
    }
    // Wilcoxon's table, two-sided 5%: reject at T <= 13, 52, 81, 137 with 12, 20, 24, 30 pairs.
    expect([12, 20, 24, 30].map((n) => signedRankCount(n, 0.025) - 1)).toEqual([13, 52, 81, 137]);
  });
});

describe('robust estimators by hand', () => {
  it('trims a fifth of each end, rounded down', () => {
    expect(trimmedMean([100, 1, 2, 3, -100])).toBe(2);
    expect(trimmedMean([0, 4, 5, 9])).toBe(4.5);
    expect(winsorisedSd([100, 1, 2, 3, -100])).toBeCloseTo(1, 14);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(robustSigma([1, 2, 3, 4, 100])).toBeCloseTo(1.4826, 4);
  });

  it('an interval of equal values has no width', () => {
    const same = new Array<number>(24).fill(0.25);
    expect(yuen(same, 0.95).interval).toEqual([0.25, 0.25]);
    expect(hodgesLehmann(same, 0.95).interval).toEqual([0.25, 0.25]);
    expect(bcaTrimmedMean(same, 0.95, 1).interval).toEqual([0.25, 0.25]);
  });

  it('one bad process moves the trimmed mean by less than the spread of the others', () => {
    const clean = Array.from({ length: 24 }, (_, i) => (i - 11.5) / 1000);
    const spoilt = [...clean.slice(0, 23), 50];
    expect(Math.abs(trimmedMean(spoilt) - trimmedMean(clean))).toBeLessThan(0.001);
    expect(hodgesLehmann(spoilt, 0.95).estimate).toBeLessThan(0.001);
  });

  it('Yuen’s interval of a textbook sample; below five values Student’s', () => {
    const { estimate, interval } = yuen([2, 4, 4, 5, 6, 7, 8, 9, 10, 50], 0.95);
    expect(estimate).toBeCloseTo(6.5, 12);
    // Winsorised to 4 4 4 5 6 7 8 9 9 9: sd 2.173067468, /(0.6 √10), t 2.570582 with 5 degrees of freedom.
    expect(interval[1] - estimate).toBeCloseTo(2.944106, 6);
    expect(estimate - interval[0]).toBeCloseTo(2.944106, 6);
    // sd 1.290994 of 1 2 3 4, / √4, t 3.182446 with 3 degrees of freedom.
    expect(yuen([4, 1, 3, 2], 0.95).estimate).toBe(2.5);
    expect(yuen([4, 1, 3, 2], 0.95).interval[1] - 2.5).toBeCloseTo(2.05426, 5);
  });

  it('a line that one wrong point does not turn', () => {
    const line: readonly (readonly [number, number])[] = [
      [0, 0],
      [1, 0.5],
      [2, 1],
      [4, 2],
    ];
    expect(theilSen(line)).toBe(0.5);
    expect(theilSen(line.map(([x, y]) => [x, x === 2 ? 90 : y] as const))).toBeCloseTo(0.5, 1);
    expect(theilSen([[1, 3]])).toBeNaN();
  });

  it('too few values for the confidence: an unbounded interval', () => {
    expect(hodgesLehmann([1, 2, 3, 4, 5], 0.95).interval).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });
});

describe('robust estimators, whatever the values', () => {
  it('order does not matter, the sign mirrors, a shift shifts', () => {
    fc.assert(
      fc.property(values, fc.double({ min: -5, max: 5, noNaN: true }), (v, shift) => {
        for (const at of [yuen, hodgesLehmann]) {
          const plain = at(v, 0.95);
          const back = at([...v].reverse(), 0.95);
          const mirrored = at(
            v.map((x) => -x),
            0.95,
          );
          const moved = at(
            v.map((x) => x + shift),
            0.95,
          );
          expect(close(back.estimate, plain.estimate)).toBe(true);
          expect(close(mirrored.estimate, -plain.estimate)).toBe(true);
          expect(close(mirrored.interval[0], -plain.interval[1])).toBe(true);
          expect(Math.abs(moved.estimate - plain.estimate - shift)).toBeLessThan(1e-9);
          expect(plain.interval[0]).toBeLessThanOrEqual(plain.estimate + 1e-12);
          expect(plain.interval[1]).toBeGreaterThanOrEqual(plain.estimate - 1e-12);
        }
      }),
    );
  });

  it('more confidence, a wider interval', () => {
    fc.assert(
      fc.property(values, (v) => {
        const width = ([low, high]: readonly [number, number]): number => high - low;
        expect(width(yuen(v, 0.99).interval)).toBeGreaterThanOrEqual(width(yuen(v, 0.9).interval));
        expect(width(hodgesLehmann(v, 0.97).interval)).toBeGreaterThanOrEqual(
          width(hodgesLehmann(v, 0.9).interval),
        );
      }),
    );
  });
});

describe('the bootstrap', () => {
  it('is repeatable by its seed, and another seed is another sequence', () => {
    const v = golden.samples[2]?.values ?? [];
    expect(resampledTrimmedMeans(v, 50, 1)).toEqual(resampledTrimmedMeans(v, 50, 1));
    expect(resampledTrimmedMeans(v, 50, 1)).not.toEqual(resampledTrimmedMeans(v, 50, 2));
  });

  it('replicates are trimmed means of drawn values', () => {
    const v = [1, 2, 4, 8, 16, 32, 64];
    const random = seededRandom(5);
    const wanted = Array.from({ length: 40 }, () =>
      trimmedMean(v.map(() => v[Math.floor(random() * v.length)] ?? Number.NaN)),
    );
    resampledTrimmedMeans(v, 40, 5).forEach((got, i) => {
      expect(got).toBeCloseTo(wanted[i] ?? Number.NaN, 12);
    });
  });

  it('random numbers fill [0, 1) evenly', () => {
    const random = seededRandom(42);
    const bins = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i++) {
      const at = Math.floor(random() * 16);
      bins[at] = (bins[at] ?? 0) + 1;
    }
    const chiSquare = bins.reduce((sum, b) => sum + (b - 10_000) ** 2 / 10_000, 0);
    // 99.99% of chi-square with 15 degrees of freedom.
    expect(chiSquare).toBeLessThan(44.3);
  });

  it('quantiles between values are linear', () => {
    expect(quantileOfSorted([10, 20, 40], 0.5)).toBe(20);
    expect(quantileOfSorted([10, 20, 40], 0.75)).toBe(30);
    expect(quantileOfSorted([10, 20, 40], 1)).toBe(40);
  });
});
