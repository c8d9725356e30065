// Warm pool: slabs of a bin kept at hand by a thread, prefilled by several under one lock of the shared pool.
import { HAKMEM_DEBUG_COUNTERS, WARM_POOL_PREFILL_BUDGET } from './build_flags';
import { TLS_WARM_POOL, WARM_POOL_SLOTS } from './layout';
import { learner_prefill_budget } from './learner_box';
import { learner_enabled } from './learner_env_box';
import { shared_pool_acquire_batch } from './shared_pool_acquire';
import { g_tls } from './tls';
import { warm_pool_record_prefilled } from './warm_pool_stats_box';

@inline // leaf
function warm_pool_of(bin: u32): usize {
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

/** Fetches WARM_POOL_PREFILL_BUDGET slabs (5 at most; with the learner as many as it says), returns one and keeps the others. 0 when memory is out. */
export function warm_pool_prefill(bin: u32): usize {
  const budget = learner_enabled() ? learner_prefill_budget(bin) : min<u32>(WARM_POOL_PREFILL_BUDGET, WARM_POOL_SLOTS + 1);
  const slab = shared_pool_acquire_batch(bin, budget, warm_pool_of(bin));
  if (HAKMEM_DEBUG_COUNTERS && slab) warm_pool_record_prefilled(bin);
  return slab;
}
