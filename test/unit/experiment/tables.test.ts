import { describe, expect, it } from 'vitest';
import {
  combinedEstimate,
  fastlaneCandidates,
  withMeasured,
} from '../../../extension/experiment/tables/candidates.ts';
import { type CheckFacts, checklist } from '../../../extension/experiment/tables/checklist.ts';
import { gapTable, perOperation, perOperationOf } from '../../../extension/experiment/tables/gap-table.ts';
import { hotTable, plainName } from '../../../extension/experiment/tables/hot-table.ts';
import { gateFunctions, gatesAmong, topRule } from '../../../extension/experiment/tables/top-rule.ts';
import type { Gain } from '../../../extension/model-report.ts';
import { UserError } from '../../../extension/model.ts';
import { findings, gate } from '../report/fixtures.ts';
import { experiment } from './experiments.ts';

const counted = {
  unit: 'wasm',
  instructionsPerOp: 100,
  branchesPerOp: 20,
  memoryOpsPerOp: null,
  callsPerOp: 2,
} as const;

describe('gap table', () => {
  it('refuses to put wasm and x86 instructions into one table', () => {
    const engine = perOperationOf('engine', counted, 60e6);
    const native = perOperation('mimalloc', { instructions: 100 }, 10, null);
    expect(() => gapTable(engine, native)).toThrow(UserError);
    expect(() => gapTable(engine, native)).toThrow(
      'engine is counted in wasm instructions, mimalloc in x86: they cannot stand in one table',
    );
  });

  it('has the rows that either side has, and no difference where one is missing', () => {
    const table = gapTable(
      perOperationOf('a', counted, 60e6),
      perOperationOf('b', { ...counted, instructionsPerOp: 80, callsPerOp: null, branchesPerOp: 0 }, 90e6),
    );
    expect(table.rows.map((r) => r.metric)).toEqual(['instructions/op', 'branches/op', 'calls/op', 'ops/s']);
    expect(table.rows[0]).toMatchObject({ delta: 20, deltaPercent: 25 });
    expect(table.rows[1]).toMatchObject({ delta: 20, deltaPercent: null });
    expect(table.rows[2]).toMatchObject({ ours: 2, theirs: null, delta: null });
  });

  it.each([0, -1, Number.NaN])('needs operations: %d', (operations) => {
    expect(() => perOperation('x', {}, operations, null)).toThrow(UserError);
  });
});

describe('hot functions', () => {
  it.each([
    ['front_fastlane_try_free.lto_priv.0', 'front_fastlane_try_free'],
    ['tiny_c7_ultra_alloc.constprop.0', 'tiny_c7_ultra_alloc'],
    ['hak_super_lookup.part.0.lto_priv.4.lto_priv.0', 'hak_super_lookup'],
    ['f.isra.0', 'f'],
    ['f.cold', 'f'],
    ['__memset_avx2_unaligned_erms (libc)', '__memset_avx2_unaligned_erms'],
    ['handle_pte_fault (kernel)', 'handle_pte_fault'],
    ['a.b', 'a.b'],
  ])('%s is %s', (symbol, name) => {
    expect(plainName(symbol)).toBe(name);
  });

  it('joins the parts of a function and ranks them together', () => {
    const rows = hotTable([
      { name: 'f', selfPercent: 1 },
      { name: 'g', selfPercent: 3 },
      { name: 'f.part.0', selfPercent: 4 },
    ]);
    expect(rows.map((r) => [r.rank, r.name, r.selfPercent])).toEqual([
      [1, 'f', 5],
      [2, 'g', 3],
    ]);
  });
});

describe('Top-50 rule', () => {
  const profile = [
    { name: 'malloc', selfPercent: 40 },
    { name: 'tiny_guard_enabled_runtime.lto_priv.0', selfPercent: 0.1 },
    { name: 'mid_v3_debug_enabled', selfPercent: 0.09 },
    ...Array.from({ length: 60 }, (_, i) => ({ name: `f${i}`, selfPercent: 0.5 })),
    { name: 'hak_pool_v2_enabled', selfPercent: 0.01 },
    { name: 'never_enabled', selfPercent: 0 },
  ];
  const state = (name: string, functions = profile) =>
    topRule(
      ['tiny_guard_enabled_runtime', 'mid_v3_debug_enabled', 'hak_pool_v2_enabled', 'never_enabled'],
      functions,
    ).gates.find((g) => g.name === name)?.state;

  it('a gate is hot in the Top 50 with 0.1% of self time', () => {
    const few = profile.slice(0, 3);
    expect(state('tiny_guard_enabled_runtime', few)).toBe('hot');
    expect(state('mid_v3_debug_enabled', few)).toBe('below the floor');
    expect(state('hak_pool_v2_enabled', few)).toBe('not seen');
    expect(state('tiny_guard_enabled_runtime')).toBe('below the top');
    expect(state('never_enabled')).toBe('not seen');
  });

  it('no hot gate is NEUTRAL and changes nothing; a hot one leaves the question open', () => {
    const none = topRule(['a_enabled'], [{ name: 'malloc', selfPercent: 100 }]);
    expect(none).toMatchObject({ verdict: 'NEUTRAL', top: 50, floor: 0.1, functions: 1 });
    expect(none.reason).toContain('none of the 1 gates in the code is in the Top 50');
    const hot = topRule(['a_enabled', 'a_enabled'], [{ name: 'a_enabled', selfPercent: 2 }]);
    expect(hot).toMatchObject({ verdict: 'INCONCLUSIVE' });
    expect(hot.gates).toHaveLength(1);
    expect(hot.reason).toContain('1 of 1 gates in the code are in the Top 50: a_enabled (2.00%)');
  });

  it('gates come from findings, or from names of functions', () => {
    const f = findings({
      gates: [
        gate(),
        gate({ id: '2' }),
        gate({ id: '3', kind: 'compile', function: 'x' }),
        gate({ id: '4', function: null }),
      ],
    });
    expect(gateFunctions(f)).toEqual(['hakmem_env_snapshot_enabled']);
    expect(
      gatesAmong([
        'malloc',
        'hakmem_env_snapshot_fill',
        'hak_getenv',
        'mid_v3_enabled',
        'tiny_c7_hot_enabled',
        'mid_v3_enabled',
      ]),
    ).toEqual(['mid_v3_enabled', 'tiny_c7_hot_enabled']);
  });
});

describe('candidates', () => {
  it('are matched by replay name or id, the newest experiment wins', () => {
    const rows = withMeasured(fastlaneCandidates, [
      experiment({ id: 'old', replay: 'phase-19a', effectPercent: 1 }),
      experiment({ id: 'new', replay: 'phase-19a', effectPercent: 9, verdict: 'GO' }),
      experiment({ id: 'other', replay: 'phase-24' }),
    ]);
    expect(rows[0]?.measured).toEqual({
      ...{ unit: 'wasm', instructionsPerOp: -30, branchesPerOp: -6, throughputPercent: 9 },
      ...{ experiment: 'new', title: 'one against another', target: 'engine', verdict: 'GO' },
      ...{ interval: [-1.21, -0.63], link: 'replay' },
    });
    expect(rows.slice(1).map((r) => r.measured)).toEqual([null, null, null, null]);
    const [own] = fastlaneCandidates;
    if (own === undefined) throw new Error('no candidates');
    expect(withMeasured([{ ...own, experiment: 'ab-1' }], [experiment()])[0]?.measured?.experiment).toBe(
      'ab-1',
    );
    expect(withMeasured([{ ...own, experiment: null }], [experiment()])[0]?.measured).toBeNull();
  });

  it('combine what is known', () => {
    const none: Gain = { unit: null, instructionsPerOp: null, branchesPerOp: null, throughputPercent: null };
    expect(combinedEstimate([none, { ...none, branchesPerOp: -5 }], 0.5)).toEqual({
      ...none,
      branchesPerOp: -2.5,
    });
    expect(combinedEstimate([])).toEqual(none);
    const [wasm, x86] = [
      { ...none, unit: 'wasm' },
      { ...none, unit: 'x86' },
    ] as const;
    expect(combinedEstimate([wasm, none]).unit).toBe('wasm');
    expect(() => combinedEstimate([wasm, x86])).toThrow(/cannot be added up/);
  });
});

describe('validation checklist', () => {
  const estimate: Gain = {
    unit: 'wasm',
    instructionsPerOp: -25,
    branchesPerOp: -10,
    throughputPercent: -1.15,
  };
  const facts: CheckFacts = {
    ...{ profileFell: true, suite: ['mixed', 'c6heavy', 'c7heavy'], correctness: true },
    ...{ memory: [1000, 1005], reversible: true },
  };
  const passed = (items: ReturnType<typeof checklist>): (boolean | null)[] => items.map((i) => i.passed);

  it('has six steps and five criteria; within 20% of the estimate, both ends included, is a match', () => {
    const items = checklist(experiment(), estimate, facts);
    expect(items).toHaveLength(11);
    // -30 of -25 is +20%, -6 of -10 is -40%, -0.92 of -1.15 is -20%.
    expect(passed(items)).toEqual([true, true, true, true, true, true, true, true, false, true, true]);
    expect(items[8]?.note).toBe('-6 where -10 was estimated (-40%)');
  });

  it('does not hold wasm counts against an estimate in x86 instructions', () => {
    const items = checklist(experiment(), { ...estimate, unit: 'x86' }, facts);
    expect(items[6]?.passed).toBe(true);
    expect(items[7]).toMatchObject({
      passed: null,
      note: 'estimated in x86 instructions, counted in wasm: not comparable',
    });
    expect(items[8]?.passed).toBeNull();
  });

  it('says what was not done and what failed', () => {
    const nothing: CheckFacts = {
      ...{ profileFell: null, suite: [], correctness: null, memory: null, reversible: null },
    };
    expect(passed(checklist(null, estimate, nothing))).toEqual(Array.from({ length: 11 }, () => null));
    const worse = checklist(experiment(), estimate, {
      ...facts,
      ...{ suite: ['mixed'], correctness: false, memory: [1000, 1200] },
    });
    expect(worse[2]).toMatchObject({ passed: false, note: 'not run: c6heavy, c7heavy' });
    expect(worse[3]?.passed).toBe(false);
    expect(worse[9]?.passed).toBe(false);
    expect(worse[10]).toMatchObject({ passed: false, note: 'peak memory +20%' });
  });
});
