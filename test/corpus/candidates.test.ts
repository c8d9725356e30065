/**
 * Candidates on real code: one place for each letter that is found in the four public allocators. B, E and I are not
 * found there. There is at least one place for B by reading: glibc's malloc asks SINGLE_THREAD_P and so does _int_malloc
 * below it; what that macro reads is defined outside of malloc/. Whether E and I are there was not read to the end. B and E
 * are shown on the sample allocator, I only in the unit tests.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../extension/analysis/analyze.ts';
import type { Candidate } from '../../extension/model.ts';
import { corpus, corpusDir } from '../../scripts/corpus.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const grammarDir = path.resolve(here, '../../dist/grammars');

interface Place {
  readonly letter: Candidate['letter'];
  readonly file: string;
  readonly function: string;
  /** What a person sees there. */
  readonly why: string;
}

const places: Readonly<Record<string, readonly Place[]>> = {
  mimalloc: [
    { letter: 'C', file: 'src/segment.c', function: 'mi_abandoned_push', why: 'a count of abandoned segments that only a reader of statistics asks for' },
    { letter: 'F', file: 'include/mimalloc-atomic.h', function: 'mi_atomic_maxi64_relaxed', why: 'the peak of a statistic by a releasing compare-exchange' },
    { letter: 'G', file: 'src/stats.c', function: 'mi_stat_update', why: 'allocated, freed and current of one statistic are neighbours' },
  ],
  jemalloc: [
    { letter: 'A', file: 'src/jemalloc.c', function: 'a0ialloc', why: 'asks whether start-up is over, then hands on' },
    { letter: 'C', file: 'include/jemalloc/internal/arena_inlines_a.h', function: 'arena_internal_add', why: 'bytes of metadata, for statistics' },
    { letter: 'D', file: 'include/jemalloc/internal/cache_bin.h', function: 'cache_bin_dalloc_easy', why: 'tests for a full bin as tcache_dalloc_small has just done' },
  ],
  'google-perftools': [
    { letter: 'H', file: 'src/debugallocation.cc', function: 'MallocBlock::CheckAndClear', why: 'the debugging malloc takes one lock per free' },
  ],
  glibc: [
    { letter: 'C', file: 'malloc/memusage.c', function: 'malloc', why: 'calls by kind, counted on every malloc' },
    { letter: 'G', file: 'malloc/memusage.c', function: 'malloc', why: 'an array of counters indexed by kind' },
  ],
}; // biome-ignore format: a table

const sample: readonly Place[] = [
  { letter: 'B', file: 'core/box/front_fastlane_box.h', function: 'front_fastlane_try_free', why: 'the snapshot gate is asked here and in two functions below' },
  { letter: 'E', file: 'core/box/tiny_policy_box.h', function: 'tiny_route_of', why: 'routes follow from gates that start-up reads' },
  { letter: 'F', file: 'core/hakmem_large.c', function: 'large_alloc', why: 'a count of maps that is sequentially consistent' },
]; // biome-ignore format: a table

function has(rows: readonly Candidate[], p: Place): void {
  const there = rows.filter((c) => c.letter === p.letter && c.file === p.file && c.function === p.function);
  expect(there.length, `${p.letter} ${p.function}: ${p.why}`).toBeGreaterThan(0);
}

describe.each(corpus)('$name', ({ name, scope }) => {
  const dir = corpusDir(name);
  let rows: readonly Candidate[] = [];
  beforeAll(async () => {
    if (dir !== null)
      rows = (await analyzePaths([path.join(dir, scope)], { grammarDir, root: dir })).candidates;
  }, 300_000);

  it.skipIf(dir === null).each((places[name] ?? []).map((p) => [`${p.letter} ${p.function}`, p] as const))(
    '%s',
    (_, p) => {
      has(rows, p);
    },
  );

  it.skipIf(dir === null)('stays a list that a person reads: no letter but C has more than ten rows', () => {
    const counts = new Map<string, number>();
    for (const c of rows) counts.set(c.letter, (counts.get(c.letter) ?? 0) + 1);
    counts.delete('C');
    expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(10);
  });
});

describe('the sample allocator', () => {
  let rows: readonly Candidate[] = [];
  beforeAll(async () => {
    rows = (await analyzePaths([path.resolve(here, '../../samples/hakmem')], { grammarDir })).candidates;
  }, 60_000);
  it.each(sample.map((p) => [`${p.letter} ${p.function}`, p] as const))('%s', (_, p) => has(rows, p));
});
