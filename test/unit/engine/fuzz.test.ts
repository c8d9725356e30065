import { describe, expect, it } from 'vitest';
import { backendGates, builtVariants, engineFor, parametersFor } from './engine.ts';
import { fuzz } from './shadow.ts';

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
        fuzz(variant, 99, 5000, { env });
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
