import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  effectInterval,
  effectPercent,
  logRatioOfTimes,
  noiseFloor,
  requireSamples,
  sigmaPercent,
  smallestVisible,
} from '../../../extension/experiment/statistics.ts';
import { judge, type LookRules, verdictOfInterval } from '../../../extension/experiment/verdict.ts';
import { counterTable, hasLayoutTax } from '../../../extension/experiment/verdict-counters.ts';
import { acrossLayouts, layoutChance, layoutRows } from '../../../extension/experiment/verdict-layouts.ts';
import { moreUnits, reasonOf } from '../../../extension/experiment/verdict-reason.ts';
import { UserError } from '../../../extension/model.ts';
import { soundFacts } from '../../../bench/simulated-pair.ts';
import { golden } from './golden.ts';
import { plan, spread, unit, unitsOf } from './units.ts';

const rules: LookRules = { threshold: 0.5, confidence: 0.97792, last: false, seed: 1 };
const faster = (percent: number): number => -Math.log1p(percent / 100);

describe('effects', () => {
  it('are percent of throughput: a time that is longer by 1% is a speed that is lower by 0.990%', () => {
    expect(effectPercent(Math.log(1.01))).toBeCloseTo(-0.990099, 6);
    expect(effectPercent(Math.log(1 / 1.01))).toBeCloseTo(1, 10);
    expect(Object.is(effectPercent(0), 0)).toBe(true);
    const [low, high] = effectInterval([-0.02, 0.01]);
    expect(low).toBeCloseTo(-0.995, 3);
    expect(high).toBeCloseTo(2.0201, 3);
  });

  it('refuse times that are none', () => {
    expect(logRatioOfTimes(200, 100)).toBeCloseTo(Math.LN2, 14);
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => logRatioOfTimes(bad, 1)).toThrow(UserError);
      expect(() => logRatioOfTimes(1, bad)).toThrow(UserError);
    }
    expect(() => requireSamples([1, Number.NaN, 2], 3, 'x')).toThrow(/value 2 is NaN/);
    expect(() => requireSamples([1, 2], 3, 'x')).toThrow(/at least 3/);
  });

  it('scaling all times changes nothing', () => {
    const time = fc.double({ min: 1e-3, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(time, time, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (a, b, factor) => {
        return Math.abs(logRatioOfTimes(a * factor, b * factor) - logRatioOfTimes(a, b)) < 1e-9;
      }),
    );
  });

  it('noise floor and smallest visible effect: ANCHORS 6.4 by hand', () => {
    // t(.975, 23) = 2.068658, t(.8, 23) = 0.857
    expect(noiseFloor(0.3, 24)).toBeCloseTo((2.068658 * 0.3) / Math.sqrt(24), 6);
    expect(smallestVisible(0.3, 24)).toBeCloseTo(((2.068658 + 0.858) * 0.3) / Math.sqrt(24), 4);
    expect(sigmaPercent([0, 0.001])).toBeNull();
    expect(sigmaPercent([-0.001, 0, 0.001])).toBeCloseTo(0.14826, 5);
  });
});

describe('verdict of an interval', () => {
  it.each([
    [[0.51, 2], 'GO'],
    [[-2, -0.51], 'NO-GO'],
    [[-0.5, 0.5], 'NEUTRAL'],
    [[0.5, 1], null],
    [[-0.51, 0.2], null],
    [[-1, -0.5], null],
    [[-2, 2], null],
  ] as const)('%j is %s', (interval, verdict) => {
    expect(verdictOfInterval(interval, 0.5)).toBe(verdict);
  });
});

describe('a look', () => {
  it('says GO, NO-GO and NEUTRAL where the whole interval says so', () => {
    const of = (percent: number, n: number): string | null =>
      judge(unitsOf(spread(n, faster(percent), 0.001)), rules).verdict;
    expect(of(1, 12)).toBe('GO');
    expect(of(-1, 12)).toBe('NO-GO');
    expect(of(0, 24)).toBe('NEUTRAL');
    expect(of(0.5, 36)).toBeNull();
  });

  it('says no NEUTRAL before 24 units, and INCONCLUSIVE at the last look alone', () => {
    const few = unitsOf(spread(23, 0, 0.0005));
    expect(judge(few, rules).verdict).toBeNull();
    expect(judge(few, { ...rules, last: true }).verdict).toBe('INCONCLUSIVE');
    expect(judge(unitsOf(new Array<number>(24).fill(0)), rules).verdict).toBe('NEUTRAL');
  });

  it('asks the other estimators when it would decide, and at the end', () => {
    const decided = judge(unitsOf(spread(24, faster(1), 0.001)), rules);
    expect(decided.crossChecks.map((c) => c.method)).toEqual(['hodges-lehmann', 'bca']);
    expect(judge(unitsOf(spread(24, faster(0.5), 0.001)), rules).crossChecks).toEqual([]);
    const few = judge(unitsOf(spread(12, faster(1), 0.001)), rules);
    expect(few.crossChecks.map((c) => c.method)).toEqual(['hodges-lehmann']);
  });

  it('decides nothing where the estimators disagree, and says so', () => {
    // Four of 24 processes pull one way: the trimmed mean drops them all, a quarter of the Walsh averages has one.
    const values = [...spread(20, faster(0.95), 0.0006), ...spread(4, faster(-8), 0.002)];
    const look = judge(unitsOf(values), { ...rules, last: true });
    expect(verdictOfInterval(look.estimate.interval, 0.5)).toBe('GO');
    expect(look.estimatorDependent).toBe(true);
    expect(look.verdict).toBe('INCONCLUSIVE');
    const { reason } = reasonOf({
      judgement: look,
      ...{ units: 24, processesPerUnit: 1, threshold: 0.5, confidence: 0.97792, sigmaPercent: 0.3 },
    });
    expect(reason).toMatch(/^estimator-dependent: .*hodges-lehmann/);
  });

  it('refuses units that are no numbers', () => {
    expect(() => judge(unitsOf([0, 0, Number.NaN]), rules)).toThrow(UserError);
    expect(() => judge(unitsOf([0, 0]), rules)).toThrow(UserError);
    expect(() => judge(unitsOf([0, 0, 0]), { ...rules, threshold: 0 })).toThrow(RangeError);
  });

  it('swapping the sides mirrors the verdict and the interval', () => {
    const swapped = { GO: 'NO-GO', 'NO-GO': 'GO', NEUTRAL: 'NEUTRAL', INCONCLUSIVE: 'INCONCLUSIVE' } as const;
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -0.01, max: 0.01, noNaN: true }), { minLength: 24, maxLength: 24 }),
        fc.double({ min: -2, max: 2, noNaN: true }),
        (noise, effect) => {
          const values = noise.map((x) => x + faster(effect));
          const there = judge(unitsOf(values), { ...rules, last: true });
          const back = judge(unitsOf(values.map((v) => -v)), { ...rules, last: true });
          for (const [a, b] of [[there, back] as const, [back, there] as const]) {
            expect(a.estimate.percent).toBeCloseTo(100 * (1 / (1 + b.estimate.percent / 100) - 1), 9);
            expect(a.estimate.interval[0]).toBeCloseTo(100 * (1 / (1 + b.estimate.interval[1] / 100) - 1), 9);
          }
          // Percent of the one side is not quite percent of the other: at the threshold itself they may differ.
          const bounds = [there, back]
            .flatMap((l) => [l.estimate, ...l.crossChecks])
            .flatMap((e) => e.interval);
          fc.pre(bounds.every((b) => Math.abs(Math.abs(b) - 0.5) > 0.02));
          const verdict = there.verdict as keyof typeof swapped;
          expect(back.verdict).toBe(swapped[verdict]);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('layouts', () => {
  const placed = (values: readonly number[], k: number) =>
    values.map((v, i) => unit(v, i, { layout: `l${i % k}` }));

  it('the chance is that of an analysis of variance of the ranks, ties included', () => {
    for (const { values, groups, p } of golden.rankF) {
      expect(layoutChance(placed(values, groups))).toBeCloseTo(p, 10);
    }
  });

  it('rows are by layout, with the median unit', () => {
    const rows = layoutRows(placed([0.01, 0.02, 0.01, 0.02, 0.04, 0.02], 2));
    expect(rows.map((r) => [r.layout, r.units])).toEqual([
      ['l0', 3],
      ['l1', 3],
    ]);
    expect(rows[0]?.effectPercent).toBeCloseTo(effectPercent(0.01), 12);
  });

  it('an effect that hangs on the layout is named, and its interval is that over layouts', () => {
    const values = spread(24, 0, 0.0003).map((v, i) => v + faster([2, 1, 3, 1.5][i % 4] ?? 0));
    const look = judge(placed(values, 4), { ...rules, last: true });
    expect(look.layoutSensitive).toBe(true);
    const same = judge(unitsOf(values, { layout: 'one' }), { ...rules, last: true });
    const width = ([low, high]: readonly [number, number]): number => high - low;
    expect(width(look.estimate.interval)).toBeGreaterThan(1.5 * width(same.estimate.interval));
    // Four layouts: t(.989, 3) times the sd of their effects over 2.
    expect(width(look.estimate.interval)).toBeGreaterThan(3);
    expect(same.layoutSensitive).toBe(false);
    const { reason, more } = reasonOf({
      judgement: look,
      ...{ units: 24, processesPerUnit: 1, threshold: 0.5, confidence: 0.97792, sigmaPercent: 0.3 },
    });
    expect(look.verdict).toBe('INCONCLUSIVE');
    expect(reason).toMatch(/^layout-sensitive/);
    expect(more).toBeNull();
  });

  it('layouts that agree change nothing', () => {
    const values = spread(24, faster(1), 0.001);
    const look = judge(placed(values, 3), rules);
    expect(look.layoutSensitive).toBe(false);
    expect(look.verdict).toBe('GO');
    expect(layoutChance(placed(values, 1))).toBeNull();
    expect(layoutChance(placed([0, 0, 0, 0], 2))).toBe(1);
  });

  it('are never more certain than single units', () => {
    const units = placed([0.01, 0.01, -0.03, 0.03], 2);
    const over = { estimate: 0, interval: [-0.5, 0.4] as const };
    const [low, high] = acrossLayouts(units, over, 0.95).interval;
    expect(low).toBeLessThanOrEqual(-0.5);
    expect(high).toBeGreaterThanOrEqual(0.4);
  });
});

describe('how much more', () => {
  it('asks for what shrinks the interval between the effect and the threshold, with 80% power', () => {
    // Half width 0.4 at n = 24 has to shrink to 0.25 / ((1.96 + 0.8416) / 1.96).
    const estimate = { method: 'trimmed', percent: 0.25, interval: [-0.15, 0.65] } as const;
    const needed = 24 * ((0.4 / 0.25) * ((1.959964 + 0.841621) / 1.959964)) ** 2;
    expect(moreUnits(estimate, 24, 0.5, 0.95)).toBe(Math.ceil(needed - 24));
    expect(moreUnits({ ...estimate, percent: 0.5 }, 24, 0.5, 0.95)).toBe(Number.POSITIVE_INFINITY);
  });

  it('a machine beyond use is told so instead', () => {
    const look = judge(unitsOf(spread(36, 0, 0.03)), { ...rules, last: true });
    const facts = { judgement: look, units: 36, processesPerUnit: 4, threshold: 0.5, confidence: 0.97792 };
    const noisy = reasonOf({ ...facts, sigmaPercent: 2.1 });
    expect(noisy.reason).toContain('too noisy (σ 2.10%, at most 1.5% is usable)');
    expect(noisy.more).toBeNull();
    const { reason, more } = reasonOf({ ...facts, sigmaPercent: 1.4 });
    if (more === null) expect(reason).toContain('more than 1000 further processes');
    else expect(more % 4).toBe(0);
  });
});

describe('counters', () => {
  const withCounters = (a: number, b: number, unitB: 'wasm' | 'x86' = 'wasm') => {
    const facts = soundFacts(plan());
    const counters = (i: number, unitOf: 'wasm' | 'x86') => ({
      ...{ unit: unitOf, instructionsPerOp: i, branchesPerOp: 10, memoryOpsPerOp: null, callsPerOp: 0 },
    });
    return {
      ...facts,
      baseline: { ...facts.baseline, counters: counters(a, 'wasm') },
      treatment: { ...facts.treatment, counters: counters(b, unitB) },
    };
  };

  it('stand beside each other in one unit only', () => {
    const table = counterTable(withCounters(200, 190), -0.2, [-0.6, 0.2], 0.5);
    expect(table?.rows.map((r) => [r.name, r.delta])).toEqual([
      ['instructions/op', expect.closeTo(-5, 10)],
      ['branches/op', 0],
      ['calls/op', null],
    ]);
    expect(table?.layoutTax).toBe(true);
    expect(counterTable(withCounters(200, 190, 'x86'), 0, null, 0.5)).toBeNull();
    expect(counterTable(soundFacts(plan()), 0, null, 0.5)).toBeNull();
  });

  it('layout tax: instructions fall by more than 1% and time does not', () => {
    expect(hasLayoutTax(-5, -0.2, [-0.6, 0.2], 0.5)).toBe(true);
    expect(hasLayoutTax(-5, -4, null, 0.5)).toBe(true);
    expect(hasLayoutTax(-1, -0.2, [-0.6, 0.2], 0.5)).toBe(false);
    expect(hasLayoutTax(-5, 0.3, [0.1, 0.5], 0.5)).toBe(false);
    expect(hasLayoutTax(-5, 0.3, [-0.4, 1], 0.5)).toBe(false);
    expect(hasLayoutTax(-5, null, null, 0.5)).toBe(false);
    expect(hasLayoutTax(null, -1, [-2, 0], 0.5)).toBe(false);
  });
});
