// Pool v2 hotbox: pages of the pool that belong to a thread, so that allocating and freeing in them takes no lock. What it
// cannot serve falls back to Pool v1.
import { bulk_fill } from './bulk';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { PAGE_MAP, PAGE_SHIFT, SHARED_TOP_PAGE } from './layout';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import {
  POOL_V2_ALLOC_CALLS,
  POOL_V2_ALLOC_FALLBACK_V1,
  POOL_V2_ALLOC_FAST,
  POOL_V2_ALLOC_REFILL,
  POOL_V2_ALLOC_REFILL_FAIL,
  POOL_V2_FREE_CALLS,
  POOL_V2_FREE_FALLBACK_V1,
  POOL_V2_FREE_FAST,
  POOL_V2_PAGE_OF_FAIL_NO_HEADER,
  POOL_V2_PAGE_OF_FAIL_MISALIGNED,
  POOL_V2_PAGE_OF_FAIL_RANGE,
  POOL_V2_PAGE_OF_FAIL_UNKNOWN,
  pool_hotbox_v2_stat_inc,
} from './pool_hotbox_v2_stats_box';
import {
  POOL_CLASS,
  POOL_CLASSES,
  POOL_LINKED,
  POOL_NEXT,
  POOL_NEXT_RETURNED,
  POOL_OWNER,
  POOL_RETURNED,
  hak_pool_mid_lookup,
  pool_all_free,
  pool_bit,
  pool_block,
  pool_descriptor,
  pool_link,
  pool_page_new,
  pool_page_release,
  pool_unlink,
} from './pool_page_box';
import { hak_pool_try_alloc_v1_impl, pool_partial } from './pool_v1';
import { PAGE_POOL, SHARED_POOL_TABLE, TLS_POOL_V2, TLS_POOL_V2_RETURNED } from './pools_layout';
import { ss_release_policy_before } from './ss_release_policy_box';
import { CLASS_MID } from './tiny_size_class';
import { g_tls } from './tls';

/** This thread's pages of a class: +0 the current one, +4 the list of others with a free block. */
@inline // leaf
function hot_pages(ci: u32): usize {
  return g_tls + TLS_POOL_V2 + (<usize>ci << 3);
}

/** Merges what other threads have returned to this thread's pages. Expects the lock. */
function collect_returned(): void {
  let page = load<u32>(g_tls, TLS_POOL_V2_RETURNED);
  store<u32>(g_tls, 0, TLS_POOL_V2_RETURNED);
  while (page) {
    const at = pool_descriptor(page);
    const hot = hot_pages(load<u8>(at, POOL_CLASS));
    store<u64>(at, load<u64>(at) | load<u64>(at, POOL_RETURNED));
    store<u64>(at, 0, POOL_RETURNED);
    if (load<u32>(hot) != page && !load<u8>(at, POOL_LINKED)) pool_link(hot + 4, page);
    page = load<u16>(at, POOL_NEXT_RETURNED);
  }
}

/** A page with a free block becomes the current one: the thread's own, one of Pool v1, a fresh one. 0 when memory is out. */
function pool_hotbox_v2_refill(ci: u32): u32 {
  const hot = hot_pages(ci);
  // Nothing is free in the current page: it comes back when something is freed in it.
  store<u32>(hot, 0);
  let page = load<u32>(hot, 4);
  if (!page) {
    ss_release_policy_before(1);
    hak_lock_acquire();
    collect_returned();
    page = load<u32>(hot, 4);
    if (!page) {
      const me = <u32>(g_tls >>> PAGE_SHIFT);
      page = load<u32>(pool_partial(ci));
      if (page) {
        pool_unlink(pool_partial(ci), page);
        store<u16>(pool_descriptor(page), <u16>me, POOL_OWNER);
      } else {
        page = pool_page_new(ci, me);
      }
      store<u32>(hot, page);
      hak_lock_release();
      return page;
    }
    hak_lock_release();
  }
  pool_unlink(hot + 4, page);
  store<u32>(hot, page);
  return page;
}

@inline // leaf
function take_hot(ci: u32, page: u32): usize {
  const at = pool_descriptor(page);
  const free = load<u64>(at);
  if (!free) return 0;
  store<u64>(at, free & (free - 1));
  return pool_block(page, <u32>ctz(free), ci);
}

/** A block of a pool class, 0 when memory is out. The thread has a heap. */
export function pool_hotbox_v2_alloc(ci: u32): usize {
  pool_hotbox_v2_stat_inc(ci, POOL_V2_ALLOC_CALLS);
  let page = load<u32>(hot_pages(ci));
  if (page) {
    const ptr = take_hot(ci, page);
    if (ptr) {
      pool_hotbox_v2_stat_inc(ci, POOL_V2_ALLOC_FAST);
      return ptr;
    }
  }
  pool_hotbox_v2_stat_inc(ci, POOL_V2_ALLOC_REFILL);
  page = pool_hotbox_v2_refill(ci);
  if (page) return take_hot(ci, page);
  pool_hotbox_v2_stat_inc(ci, POOL_V2_ALLOC_REFILL_FAIL);
  pool_hotbox_v2_stat_inc(ci, POOL_V2_ALLOC_FALLBACK_V1);
  return hak_pool_try_alloc_v1_impl(ci);
}

/** Descriptor of the v2 page that `ptr` is a block of, 0 when there is none. */
function pool_hotbox_v2_page_of(ptr: usize): usize {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  if (page >= load<u32>(SHARED_TOP_PAGE)) {
    pool_hotbox_v2_stat_inc(0, POOL_V2_PAGE_OF_FAIL_RANGE);
    return 0;
  }
  if (load<u8>(PAGE_MAP + page) != PAGE_POOL) {
    pool_hotbox_v2_stat_inc(0, POOL_V2_PAGE_OF_FAIL_NO_HEADER);
    return 0;
  }
  const at = hak_pool_mid_lookup(ptr);
  if (!at) {
    pool_hotbox_v2_stat_inc(load<u8>(pool_descriptor(page), POOL_CLASS), POOL_V2_PAGE_OF_FAIL_MISALIGNED);
    return 0;
  }
  if (!load<u16>(at, POOL_OWNER)) {
    pool_hotbox_v2_stat_inc(load<u8>(at, POOL_CLASS), POOL_V2_PAGE_OF_FAIL_UNKNOWN);
    return 0;
  }
  return at;
}

/** Frees a block of this thread's v2 pages; false when `ptr` is anything else, which is then for Pool v1 or the others. */
export function pool_hotbox_v2_free(ptr: usize): bool {
  const at = pool_hotbox_v2_page_of(ptr);
  const ci: u32 = at ? load<u8>(at, POOL_CLASS) : 0;
  pool_hotbox_v2_stat_inc(ci, POOL_V2_FREE_CALLS);
  if (!at) {
    pool_hotbox_v2_stat_inc(ci, POOL_V2_FREE_FALLBACK_V1);
    return false;
  }
  if (load<u16>(at, POOL_OWNER) != <u16>(g_tls >>> PAGE_SHIFT)) {
    pool_hotbox_v2_stat_inc(ci, POOL_V2_FREE_FALLBACK_V1);
    return false;
  }
  const bit = pool_bit(ptr, ci);
  const before = load<u64>(at);
  if ((before | load<u64>(at, POOL_RETURNED)) & bit) {
    misuse_report(MISUSE_DOUBLE_FREE, ptr, CLASS_MID);
    return true;
  }
  pool_hotbox_v2_stat_inc(ci, POOL_V2_FREE_FAST);
  store<u64>(at, before | bit);
  const page = <u32>(ptr >>> PAGE_SHIFT);
  const hot = hot_pages(ci);
  if (load<u32>(hot) == page) return true;
  if (!load<u8>(at, POOL_LINKED)) pool_link(hot + 4, page);
  if ((before | bit) == pool_all_free(ci) && (load<u32>(hot, 4) != page || load<u16>(at, POOL_NEXT))) {
    pool_unlink(hot + 4, page);
    hak_lock_acquire();
    pool_page_release(page);
    hak_lock_release();
  }
  return true;
}

/** Puts a block back that another thread owns the page of. Expects the lock. */
export function pool_hotbox_v2_return(at: usize, page: u32, bit: u64): void {
  const returned = load<u64>(at, POOL_RETURNED);
  store<u64>(at, returned | bit, POOL_RETURNED);
  if (returned) return;
  const owner = <usize>load<u16>(at, POOL_OWNER) << PAGE_SHIFT;
  store<u16>(at, <u16>load<u32>(owner, TLS_POOL_V2_RETURNED), POOL_NEXT_RETURNED);
  store<u32>(owner, page, TLS_POOL_V2_RETURNED);
}

/** Gives back this thread's pages that nothing is in use of. Expects the lock. */
export function pool_hotbox_v2_reclaim(): u32 {
  let released: u32 = 0;
  collect_returned();
  for (let ci: u32 = 0; ci < POOL_CLASSES; ci++) {
    const hot = hot_pages(ci);
    const current = load<u32>(hot);
    if (current) {
      store<u32>(hot, 0);
      if (load<u64>(pool_descriptor(current))) pool_link(hot + 4, current);
    }
    let page = load<u32>(hot, 4);
    while (page) {
      const at = pool_descriptor(page);
      const next: u32 = load<u16>(at, POOL_NEXT);
      if (load<u64>(at) == pool_all_free(ci)) {
        pool_unlink(hot + 4, page);
        pool_page_release(page);
        released++;
      }
      page = next;
    }
  }
  return released;
}

/** The pages of a heap whose thread has ended become Pool v1's. */
export function pool_hotbox_v2_adopt(heap: usize): void {
  if (!load<u32>(SHARED_POOL_TABLE)) return;
  hak_lock_acquire();
  const owner = <u32>(heap >>> PAGE_SHIFT);
  const top = load<u32>(SHARED_TOP_PAGE);
  for (let page: u32 = 0; page < top; page++) {
    if (load<u8>(PAGE_MAP + page) != PAGE_POOL) continue;
    const at = pool_descriptor(page);
    if (load<u16>(at, POOL_OWNER) != owner) continue;
    const ci: u32 = load<u8>(at, POOL_CLASS);
    const free = load<u64>(at) | load<u64>(at, POOL_RETURNED);
    store<u64>(at, free);
    store<u64>(at, 0, POOL_RETURNED);
    store<u16>(at, 0, POOL_OWNER);
    store<u8>(at, 0, POOL_LINKED);
    if (free == pool_all_free(ci)) pool_page_release(page);
    else if (free) pool_link(pool_partial(ci), page);
  }
  bulk_fill(heap + TLS_POOL_V2, 0, <usize>POOL_CLASSES << 3);
  store<u32>(heap, 0, TLS_POOL_V2_RETURNED);
  hak_lock_release();
}
