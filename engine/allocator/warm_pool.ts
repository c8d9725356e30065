// Warm pool: slabs of a bin kept at hand by a thread (filled by warm_pool_prefill_box.ts).
import { TLS_WARM_POOL, WARM_POOL_SLOTS } from './layout';
import { g_tls } from './tls';

/** The slots of a bin, u32 each; 0 is none. */
@inline // leaf
export function warm_pool_of(bin: u32): usize {
  return g_tls + TLS_WARM_POOL + <usize>bin * WARM_POOL_SLOTS * 4;
}

/** A slab of the pool, 0 when it is empty. */
export function warm_pool_pop(bin: u32): usize {
  const pool = warm_pool_of(bin);
  for (let i: u32 = 0; i < WARM_POOL_SLOTS; i++) {
    const slab: usize = load<u32>(pool + (i << 2));
    if (slab) {
      store<u32>(pool + (i << 2), 0);
      return slab;
    }
  }
  return 0;
}
