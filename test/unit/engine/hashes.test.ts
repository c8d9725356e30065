import { describe, expect, it } from 'vitest';
import { runChecked } from '../../../engine/host/workloads.ts';
import { builtVariants, engineFor, parametersFor } from './engine.ts';

/** The workloads' definition: allocations, hash of the whole pass, hash of its first 1000 operations. */
const expected: Readonly<Record<string, readonly [string, string]>> = {
  mixed: ['e66e779432636d08', '4f8522de81e06661'],
  tiny: ['134dd1d5b00b1fa4', 'ef7db95fda7a75f1'],
  c6heavy: ['044fccf1ad60489b', '89e294fb6ba0c051'],
  c7heavy: ['8a98ed1ae70cea9b', '40a374c1cca94151'],
  mid: ['751d66b3daf6764f', '529e545e38fa3c16'],
  large: ['8f991c7918159ef1', 'b23d04b131a1af34'],
};
const clean = { contents: 0, alignment: 0, zero: 0 };

describe('random_mixed', () => {
  for (const [profile, [full, first]] of Object.entries(expected)) {
    it(`does the defined sequence: ${profile}`, () => {
      const p = parametersFor(profile);
      expect(runChecked(engineFor('fast', p), p, false).hashes).toEqual([full]);
    });
    for (const variant of builtVariants) {
      it(`does the first 1000 operations with sound memory: ${profile} on ${variant}`, () => {
        const p = parametersFor(profile, 1000);
        const engine = engineFor(variant, p);
        const checked = runChecked(engine, p, true);
        expect(checked).toMatchObject({ hashes: [first], faults: clean });
        expect(engine.exports.engine_invalid_frees()).toBe(0);
      });
    }
  }

  it('accounts for every byte at the peak', () => {
    const p = parametersFor('mixed', 100_000);
    const { peakRequested, peakLive, wasteByClass } = runChecked(engineFor('fast', p), p, false);
    const waste = Object.values(wasteByClass).reduce((a, b) => a + b, 0);
    expect(peakRequested).toBeGreaterThan(0);
    expect(peakLive - peakRequested).toBe(waste);
    expect(wasteByClass.C7).toBeGreaterThan(0);
    expect(wasteByClass.large).toBe(0);
  });
});
