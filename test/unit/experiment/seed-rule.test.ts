import { describe, expect, it } from 'vitest';
import {
  addedGains,
  checkedRuns,
  checkedThreshold,
  mostRuns,
  seedRule,
  seedSide,
  seedVerdict,
} from '../../../extension/experiment/seed-rule.ts';
import type { ExperimentGate } from '../../../extension/model-experiment.ts';
import { UserError } from '../../../extension/model.ts';

const gate = (name: ExperimentGate['name'], passed: boolean): ExperimentGate => ({
  name,
  passed,
  note: `${name} said so`,
});

describe('the rule', () => {
  it.each([
    [0.5, 'GO'],
    [0.4999, 'NEUTRAL'],
    [0, 'NEUTRAL'],
    [-0.4999, 'NEUTRAL'],
    [-0.5, 'NO-GO'],
    [12, 'GO'],
    [-12, 'NO-GO'],
  ])('%d%% at 0.5%% is %s', (effect, verdict) => {
    expect(seedVerdict(effect, 0.5)).toBe(verdict);
  });

  it('reaches the threshold in spite of the last bits', () => {
    expect(seedRule([100.1], [100.1 * 1.005], 0.5).verdict).toBe('GO');
    expect(seedRule([300.3], [300.3 * 0.995], 0.5).verdict).toBe('NO-GO');
  });

  it('takes the baseline that it is given: compiled-in, as in Phases 24 to 29', () => {
    expect(seedRule([57.3e6], [57.8e6], 0.5)).toMatchObject({ verdict: 'GO' });
    expect(seedRule([57.8e6], [57.3e6], 0.5)).toMatchObject({ verdict: 'NO-GO' });
  });

  it('decides by means; the medians stand beside it', () => {
    const result = seedRule([100, 100, 100], [100, 100, 130], 0.5);
    expect(result).toMatchObject({ verdict: 'GO', meanDeltaPercent: 10, medianDeltaPercent: 0 });
    expect(result.reason).toBe(
      "the mean of the treatment's runs is +10.00% of the baseline's, at or above +0.5%",
    );
  });

  it('scaling all runs changes nothing, swapping the sides mirrors a large effect', () => {
    const [a, b] = [
      [10, 11, 12],
      [14, 15, 13],
    ];
    const plain = seedRule(a, b, 2);
    const scaled = seedRule(
      a.map((v) => v * 1e7),
      b.map((v) => v * 1e7),
      2,
    );
    expect(scaled.meanDeltaPercent).toBeCloseTo(plain.meanDeltaPercent, 9);
    expect([plain.verdict, seedRule(b, a, 2).verdict]).toEqual(['GO', 'NO-GO']);
  });
});

describe('gates come first', () => {
  it.each([
    ['coverage', 'NO-OP'],
    ['identity', 'NEUTRAL'],
    ['checksum', 'INCONCLUSIVE'],
    ['liveness', 'INCONCLUSIVE'],
  ] as const)('%s failing is %s whatever the runs say', (name, verdict) => {
    const result = seedRule([100], [150], 0.5, [gate('batch', true), gate(name, false)]);
    expect(result).toMatchObject({ verdict, reason: `${name} said so` });
  });

  it('passing gates leave the rule alone', () => {
    expect(seedRule([100], [150], 0.5, [gate('identity', true)]).verdict).toBe('GO');
  });
});

describe('figures of a side', () => {
  it('sample standard deviation with n-1, none of one run', () => {
    expect(seedSide([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({ mean: 5, median: 4.5, min: 2, max: 9 });
    expect(seedSide([2, 4, 4, 4, 5, 5, 7, 9]).stdev).toBeCloseTo(2.13809, 5);
    expect(seedSide([5])).toMatchObject({ stdev: null, cvPercent: null, median: 5 });
  });

  it('takes as many runs as it says', () => {
    const many = Array.from({ length: mostRuns }, (_, i) => 1 + (i % 7));
    expect(seedSide(many)).toMatchObject({ min: 1, max: 7 });
    expect(() => checkedRuns([...many, 1], 'x')).toThrow(/100001 runs are more/);
  });
});

describe('input', () => {
  it.each([
    [[], /the list of runs is empty/],
    [null, /expected a list/],
    ['1,2', /expected a list/],
    [{ 0: 1, length: 1 }, /expected a list/],
    [[1, Number.NaN], /run 2: expected operations per second as a number, not null/],
    [[Number.POSITIVE_INFINITY], /run 1: expected operations per second as a number/],
    [['1'], /run 1: expected operations per second as a number, not "1"/],
    [[null], /not null/],
    [[undefined], /not undefined/],
    [[[1]], /not \[1\]/],
    [[0], /a speed is above zero, not 0/],
    [[1, 2, -3], /run 3: a speed is above zero, not -3/],
    [[1e300], /more than any machine does/],
  ])('refuses %j', (runs, message) => {
    expect(() => checkedRuns(runs, 'x')).toThrow(UserError);
    expect(() => checkedRuns(runs, 'x')).toThrow(message);
  });

  it('does not print a hostile value at length', () => {
    try {
      checkedRuns(['x'.repeat(100_000)], 'x');
      expect.unreachable();
    } catch (error) {
      expect((error as UserError).message.length).toBeLessThan(200);
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 101, '0.5', null])(
    'refuses %j as a threshold',
    (value) => {
      expect(() => checkedThreshold(value, 't')).toThrow(UserError);
    },
  );

  it('adds what was GO and nothing else', () => {
    expect(
      addedGains([
        { verdict: 'GO', effectPercent: 1 },
        { verdict: 'NEUTRAL', effectPercent: 5 },
        { verdict: 'GO', effectPercent: null },
        { verdict: 'NO-GO', effectPercent: -3 },
      ]),
    ).toBe(1);
  });
});
