/** What the boxes behind the gates do, seen from outside: counters, addresses, memory. */
import { describe, expect, it } from 'vitest';
import { attach, type EngineInstance } from '../../../engine/host/instantiate.ts';
import { readFileSync } from 'node:fs';
import { engineFor, modulePath, parametersFor } from './engine.ts';

/** Cells as numbered in engine/allocator/stats.ts. */
const cell = {
  warmPrefilled: 192,
  guardAlloc: 256,
  guardFree: 257,
  heapAlloc: 258,
  heapFree: 259,
  heapRefill: 260,
  headerDebug: 261,
  freelistCleared: 262,
  osAllocCalls: 263,
  madviseCalls: 264,
  relC7Slabs: 266,
  dbgC7Stage: 268,
  frontConfig: 272,
  pageBoxTaken: 288,
  pageBoxBack: 304,
  pagesTouched: 320,
};

function engine(env: Readonly<Record<string, string>> = {}, variant = 'standard'): EngineInstance {
  return engineFor(variant, parametersFor('mixed', 1000), env);
}

const blocks = (e: EngineInstance, size: number, count: number): number[] =>
  Array.from({ length: count }, () => e.exports.malloc(size) >>> 0);
const freeAll = (e: EngineInstance, ptrs: readonly number[]): void => {
  for (const p of ptrs) e.exports.free(p);
};
const sum = (e: EngineInstance, first: number, count = 9): number =>
  Array.from({ length: count }, (_, i) => e.exports.stat_read(first + i)).reduce((a, b) => a + b, 0);

describe('the guard', () => {
  it('looks at every tiny block, and finds a free block in a list although its header was forged', () => {
    const e = engine({ HAKMEM_TINY_GUARD: '1' });
    const [p = 0, q = 0] = blocks(e, 100, 2);
    expect(e.exports.stat_read(cell.guardAlloc)).toBe(2);
    e.exports.free(p);
    e.exports.free(q);
    new Uint8Array(e.memory.buffer)[p - 1] = 0xa0 | 4;
    e.exports.free(p);
    expect(e.exports.stat_read(cell.guardFree)).toBe(3);
    expect([e.exports.misuse_last_kind(), e.exports.misuse_last_address() >>> 0]).toEqual([4, p]);
    const plain = engine();
    freeAll(plain, blocks(plain, 100, 2));
    expect(plain.exports.stat_read(cell.guardFree)).toBe(0);
  });

  it('cuts a list whose link was written over, and the heap goes on', () => {
    const e = engine({ HAKMEM_TINY_GUARD: '1' });
    const [p = 0] = blocks(e, 100, 1);
    e.exports.free(p);
    new Uint32Array(e.memory.buffer)[p >>> 2] = 0x7fff_0001;
    const after = blocks(e, 100, 50);
    expect(new Set(after).size).toBe(50);
    expect(after.every((b) => b !== 0)).toBe(true);
    expect(e.exports.misuse_last_address() >>> 0).toBe(0x7fff_0001);
  });
});

it('the headerless v6 route frees a block of class 6 whose header was written over; otherwise it is reported', () => {
  const misuses = (env: Readonly<Record<string, string>>): number => {
    const e = engine(env);
    const [p = 0] = blocks(e, 400, 1);
    new Uint8Array(e.memory.buffer)[p - 1] = 0x11;
    e.exports.free(p);
    return e.exports.misuse_count();
  };
  expect(misuses({})).toBe(1);
  expect(misuses({ HAKMEM_SMALL_V6_HEADERLESS_ROUTE: '1' })).toBe(0);
});

describe('header modes', () => {
  const headerAfterFree = (mode: string): [number, number] => {
    const e = engine({ HAKMEM_TINY_HEADER_MODE: mode });
    const [p = 0] = blocks(e, 100, 1);
    const read = (): number => new Uint8Array(e.memory.buffer)[p - 1] ?? 0;
    const live = read();
    e.exports.free(p);
    const freed = read();
    e.exports.free(p);
    expect(e.exports.misuse_last_kind(), mode).toBe(4);
    return [live, freed];
  };
  it('full, light and debug mark a free block, off leaves it; each sees a double free at once', () => {
    for (const mode of ['full', 'light', 'debug']) expect(headerAfterFree(mode)).toEqual([0xa4, 0x54]);
    expect(headerAfterFree('off')).toEqual([0xa4, 0xa4]);
  });
  it('debug counts free blocks whose mark was written over', () => {
    const e = engine({ HAKMEM_TINY_HEADER_MODE: 'debug' });
    const [p = 0] = blocks(e, 100, 1);
    e.exports.free(p);
    const before = e.exports.stat_read(cell.headerDebug);
    new Uint8Array(e.memory.buffer)[p - 1] = 0;
    expect(e.exports.malloc(100) >>> 0).toBe(p);
    expect(e.exports.stat_read(cell.headerDebug)).toBe(before + 1);
  });
});

describe('the tiny heap box', () => {
  it('counts what it serves: class 7, and the classes routed to it', () => {
    const counts = (env: Readonly<Record<string, string>>): number[] => {
      const e = engine({ HAKMEM_TINY_HEAP_BOX: '1', ...env });
      freeAll(e, [...blocks(e, 1000, 40), ...blocks(e, 400, 10)]);
      return [cell.heapAlloc, cell.heapFree, cell.heapRefill].map((c) => e.exports.stat_read(c));
    };
    expect(counts({})).toEqual([0, 0, 0]);
    expect(counts({ HAKMEM_TINY_HEAP_STATS: '1' }).slice(0, 2)).toEqual([40, 40]);
    const routed = counts({ HAKMEM_TINY_HEAP_STATS: '1', HAKMEM_TINY_HEAP_CLASS_ROUTE: '0x40' });
    expect(routed.slice(0, 2)).toEqual([50, 50]);
    expect(routed[2]).toBeGreaterThan(1);
  });
});

it('the page box books slabs by class, taken and given back', () => {
  const e = engine({ HAKMEM_TINY_PAGE_BOX: '1' });
  freeAll(e, blocks(e, 60, 100_000));
  const slabs = e.exports.stat_read(cell.pageBoxTaken + 3);
  expect(slabs).toBeGreaterThan(100_000 / 900);
  expect(sum(e, cell.pageBoxBack)).toBe(0);
  freeAll(e, blocks(e, 900, 20_000));
  expect(e.exports.stat_read(cell.pageBoxBack + 3)).toBeGreaterThan(slabs / 2);
});

describe('superslab memory', () => {
  /** End of the heap after waves of several sizes. */
  const waves = (env: Readonly<Record<string, string>>): number => {
    const e = engine(env);
    for (const size of [60, 900, 300, 2000]) freeAll(e, blocks(e, size, Math.ceil(4e6 / size)));
    return e.exports.engine_heap_top() >>> 0;
  };

  it('goes back by the release policy', () => {
    expect(waves({ HAKMEM_SS_RELEASE_POLICY: '0' })).toBeGreaterThan(waves({}) + 2 ** 20);
  });

  it('lean mode takes no more than the ordinary one, and keeps nothing in stock', () => {
    expect(waves({ HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_TARGET_MB: '0' })).toBeLessThanOrEqual(
      waves({}),
    );
    const prefilled = (env: Readonly<Record<string, string>>): number => {
      const e = engine(env);
      const slabs = new Set([...blocks(e, 1000, 64 * 16), ...blocks(e, 400, 16 * 150)].map((p) => p >>> 16));
      return (e.exports.engine_heap_top() >>> 16) - slabs.size;
    };
    expect(prefilled({ HAKMEM_SS_MEM_LEAN: '1' })).toBeLessThanOrEqual(prefilled({}));
  });

  it('is given back in lean mode with decommit, and is zero when it is used again', () => {
    const run = (decommit: string): [number, boolean] => {
      const e = engine({ HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_DECOMMIT: decommit });
      const size = 3_000_000;
      const p = e.exports.malloc(size) >>> 0;
      new Uint8Array(e.memory.buffer).fill(7, p, p + size);
      e.exports.free(p);
      const marked = e.exports.engine_decommitted_pages();
      const again = e.exports.malloc(size) >>> 0;
      expect(again).toBe(p);
      expect(e.exports.engine_decommitted_pages()).toBe(0);
      return [marked, new Uint8Array(e.memory.buffer).subarray(again, again + size).every((b) => b === 0)];
    };
    expect(run('OFF')).toEqual([0, false]);
    expect(run('FREE')).toEqual([Math.ceil(3_000_000 / 65_536), true]);
  });

  it('is prepared in advance by prewarm, unless LEAN+OFF suppresses that', () => {
    const ends = (env: Readonly<Record<string, string>>): number => {
      const e = engine(env);
      const ptrs = [1040, 512, 256, 128, 64, 32, 16, 8].map((s) => e.exports.malloc(s) >>> 16);
      // Prewarm takes slabs from the smallest class up, whoever asks first.
      return ptrs.filter((page, i) => i > 0 && page === (ptrs[i - 1] ?? 0) - 1).length;
    };
    expect(ends({ HAKMEM_SS_PREWARM: '1' })).toBe(7);
    expect(ends({})).toBeLessThan(7);
    expect(ends({ HAKMEM_SS_PREWARM: '1', HAKMEM_SS_MEM_LEAN: '1' })).toBeLessThan(7);
    expect(
      ends({ HAKMEM_SS_PREWARM: '1', HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_DECOMMIT: 'FREE' }),
    ).toBe(7);
  });
});

describe('lazy zeroing', () => {
  for (const variant of ['standard', 'fast']) {
    it(`${variant}: calloc takes blocks never used before, and zeroes what was`, () => {
      const e = engine({}, variant);
      const bytes = (): Uint8Array => new Uint8Array(e.memory.buffer);
      for (let round = 0; round < 3; round++) {
        const ptrs = Array.from({ length: 3000 }, (_, i) => e.exports.calloc(1, 1 + ((i * 53) % 2500)) >>> 0);
        expect(new Set(ptrs).size).toBe(3000);
        for (const [i, p] of ptrs.entries()) {
          const span = bytes().subarray(p, p + 1 + ((i * 53) % 2500));
          expect(span.every((b) => b === 0)).toBe(true);
          span.fill(0xff);
        }
        freeAll(e, ptrs);
      }
      expect(e.exports.misuse_count()).toBe(0);
    });
  }
});

describe('telemetry of `research` on cold paths', () => {
  it('counts memory from and to the system', () => {
    const e = engine({ HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_DECOMMIT: 'FREE' }, 'research');
    const ptrs = blocks(e, 1_000_000, 30);
    const grown = e.exports.stat_read(cell.osAllocCalls);
    expect(grown).toBeGreaterThan(2);
    expect(e.exports.stat_read(cell.madviseCalls)).toBe(0);
    freeAll(e, ptrs);
    expect(e.exports.stat_read(cell.madviseCalls)).toBe(30);
    expect(e.exports.stat_read(cell.osAllocCalls)).toBe(grown);
  });

  it('logs slabs of class 7 by stage, and when they go back', () => {
    const e = engine({}, 'research');
    const ptrs = blocks(e, 1000, 5000);
    expect(sum(e, cell.dbgC7Stage, 4)).toBeGreaterThanOrEqual(Math.floor(5000 / 62));
    expect(e.exports.stat_read(cell.dbgC7Stage)).toBeGreaterThan(0);
    expect(e.exports.stat_read(cell.dbgC7Stage + 3)).toBeGreaterThan(0);
    expect(e.exports.stat_read(cell.relC7Slabs)).toBe(0);
    freeAll(e, ptrs);
    blocks(e, 60, 100_000);
    expect(e.exports.stat_read(cell.relC7Slabs)).toBeGreaterThan(10);
  });

  it('counts system pages that carving touches first, none twice', () => {
    const e = engine({}, 'research');
    const ptrs = blocks(e, 60, 5000);
    const touched = sum(e, cell.pagesTouched);
    const pages = new Set(ptrs.map((p) => p >>> 12)).size;
    // A Bloom filter may take a new page for a known one, never the reverse; carving runs ahead of use.
    expect(touched).toBeGreaterThan(pages * 0.9);
    expect(touched).toBeLessThanOrEqual(pages + 2);
    freeAll(e, ptrs);
    blocks(e, 60, 5000);
    expect(sum(e, cell.pagesTouched)).toBe(touched);
  });

  it('records how the front was configured', () => {
    const config = (env: Readonly<Record<string, string>>): number => {
      const e = engine(env, 'research');
      e.exports.malloc(100);
      return e.exports.stat_read(cell.frontConfig);
    };
    expect(config({})).toBe(0);
    expect(config({ HAKMEM_TINY_HEAP_BOX: '1', HAKMEM_TINY_HEAP_CLASS_ROUTE: '3' })).toBe(0x83);
  });

  it('clears a free list that does not lead to the registry, and goes on', () => {
    const a = engine({}, 'research');
    const b = attach(new WebAssembly.Module(new Uint8Array(readFileSync(modulePath('research')))), a.memory);
    b.exports.malloc(40_000);
    b.exports.malloc(2000);
    const ptrs = blocks(a, 900, 30);
    freeAll(a, ptrs);
    a.exports.thread_exit();
    // The third block from the head of the list that b is about to adopt.
    new Uint32Array(a.memory.buffer)[(ptrs[28] ?? 0) >>> 2] = 0x7fff_0000;
    const got = blocks(b, 900, 200);
    expect(got.every((p) => p !== 0)).toBe(true);
    expect(new Set(got).size).toBe(200);
    expect(b.exports.stat_read(cell.freelistCleared)).toBe(1);
  });
});
