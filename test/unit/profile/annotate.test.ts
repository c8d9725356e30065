import { describe, expect, it } from 'vitest';
import type { FunctionInfo } from '../../../extension/model.ts';
import { annotateFile, sourceName } from '../../../extension/profile/annotate.ts';
import { diffProfiles } from '../../../extension/profile/diff.ts';
import { counter, engineProfile, findings, fn, gate, profile, site } from '../editor/builders.ts';

const boxes = {
  unified_cache_pop: 4.4,
  unified_cache_push: 3,
  tiny_c7_ultra_alloc: 9,
  hak_super_lookup: 8,
  free_tiny_fast: 20,
};
const engine = engineProfile({ malloc: 23.8, free: 31.8, ...boxes });

const defined = (names: readonly string[], file: string): FunctionInfo[] =>
  names.map((name, i) => fn({ name, file, line: 10 * (i + 1), endLine: 10 * (i + 1) + 8 }));

const percents = (file: string, functions: FunctionInfo[]): Record<string, number | null> =>
  Object.fromEntries(
    annotateFile(file, 'project', findings({ functions }), engine).functions.map((a) => [
      a.function.name,
      a.selfPercent,
    ]),
  );

describe('an engine profile', () => {
  it('gives the engine its own functions and lines, in order and summed', () => {
    const own = profile({
      functions: [
        { name: 'free', category: 'wrapper', selfPercent: 40, file: 'engine/allocator/front.ts', line: 90 },
        { name: 'malloc', category: 'wrapper', selfPercent: 35, file: 'engine/allocator/front.ts', line: 41 },
        { name: 'refill', category: 'core', selfPercent: 25, file: 'engine/allocator/refill.ts', line: 7 },
      ],
      lines: [
        { file: 'engine/allocator/front.ts', line: 44, percent: 2 },
        { file: 'engine/allocator/front.ts', line: 42, percent: 7.25 },
        { file: 'engine/allocator/front.ts', line: 44, percent: 1.5 },
        { file: 'engine/allocator/front.ts', line: 50, percent: 0 },
        { file: 'engine/allocator/refill.ts', line: 9, percent: 3 },
      ],
    });
    const got = annotateFile('engine/allocator/front.ts', 'engine', null, own);
    expect(got.heat).toEqual([
      { line: 42, percent: 7.25 },
      { line: 44, percent: 3.5 },
    ]);
    expect(got.functions.map((a) => [a.function.name, a.function.line, a.selfPercent, a.bySymbol])).toEqual([
      ['malloc', 41, 35, null],
      ['free', 90, 40, null],
    ]);
  });

  it('marks a project that defines its boxes by symbol and never by line', () => {
    const functions = defined(['malloc', ...Object.keys(boxes)], 'core/front.c');
    const got = annotateFile('core/front.c', 'project', findings({ functions }), engine);
    expect(got.heat).toEqual([]);
    expect(got.functions[0]).toMatchObject({ selfPercent: 23.8, bySymbol: 'engine' });
    expect(got.functions.every((a) => a.bySymbol === 'engine' && a.selfPercent !== null)).toBe(true);
  });

  it('tells the category that the profiled target knows, over the guess from the source', () => {
    const functions = defined(Object.keys(boxes), 'core/front.c').map((f) => ({
      ...f,
      category: 'env' as const,
    }));
    const known = engineProfile(boxes);
    const category = (p: typeof known | null): unknown =>
      annotateFile('core/front.c', 'project', findings({ functions }), p).functions[0]?.function.category;
    expect(category(null)).toBe('env');
    expect(category(known)).toBe(known.functions.find((f) => f.name === functions[0]?.name)?.category);
    expect(category(known)).not.toBe('env');
  });

  it('says nothing about an allocator that only shares the API', () => {
    const functions = [
      ...defined(['malloc', 'free', 'calloc', 'realloc', 'memalign', 'main', 'mi_malloc'], 'src/alloc.c'),
      // Four shared names are still a coincidence.
      ...defined(Object.keys(boxes).slice(0, 4), 'src/other.c'),
    ];
    for (const file of ['src/alloc.c', 'src/other.c']) {
      expect(Object.values(percents(file, functions)).every((p) => p === null)).toBe(true);
    }
  });

  it('counts distinct names, not definitions', () => {
    const functions = [
      ...defined(Object.keys(boxes).slice(0, 3), 'a/one.c'),
      ...defined(Object.keys(boxes).slice(0, 3), 'a/two.c'),
    ];
    expect(percents('a/one.c', functions)).toEqual({
      unified_cache_pop: null,
      unified_cache_push: null,
      tiny_c7_ultra_alloc: null,
    });
  });

  it('in a monorepo gives API names only to the folder of the boxes', () => {
    const functions = [
      ...defined(['malloc', 'free'], 'samples/hakmem/core/wrap.c'),
      ...defined(Object.keys(boxes).slice(0, 3), 'samples/hakmem/core/box/cache.c'),
      ...defined(Object.keys(boxes).slice(3), 'samples/hakmem/core/front/free.c'),
      ...defined(['malloc', 'free'], 'third_party/mimalloc/src/alloc-override.c'),
    ];
    expect(percents('samples/hakmem/core/wrap.c', functions)).toEqual({ malloc: 23.8, free: 31.8 });
    expect(percents('third_party/mimalloc/src/alloc-override.c', functions)).toEqual({
      malloc: null,
      free: null,
    });
    expect(percents('samples/hakmem/core/front/free.c', functions)).toEqual({
      hak_super_lookup: 8,
      free_tiny_fast: 20,
    });
  });

  it('where two allocators share the common folder, keeps an ambiguous API name to the folders of the boxes', () => {
    const functions = [
      ...defined(['malloc', ...Object.keys(boxes).slice(0, 3)], 'core/front.c'),
      ...defined(Object.keys(boxes).slice(3), 'tests/boxes.c'),
      ...defined(['malloc'], 'mimalloc/alloc.c'),
    ];
    expect(percents('mimalloc/alloc.c', functions)).toEqual({ malloc: null });
    expect(percents('core/front.c', functions)).toMatchObject({ malloc: 23.8 });
  });

  it('does not take a sibling folder with the same prefix for the folder', () => {
    const functions = [...defined(Object.keys(boxes), 'core/a.c'), ...defined(['malloc'], 'core-other/a.c')];
    expect(percents('core-other/a.c', functions)).toEqual({ malloc: null });
  });
});

describe('a native profile', () => {
  const native = profile({
    target: { kind: 'native', name: 'build/liballoc.so', variant: null, sha256: null },
    functions: [
      { name: 'f', category: 'core', selfPercent: 60, file: 'a.c', line: 10 },
      { name: 'g', category: 'core', selfPercent: 40, file: 'b.c', line: 10 },
    ],
    lines: [{ file: 'a.c', line: 12, percent: 33 }],
  });

  it('annotates by file, with line heat, unmarked', () => {
    const functions = [fn({ name: 'f' }), fn({ name: 'g', line: 30, endLine: 40 })];
    const got = annotateFile('a.c', 'project', findings({ functions }), native);
    expect(got.heat).toEqual([{ line: 12, percent: 33 }]);
    expect(got.functions.map((a) => [a.selfPercent, a.bySymbol])).toEqual([
      [60, null],
      [null, null],
    ]);
  });

  it('sums what the compiler made of one function; pieces split off it are in its total already', () => {
    const row = { category: 'core', file: 'a.c', line: null } as const;
    const cloned = profile({
      ...native,
      functions: [
        { ...row, name: 'f.part.0', selfPercent: 9, totalPercent: 12 },
        { ...row, name: 'f', selfPercent: 20, totalPercent: 30 },
        { ...row, name: 'f.constprop.0', selfPercent: 5, totalPercent: 6 },
        { ...row, name: 'f', selfPercent: 50, totalPercent: 50, file: 'b.c' },
        { ...row, name: 'f', selfPercent: 1, totalPercent: 1, file: null },
      ],
    });
    const [f] = annotateFile(
      'a.c',
      'project',
      findings({ functions: [fn({ name: 'f' })] }),
      cloned,
    ).functions;
    expect([f?.selfPercent, f?.totalPercent]).toEqual([34, 36]);
  });

  it.each([
    ['f', 'f'],
    ['f.constprop.0', 'f'],
    ['f.isra.0.cold', 'f'],
    ['f.llvm.1234', 'f'],
    ['ns::Heap<a::b, c<int>>::alloc<long>(unsigned long, ns::X)', 'alloc'],
    ['operator new(unsigned long)', 'operator new(unsigned long)'],
    ['[unknown]', '[unknown]'],
  ])('knows %s by its name in the source', (symbol, name) => {
    expect(sourceName(symbol)).toBe(name);
  });

  it('keeps own and inlined shares apart, and instructions by their heat', () => {
    const instruction = (percent: number) => ({
      address: String(percent),
      text: 'nop',
      percent,
      function: 'f',
    });
    const lines = [
      { file: 'a.c', line: 12, percent: 3, instructions: [instruction(1), instruction(2)] },
      { file: 'a.c', line: 12, percent: 4, callSitePercent: 5, instructions: [instruction(4)] },
      { file: 'a.c', line: 13, percent: 0, callSitePercent: 7 },
      { file: 'a.c', line: 14, percent: 0 },
    ];
    const { heat } = annotateFile('a.c', 'project', null, profile({ ...native, lines }));
    expect(heat).toEqual([
      {
        line: 12,
        percent: 7,
        callSitePercent: 5,
        instructions: [instruction(4), instruction(2), instruction(1)],
      },
      { line: 13, percent: 0, callSitePercent: 7 },
    ]);
  });

  it('shows what changed, on lines that only one of two profiles knows too', () => {
    const after = profile({
      ...native,
      functions: [{ name: 'f', category: 'core', selfPercent: 45, file: 'a.c', line: 10 }],
      lines: [
        { file: 'a.c', line: 12, percent: 30 },
        { file: 'a.c', line: 15, percent: 5 },
      ],
    });
    const before = profile({ ...native, lines: [...native.lines, { file: 'a.c', line: 9, percent: 2 }] });
    const diff = diffProfiles(before, after);
    const got = annotateFile('a.c', 'project', findings({ functions: [fn({ name: 'f' })] }), after, diff);
    expect(got.heat.map((l) => [l.line, l.percent, l.change?.before, l.change?.delta])).toEqual([
      [9, 0, 2, -2],
      [12, 30, 33, -3],
      [15, 5, null, 5],
    ]);
    expect(got.functions[0]?.change).toMatchObject({ before: 60, delta: -15 });
  });

  it('never heats the engine', () => {
    expect(annotateFile('a.c', 'engine', null, native)).toEqual({ file: 'a.c', functions: [], heat: [] });
  });
});

describe('findings', () => {
  it('go to the innermost function of their own file, with the gates that are read there or guard them', () => {
    const outer = fn({ name: 'outer', line: 10, endLine: 40 });
    const inner = fn({ name: 'inner', line: 20, endLine: 25 });
    const hit = site({ line: 22 });
    const read = gate({ name: 'HAKMEM_X', line: 12 });
    const guard = gate({ name: 'STATS_COMPILED', kind: 'compile', file: 'flags.h', guards: [hit.id] });
    const got = annotateFile(
      'a.c',
      'project',
      findings({
        functions: [inner, outer],
        atomics: [
          hit,
          site({ line: 11, target: 'g_other' }),
          site({ line: 22, file: 'b.c' }),
          site({ line: 90 }),
        ],
        counters: [counter({ line: 13 })],
        gates: [read, guard, gate({ name: 'ELSEWHERE', line: 99 })],
      }),
      null,
    );
    expect(
      got.functions.map((a) => [
        a.function.name,
        a.atomics.map((s) => s.line),
        a.counters.length,
        a.gates.map((g) => g.name),
      ]),
    ).toEqual([
      ['outer', [11], 1, ['HAKMEM_X']],
      ['inner', [22], 0, ['STATS_COMPILED']],
    ]);
  });

  it('are nothing without an analysis', () => {
    expect(annotateFile('a.c', 'project', null, engine)).toEqual({ file: 'a.c', functions: [], heat: [] });
  });
});
