import { describe, expect, it } from 'vitest';
import { checkedRunList, experimentOfRuns } from '../../../extension/experiment/run-list.ts';
import type { Rule } from '../../../extension/model-experiment.ts';
import { UserError } from '../../../extension/model.ts';
import { schemaProblems } from '../cli/run-cli.ts';
import { phase64 } from './lists.ts';

const at = '2026-01-01T00:00:00.000Z';
const run = (value: unknown, rule: Rule, threshold = 2) =>
  experimentOfRuns(checkedRunList(JSON.parse(JSON.stringify(value))), { id: 'x', rule, threshold, at });

describe('a list of runs as an experiment', () => {
  it("by the documents' rule", () => {
    const e = run(phase64(), 'seed');
    expect(schemaProblems('experiment', e)).toEqual([]);
    expect(e).toMatchObject({
      verdict: 'NO-GO',
      rule: 'seed',
      interval: null,
      processes: 20,
      source: 'listed',
    });
    expect(e.effectPercent).toBeCloseTo(-4.0543, 3);
    expect(e.baseline).toMatchObject({ label: 'bench_random_mixed_hakmem_minimal', mean: 59_111_587.5 });
    expect(e.crossChecks[0]).toMatchObject({ method: 'medians' });
    expect(e.crossChecks[0]?.percent).toBeCloseTo(-4.1487, 3);
    expect(e.counters?.layoutTax).toBe(true);
    expect(e.warnings).toContain('unpaired, drift possible');
  });

  it('by unpaired intervals', () => {
    const e = run(phase64(), 'interval');
    expect(schemaProblems('experiment', e)).toEqual([]);
    expect(e).toMatchObject({ verdict: 'NO-GO', rule: 'interval', units: [], calibration: null });
    expect(e.interval?.[1]).toBeLessThan(-2);
    expect(e.looks).toHaveLength(1);
    expect(e.warnings).toEqual(['unpaired, drift possible', 'Mann-Whitney p = 0.0002']);
    expect(e.noiseFloorPercent).toBeGreaterThan(1);
    expect(e.smallestVisiblePercent).toBeGreaterThan(e.noiseFloorPercent ?? 99);
  });

  it('with one run a side has no interval, and no verdict but by the rule', () => {
    const one = { baseline: { runs: [100] }, treatment: { runs: [103] } };
    expect(run(one, 'seed')).toMatchObject({ verdict: 'GO', looks: [], noiseFloorPercent: null });
    expect(run(one, 'interval')).toMatchObject({ verdict: 'INCONCLUSIVE', interval: null, looks: [] });
    for (const rule of ['seed', 'interval'] as const) {
      expect(schemaProblems('experiment', run(one, rule))).toEqual([]);
    }
  });

  it('takes lists in the place of sides, and names them', () => {
    const list = checkedRunList({ baseline: [1, 2], treatment: [3] });
    expect(list).toMatchObject({ title: 'listed runs', threshold: null, counters: null });
    expect(list.baseline).toEqual({ label: 'baseline', runs: [1, 2] });
  });

  it('keeps special counter names plain, and counts that one side lacks', () => {
    const counters = JSON.parse('{"baseline":{"__proto__":1,"a":2,"z":0},"treatment":{"a":3,"b":4,"z":5}}');
    const table = run(phase64({ counters }), 'seed').counters;
    expect(table?.unit).toBe('x86');
    expect(table?.rows).toEqual([
      { name: '__proto__', baseline: 1, treatment: null, delta: null },
      { name: 'a', baseline: 2, treatment: 3, delta: 50 },
      { name: 'z', baseline: 0, treatment: 5, delta: null },
      { name: 'b', baseline: null, treatment: 4, delta: null },
    ]);
    expect(table?.layoutTax).toBe(false);
  });
});

describe('RUNS.json refuses', () => {
  it.each([
    ['null', /expected an object/],
    ['[]', /expected an object/],
    ['1', /expected an object/],
    ['{}', /baseline: expected/],
    ['{"baseline":{"runs":[1]}}', /treatment: expected/],
    ['{"baseline":{"runs":[1]},"treatment":{}}', /treatment, runs: expected a list/],
    ['{"baseline":{"runs":[]},"treatment":{"runs":[1]}}', /baseline, runs: the list of runs is empty/],
    ['{"baseline":{"runs":[1e999]},"treatment":{"runs":[1]}}', /baseline, runs, run 1: expected/],
    ['{"baseline":{"runs":[-1]},"treatment":{"runs":[1]}}', /above zero/],
    ['{"baseline":[1],"treatment":[1],"threshold":0}', /threshold: expected percent/],
    ['{"baseline":[1],"treatment":[1],"threshold":"2"}', /threshold: expected percent/],
    ['{"baseline":[1],"treatment":[1],"title":5}', /title: expected text/],
    ['{"baseline":[1],"treatment":[1],"treshold":2}', /treshold means nothing here/],
    ['{"baseline":[1],"treatment":[1],"counters":1}', /counters: expected/],
    ['{"baseline":[1],"treatment":[1],"counters":{"unit":"arm"}}', /the unit is "x86" or "wasm"/],
    ['{"baseline":[1],"treatment":[1],"counters":{"baseline":{"a":-1},"treatment":{}}}', /from zero up/],
    ['{"baseline":[1],"treatment":[1],"counters":{"baseline":[],"treatment":{}}}', /counts by name/],
  ])('%s', (text, message) => {
    expect(() => checkedRunList(JSON.parse(text))).toThrow(UserError);
    expect(() => checkedRunList(JSON.parse(text))).toThrow(message);
  });
});
