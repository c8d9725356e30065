/** A driver that checks the allocator against a shadow of its heap. */
import { expect } from 'vitest';
import type { EngineInstance } from '../../../engine/host/instantiate.ts';
import { engineFor, parametersFor } from './engine.ts';

/** Deterministic numbers for the driver. */
export function generator(seed: number): (below: number) => number {
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

export interface FuzzOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Called now and then between two operations. */
  readonly disturb?: (engine: EngineInstance) => void;
}

/** `operations` of all kinds, then everything freed. Returns the engine for more checks. */
export function fuzz(
  variant: string,
  seed: number,
  operations: number,
  options: FuzzOptions = {},
): EngineInstance {
  const engine = engineFor(variant, parametersFor('mixed', 1000), options.env ?? {});
  const { exports } = engine;
  const random = generator(seed);
  const shadow = new Shadow(engine);
  for (let i = 0; i < operations; i++) {
    if (i % 500 === 499) options.disturb?.(engine);
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
