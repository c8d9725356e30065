import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fisherTail,
  incompleteBeta,
  logGamma,
  normalCdf,
  normalQuantile,
  studentCdf,
  studentQuantile,
  studentTail,
} from '../../../extension/experiment/quantiles.ts';
import { golden } from './golden.ts';

/** Largest error relative to the golden value, absolute where that is below 1. */
function off(got: number, wanted: number): number {
  return Math.abs(got - wanted) / Math.max(1e-300, Math.abs(wanted));
}

describe('distributions against scipy', () => {
  it('t quantiles, whole and broken degrees of freedom', () => {
    const wrong = golden.studentQuantiles.filter(
      ([p, df, t]) => !(Math.abs(studentQuantile(p, df) - t) <= 1e-8 * Math.max(1, Math.abs(t))),
    );
    expect(wrong).toEqual([]);
    expect(golden.studentQuantiles.length).toBeGreaterThan(300);
  });

  it('t tails, F tails', () => {
    for (const [t, df, p] of golden.studentTails) expect(off(studentTail(t, df), p)).toBeLessThan(1e-9);
    for (const [f, a, b, p] of golden.fisherTails) expect(off(fisherTail(f, a, b), p)).toBeLessThan(1e-9);
  });

  it('normal quantiles and distribution, far tails included', () => {
    for (const [p, z] of golden.normalQuantiles) {
      expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-12 * Math.max(1, Math.abs(z)));
    }
    for (const [z, p] of golden.normalCdf) expect(off(normalCdf(z), p)).toBeLessThan(1e-11);
  });
});

describe('distributions against printed tables', () => {
  it('Student: the columns 0.975 and 0.995 of Fisher and Yates', () => {
    const table: readonly (readonly [number, number, number])[] = [
      [1, 12.706, 63.657],
      [2, 4.303, 9.925],
      [7, 2.365, 3.499],
      [10, 2.228, 3.169],
      [23, 2.069, 2.807],
      [30, 2.042, 2.75],
      [120, 1.98, 2.617],
    ];
    for (const [df, t975, t995] of table) {
      expect(studentQuantile(0.975, df)).toBeCloseTo(t975, 3);
      expect(studentQuantile(0.995, df)).toBeCloseTo(t995, 3);
    }
  });

  it('closed forms: one and two degrees of freedom', () => {
    for (const p of [0.6, 0.9, 0.99, 0.9999]) {
      expect(studentQuantile(p, 1)).toBeCloseTo(Math.tan(Math.PI * (p - 0.5)), 8);
      expect(studentQuantile(p, 2)).toBeCloseTo((2 * p - 1) / Math.sqrt(2 * p * (1 - p)), 9);
    }
  });

  it('factorials and the beta function’s symmetry', () => {
    expect(Math.exp(logGamma(11))).toBeCloseTo(3628800, 4);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 13);
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 0.999, noNaN: true }),
        fc.double({ min: 0.2, max: 80, noNaN: true }),
        fc.double({ min: 0.2, max: 80, noNaN: true }),
        (x, a, b) => Math.abs(incompleteBeta(x, a, b) + incompleteBeta(1 - x, b, a) - 1) < 1e-10,
      ),
    );
  });
});

describe('distributions as inverses', () => {
  const probability = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });

  it('quantile undoes distribution for any degrees of freedom', () => {
    fc.assert(
      fc.property(probability, fc.double({ min: 0.3, max: 500, noNaN: true }), (p, df) => {
        return Math.abs(studentCdf(studentQuantile(p, df), df) - p) < 1e-10;
      }),
    );
    fc.assert(fc.property(probability, (p) => Math.abs(normalCdf(normalQuantile(p)) - p) < 1e-13));
  });

  it('refuses what is no probability and no degree of freedom', () => {
    for (const p of [0, 1, -0.1, 1.1, Number.NaN]) {
      expect(() => studentQuantile(p, 5)).toThrow(RangeError);
      expect(() => normalQuantile(p)).toThrow(RangeError);
    }
    for (const df of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => studentQuantile(0.9, df)).toThrow(RangeError);
    }
  });
});
