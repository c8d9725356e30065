// floor: random_mixed without an allocator. What the loop itself costs.
import { HARNESS_BASE } from '../allocator/layout';
import { step } from './random';

/** One timed pass. `area` holds ws * stride bytes, resident before timing; stride as the workloads' definition says. */
export function floor(iters: u32, ws: u32, min: u32, max: u32, seed: u32, area: usize): u32 {
  const span = max - min + 1;
  const stride = ((max + 15) & ~15) + 16;
  let x = seed;
  for (let left = iters; left; left--) {
    x = step(x);
    const idx = x % ws;
    const slot = HARNESS_BASE + (<usize>idx << 2);
    const old: usize = load<u32>(slot);
    if (old) {
      store<u32>(slot, 0);
    } else {
      const n = min + ((x >>> 8) % span);
      const p = area + <usize>(idx * stride);
      store<u8>(p, 1);
      store<u8>(p + n - 1, 1);
      store<u32>(slot, <u32>p);
    }
  }
  return iters;
}
