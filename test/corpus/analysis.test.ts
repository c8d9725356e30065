/** The analysis on two real allocators: counts in sane bounds, and selected sites exactly. Skipped where the cache has no corpus. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../extension/analysis/analyze.ts';
import type { Findings } from '../../extension/model.ts';
import { corpusDir } from '../../scripts/corpus.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/grammars');

interface Expected {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  readonly kind: string;
  readonly operation: string;
  readonly order: string | null;
  readonly class: string;
}

/** Sites read in the source: file, line, function, operation and order as a person sees them there. */
const sites: Readonly<Record<string, readonly Expected[]>> = {
  mimalloc: [
    // The cross-thread free list: a push by compare-exchange.
    {
      file: 'src/alloc.c',
      line: 439,
      function: '_mi_free_block_mt',
      kind: 'primitive',
      operation: 'compare_exchange',
      order: 'release',
      class: 'correctness',
    },
    // The thread that owns a segment decides which free path is taken.
    {
      file: 'src/alloc.c',
      line: 538,
      function: 'mi_free',
      kind: 'primitive',
      operation: 'load',
      order: 'relaxed',
      class: 'correctness',
    },
    // An operator on an _Atomic field, sequentially consistent by default.
    {
      file: 'src/alloc.c',
      line: 574,
      function: '_mi_free_delayed_block',
      kind: 'primitive',
      operation: 'load',
      order: 'seq_cst',
      class: 'correctness',
    },
    // A wrapper function over fetch_add; the sum is only printed, merged and answered.
    {
      file: 'src/stats.c',
      line: 56,
      function: '_mi_stat_counter_increase',
      kind: 'wrapper',
      operation: 'fetch_add',
      order: 'relaxed',
      class: 'telemetry',
    },
  ],
  jemalloc: [
    // Generated functions: atomic_fetch_add_zu comes out of a token-pasting macro.
    {
      file: 'include/jemalloc/internal/arena_inlines_a.h',
      line: 11,
      function: 'arena_internal_add',
      kind: 'wrapper',
      operation: 'fetch_add',
      order: 'relaxed',
      class: 'telemetry',
    },
    {
      file: 'include/jemalloc/internal/arena_inlines_a.h',
      line: 21,
      function: 'arena_internal_get',
      kind: 'wrapper',
      operation: 'load',
      order: 'relaxed',
      class: 'telemetry',
    },
    {
      file: 'include/jemalloc/internal/arena_inlines_b.h',
      line: 169,
      function: 'arena_aalloc',
      kind: 'wrapper',
      operation: 'load',
      order: 'relaxed',
      class: 'correctness',
    },
  ],
};

const bounds: Readonly<
  Record<
    string,
    {
      readonly files: number;
      readonly functions: number;
      readonly sites: readonly [number, number];
      readonly entries: readonly string[];
    }
  >
> = {
  mimalloc: {
    files: 30,
    functions: 800,
    sites: [200, 320],
    entries: ['mi_malloc', 'mi_free', 'mi_calloc', 'mi_realloc'],
  },
  jemalloc: {
    files: 300,
    functions: 3000,
    sites: [500, 1000],
    entries: ['je_malloc', 'je_free', 'je_calloc', 'je_realloc'],
  },
};

describe.each(Object.keys(sites))('%s', (name) => {
  const dir = corpusDir(name);
  if (dir === null) console.log(`skipped: ${name} is not in the cache (npm run corpus)`);
  let f: Findings;

  beforeAll(async () => {
    if (dir !== null) f = await analyzePaths([dir], { grammarDir });
  }, 300_000);

  it.skipIf(dir === null)('is analysed within sane bounds', () => {
    const b = bounds[name];
    expect(b).toBeDefined();
    if (b === undefined) return;
    expect(f.files.length).toBeGreaterThan(b.files);
    expect(f.functions.length).toBeGreaterThan(b.functions);
    expect(f.atomics.length).toBeGreaterThan(b.sites[0]);
    expect(f.atomics.length).toBeLessThan(b.sites[1]);
    expect(f.configuration.entries).toEqual(expect.arrayContaining([...b.entries]));
    for (const temperature of ['hot', 'warm', 'cold', 'unreached'] as const) {
      expect(f.functions.filter((x) => x.temperature === temperature).length).toBeGreaterThan(10);
    }
    expect(f.diagnostics.filter((d) => d.code === 'site-mismatch').length).toBeLessThanOrEqual(1);
  });

  it.skipIf(dir === null)('places every row inside its file, once', () => {
    const lines = new Map(f.files.map((x) => [x.path, x.lines]));
    const ids = new Set<string>();
    for (const row of [...f.atomics, ...f.counters, ...f.gates, ...f.functions, ...f.candidates]) {
      expect(ids.has(row.id), row.id).toBe(false);
      ids.add(row.id);
      expect(row.line).toBeGreaterThanOrEqual(1);
      expect(row.line, row.id).toBeLessThanOrEqual((lines.get(row.file) ?? 0) + 1);
    }
    const variables = new Set(f.variables.map((v) => v.id));
    expect(variables.size).toBe(f.variables.length);
    for (const s of f.atomics) if (s.variable !== null) expect(variables.has(s.variable), s.id).toBe(true);
    for (const s of f.atomics) if (s.class !== 'unknown') expect(s.evidence.length, s.id).toBeGreaterThan(0);
  });

  it.skipIf(dir === null).each((sites[name] ?? []).map((s) => [`${s.file}:${s.line}`, s] as const))(
    '%s',
    (_at, s) => {
      const found = f.atomics.filter(
        (a) => a.file === s.file && a.line === s.line && a.operation === s.operation,
      );
      expect(found.length).toBeGreaterThan(0);
      expect(found[0]).toMatchObject(s);
    },
  );
});
