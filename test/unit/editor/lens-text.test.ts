import { describe, expect, it } from 'vitest';
import {
  fileLens,
  functionLens,
  type LensContext,
  lensRows,
  wideGates,
} from '../../../extension/editor/lens-text.ts';
import type { AtomicSite, FunctionAnnotation } from '../../../extension/model.ts';
import { cost, table } from '../experiment/cost-fixtures.ts';
import { counter, fn, gate, site } from './builders.ts';

const context = (over: Partial<LensContext> = {}): LensContext => ({
  gates: [],
  wideGates: new Set(),
  env: {},
  defines: {},
  coldFunctions: false,
  engineSource: () => null,
  run: null,
  shares: '',
  caution: null,
  symbolOf: () => null,
  costs: null,
  ...over,
});

const annotation = (over: Partial<FunctionAnnotation> = {}): FunctionAnnotation => ({
  function: fn({ name: 'malloc', category: 'wrapper' }),
  selfPercent: null,
  bySymbol: null,
  atomics: [],
  counters: [],
  gates: [],
  ...over,
});

const titles = (a: FunctionAnnotation, ctx = context()): string[] => functionLens(a, ctx).map((p) => p.title);

const compiledOut = { state: 'inactive', decidedBy: 'STATS_COMPILED' } as const;
const correctness = (role: AtomicSite['role'], line: number): AtomicSite =>
  site({ class: 'correctness', role, line, target: 'g_bg_spill_len' });

describe('a function lens', () => {
  it('says share, category, atomics by class and gates', () => {
    const snapshot = gate({ name: 'HAKMEM_ENV_SNAPSHOT', default: 'on', read: 'per-call' });
    const stats = gate({ name: 'STATS_COMPILED', kind: 'compile', read: null });
    const a = annotation({
      selfPercent: 23.84,
      atomics: [
        site({ line: 11, activity: compiledOut }),
        site({ line: 12, activity: compiledOut }),
        site({ line: 13, activity: compiledOut }),
        correctness('flow-control', 15),
      ],
      gates: [snapshot, stats],
    });
    expect(titles(a, context({ gates: [snapshot, stats] }))).toEqual([
      '23.8% self · wrapper',
      '3 telemetry atomics (compiled out)',
      '1 correctness: flow-control',
      'gate HAKMEM_ENV_SNAPSHOT on, read per call',
    ]);
  });

  it('marks a share that only the symbol has in common', () => {
    const [head] = functionLens(
      annotation({ selfPercent: 4.4, bySymbol: 'engine' }),
      context({ run: 'random_mixed' }),
    );
    expect(head?.title).toBe('4.4% self · wrapper · engine, by symbol');
    expect(head?.tooltip).toContain('this code did not run');
    expect(head?.action).toEqual({ kind: 'report' });
  });

  it('leads from such a share to what was measured', () => {
    const engineSource = (name: string): { file: string; line: number } => ({
      file: `engine/${name}.ts`,
      line: 7,
    });
    const parts = functionLens(
      annotation({ selfPercent: 4.4, bySymbol: 'engine' }),
      context({ engineSource }),
    );
    expect(parts[1]?.title).toBe('engine source');
    expect(parts[1]?.action).toEqual({ kind: 'engine', file: 'engine/malloc.ts', line: 7 });
    expect(titles(annotation({ selfPercent: 4.4 }), context({ engineSource }))).toHaveLength(1);
  });

  it('without a measurement names the static path and offers a benchmark', () => {
    const [head] = functionLens(annotation(), context());
    expect(head?.title).toBe('hot path · wrapper');
    expect(head?.action).toEqual({ kind: 'runBenchmark' });
  });

  it.each([
    [0.04, '<0.1% self · wrapper'],
    [0.05, '0.1% self · wrapper'],
    [0, '0% self · wrapper'],
    [100, '100.0% self · wrapper'],
  ])('writes %f percent as %s', (selfPercent, title) => {
    expect(titles(annotation({ selfPercent }))).toEqual([title]);
  });

  it('tells apart what is compiled out, gated off and conditional', () => {
    const env = gate({ name: 'HAKMEM_POOL_V2_ENABLED' });
    const a = annotation({
      atomics: [
        site({ line: 1, activity: compiledOut }),
        site({ line: 2, activity: { state: 'inactive', decidedBy: 'HAKMEM_POOL_V2_ENABLED' } }),
        site({ line: 3, activity: { state: 'conditional', decidedBy: null } }),
        site({ line: 4 }),
      ],
    });
    expect(titles(a, context({ gates: [env] }))[1]).toBe(
      '4 telemetry atomics (1 compiled out, 1 gated off, 1 conditional)',
    );
  });

  describe('with the costs of this machine', () => {
    const costs = table([
      cost('relaxed add', 0.7, { interval: [0.6, 0.8] }),
      cost('acquire load', 0.01, { interval: [-0.02, 0.04] }),
    ]);
    const telemetry = (a: Partial<FunctionAnnotation>): { title: string; tooltip: string } | undefined =>
      functionLens(annotation(a), context({ costs }))[1];

    it('says what its hot telemetry costs, as an estimate with its source', () => {
      const part = telemetry({ atomics: [site({ line: 1 }), site({ line: 2 }), site({ line: 3 })] });
      expect(part?.title).toBe('3 telemetry atomics, about 2.10 ns/op here (estimate)');
      expect(part?.tooltip).toBe(
        '3 hot telemetry atomics, about 2.10 ns/op here (1.80 .. 2.40; estimate, C, gcc 12.2.0 on this machine), if each runs once an operation and no other thread writes to them. Show them with their evidence.',
      );
    });

    it('counts only what runs on the hot path', () => {
      const part = telemetry({
        atomics: [site({ line: 1 }), site({ line: 2, activity: compiledOut }), site({ temperature: 'warm' })],
      });
      expect(part?.title).toBe(
        '3 telemetry atomics (1 compiled out), 1 hot about 0.70 ns/op here (estimate)',
      );
      expect(telemetry({ atomics: [site({ activity: compiledOut })] })?.title).toBe(
        '1 telemetry atomic (compiled out)',
      );
    });

    it('keeps a negative bound, and says when nothing was seen', () => {
      const part = telemetry({ atomics: [site({ operation: 'load' })] });
      expect(part?.title).toBe('1 telemetry atomic, about 0.01 ns/op here (estimate)');
      expect(part?.tooltip).toContain('(-0.02 .. 0.04; ');
      expect(part?.tooltip).toContain('Not told apart from nothing.');
    });

    it('offers nothing for what the allocator relies on', () => {
      expect(telemetry({ atomics: [correctness('lock', 1)] })?.title).toBe('1 correctness: lock');
    });
  });

  it('lists the roles of correctness atomics once each, unclassified ones and plain counters apart', () => {
    const a = annotation({
      atomics: [
        correctness('lock-free', 1),
        correctness('lock-free', 2),
        correctness('flow-control', 3),
        site({ class: 'unknown', role: null }),
      ],
      counters: [counter(), counter({ line: 14 })],
    });
    expect(titles(a).slice(1)).toEqual([
      '3 correctness: lock-free, flow-control',
      '1 unclassified atomic',
      '2 plain counters',
    ]);
    expect(functionLens(a, context())[1]?.action).toEqual({
      kind: 'rows',
      ids: ['site:a.c:1:g_bg_spill_len', 'site:a.c:2:g_bg_spill_len', 'site:a.c:3:g_bg_spill_len'],
    });
  });

  it('shows a gate as the user set it, and counts those beyond two', () => {
    const gates = ['A', 'B', 'C', 'D'].map((name) => gate({ name }));
    expect(titles(annotation({ gates }), context({ env: { A: '1' } })).slice(1)).toEqual([
      'gate A = 1, read once',
      'gate B off, read once',
      '2 more gates',
    ]);
  });

  it('leaves out a gate that half the project is behind, unless it decides or is read here', () => {
    const functions = Array.from({ length: 9 }, (_, i) => fn({ name: `f${i}` }));
    const wide = gate({ name: 'FORCE_LIBC', guards: functions.map((f) => f.id) });
    const narrow = gate({ name: 'POOL_V2', guards: functions.slice(1).map((f) => f.id) });
    const ctx = context({ wideGates: wideGates({ functions, gates: [wide, narrow] }) });
    expect(titles(annotation({ gates: [wide, narrow] }), ctx).slice(1)).toEqual([
      'gate POOL_V2 off, read once',
    ]);
    const reader = annotation({ function: fn({ name: 'gate_fn' }), gates: [narrow, wide] });
    expect(titles(reader, ctx).slice(1)).toEqual([
      'gate POOL_V2 off, read once',
      'gate FORCE_LIBC off, read once',
    ]);
    const decided = site({ activity: { state: 'inactive', decidedBy: 'FORCE_LIBC' } });
    expect(
      titles(annotation({ atomics: [decided], gates: [narrow, wide] }), { ...ctx, gates: [wide] }).slice(1),
    ).toEqual([
      '1 telemetry atomic (gated off)',
      'gate FORCE_LIBC off, read once',
      'gate POOL_V2 off, read once',
    ]);
  });

  it('does not guess at a gate whose name is computed', () => {
    const computed = gate({ name: null, default: null, read: 'per-call' });
    expect(titles(annotation({ gates: [computed] })).slice(1)).toEqual([
      'gate (computed name), read per call',
    ]);
  });

  it('of two reads of one gate names the one with a known default', () => {
    const gates = [gate({ name: 'A', default: null, read: 'per-call' }), gate({ name: 'A', default: 'on' })];
    expect(titles(annotation({ gates })).slice(1)).toEqual(['gate A on, read once']);
  });

  it('shows a compile gate only when the user set it', () => {
    const flag = gate({ name: 'STATS_COMPILED', kind: 'compile', read: null, default: 'off' });
    expect(titles(annotation({ gates: [flag] }))).toEqual(['hot path · wrapper']);
    expect(titles(annotation({ gates: [flag] }), context({ defines: { STATS_COMPILED: '1' } }))[1]).toBe(
      'gate STATS_COMPILED = 1',
    );
  });

  it.each(['warm', 'cold', 'unreached'] as const)(
    'keeps quiet on a %s function without findings, unless asked',
    (temperature) => {
      const a = annotation({ function: fn({ name: 'helper', temperature }) });
      expect(titles(a)).toEqual([]);
      expect(titles(a, context({ coldFunctions: true }))).toHaveLength(1);
    },
  );

  it('speaks on a cold function that has findings or was measured', () => {
    const cold = fn({ name: 'dump', temperature: 'cold', category: 'stats' });
    expect(titles(annotation({ function: cold, atomics: [site()] }))).toEqual([
      'cold · stats',
      '1 telemetry atomic',
    ]);
    expect(titles(annotation({ function: cold, selfPercent: 2 }))).toEqual(['2.0% self · stats']);
  });
});

describe('the lens on line 1', () => {
  const file = (functions: FunctionAnnotation[]): Parameters<typeof fileLens>[0] => ({
    file: 'a.c',
    functions,
    heat: [],
  });
  const atomics = [site(), site({ line: 20 }), correctness('lock', 30)];

  it('sums the shares, counts and names the run', () => {
    const parts = fileLens(
      file([annotation({ selfPercent: 31 }), annotation({ selfPercent: 10.2 })]),
      atomics,
      [gate({ name: 'A' }), gate({ name: 'A', line: 40 }), gate({ name: 'B' })],
      context({ run: 'random_mixed, engine fast, 5 min ago' }),
    );
    expect(parts.map((p) => p.title)).toEqual([
      'Hot 41.2% of samples in this file',
      '3 atomics (2 telemetry, 1 correctness)',
      '2 gates',
      'random_mixed, engine fast, 5 min ago',
    ]);
  });

  it('says by symbol where it is', () => {
    const [head] = fileLens(
      file([annotation({ selfPercent: 31, bySymbol: 'engine' })]),
      [],
      [],
      context({ run: 'r' }),
    );
    expect(head?.title).toBe('Hot 31.0% of engine samples, by symbol');
  });

  it('offers a benchmark where nothing was measured, and no run that is not of this file', () => {
    expect(fileLens(file([]), atomics, [], context()).map((p) => p.title)).toEqual([
      '3 atomics (2 telemetry, 1 correctness)',
      'Run benchmark…',
    ]);
    expect(
      fileLens(file([]), atomics, [], context({ run: 'random_mixed, engine fast' })).map((p) => p.title),
    ).toEqual(['3 atomics (2 telemetry, 1 correctness)']);
  });

  it('is absent from a file without anything', () => {
    expect(
      lensRows(file([annotation({ function: fn({ name: 'x', temperature: 'cold' }) })]), [], [], context()),
    ).toEqual([]);
  });
});
