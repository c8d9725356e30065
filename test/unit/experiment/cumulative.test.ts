/** The cumulative totals: the prune document's own figures, and which experiments count. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  combine,
  cumulative,
  phaseTables,
  prunePhases,
  runningProducts,
  workText,
} from '../../../extension/experiment/cumulative.ts';
import type { Experiment } from '../../../extension/model-experiment.ts';
import { experiment, side, spec, work } from './lab-records.ts';

/** Rows of the document's table "Cumulative Impact", with its phases' verdicts. Phase 29's is of its own A/B test. */
const documentRows: readonly [number, Experiment['verdict'], number | null][] = [
  [24, 'GO', 0.93],
  [25, 'GO', 1.07],
  [26, 'NEUTRAL', -0.33],
  [27, 'GO', 0.74],
  [28, 'NO-OP', null],
  [29, 'NO-OP', -0.62],
];

function phase(n: number, verdict: Experiment['verdict'], effectPercent: number | null): Experiment {
  return experiment({
    ...{ id: `phase-${n}-run`, replay: `phase-${n}`, title: `Phase ${n}`, verdict, effectPercent },
    ...{ interval: null, rule: 'seed' },
  });
}

const only = (experiments: readonly Experiment[]) => {
  const { groups } = cumulative(experiments);
  expect(groups).toHaveLength(1);
  const [group] = groups;
  if (group === undefined) throw new Error('no group');
  return group;
};

describe('the document', () => {
  const group = only(documentRows.map((r) => phase(...r)).reverse());

  it('prints +2.74% and 17 atomics: the sum of its GO phases, without Phase 26 whose atomics count', () => {
    expect(group.go.changes).toBe(3);
    expect(group.go.sumPercent).toBeCloseTo(2.74, 10);
    expect(group.atomics).toBe(17);
  });

  it('would be +2.76% compounded, and +2.41% with Phase 26', () => {
    expect(group.go.productPercent.toFixed(2)).toBe('2.76');
    expect(group.kept.changes).toBe(4);
    expect(group.kept.sumPercent).toBeCloseTo(2.41, 10);
    expect(group.kept.productPercent.toFixed(2)).toBe('2.43');
    expect(group.go.interval).toBeNull();
  });

  it('lists its phases in their order, the audits with their reason', () => {
    expect(group.rows.map((r) => [r.experiment.replay, r.pruned?.atomics, r.counts])).toEqual([
      ['phase-24', 5, 'go'],
      ['phase-25', 1, 'go'],
      ['phase-26', 5, 'kept'],
      ['phase-27', 6, 'go'],
      ['phase-28', 0, 'no'],
      ['phase-29', 0, 'no'],
    ]);
    expect(group.rows[5]?.why).toMatch(/^NO-OP: the changed code did not run/);
    const counted = Object.values(prunePhases).reduce((sum, p) => sum + p.atomics, 0);
    expect(counted).toBe(17);
  });
});

describe('effects together', () => {
  it('multiply, and their variances add', () => {
    const one = { effectPercent: 1, interval: [0.4, 1.6] as const };
    expect(combine([one]).productPercent).toBeCloseTo(1, 12);
    // A single one keeps its own interval.
    expect(combine([one]).interval?.[0]).toBeCloseTo(0.4, 12);
    expect(combine([one]).interval?.[1]).toBeCloseTo(1.6, 12);
    const two = combine([one, { effectPercent: -2, interval: [-3, -1] }]);
    expect(two.sumPercent).toBeCloseTo(-1, 12);
    expect(two.productPercent).toBeCloseTo(100 * (1.01 * 0.98 - 1), 10);
    // By hand: ln 1.01 + ln 0.98 = -0.0102524; down sqrt(0.0059584^2 + 0.0102565^2), up sqrt(0.0059231^2 + 0.0101524^2).
    expect(two.interval?.[0]).toBeCloseTo(100 * (Math.exp(-0.0102524 - 0.0118618) - 1), 3);
    expect(two.interval?.[1]).toBeCloseTo(100 * (Math.exp(-0.0102524 + 0.0117539) - 1), 3);
  });

  it('cover the truth as often as their parts do', () => {
    // Five effects, normal on the log scale, each with a 95% interval: the product's has to be one of 95% too.
    let seed = 12345;
    const uniform = (): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return (seed + 0.5) / 2 ** 32;
    };
    const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const percent = (log: number): number => 100 * Math.expm1(log);
    let covered = 0;
    const rounds = 4000;
    for (let i = 0; i < rounds; i++) {
      const effects = Array.from({ length: 5 }, (_, k) => {
        const sigma = 0.001 * (k + 1);
        const found = 0.01 + sigma * normal();
        const interval = [percent(found - 1.96 * sigma), percent(found + 1.96 * sigma)] as const;
        return { effectPercent: percent(found), interval };
      });
      const [low = 0, high = 0] = combine(effects).interval ?? [];
      if (low <= percent(0.05) && percent(0.05) <= high) covered++;
    }
    expect(covered / rounds).toBeGreaterThan(0.935);
    expect(covered / rounds).toBeLessThan(0.965);
  });

  it('in any order are the same, and none is nothing', () => {
    expect(combine([])).toEqual({ changes: 0, sumPercent: 0, productPercent: 0, interval: null });
    const effect = fc
      .tuple(fc.double({ min: -50, max: 50, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }))
      .map(([e, h]) => ({ effectPercent: e, interval: [e - h, e + h] as const }));
    fc.assert(
      fc.property(fc.array(effect, { minLength: 1, maxLength: 6 }), (effects) => {
        const forth = combine(effects);
        const back = combine([...effects].reverse());
        expect(back.productPercent).toBeCloseTo(forth.productPercent, 8);
        expect(forth.interval?.[0]).toBeLessThanOrEqual(forth.productPercent + 1e-9);
        expect(forth.interval?.[1]).toBeGreaterThanOrEqual(forth.productPercent - 1e-9);
      }),
    );
  });

  it('an interval down to -100% has no logarithm, and the product none', () => {
    expect(combine([{ effectPercent: 1, interval: [-120, 5] }]).interval).toBeNull();
  });
});

describe('which experiments count', () => {
  const later = { finishedAt: '2026-02-01T00:00:00Z' };

  it('of repetitions the newest, whatever the order', () => {
    const old = experiment({ id: 'old', effectPercent: 5 });
    const fresh = experiment({ id: 'new', effectPercent: 1, ...later });
    for (const list of [
      [old, fresh],
      [fresh, old],
    ]) {
      const { groups, excluded } = cumulative(list);
      expect(groups[0]?.rows.map((r) => r.experiment.id)).toEqual(['new']);
      expect(groups[0]?.go.sumPercent).toBe(1);
      expect(excluded.map((r) => [r.experiment.id, r.counts])).toEqual([['old', 'no']]);
      expect(excluded[0]?.why).toMatch(/2026-02-01.*only the newest/);
    }
  });

  it('another flag is another change, the same flags in another order are not', () => {
    const a = experiment({ treatment: side('t', [1], { flags: { A: '0', B: '1' } }) });
    const same = experiment({ treatment: side('t', [1], { flags: { B: '1', A: '0' } }), ...later });
    const other = experiment({ id: 'o', treatment: side('t', [1], { flags: { A: '1' } }) });
    const { groups, excluded } = cumulative([a, same, other]);
    expect([groups[0]?.rows.length, excluded.length]).toEqual([2, 1]);
  });

  it('listed runs differ by their names: nothing else of them is known', () => {
    const listed = (title: string, label: string): Experiment => {
      const sides = {
        baseline: side('b', [1], { target: 'listed' }),
        treatment: side(label, [1], { target: 'listed' }),
      };
      return experiment({ id: title + label, title, source: 'listed', ...sides });
    };
    const { groups, excluded } = cumulative([
      listed('x', 't'),
      listed('y', 't'),
      listed('x', 'u'),
      listed('x', 't'),
    ]);
    expect([groups[0]?.rows.length, excluded.length]).toEqual([3, 1]);
  });

  it('other work and other targets have totals of their own', () => {
    const larger = experiment({ id: 'ws', work: { ...work, workingSet: 4096 } });
    const longer = experiment({ id: 'it', work: { ...work, iterations: 5, seed: 9 }, replay: 'phase-25' });
    const native = experiment({
      ...{ id: 'n', baseline: side('b', [1], { target: 'mine', env: { A: '1' } }) },
      treatment: side('t', [1], { target: 'mine' }),
    });
    const { groups } = cumulative([experiment(), larger, longer, native]);
    expect(groups.map((g) => [g.target, g.work, g.rows.length])).toEqual([
      ['engine', 'random_mixed:mixed, 400 slots', 2],
      ['engine', 'random_mixed:mixed, 4096 slots', 1],
      ['mine', 'random_mixed:mixed, 400 slots', 1],
    ]);
    expect(workText({ ...work, trace: { file: 'a.trace.gz', flatten: true }, threads: 1 })).toBe(
      'trace a.trace.gz, flattened, 400 slots, 1 thread',
    );
  });

  it('not a comparison of two targets, nor what was not kept or not measured', () => {
    const { groups, excluded } = cumulative([
      experiment({ id: 'two', treatment: { ...side('m', [1]), spec: spec({ target: 'mimalloc' }) } }),
      experiment({ id: 'nogo', verdict: 'NO-GO', effectPercent: -4, replay: 'phase-64' }),
      experiment({ id: 'open', verdict: 'INCONCLUSIVE', replay: 'phase-60' }),
      experiment({ id: 'same', verdict: 'NEUTRAL', effectPercent: null, interval: null, replay: 'phase-59' }),
    ]);
    expect(excluded.map((r) => [r.experiment.id, r.why])).toEqual([
      ['two', 'compares two targets, which is no change of one'],
    ]);
    expect(groups[0]?.rows.map((r) => [r.experiment.id, r.counts, r.why])).toEqual([
      ['same', 'no', 'NEUTRAL without a figure'],
      ['open', 'no', 'INCONCLUSIVE: the effect is not known'],
      ['nogo', 'no', 'NO-GO: the change is not kept'],
    ]);
    expect(groups[0]?.kept).toMatchObject({ changes: 0, productPercent: 0, interval: null });
    expect(groups[0]?.atomics).toBeNull();
  });

  it("an experiment's own count of atomics goes before the document's", () => {
    const pruned = { atomics: 3, what: 'x', frequency: 'y' };
    expect(only([experiment({ replay: 'phase-24', pruned })]).atomics).toBe(3);
  });
});

it('the running product grows in the order of time, each work by itself', () => {
  const day = (n: number): string => `2026-01-0${n}T00:00:00Z`;
  const steps = runningProducts([
    experiment({ id: 'c', replay: 'phase-24', effectPercent: 2, finishedAt: day(4) }),
    experiment({ id: 'a', replay: 'phase-27', effectPercent: 1, finishedAt: day(1) }),
    experiment({ id: 'b', replay: 'phase-64', verdict: 'NO-GO', effectPercent: -4, finishedAt: day(2) }),
    experiment({ id: 'd', effectPercent: 3, finishedAt: day(3), work: { ...work, workingSet: 9 } }),
  ]);
  expect(steps.map((s) => [s.id, s.counted, Number(s.percent.toFixed(6))])).toEqual([
    ['a', true, 1],
    ['b', false, 1],
    ['d', true, 3],
    ['c', true, 3.02],
  ]);
  expect(steps[0]?.work).toBe('engine, random_mixed:mixed, 400 slots');
  expect(steps[3]?.interval?.[0]).toBeGreaterThan(1);
});

describe('the table of the report', () => {
  const all = documentRows.map((r) => phase(...r));

  it("has the document's columns, phases in their order, both totals", () => {
    const [table, ...others] = phaseTables(all.toReversed());
    expect(others).toEqual([]);
    expect(
      table?.rows.map((r) => [r.phase, r.pruned?.atomics, r.pruned?.frequency, r.status, r.counts]),
    ).toEqual([
      ['24', 5, 'High (every cache op)', 'GO', 'go'],
      ['25', 1, 'High (every free)', 'GO', 'go'],
      ['26', 5, 'Low (edge cases)', 'NEUTRAL', 'kept'],
      ['27', 6, 'Medium (refills)', 'GO', 'go'],
      ['28', 0, 'N/A (all CORRECTNESS)', 'NO-OP', 'no'],
      ['29', 0, 'N/A (code not active)', 'NO-OP', 'no'],
    ]);
    expect(table?.rows[0]).toMatchObject({ threshold: 0.5, iterations: 200_000, workingSet: 400 });
    expect(table?.rows[4]?.why).toContain('NO-OP');
    expect(table?.atomics).toBe(17);
    expect(table?.go.sumPercent).toBeCloseTo(2.74, 10);
    expect(table?.kept.changes).toBe(4);
  });

  it('keeps repetitions in their table with the reason, and comparisons of two targets apart without a total', () => {
    const again = experiment({ ...phase(24, 'GO', 1), id: 'again', finishedAt: '2030-01-01T00:00:00.000Z' });
    const [table] = phaseTables([...all, again]);
    expect(table?.rows.filter((r) => r.phase === '24').map((r) => [r.id, r.counts])).toEqual(
      expect.arrayContaining([
        ['phase-24-run', 'no'],
        ['again', 'go'],
      ]),
    );
    expect(table?.rows.find((r) => r.id === 'phase-24-run')?.why).toMatch(/only the newest counts/);
    const across = experiment({ id: 'x', treatment: side('mimalloc', [1, 2], { target: 'mimalloc' }) });
    const [, apart] = phaseTables([...all, across]);
    expect(apart).toMatchObject({ rows: [{ id: 'x', counts: 'no' }], kept: { changes: 0 }, atomics: null });
    expect(apart?.work).toMatch(/^mimalloc against engine, /);
  });
});
