/** From batch times to a cost table: known slopes come back, noise widens, outliers do not move, nothing is clipped. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../extension/experiment/bootstrap.ts';
import { calibrate, costTable, doubts, pairNs } from '../../../extension/experiment/costs.ts';
import { UserError } from '../../../extension/model.ts';
import type { CostName } from '../../../extension/model-costs.ts';
import { type CostRunner, costRow } from '../../../extension/profile/cost-measurement.ts';
import { machine } from '../cli/cost-services.ts';
import { baseNs, cost, measurement } from './cost-fixtures.ts';

const context = { host: 'here', machine, at: '2026-11-21T20:00:00.000Z' };

describe('a cost table', () => {
  const truths = [
    { name: 'relaxed add', ns: 0.7 },
    { name: 'acquire load', ns: 0 },
    { name: 'relaxed add', contended: true, ns: 12 },
  ] as const;

  it('gives back what was put in, in its units', () => {
    const t = costTable(measurement(truths), context);
    expect(t.costs.map((c) => [c.name, c.contended])).toEqual([
      ['relaxed add', false],
      ['acquire load', false],
      ['relaxed add', true],
    ]);
    expect(t.costs.map((c) => Number(c.ns.toFixed(9)))).toEqual([0.7, 0, 12]);
    expect(t.pairNs).toBeCloseTo(2 * baseNs, 9);
    expect(t.costs[0]?.percent).toBeCloseTo(70 / (2 * baseNs), 9);
    expect(t).toMatchObject({ source: 'C, gcc 12.2.0', host: 'here', units: 12, warnings: [] });
    expect(t.machine.pinned).toEqual([1, 0]);
  });

  it('a drift that both sides share, and single disturbed batches, leave it where it is', () => {
    const t = costTable(
      measurement(truths, 12, (u, b, place) => 0.3 * b + 0.1 * place + (u + 4 * b + place === 13 ? 500 : 0)),
      context,
    );
    expect(t.costs[0]?.ns).toBeCloseTo(0.7, 6);
    expect(t.costs[1]?.ns).toBeCloseTo(0, 6);
  });

  it('covers the truth at its level, and keeps negative bounds', () => {
    let covered = 0;
    let negative = 0;
    const runs = 400;
    for (let run = 1; run <= runs; run++) {
      const random = seededRandom(run);
      const next = (): number => random() - 0.5;
      const layouts = Array.from({ length: 12 }, () => next() * 0.4);
      // The layout moves the item's side of a process; batches have noise of their own.
      const noise = (u: number, _b: number, place: number): number =>
        (place === 1 || place === 2 ? (layouts[u] ?? 0) : 0) + next() * 0.2;
      const [c] = costTable(measurement([{ name: 'header check', ns: 0 }], 12, noise), context).costs;
      if (c === undefined) throw new Error('no cost');
      if (c.interval[0] <= 0 && 0 <= c.interval[1]) covered++;
      if (c.interval[0] < 0) negative++;
    }
    expect(covered / runs).toBeGreaterThan(0.92);
    expect(negative / runs).toBeGreaterThan(0.9);
  });

  it('leaves out what some process could not measure', () => {
    const whole = measurement(truths);
    const [first, ...rest] = whole.units;
    if (first === undefined) throw new Error('no unit');
    const alone = { ...first, rows: first.rows.filter((r) => !r.contended) };
    const t = costTable({ ...whole, units: [alone, ...rest] }, context);
    expect(t.costs.map((c) => c.contended)).toEqual([false, false]);
  });

  it('refuses too few processes', () => {
    expect(() => costTable(measurement(truths, 2), context)).toThrow(UserError);
    expect(pairNs(measurement(truths, 2).units)).toBeCloseTo(16, 9);
  });
});

describe('doubts', () => {
  const quiet = { load: 0.1, cores: 2 };

  it('none about plausible figures on a quiet machine', () => {
    const costs = [
      cost('relaxed add', 0.7),
      cost('acquire load', 0, { interval: [-0.1, 0.1] }),
      cost('relaxed add', 9, { contended: true }),
      cost('acquire load', 0, { interval: [-0.1, 0.2], contended: true }),
    ];
    expect(doubts(costs, measurement([{ name: 'relaxed add', ns: 1 }]).units, quiet)).toEqual([]);
  });

  it.each([
    [[cost('header check', -0.4)], /^header check: all of its interval is below zero/],
    [[cost('seq_cst add', 5), cost('seq_cst add', 1, { contended: true })], /no more contended than alone/],
    [[cost('relaxed add', 5), cost('seq_cst add', 1)], /less than the relaxed add/],
  ])('an impossible figure is shown and named', (costs, expected) => {
    expect(doubts(costs, [], quiet)).toEqual([expect.stringMatching(expected)]);
  });

  it('about a busy machine and batches that the clock can hardly see', () => {
    expect(doubts([], [], { load: 1.7, cores: 2 })).toEqual([
      'Other programs were running (load 1.7 on 2 cores).',
    ]);
    const units = measurement([{ name: 'relaxed add', ns: 1 }]).units.map((u) => ({ ...u, clockNs: 1e6 }));
    expect(doubts([], units, quiet)).toEqual([expect.stringContaining('1000 steps of the clock')]);
  });
});

describe('calibrate', () => {
  const runner = (source: string, reason: string | null, asked: string[]): CostRunner => ({
    unavailable: async () => reason,
    measure: async (seconds) => {
      asked.push(`${source} ${seconds}`);
      return { ...measurement([{ name: 'relaxed add', ns: 1 }]), source, notes: ['A note.'] };
    },
  });
  const run = async (reason: string | null, engineOnly: boolean) => {
    const asked: string[] = [];
    const t = await calibrate(
      {
        ...{ native: runner('C, gcc 12.2.0', reason, asked), engine: runner('wasm, seq_cst', null, asked) },
        ...{ engineOnly, seconds: 7, host: 'here', machine: () => machine, now: () => new Date(0) },
      },
      {},
    );
    return { asked, t };
  };

  it('measures in C where it can', async () => {
    const { asked, t } = await run(null, false);
    expect(asked).toEqual(['C, gcc 12.2.0 7']);
    expect(t).toMatchObject({
      source: 'C, gcc 12.2.0',
      at: '1970-01-01T00:00:00.000Z',
      warnings: ['A note.'],
    });
  });

  it('else on the engine, and says why; or when told to, without asking', async () => {
    const without = await run('no C compiler', false);
    expect(without.asked).toEqual(['wasm, seq_cst 7']);
    expect(without.t.warnings).toEqual(['Measured on the engine: no C compiler.', 'A note.']);
    const told = await run(null, true);
    expect(told.asked).toEqual(['wasm, seq_cst 7']);
    expect(told.t.warnings).toEqual(['A note.']);
  });
});

describe('rows from another process', () => {
  const good = {
    ...{ name: 'relaxed add' as CostName, count: 2, contended: false, operations: 10 },
    blocks: [[1, 2, 3, 4]],
  };
  it('are taken when they are whole', () => expect(costRow({ ...good, more: 1 })).toEqual(good));
  it.each([
    ['no object', null],
    ['a name that is none', { ...good, name: 'constructor' }],
    ['no count', { ...good, count: 0 }],
    ['no blocks', { ...good, blocks: [] }],
    ['a short block', { ...good, blocks: [[1, 2, 3]] }],
    ['a time of nothing', { ...good, blocks: [[1, 2, 0, 4]] }],
    ['text for a time', { ...good, blocks: [[1, 2, '3', 4]] }],
    ['no operations', { ...good, operations: 0 }],
  ])('are refused: %s', (_, value) => expect(costRow(value)).toBeNull());
});
