// random_mixed with a clock around every operation. Its own pass: the clock would disturb the timed ones.
import { HARNESS_BASE } from '../allocator/layout';
import { free, malloc } from '../allocator/wrappers';
import { step } from './random';

/** Nanoseconds, from the host. */
@external('env', 'now')
declare function now(): f64;

/** Nanoseconds of each operation go to `out`, u32 each. Returns the operations done. */
export function random_mixed_latency(
  iters: u32,
  ws: u32,
  min: u32,
  max: u32,
  seed: u32,
  out: usize,
): u32 {
  const span = max - min + 1;
  let x = seed;
  for (let i: u32 = 0; i < iters; i++) {
    x = step(x);
    const slot = HARNESS_BASE + (<usize>(x % ws) << 2);
    const n = min + ((x >>> 8) % span);
    const old: usize = load<u32>(slot);
    let p: usize = 0;
    const start = now();
    if (old) free(old);
    else p = malloc(n);
    const took = now() - start;
    store<u32>(out + (<usize>i << 2), <u32>took);
    if (!old) {
      if (!p) return i;
      store<u8>(p, 1);
      store<u8>(p + n - 1, 1);
    }
    store<u32>(slot, <u32>p);
  }
  return iters;
}

/** The clock's own cost: the same readings with nothing between them. */
export function latency_overhead(count: u32, out: usize): void {
  for (let i: u32 = 0; i < count; i++) {
    const start = now();
    const took = now() - start;
    store<u32>(out + (<usize>i << 2), <u32>took);
  }
}
