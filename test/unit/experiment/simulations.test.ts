/** The short form of `npm run bench:verdicts`: the same scenarios with fixed seeds, fewer experiments, and wider limits. */
import { describe, expect, it } from 'vitest';
import { measuredNoise } from '../../../bench/simulated-pair.ts';
import { simulate } from '../../../bench/verdict-simulations.ts';

const simulations = 80;

describe('simulated experiments', () => {
  it.each([0.5, -0.5])('a truth of %d%%, exactly at the threshold, is left open', async (truth) => {
    const t = await simulate({ ...measuredNoise, truth }, 0.5, simulations, 7);
    expect(t.verdicts.GO + t.verdicts['NO-GO']).toBeLessThanOrEqual(5);
    expect(t.covered).toBeGreaterThanOrEqual(0.94 * simulations);
  });

  it('A/A is NEUTRAL, and never GO or NO-GO', async () => {
    const t = await simulate(measuredNoise, 0.5, simulations, 7);
    expect(t.verdicts.NEUTRAL).toBeGreaterThanOrEqual(0.88 * simulations);
    expect(t.verdicts.GO + t.verdicts['NO-GO']).toBe(0);
    expect(t.covered).toBeGreaterThanOrEqual(0.94 * simulations);
  });

  it('a true +1% is GO', async () => {
    const t = await simulate({ ...measuredNoise, truth: 1 }, 0.5, simulations, 7);
    expect(t.verdicts.GO).toBeGreaterThanOrEqual(0.88 * simulations);
    expect(t.meanUnits).toBeLessThan(30);
  });

  it('a switch that costs 4% is there in neighbouring batches, and gone in the blocks', async () => {
    const t = await simulate({ ...measuredNoise, switchPercent: 4 }, 0.5, simulations, 7);
    expect(t.neighbours).toBeLessThan(-3);
    expect(Math.abs(t.bias)).toBeLessThan(0.1);
    expect(t.verdicts.GO + t.verdicts['NO-GO']).toBe(0);
  });

  it('the same seed is the same experiment', async () => {
    const twice = [await simulate(measuredNoise, 0.5, 5, 3), await simulate(measuredNoise, 0.5, 5, 3)];
    expect(twice[0]).toEqual(twice[1]);
    expect(await simulate(measuredNoise, 0.5, 5, 4)).not.toEqual(twice[0]);
  });
});
