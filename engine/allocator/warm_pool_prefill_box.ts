// Prefill of an empty warm pool: several slabs at once, within a budget.
import { HAKMEM_DEBUG_COUNTERS, WARM_POOL_PREFILL_BUDGET } from './build_flags';
import { WARM_POOL_SLOTS } from './layout';
import { shared_pool_acquire, shared_pool_acquire_batch } from './shared_pool_acquire';
import { learner_prefill_budget } from './learner_box';
import { learner_enabled } from './learner_env_box';
import { ss_batch_acquire_enabled } from './ss_acquire_env_box';
import { ss_mem_lean_enabled } from './ss_mem_lean_env_box';
import { warm_pool_of } from './warm_pool';
import { warm_pool_record_prefilled } from './warm_pool_stats_box';

/** A lock for each slab: what shared_pool_acquire_batch replaced. */
function acquire_one_by_one(bin: u32, count: u32, rest: usize): usize {
  const slab = shared_pool_acquire(bin);
  for (let i: u32 = 1; i < count && slab; i++) {
    const more = shared_pool_acquire(bin);
    if (!more) break;
    store<u32>(rest + (<usize>(i - 1) << 2), <u32>more);
  }
  return slab;
}

/** Fetches WARM_POOL_PREFILL_BUDGET slabs (5 at most; with the learner as many as it says; 1 in lean mode), returns one and keeps the others; 0: out of memory. */
export function warm_pool_prefill(bin: u32): usize {
  const count = ss_mem_lean_enabled()
    ? 1
    : learner_enabled()
      ? learner_prefill_budget(bin)
      : min<u32>(WARM_POOL_PREFILL_BUDGET, WARM_POOL_SLOTS + 1);
  const rest = warm_pool_of(bin);
  const slab = ss_batch_acquire_enabled() ? shared_pool_acquire_batch(bin, count, rest) : acquire_one_by_one(bin, count, rest);
  if (HAKMEM_DEBUG_COUNTERS && slab) warm_pool_record_prefilled(bin);
  return slab;
}
