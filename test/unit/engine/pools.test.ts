/** The backends behind the front, each under its gate: what serves a size, where blocks go, what is counted. */
import { describe, expect, it } from 'vitest';
import { attach, type EngineInstance, instantiate } from '../../../engine/host/instantiate.ts';
import { engineModule } from './engine.ts';

/** As in engine/allocator/layout.ts and pools_layout.ts. */
const pageMap = 0x10000;
const pageCode = { pool: 0xe0, libc: 0xe1, large: 0xf0 };
const sharedMidInuse = 0x5808;
const remoteTargetLen = 0x58c0;
const bgSpillLen = 0x5a00;
const poolStats = { first: 512, aClass: 12, classes: 10 };
const poolCounters = [
  ...['allocCalls', 'allocFast', 'allocRefill', 'allocRefillFail', 'allocFallbackV1'],
  ...['freeCalls', 'freeFast', 'freeFallbackV1'],
  ...['pageOfFailRange', 'pageOfFailNoHeader', 'pageOfFailMisaligned', 'pageOfFailUnknown'],
] as const;
type PoolCounter = (typeof poolCounters)[number];

type Env = Readonly<Record<string, string>>;

function start(env: Env = {}, variant = 'standard'): EngineInstance {
  return instantiate(engineModule(variant), { env, harnessBytes: 64 });
}

/** One more thread on the same heap. */
function join(engine: EngineInstance, variant = 'standard'): EngineInstance {
  return attach(engineModule(variant), engine.memory);
}

function u32(engine: EngineInstance, at: number): number {
  return new Uint32Array(engine.memory.buffer)[at >> 2] ?? 0;
}

function codeOf(engine: EngineInstance, ptr: number): number {
  return new Uint8Array(engine.memory.buffer)[pageMap + (ptr >>> 16)] ?? 0;
}

function many(engine: EngineInstance, size: number, count: number): number[] {
  const out = Array.from({ length: count }, () => engine.exports.malloc(size) >>> 0);
  expect(new Set(out).size).toBe(count);
  expect(out).not.toContain(0);
  return out;
}

function free(engine: EngineInstance, blocks: readonly number[]): void {
  for (const ptr of blocks) engine.exports.free(ptr);
}

/** Kind of misuse that freeing `ptr` is, 0 when it is none. */
function misuseOf(engine: EngineInstance, ptr: number): number {
  const before = engine.exports.misuse_count();
  engine.exports.free(ptr);
  return engine.exports.misuse_count() === before ? 0 : engine.exports.misuse_last_kind();
}

function poolCounts(engine: EngineInstance): Record<PoolCounter, number> {
  const sum = (k: number): number => {
    let all = 0;
    for (let ci = 0; ci < poolStats.classes; ci++) {
      all += engine.exports.stat_read(poolStats.first + ci * poolStats.aClass + k);
    }
    return all;
  };
  return Object.fromEntries(poolCounters.map((name, k) => [name, sum(k)])) as Record<PoolCounter, number>;
}

describe('Pool v1', () => {
  const env = { HAKMEM_MID_V3_ENABLED: '0' };

  it('serves 1041 to 32768 bytes when MID v3 is off, and nothing else', () => {
    const on = start();
    const off = start(env);
    for (const size of [1041, 1536, 1537, 5000, 24_577, 32_768]) {
      expect(codeOf(on, many(on, size, 1)[0] ?? 0)).toBeLessThan(pageCode.pool);
      const [ptr = 0] = many(off, size, 1);
      expect(codeOf(off, ptr)).toBe(pageCode.pool);
      expect(off.exports.usable_size(ptr)).toBeGreaterThanOrEqual(size);
      expect(off.exports.usable_size(ptr)).toBeLessThanOrEqual(size * 1.5);
    }
    expect(codeOf(off, many(off, 1040, 1)[0] ?? 0)).toBeLessThan(pageCode.pool);
    expect(codeOf(off, many(off, 32_769, 1)[0] ?? 0)).toBe(pageCode.large);
  });

  it('sees every second free, also of blocks freed long before, and pointers into blocks', () => {
    const engine = start(env);
    const blocks = many(engine, 3000, 50);
    const [first = 0, second = 0] = blocks;
    expect(misuseOf(engine, second + 16)).toBe(2);
    expect(misuseOf(engine, second + 1)).toBe(3);
    free(engine, blocks.slice(0, 10));
    expect(engine.exports.misuse_count()).toBe(2);
    expect(engine.exports.usable_size(first)).toBe(0);
    expect(misuseOf(engine, first)).toBe(4);
    expect(engine.exports.misuse_last_class()).toBe(8);
    free(engine, blocks.slice(10));
    expect(engine.exports.misuse_count()).toBe(3);
  });

  it('is one pool: what one thread frees the next allocation of any thread gets', () => {
    const a = start(env);
    const b = join(a);
    const [ptr = 0] = many(a, 2000, 1);
    b.exports.free(ptr);
    expect(b.exports.malloc(2000) >>> 0).toBe(ptr);
  });

  it('gives pages back: mid blocks make way for large ones', () => {
    const engine = start(env);
    const blocks = many(engine, 4000, 1600);
    const top = engine.exports.engine_heap_top();
    free(engine, blocks);
    many(engine, 5_000_000, 1);
    expect(engine.exports.engine_heap_top()).toBe(top);
  });

  it('takes the classes of MID v3 that HAKMEM_MID_V3_CLASSES leaves out', () => {
    const engine = start({ HAKMEM_MID_V3_CLASSES: '0xfffffffe' });
    expect(codeOf(engine, many(engine, 1100, 1)[0] ?? 0)).toBe(pageCode.pool);
    expect(codeOf(engine, many(engine, 8000, 1)[0] ?? 0)).toBeLessThan(pageCode.pool);
  });
});

describe('Pool v2', () => {
  const on = { HAKMEM_POOL_V2_ENABLED: '1' };

  function work(variant: string, env: Env): EngineInstance {
    const engine = start(env, variant);
    for (let round = 0; round < 3; round++) {
      const blocks = [1200, 3000, 9000, 30_000].flatMap((size) => many(engine, size, 60));
      free(engine, blocks);
    }
    return engine;
  }

  it('counts only where the flag is compiled in and the gate is on', () => {
    const sums = [
      ['standard', {}],
      ['standard', on],
      ['research', {}],
      ['research', on],
    ] as const;
    const counted = sums.map(([variant, env]) =>
      Object.values(poolCounts(work(variant, env))).reduce((a, b) => a + b, 0),
    );
    expect(counted.slice(0, 3)).toEqual([0, 0, 0]);
    expect(counted[3]).toBeGreaterThan(1000);
  });

  it('is off for 0 and for an empty value, on for anything else', () => {
    const codes = ['', '0', '01', '1', 'yes'].map((value) => {
      const engine = start({ HAKMEM_POOL_V2_ENABLED: value });
      return codeOf(engine, many(engine, 2000, 1)[0] ?? 0) === pageCode.pool;
    });
    expect(codes).toEqual([false, false, false, true, true]);
  });

  it('counts what it serves itself and what it leaves to others', () => {
    const c = poolCounts(work('research', on));
    expect(c.allocCalls).toBe(720);
    expect(c.allocFast + c.allocRefill).toBe(c.allocCalls);
    expect(c.freeFast).toBe(720);
    expect(c.allocRefill).toBeGreaterThan(100);
    expect(c.allocFallbackV1).toBe(0);
  });

  it('tells the four ways apart in which a pointer is none of its blocks', () => {
    const a = start(on, 'research');
    const b = join(a, 'research');
    many(a, 2000, 1);
    const [block = 0] = many(a, 3000, 2);
    const [large = 0] = many(a, 100_000, 1);
    const counts = (): number[] => {
      const c = poolCounts(a);
      return [c.pageOfFailRange, c.pageOfFailNoHeader, c.pageOfFailMisaligned, c.pageOfFailUnknown];
    };
    a.exports.free(0x7fff0008);
    expect(counts()).toEqual([1, 0, 0, 0]);
    a.exports.free(large);
    expect(counts()).toEqual([1, 1, 0, 0]);
    a.exports.free(block + 16);
    expect(counts()).toEqual([1, 1, 1, 0]);
    // The heap of a thread that ends passes to a; its pages become the older pool's.
    const [left = 0] = many(b, 5000, 2);
    b.exports.thread_exit();
    many(a, 100, 20_000);
    a.exports.free(left);
    expect(counts()).toEqual([1, 1, 1, 1]);
    expect(poolCounts(a).freeFallbackV1).toBe(4);
    expect(a.exports.misuse_count()).toBe(2);
  });

  it('leaves frees of other threads to Pool v1, which hands them to the owner', () => {
    const a = start(on, 'research');
    const b = join(a, 'research');
    const blocks = many(a, 8000, 8);
    many(b, 8000, 1);
    free(b, blocks);
    expect(poolCounts(a).freeFallbackV1).toBe(8);
    expect(misuseOf(b, blocks[0] ?? 0)).toBe(4);
    expect(misuseOf(a, blocks[1] ?? 0)).toBe(4);
    expect(many(a, 8000, 8).sort()).toEqual([...blocks].sort());
  });

  it('falls back to Pool v1 when it gets no page', () => {
    const engine = start(on, 'research');
    for (const size of [0x10000000, 0x1000000, 0x100000, 0x10000]) {
      while (engine.exports.malloc(size) !== 0) {}
    }
    while (engine.exports.malloc(30_000) !== 0) {}
    const { allocRefillFail, allocFallbackV1 } = poolCounts(engine);
    expect(allocRefillFail).toBeGreaterThan(0);
    expect(allocFallbackV1).toBe(allocRefillFail);
  });
});

describe('MID v3', () => {
  const env = { HAKMEM_MID_V3_INUSE: '1' };

  /** Sum of the in-use counts of all slabs. */
  function inUse(engine: EngineInstance): number {
    const table = u32(engine, sharedMidInuse);
    return new Uint16Array(engine.memory.buffer, table, 65_536).reduce((a, b) => a + b, 0);
  }

  it('counts the blocks in use by slab; frees are taken off in batches, all of them at a thread’s end', () => {
    const a = start(env);
    const b = join(a);
    const blocks = many(a, 6000, 100);
    expect(inUse(a)).toBe(100);
    b.exports.free(blocks[0] ?? 0);
    expect(inUse(a)).toBe(99);
    free(a, blocks.slice(1, 21));
    expect(inUse(a)).toBeGreaterThan(79);
    a.exports.thread_exit();
    expect(inUse(a)).toBe(79);
    free(a, blocks.slice(21));
    a.exports.thread_exit();
    expect(inUse(a)).toBe(0);
  });

  it('looks for empty slabs once the counts say that there are some', () => {
    const held = (gates: Env): number => {
      const engine = start(gates);
      // A heap so large that the little growth afterwards is no reason to look.
      many(engine, 100_000, 150);
      const blocks = many(engine, 6000, 400);
      const code = codeOf(engine, blocks[0] ?? 0);
      free(engine, blocks);
      many(engine, 48, 1);
      const pages = new Set(blocks.map((ptr) => ptr >>> 16));
      return [...pages].filter((page) => codeOf(engine, page << 16) === code).length;
    };
    expect(held({})).toBeGreaterThan(30);
    expect(held(env)).toBe(0);
  });

  it('hands out first what was freed last, also where the storage behind is first in, first out', () => {
    const engine = start({ HAKMEM_TINY_UNIFIED_LIFO: '0' });
    const blocks = many(engine, 4000, 5);
    free(engine, blocks);
    expect(many(engine, 4000, 5)).toEqual([...blocks].reverse());
  });

  it('with HAKMEM_MID_V3_DEBUG finds a lane whose link was overwritten', () => {
    const reuse = (gates: Env): EngineInstance => {
      const engine = start(gates);
      const [ptr = 0] = many(engine, 4000, 1);
      engine.exports.free(ptr);
      new Uint32Array(engine.memory.buffer)[ptr >> 2] = 0x300010;
      engine.exports.malloc(4000);
      engine.exports.malloc(4000);
      return engine;
    };
    const checked = reuse({ ...env, HAKMEM_MID_V3_DEBUG: '1' }).exports;
    expect(checked.misuse_count()).toBe(1);
    expect(checked.misuse_last_address()).toBe(0x300010);
    expect(reuse(env).exports.misuse_count()).toBe(0);
  });
});

describe('spill queues', () => {
  const env = { HAKMEM_BG_SPILL: '1' };
  const binOf100 = 5;

  function spilled(engine: EngineInstance): number {
    return u32(engine, bgSpillLen + 4 * binOf100);
  }

  it('pass what overflows one thread’s ring to another, whose frees go back to the owner', () => {
    const share = (gates: Env): number[] => {
      const a = start(gates);
      const b = join(a);
      const blocks = many(a, 100, 200);
      free(a, blocks);
      const mine = new Set(blocks);
      const taken = many(b, 100, 120);
      const shared = taken.filter((ptr) => mine.has(ptr));
      free(b, taken);
      expect(a.exports.misuse_count()).toBe(0);
      expect(many(a, 100, 200).length).toBe(200);
      return shared;
    };
    expect(share(env).length).toBeGreaterThan(60);
    expect(share({})).toEqual([]);
  });

  it('are bounded by their target', () => {
    const left = (target: string): number => {
      const engine = start({ ...env, HAKMEM_BG_SPILL_TARGET: target });
      free(engine, many(engine, 100, 3000));
      return spilled(engine);
    };
    expect(left('0')).toBe(0);
    expect(left('100')).toBe(128);
    expect(left('1000')).toBe(1024);
  });

  it('serve a thread’s own refills, and are emptied when memory is wanted back', () => {
    const engine = start(env);
    const blocks = many(engine, 100, 300);
    free(engine, blocks);
    const before = spilled(engine);
    expect(before).toBeGreaterThan(100);
    const known = new Set(blocks);
    const again = many(engine, 100, 300);
    expect(again.filter((ptr) => known.has(ptr)).length).toBeGreaterThan(250);
    expect(spilled(engine)).toBe(0);
    free(engine, again);
    expect(spilled(engine)).toBe(before);
    while (engine.exports.malloc(0x10000000) !== 0) {}
    expect(spilled(engine)).toBe(0);
  });
});

describe('remote target length', () => {
  const classOf100 = 4;
  const queued = (engine: EngineInstance): number => u32(engine, remoteTargetLen + 4 * classOf100);

  it('counts what is on its way to its owner, and has the owner take it in when it is too much', () => {
    const left = (gates: Env): number => {
      const a = start(gates);
      const b = join(a);
      const blocks = many(a, 100, 60);
      many(a, 40, 1);
      free(b, blocks);
      // A miss of another class: the owner has 100-byte blocks left and no need of more.
      many(a, 700, 60);
      const still = queued(a);
      many(a, 100, 2000);
      expect(queued(a)).toBe(0);
      return still;
    };
    const asked = { HAKMEM_REMOTE_TARGET_LEN: '10' };
    expect(left(asked)).toBe(0);
    expect(left({ HAKMEM_REMOTE_TARGET_LEN: '' })).toBe(0);
    const a = start(asked);
    const b = join(a);
    free(b, many(a, 100, 60));
    expect(queued(a)).toBe(60);
    const off = start();
    free(join(off), many(off, 100, 60));
    expect(queued(off)).toBe(0);
  });

  it('above the target a block is handed over at once, not gathered', () => {
    const seen = (target: string): boolean => {
      const a = start({ HAKMEM_REMOTE_TARGET_LEN: target, HAKMEM_FASTLANE_DIRECT: '0' });
      const b = join(a);
      // A thread without a heap gathers nothing.
      many(b, 40, 1);
      const blocks = many(a, 100, 40);
      // Only a thread with a heap has a place to gather in.
      many(b, 40, 1);
      free(b, blocks.slice(0, 5));
      const given = new Set(blocks.slice(0, 5));
      return many(a, 100, 3000).some((ptr) => given.has(ptr));
    };
    expect(seen('2')).toBe(true);
    expect(seen('1000')).toBe(false);
  });
});

describe('learner', () => {
  const refills = 17;

  it('misses of a class that misses often become fewer', () => {
    const misses = (env: Env): number => {
      const engine = start(env, 'research');
      many(engine, 100, 20_000);
      return engine.exports.stat_read(refills);
    };
    expect(misses({ HAKMEM_LEARN: '1' })).toBeLessThan(misses({}) / 3);
  });

  it('routes a mid size to the pool until it has been used often enough', () => {
    const engine = start({ HAKMEM_ALLOC_ROUTING: '10' });
    const codes = many(engine, 5000, 15).map((ptr) => codeOf(engine, ptr) === pageCode.pool);
    expect(codes).toEqual(Array.from({ length: 15 }, (_, i) => i < 10));
    expect(codeOf(engine, many(engine, 2000, 1)[0] ?? 0)).toBe(pageCode.pool);
  });
});

describe('the forced baseline', () => {
  const env = { HAKMEM_FORCE_LIBC_ALLOC: '1' };

  it('serves every size, the front and the pools serve none', () => {
    const engine = start(env);
    const { exports } = engine;
    const blocks = [1, 8, 100, 1040, 1041, 30_000, 70_000, 5_000_000].flatMap((size) =>
      many(engine, size, 3),
    );
    blocks.push(exports.calloc(10, 10), exports.aligned_alloc(4096, 100), exports.realloc(0, 50));
    const grown = exports.realloc(exports.malloc(40_000), 400_000);
    for (const ptr of [...blocks, grown]) expect(codeOf(engine, ptr)).toBe(pageCode.libc);
    expect(exports.usable_size(grown)).toBeGreaterThanOrEqual(400_000);
    free(engine, [...blocks, grown]);
    expect(exports.misuse_count()).toBe(0);
  });

  it('reports what it can see is no block, and goes on', () => {
    const engine = start(env);
    const [ptr = 0] = many(engine, 100, 2);
    expect(misuseOf(engine, 0x7fff0010)).toBe(1);
    expect(misuseOf(engine, ptr + 4)).toBe(3);
    expect(misuseOf(engine, ptr)).toBe(0);
    expect(misuseOf(engine, ptr)).toBe(4);
    expect(engine.exports.realloc(ptr, 0)).toBe(0);
    many(engine, 100, 100);
  });

  it('out of memory is a null, and freed memory is one piece again', () => {
    const engine = start(env);
    const big: number[] = [];
    for (let p = engine.exports.malloc(0x10000000); p !== 0; p = engine.exports.malloc(0x10000000))
      big.push(p);
    expect(big.length).toBeGreaterThan(2);
    free(engine, big);
    expect(engine.exports.malloc(0x20000000)).not.toBe(0);
    expect(engine.exports.malloc(0x7fffffff)).toBe(0);
  });

  it('is not in modules without gates', () => {
    const fast = start(env, 'fast');
    expect(codeOf(fast, many(fast, 100, 1)[0] ?? 0)).toBeLessThan(pageCode.pool);
  });
});
