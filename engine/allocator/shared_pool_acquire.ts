// The shared pool hands out slabs (64 KiB) of superslabs (1 MiB) under the lock.
import { BENCH_MINIMAL } from './build_flags';
import { g_tls } from './tls';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { PAGE_MAP, PAGE_OWNER, PAGE_SHIFT, SHARED_SS_PARTIAL, SS_SHIFT } from './layout';
import { SS_NONE, shared_pool_choose } from './shared_pool_stages';
import { ss_allocate } from './ss_allocation_box';
import { SS_FREE_MASK, SS_NEXT, SS_PREV, ss_meta } from './superslab_registry';

/** Puts a superslab at the front of those with a free slab. Expects the lock. */
export function shared_pool_link(index: u32): void {
  const meta = ss_meta(index);
  const head = load<u32>(SHARED_SS_PARTIAL);
  store<u32>(meta, head, SS_NEXT);
  store<u32>(meta, 0, SS_PREV);
  if (head) store<u32>(ss_meta(head - 1), index + 1, SS_PREV);
  store<u32>(SHARED_SS_PARTIAL, index + 1);
}

/** Takes a superslab out of the partial list. Expects the lock. */
export function shared_pool_unlink(index: u32): void {
  const meta = ss_meta(index);
  const next = load<u32>(meta, SS_NEXT);
  const prev = load<u32>(meta, SS_PREV);
  if (prev) store<u32>(ss_meta(prev - 1), next, SS_NEXT);
  else store<u32>(SHARED_SS_PARTIAL, next);
  if (next) store<u32>(ss_meta(next - 1), prev, SS_PREV);
}

function acquire_locked(bin: u32): usize {
  let index = BENCH_MINIMAL ? load<u32>(SHARED_SS_PARTIAL) - 1 : shared_pool_choose(bin);
  if (index == SS_NONE) {
    index = ss_allocate();
    if (!index) return 0;
    shared_pool_link(index);
  }
  const meta = ss_meta(index);
  const mask = load<u32>(meta, SS_FREE_MASK);
  const slab = ctz(mask);
  const left = mask & (mask - 1);
  store<u32>(meta, left, SS_FREE_MASK);
  if (!left) shared_pool_unlink(index);
  const page = (index << (SS_SHIFT - PAGE_SHIFT)) + slab;
  store<u8>(PAGE_MAP + page, <u8>bin);
  store<u16>(PAGE_OWNER + (page << 1), <u16>(g_tls >>> PAGE_SHIFT));
  return <usize>page << PAGE_SHIFT;
}

/** A slab for `bin`, 0 when memory is out. */
export function shared_pool_acquire(bin: u32): usize {
  hak_lock_acquire();
  const slab = acquire_locked(bin);
  hak_lock_release();
  return slab;
}

/** Up to `count` slabs under one lock: returns the first and stores the rest at `rest` (0-terminated is the caller's). */
export function shared_pool_acquire_batch(bin: u32, count: u32, rest: usize): usize {
  hak_lock_acquire();
  const slab = acquire_locked(bin);
  for (let i: u32 = 1; i < count && slab; i++) {
    const more = acquire_locked(bin);
    if (!more) break;
    store<u32>(rest + (<usize>(i - 1) << 2), <u32>more);
  }
  hak_lock_release();
  return slab;
}
