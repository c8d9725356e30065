import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../extension/experiment/bootstrap.ts';
import {
  computedConstant,
  crossingChance,
  engineLooks,
  lookConfidence,
  looksWithin,
  nativeLooks,
  pocockConstant,
} from '../../../extension/experiment/looks.ts';
import { normalQuantile } from '../../../extension/experiment/quantiles.ts';
import { UserError } from '../../../extension/model.ts';
import { golden } from './golden.ts';

describe('looks', () => {
  it('Pocock’s constants: his table, and the multivariate normal distribution for uneven looks', () => {
    const equal = [1, 2, 3, 4, 5].map((k) => pocockConstant(Array.from({ length: k }, (_, i) => i + 1)));
    expect(equal.map((z) => z.toFixed(3))).toEqual(['1.960', '2.178', '2.289', '2.361', '2.413']);
    expect(pocockConstant(engineLooks)).toBeCloseTo(pocockConstant(nativeLooks), 9);
    for (const [looks, z] of golden.pocock) {
      expect(pocockConstant(looks)).toBeCloseTo(z, 4);
      expect(computedConstant(looks)).toBeCloseTo(pocockConstant(looks), 5);
    }
  });

  it('the chance of crossing is that of simulated data', () => {
    const random = seededRandom(11);
    const normal = (): number => normalQuantile(Math.max(1e-12, random()));
    let crossed = 0;
    for (let i = 0; i < 20_000; i++) {
      let sum = 0;
      let out = false;
      for (let n = 1; n <= 36; n++) {
        sum += normal();
        if (n % 12 === 0 && Math.abs(sum) > 1.96 * Math.sqrt(n)) out = true;
      }
      if (out) crossed++;
    }
    // ANCHORS: three looks at 1.96 err in 10.8%.
    expect(crossingChance(engineLooks, 1.96)).toBeCloseTo(0.107, 3);
    expect(Math.abs(crossed / 20_000 - crossingChance(engineLooks, 1.96))).toBeLessThan(0.007);
    expect(crossingChance(engineLooks, computedConstant(engineLooks))).toBeCloseTo(0.05, 8);
  });

  it('the displayed confidence is that of the constant', () => {
    expect(lookConfidence([24])).toBeCloseTo(0.95, 6);
    expect(lookConfidence(engineLooks)).toBeCloseTo(0.97792, 4);
  });

  it('fewer or more processes than planned move the last look before anything ran', () => {
    expect(looksWithin(engineLooks, null)).toEqual([12, 24, 36]);
    expect(looksWithin(engineLooks, 36)).toEqual([12, 24, 36]);
    expect(looksWithin(engineLooks, 30)).toEqual([12, 24, 30]);
    expect(looksWithin(engineLooks, 8)).toEqual([8]);
    expect(looksWithin(engineLooks, 72)).toEqual([12, 24, 36, 72]);
    for (const most of [0, 5, 7.5, -1, Number.NaN, 1e9]) {
      expect(() => looksWithin(engineLooks, most)).toThrow(UserError);
    }
    for (const planned of [[], [12, 12], [24, 12], [0], [6.5], [1e9]]) {
      expect(() => looksWithin(planned, null)).toThrow(UserError);
    }
  });
});
