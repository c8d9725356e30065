/** Compile flags that the shipped variants do not tell apart alone: one module with all of them flipped, against `standard`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileCached } from '../../../engine/host/compile.ts';
import { instantiateCounting, linesByFunction } from '../../../engine/host/counted-run.ts';
import { type EngineInstance, instantiate } from '../../../engine/host/instantiate.ts';
import { readCounts } from '../../../engine/host/instrument.ts';
import { flagsOf, variants } from '../../../engine/host/variants.ts';
import { harnessBytes, runPass } from '../../../engine/host/workloads.ts';
import { dist, modulePath, parametersFor, root } from './engine.ts';

const iterations = 20_000;
const flipped = {
  HAKMEM_FRONT_STATS_COMPILED: 1,
  HAKMEM_FRONT_STATS_SAMPLED: 1,
  HAKMEM_TINY_HEADER_DUP_CHECK: 1,
  HAKMEM_SS_MUNMAP_GUARD_COMPILED: 1,
  HAKMEM_DEBUG_COUNTERS: 1,
  HAKMEM_FASTLANE_DIRECT_DEFAULT: 0,
  HAKMEM_FREE_TINY_TRUSTED_DEFAULT: 0,
  HAKMEM_HDR_META_FAST_COMPILED: 1,
  HAKMEM_HDR_META_MISMATCH_COMPILED: 1,
  TINY_SELF_U32_LOCAL_DEFINED: 0,
  FAST_PROFILE_FIXED: 1,
  WARM_POOL_PREFILL_BUDGET: 4,
};

/** Cells as numbered in engine/allocator/stats.ts. */
const cell = {
  hdrMeta: 8,
  hdrMetaFast: 10,
  freePathTotal: 41,
  warmHits: 64,
  warmMisses: 128,
  warmPrefilled: 192,
};

/** Executed instructions by `file:line` and by file, of one pass. */
function executed(file: string, profile: string, env: Readonly<Record<string, string>>): Map<string, number> {
  const p = parametersFor(profile, iterations);
  const { engine, module } = instantiateCounting(file, env, harnessBytes(p));
  const before = readCounts(engine.raw, module);
  runPass(engine, p);
  const out = new Map<string, number>();
  for (const l of linesByFunction(module, readCounts(engine.raw, module), before)) {
    for (const key of [l.file, `${l.file}:${l.line}`]) out.set(key, (out.get(key) ?? 0) + l.instructions);
  }
  return out;
}

/** `file:line` of the first line of a box that holds `text`. */
function lineOf(box: string, text: string): string {
  const file = `engine/allocator/${box}.ts`;
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
  const at = lines.findIndex((l) => l.includes(text));
  if (at < 0) throw new Error(`${file} has no line with ${text}`);
  return `${file}:${at + 1}`;
}

describe('flags, each flipped in a module of its own kind', () => {
  let file = '';
  beforeAll(async () => {
    const variant = variants.find((v) => v.name === 'standard');
    if (variant === undefined) throw new Error('no standard');
    file = (await compileCached(root, path.join(dist, 'engine-cache'), variant, flagsOf(variant, flipped)))
      .file;
  }, 240_000);

  const start = (): EngineInstance =>
    instantiate(new WebAssembly.Module(new Uint8Array(readFileSync(file))), { harnessBytes: 64 });
  const both = (
    line: string,
    profile = 'mixed',
    env: Readonly<Record<string, string>> = {},
  ): [number, number] => [
    executed(modulePath('standard'), profile, env).get(line) ?? 0,
    executed(file, profile, env).get(line) ?? 0,
  ];

  it('HAKMEM_FASTLANE_DIRECT_DEFAULT: FastLane is on the way', () => {
    const [standard, other] = both('engine/allocator/front_fastlane_box.ts');
    expect(standard).toBe(0);
    expect(other).toBeGreaterThan(iterations);
  });

  it('HAKMEM_FREE_TINY_TRUSTED_DEFAULT: the free asks the registry again', () => {
    const env = { HAKMEM_FASTLANE_DIRECT: '0' };
    const [standard, other] = both(lineOf('free_tiny_fast', '!hak_super_lookup(ptr)'), 'mixed', env);
    expect(standard).toBe(0);
    expect(other).toBeGreaterThan(iterations / 4);
  });

  it('HAKMEM_TINY_HEADER_DUP_CHECK: the trusted free reads the header again', () => {
    const env = { HAKMEM_FASTLANE_DIRECT: '0' };
    const [standard, other] = both(lineOf('free_tiny_fast', 'HAKMEM_TINY_HEADER_DUP_CHECK &&'), 'mixed', env);
    expect(standard).toBe(0);
    expect(other).toBeGreaterThan(iterations / 4);
  });

  it('FAST_PROFILE_FIXED: an allocation of class 7 asks no route', () => {
    const env = { HAKMEM_FASTLANE_DIRECT: '0' };
    const [standard, other] = both('engine/allocator/tiny_route.ts', 'c7heavy', env);
    expect(other).toBeLessThan(standard);
  });

  it('HAKMEM_FRONT_STATS_SAMPLED: one operation in 4096 is counted', () => {
    const e = start();
    const ptrs = Array.from({ length: 20_000 }, () => e.exports.malloc(100));
    for (const p of ptrs) e.exports.free(p);
    // Several statistics share the sampler: fewer than one in 1000 of each, and not none.
    const counted = e.exports.stat_read(cell.freePathTotal);
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThan(20);
  });

  it('WARM_POOL_PREFILL_BUDGET, HAKMEM_DEBUG_COUNTERS: of four slabs three are hits', () => {
    const e = start();
    for (let i = 0; i < 5000; i++) e.exports.malloc(500);
    const bin = 7;
    const [hits = 0, misses = 0, filled = 0] = [cell.warmHits, cell.warmMisses, cell.warmPrefilled].map((c) =>
      e.exports.stat_read(c + bin),
    );
    expect(misses).toBeGreaterThan(3);
    expect(filled).toBe(misses);
    expect(hits).toBeGreaterThan(2 * misses);
    expect(hits).toBeLessThanOrEqual(3 * misses);
  });

  it('HAKMEM_SS_MUNMAP_GUARD_COMPILED: the last empty superslab is asked for', () => {
    const guard = lineOf('ss_allocation_box', 'return HAKMEM_SS_MUNMAP_GUARD_COMPILED &&');
    const p = parametersFor('mixed', iterations);
    const counts = [modulePath('standard'), file].map((f) => {
      const { engine, module } = instantiateCounting(f, {}, harnessBytes(p));
      const before = readCounts(engine.raw, module);
      for (const size of [900, 60]) {
        const held = Array.from({ length: Math.ceil(4e6 / size) }, () => engine.exports.malloc(size));
        for (const q of held) engine.exports.free(q);
      }
      const lines = linesByFunction(module, readCounts(engine.raw, module), before);
      return lines.filter((l) => `${l.file}:${l.line}` === guard).reduce((n, l) => n + l.instructions, 0);
    });
    expect(counts[0]).toBe(0);
    expect(counts[1]).toBeGreaterThan(0);
  });

  it('TINY_SELF_U32_LOCAL_DEFINED: 0 takes the copy of the helper', () => {
    const env = { HAKMEM_TINY_FREE_FAST_V2: '1' };
    const shared = lineOf('tiny_self', 'return <u32>');
    const copy = lineOf('tiny_free_fast_v2', 'return <u32>(g_tls');
    const [standard, other] = [modulePath('standard'), file].map((f) => executed(f, 'mixed', env));
    expect([(standard?.get(shared) ?? 0) > 0, (standard?.get(copy) ?? 0) > 0]).toEqual([true, false]);
    expect([(other?.get(shared) ?? 0) > 0, (other?.get(copy) ?? 0) > 0]).toEqual([false, true]);
  });

  it('HAKMEM_HDR_META_FAST_COMPILED, HAKMEM_HDR_META_MISMATCH_COMPILED: a header of another class is counted by both', () => {
    const e = start();
    const p = e.exports.malloc(100) >>> 0;
    new Uint8Array(e.memory.buffer)[p - 1] = 0xa2;
    e.exports.free(p);
    expect([cell.hdrMetaFast, cell.hdrMeta].map((c) => e.exports.stat_read(c))).toEqual([1, 1]);
  });
});

describe('HAKMEM_FRONT_FASTLANE_COMPILED', () => {
  it('0 leaves no FastLane in the module, 1 does', () => {
    const has = (variant: string): boolean =>
      executed(modulePath(variant), 'mixed', {}).has('engine/allocator/front_fastlane_box.ts');
    expect([has('sampled'), has('fast')]).toEqual([true, false]);
  });
});
