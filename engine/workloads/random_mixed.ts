// random_mixed: one iteration is one operation, a free where the drawn slot is occupied, else an allocation. The slots (u32
// each) are at HARNESS_BASE: an address that is a constant is no local that has to be saved around every call.
import { HARNESS_BASE } from '../allocator/layout';
import { free, malloc } from '../allocator/wrappers';
import { step } from './random';

/**
 * One timed pass over `ws` empty slots. Returns the iterations done: fewer than `iters` when memory ran out.
 * `random_mixed_drain` ends the pass.
 */
export function random_mixed(iters: u32, ws: u32, min: u32, max: u32, seed: u32): u32 {
  const span = max - min + 1;
  let x = seed;
  for (let left = iters; left; left--) {
    x = step(x);
    const slot = HARNESS_BASE + (<usize>(x % ws) << 2);
    const old: usize = load<u32>(slot);
    if (old) {
      free(old);
      store<u32>(slot, 0);
    } else {
      const n = min + ((x >>> 8) % span);
      const p = malloc(n);
      if (!p) return iters - left;
      store<u8>(p, 1);
      store<u8>(p + n - 1, 1);
      store<u32>(slot, <u32>p);
    }
  }
  return iters;
}

/** Untimed: frees all occupied slots in ascending order and empties them. */
export function random_mixed_drain(ws: u32): void {
  for (let i: u32 = 0; i < ws; i++) {
    const slot = HARNESS_BASE + (<usize>i << 2);
    const p: usize = load<u32>(slot);
    if (p) free(p);
    store<u32>(slot, 0);
  }
}
