// Pool v1: the older backend of the mid sizes. One pool for all threads, every operation under the lock. It serves where
// MID v3 does not (off, a class of it off, pruned), and what Pool v2 leaves to it.
import { hak_lock_acquire, hak_lock_release } from './lock';
import { PAGE_MAP, PAGE_SHIFT } from './layout';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import { hak_pool_v2_enabled } from './pool_config_box';
import { pool_hotbox_v2_alloc, pool_hotbox_v2_reclaim, pool_hotbox_v2_return } from './pool_hotbox_v2_box';
import {
  POOL_CLASS,
  POOL_CLASSES,
  POOL_NEXT,
  POOL_OWNER,
  POOL_RETURNED,
  pool_all_free,
  pool_bit,
  pool_block,
  pool_class_of_size,
  pool_descriptor,
  pool_link,
  pool_page_new,
  pool_page_release,
  pool_unlink,
} from './pool_page_box';
import { PAGE_POOL, SHARED_POOL_PARTIAL } from './pools_layout';
import { ss_release_policy_before, ss_release_policy_reclaim } from './ss_release_policy_box';
import { CLASS_MID } from './tiny_size_class';

@inline // leaf
export function pool_partial(ci: u32): usize {
  return SHARED_POOL_PARTIAL + (<usize>ci << 2);
}

/** Takes a block of a page, which leaves the list when it was the last. Expects the lock. */
function pool_take(ci: u32, page: u32): usize {
  const at = pool_descriptor(page);
  const free = load<u64>(at);
  const left = free & (free - 1);
  store<u64>(at, left);
  if (!left) pool_unlink(pool_partial(ci), page);
  return pool_block(page, <u32>ctz(free), ci);
}

/** A block of a pool class, 0 when memory is out. */
export function hak_pool_try_alloc_v1_impl(ci: u32): usize {
  hak_lock_acquire();
  let page = load<u32>(pool_partial(ci));
  if (!page) {
    hak_lock_release();
    ss_release_policy_before(1);
    hak_lock_acquire();
    page = load<u32>(pool_partial(ci));
    if (!page) {
      page = pool_page_new(ci, 0);
      if (page) pool_link(pool_partial(ci), page);
    }
  }
  const ptr = page ? pool_take(ci, page) : 0;
  hak_lock_release();
  return ptr;
}

@inline // leaf
function pool_alloc_class(ci: u32): usize {
  return hak_pool_v2_enabled() ? pool_hotbox_v2_alloc(ci) : hak_pool_try_alloc_v1_impl(ci);
}

/** A block of at least `size` bytes (1025 .. MID_MAX_SIZE) from the pool, v2 or v1 by the gate; 0 when memory is out. */
export function hak_pool_try_alloc(size: usize): usize {
  const ci = pool_class_of_size(size);
  const ptr = pool_alloc_class(ci);
  return ptr || !ss_release_policy_reclaim(true) ? ptr : pool_alloc_class(ci);
}

/** Marks a block free in a page without an owner. Expects the lock. */
function pool_put(at: usize, page: u32, bit: u64): void {
  const ci: u32 = load<u8>(at, POOL_CLASS);
  const before = load<u64>(at);
  const list = pool_partial(ci);
  store<u64>(at, before | bit);
  if (!before) pool_link(list, page);
  // One page of a class stays, so that a block that comes and goes does not take its page along.
  if ((before | bit) == pool_all_free(ci) && (load<u32>(list) != page || load<u16>(at, POOL_NEXT))) {
    pool_unlink(list, page);
    pool_page_release(page);
  }
}

/** Frees a block that hak_pool_mid_lookup has found: of Pool v1, or of another thread's Pool v2. A second free is reported. */
export function hak_pool_free_v1_slow_impl(ptr: usize): void {
  const page = <u32>(ptr >>> PAGE_SHIFT);
  const at = pool_descriptor(page);
  hak_lock_acquire();
  // Looked at again under the lock: the page may have gone meanwhile.
  let known = load<u8>(PAGE_MAP + page) == PAGE_POOL;
  if (known) {
    const bit = pool_bit(ptr, load<u8>(at, POOL_CLASS));
    known = ((load<u64>(at) | load<u64>(at, POOL_RETURNED)) & bit) == 0;
    if (known) {
      if (hak_pool_v2_enabled() && load<u16>(at, POOL_OWNER)) pool_hotbox_v2_return(at, page, bit);
      else pool_put(at, page, bit);
    }
  }
  hak_lock_release();
  if (!known) misuse_report(MISUSE_DOUBLE_FREE, ptr, CLASS_MID);
}

/** Gives back the pages that nothing is in use of: those of Pool v1, and this thread's of Pool v2. How many there were. */
export function hak_pool_reclaim(): u32 {
  let released: u32 = 0;
  hak_lock_acquire();
  for (let ci: u32 = 0; ci < POOL_CLASSES; ci++) {
    const list = pool_partial(ci);
    let page = load<u32>(list);
    while (page) {
      const at = pool_descriptor(page);
      const next: u32 = load<u16>(at, POOL_NEXT);
      if (load<u64>(at) == pool_all_free(ci)) {
        pool_unlink(list, page);
        pool_page_release(page);
        released++;
      }
      page = next;
    }
  }
  if (hak_pool_v2_enabled()) released += pool_hotbox_v2_reclaim();
  hak_lock_release();
  return released;
}
