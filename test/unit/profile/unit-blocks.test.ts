import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitLogRatio } from '../../../extension/profile/unit-blocks.ts';

const values = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 });

describe('a unit’s value', () => {
  it('is the mean of the medians of both orders', () => {
    expect(unitLogRatio([1, 3])).toBe(2);
    expect(unitLogRatio([1, 3, 10, 20, -4, 5])).toBe(3);
    expect(unitLogRatio([5])).toBe(5);
  });

  it('is free of what alternates between the orders', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.1, max: 0.1, noNaN: true }), values, (switched, noise) => {
        const even = noise.flatMap((v) => [v, v / 2]);
        const shifted = even.map((v, i) => v + (i % 2 === 0 ? -switched : switched));
        expect(unitLogRatio(shifted)).toBeCloseTo(unitLogRatio(even), 12);
      }),
    );
  });

  it('is not moved by bad blocks, fewer than half of each order, and changes its sign with the sides', () => {
    const blocks = Array.from({ length: 30 }, (_, i) => 0.01 + (i % 5) / 10_000);
    expect(
      Math.abs(
        unitLogRatio([...blocks.slice(0, 18), ...new Array<number>(12).fill(5)]) - unitLogRatio(blocks),
      ),
    ).toBeLessThan(0.0005);
    fc.assert(fc.property(values, (v) => unitLogRatio(v.map((x) => -x)) === 0 - unitLogRatio(v)));
  });
});
