// A new slab for a bin: from the warm pool of this thread, else from the shared pool, WARM_POOL_PREFILL_BUDGET slabs
// under one lock.
import { HAKMEM_DEBUG_COUNTERS, WARM_POOL_PREFILL_BUDGET } from './build_flags';
import { PAGE_BYTES, PAGE_SHIFT, TLS_CARVE_CUR, TLS_CARVE_END, TLS_PAGE_MAP } from './layout';
import { shared_pool_acquire } from './shared_pool_acquire';
import { ss_release_policy_before, ss_release_policy_reclaim } from './ss_release_policy_box';
import { bin_stride } from './tiny_size_class';
import { g_tls } from './tls';
import { slab_first_block } from './unified_cache';
import { warm_pool_pop, warm_pool_prefill } from './warm_pool';
import { warm_pool_record_hit, warm_pool_record_miss } from './warm_pool_stats_box';

function superslab_acquire(bin: u32): usize {
  return WARM_POOL_PREFILL_BUDGET > 1 ? warm_pool_prefill(bin) : shared_pool_acquire(bin);
}

/** Makes a fresh slab the one that `bin` carves from. False when memory is out. */
export function superslab_refill(bin: u32): bool {
  ss_release_policy_before(1);
  let slab = warm_pool_pop(bin);
  if (slab) {
    if (HAKMEM_DEBUG_COUNTERS) warm_pool_record_hit(bin);
  } else {
    if (HAKMEM_DEBUG_COUNTERS) warm_pool_record_miss(bin);
    slab = superslab_acquire(bin);
    // Out of memory: what this thread's lists hold may make a slab.
    if (!slab && ss_release_policy_reclaim()) slab = superslab_acquire(bin);
    if (!slab) return false;
  }
  store<u8>(g_tls + TLS_PAGE_MAP + (slab >>> PAGE_SHIFT), <u8>bin);
  const first = slab_first_block(slab, bin);
  const stride = bin_stride(bin);
  const blocks = (<u32>(slab + PAGE_BYTES - first)) / stride;
  store<u32>(g_tls + TLS_CARVE_CUR + (<usize>bin << 2), <u32>first);
  store<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2), <u32>(first + <usize>blocks * stride));
  return true;
}
