// A new slab for a bin: from the warm pool of this thread, else from the shared pool, WARM_POOL_PREFILL_BUDGET slabs
// under one lock. Before either, a heap whose thread has ended is taken over.
import { HAKMEM_DEBUG_COUNTERS, WARM_POOL_PREFILL_BUDGET } from './build_flags';
import { heap_adopt } from './heap_adopt';
import {
  PAGE_SHIFT,
  SHARED_ABANDONED,
  TLS_ADOPTED,
  TLS_CARVE_CUR,
  TLS_CARVE_END,
  TLS_CARVE_MORE,
  TLS_PAGE_MAP,
  TLS_UNIFIED,
} from './layout';
import { learner_enabled } from './learner_env_box';
import { remote_target_flush } from './remote_target';
import { shared_pool_acquire } from './shared_pool_acquire';
import { ss_release_policy_before, ss_release_policy_reclaim } from './ss_release_policy_box';
import { bin_stride, slab_blocks, slab_first_block } from './tiny_size_class';
import { g_tls } from './tls';
import { ss_take_fresh } from './ss_allocation_box';
import { tiny_page_box_on_taken } from './tiny_page_box';
import { lazy_zero_set_fresh } from './lazy_zero_box';
import { warm_pool_pop } from './warm_pool';
import { warm_pool_prefill } from './warm_pool_prefill_box';
import { warm_pool_record_hit, warm_pool_record_miss } from './warm_pool_stats_box';

function superslab_acquire(bin: u32): usize {
  return WARM_POOL_PREFILL_BUDGET > 1 || learner_enabled() ? warm_pool_prefill(bin) : shared_pool_acquire(bin);
}

/** Whether the bin can be served without a new slab. */
function has_blocks(bin: u32): bool {
  const at = g_tls + (<usize>bin << 2);
  return (
    (load<u32>(at, TLS_UNIFIED) | load<u32>(at, TLS_ADOPTED) | load<u32>(at, TLS_CARVE_MORE)) != 0 ||
    load<u32>(at, TLS_CARVE_CUR) < load<u32>(at, TLS_CARVE_END)
  );
}

/** Makes a fresh slab the one that `bin` carves from, or finds blocks. False when memory is out. */
export function superslab_refill(bin: u32): bool {
  remote_target_flush();
  while (load<u32>(SHARED_ABANDONED) && heap_adopt(false)) {
    if (has_blocks(bin)) return true;
  }
  ss_release_policy_before(1);
  let slab = warm_pool_pop(bin);
  if (slab) {
    if (HAKMEM_DEBUG_COUNTERS) warm_pool_record_hit(bin);
  } else {
    if (HAKMEM_DEBUG_COUNTERS) warm_pool_record_miss(bin);
    slab = superslab_acquire(bin);
    // Out of memory: what this thread's lists hold may make a slab.
    if (!slab && ss_release_policy_reclaim(true)) slab = superslab_acquire(bin);
    if (!slab) return false;
  }
  store<u8>(g_tls + TLS_PAGE_MAP + (slab >>> PAGE_SHIFT), <u8>bin);
  const first = slab_first_block(slab, bin);
  store<u32>(g_tls + TLS_CARVE_CUR + (<usize>bin << 2), <u32>first);
  store<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2), <u32>first + slab_blocks(bin) * bin_stride(bin));
  lazy_zero_set_fresh(bin, ss_take_fresh(slab));
  tiny_page_box_on_taken(bin);
  return true;
}
