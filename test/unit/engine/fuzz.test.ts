import { describe, expect, it } from 'vitest';
import type { EngineInstance } from '../../../engine/host/instantiate.ts';
import { backendGates, builtVariants, engineFor, parametersFor } from './engine.ts';

/** Deterministic numbers for the driver. */
function generator(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

interface Live {
  readonly ptr: number;
  readonly size: number;
  readonly byte: number;
}

/** Sizes of all kinds: mostly tiny, some mid, few large, and the edges of each. */
function drawSize(random: (below: number) => number): number {
  const edges = [
    0, 1, 7, 8, 9, 16, 17, 255, 256, 257, 1023, 1024, 1040, 1041, 1280, 1281, 32767, 32768, 32769,
  ];
  switch (random(10)) {
    case 0:
      return edges[random(edges.length)] ?? 0;
    case 1:
      return 1041 + random(40_000);
    case 2:
      return random(20) === 0 ? 65_536 + random(400_000) : random(2048);
    default:
      return random(1100);
  }
}

/** A shadow of the heap: which objects live, what they hold, and that none overlaps another. */
class Shadow {
  readonly live: Live[] = [];
  /** Id of the owner of each 8 bytes of memory, 0 where none: every block is aligned to 8. */
  #owners = new Uint32Array(1 << 23);
  #next = 1;

  constructor(readonly engine: EngineInstance) {}

  get bytes(): Uint8Array {
    return new Uint8Array(this.engine.memory.buffer);
  }

  add(ptr: number, size: number, alignment: number): void {
    const at = ptr >>> 0;
    expect(at, 'an allocation failed').toBeGreaterThan(0);
    expect(at % alignment).toBe(0);
    expect(this.engine.exports.usable_size(ptr) >>> 0).toBeGreaterThanOrEqual(size);
    const [from, to] = [at >>> 3, (at + Math.max(size, 1) + 7) >>> 3];
    expect(
      this.#owners.subarray(from, to).every((o) => o === 0),
      `block at ${at} overlaps`,
    ).toBe(true);
    this.#owners.fill(this.#next++, from, to);
    const byte = 1 + (this.#next % 255);
    this.bytes.fill(byte, at, at + size);
    this.live.push({ ptr: at, size, byte });
  }

  check({ ptr, size, byte }: Live, length = size): void {
    expect(this.bytes.subarray(ptr, ptr + Math.min(size, length)).every((b) => b === byte)).toBe(true);
  }

  take(index: number): Live {
    const last = this.live.pop();
    if (last === undefined) throw new Error('nothing lives');
    const taken = index === this.live.length ? last : this.live[index];
    if (taken === undefined) throw new Error('no such object');
    if (taken !== last) this.live[index] = last;
    this.#owners.fill(0, taken.ptr >>> 3, (taken.ptr + Math.max(taken.size, 1) + 7) >>> 3);
    return taken;
  }
}

function fuzz(
  variant: string,
  seed: number,
  operations: number,
  env: Readonly<Record<string, string>> = {},
): EngineInstance {
  const engine = engineFor(variant, parametersFor('mixed', 1000), env);
  const { exports } = engine;
  const random = generator(seed);
  const shadow = new Shadow(engine);
  for (let i = 0; i < operations; i++) {
    const size = drawSize(random);
    const choice = random(shadow.live.length > 600 ? 14 : 10);
    if (choice < 4 || shadow.live.length === 0) {
      shadow.add(exports.malloc(size), size, size >= 16 ? 16 : 8);
    } else if (choice === 4) {
      const ptr = exports.calloc(1, size);
      const zero = shadow.bytes.subarray(ptr >>> 0, (ptr >>> 0) + size).every((b) => b === 0);
      expect(zero, 'calloc left bytes').toBe(true);
      shadow.add(ptr, size, size >= 16 ? 16 : 8);
    } else if (choice === 5) {
      const alignment = 1 << random(17);
      shadow.add(exports.aligned_alloc(alignment, size), size, Math.max(8, alignment));
    } else if (choice === 6) {
      const old = shadow.take(random(shadow.live.length));
      shadow.check(old);
      const grown = size === 0 ? 1 : size;
      const ptr = exports.realloc(old.ptr, grown) >>> 0;
      shadow.check({ ...old, ptr }, grown);
      shadow.add(ptr, grown, grown >= 16 ? 16 : 8);
    } else {
      const old = shadow.take(random(shadow.live.length));
      shadow.check(old);
      exports.free(old.ptr);
    }
  }
  while (shadow.live.length > 0) {
    const old = shadow.take(shadow.live.length - 1);
    shadow.check(old);
    exports.free(old.ptr);
  }
  expect(exports.engine_invalid_frees()).toBe(0);
  return engine;
}

describe('the allocator against a shadow model', () => {
  for (const variant of builtVariants) {
    for (const seed of [1, 77, 4242]) {
      it(`${variant}, seed ${seed}`, () => {
        fuzz(variant, seed, 8000);
      });
    }
  }

  for (const [name, env] of Object.entries(backendGates)) {
    // `research` checks its lists at every refill.
    for (const variant of name === 'all at once' ? ['standard', 'research'] : ['standard']) {
      it(`${variant} with ${name}`, () => {
        fuzz(variant, 99, 5000, env);
      });
    }
  }

  for (const variant of ['fast', 'standard'] as const) {
    it(`${variant} serves a second round of the same work from the memory of the first`, () => {
      const engine = engineFor(variant, parametersFor('mixed', 1000));
      const { exports } = engine;
      const round = (): void => {
        const ptrs = Array.from({ length: 3000 }, (_, i) => exports.malloc(1 + ((i * 37) % 60_000)));
        expect(ptrs.every((p) => p !== 0)).toBe(true);
        for (const p of ptrs) exports.free(p);
      };
      round();
      const top = exports.engine_heap_top();
      for (let i = 0; i < 5; i++) round();
      expect(exports.engine_heap_top()).toBe(top);
    });
  }
});

describe('memory goes back', () => {
  for (const variant of builtVariants) {
    it(`${variant}: freed blocks of one class serve another, and large objects`, () => {
      const { exports } = engineFor(variant, parametersFor('mixed', 1000));
      const fill = (size: number, count: number): number[] =>
        Array.from({ length: count }, () => exports.malloc(size) >>> 0);
      const small = fill(48, 700_000);
      expect(small.every((p) => p !== 0)).toBe(true);
      const top = exports.engine_heap_top() >>> 0;
      for (const p of small) exports.free(p);
      const other = fill(1000, 30_000);
      expect(new Set(other).size).toBe(30_000);
      for (const p of other) exports.free(p);
      for (const p of fill(10_000_000, 2)) expect(p).not.toBe(0);
      expect((exports.engine_heap_top() >>> 0) / top).toBeLessThan(1.4);
    });
  }

  it('when memory is out, a small class makes way for a large object', () => {
    const { exports } = engineFor('fast', parametersFor('mixed', 1000));
    const held: number[] = [];
    for (let p = exports.malloc(0x10000000); p !== 0; p = exports.malloc(0x10000000)) held.push(p);
    const small: number[] = [];
    for (let p = exports.malloc(30_000); p !== 0; p = exports.malloc(30_000)) small.push(p);
    // The gaps between superslabs.
    for (let p = exports.malloc(500_000); p !== 0; p = exports.malloc(500_000)) held.push(p);
    for (const p of small) exports.free(p);
    expect(exports.malloc(500_000)).not.toBe(0);
  });
});

describe('edges', () => {
  for (const variant of builtVariants) {
    it(`${variant}: null, zero sizes, overflow, foreign pointers`, () => {
      const { exports, harness } = engineFor(variant, parametersFor('mixed', 1000));
      exports.free(0);
      expect(exports.usable_size(0)).toBe(0);
      expect(exports.malloc(0)).not.toBe(0);
      expect(exports.calloc(0x10000, 0x10000)).toBe(0);
      expect(exports.malloc(-1)).toBe(0);
      expect(exports.aligned_alloc(3, 8)).toBe(0);
      expect(exports.aligned_alloc(0x20000, 8)).toBe(0);
      const p = exports.malloc(100);
      expect(exports.realloc(p, 0)).toBe(0);
      expect(exports.engine_invalid_frees()).toBe(0);
      exports.free(harness + 64);
      exports.free(0x7fff0008);
      expect(exports.engine_invalid_frees()).toBe(2);
    });

    it(`${variant}: out of memory is a null, and the heap goes on`, () => {
      const { exports } = engineFor(variant, parametersFor('mixed', 1000));
      const big: number[] = [];
      for (let p = exports.malloc(0x20000000); p !== 0; p = exports.malloc(0x20000000)) big.push(p);
      expect(big.length).toBeGreaterThan(2);
      expect(exports.engine_oom_count()).toBeGreaterThan(0);
      for (const p of big) exports.free(p);
      const again = exports.malloc(0x20000000);
      expect(again).not.toBe(0);
      expect(exports.malloc(100)).not.toBe(0);
    });
  }
});
