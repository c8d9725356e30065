// Heaps whose thread has ended. A new thread starts with such a heap as it is (tls_attach); a thread that needs memory takes
// over all that one holds and leaves its block spare. Blocks that somebody frees to the old heap afterwards are found in its
// remote queue and go on to the owner of their page.
import { BENCH_MINIMAL } from './build_flags';
import { hak_pool_v2_enabled } from './pool_config_box';
import { pool_hotbox_v2_adopt } from './pool_hotbox_v2_box';
import { TLS_MID_LANES } from './pools_layout';
import {
  PAGE_OWNER,
  PAGE_SHIFT,
  SHARED_ABANDONED,
  SHARED_SPARE,
  SHARED_TOP_PAGE,
  TLS_ABANDONED_TOP,
  TLS_ADOPTED,
  TLS_C7_HOT,
  TLS_C7_ULTRA,
  TLS_CARVE_CUR,
  TLS_CARVE_END,
  TLS_CARVE_MORE,
  TLS_HEAP_BOX,
  TLS_HEAP_META,
  TLS_NEXT_HEAP,
  TLS_PAGE_MAP,
  TLS_RINGS,
  TLS_UNIFIED,
  TLS_WARM_POOL,
  WARM_POOL_SLOTS,
  RING_BYTES,
  RING_SLOTS,
} from './layout';
import { hak_lock_acquire, hak_lock_release } from './lock';
import { remote_target_take } from './remote_target';
import { shared_pool_release } from './shared_pool_release';
import { bg_spill_enabled, tiny_free_magazine_return } from './tiny_free_magazine';
import { ALIGNED_FIRST, LAST_BIN, MID_FIRST, TINY_BINS, TINY_CLASSES } from './tiny_size_class';
import { g_tls, heap_list_pop, heap_list_push } from './tls';

/** Puts the list at `from` behind whatever this thread already has of the bin, and empties it. */
function adopt_list(from: usize, bin: u32): void {
  const list = load<u32>(from);
  if (!list) return;
  store<u32>(from, 0);
  const own = g_tls + (<usize>bin << 2);
  if (!load<u32>(own, TLS_ADOPTED)) {
    store<u32>(own, list, TLS_ADOPTED);
    return;
  }
  // Two lists have to become one: the end of the new one is looked for.
  let last: usize = list;
  while (load<u32>(last)) last = load<u32>(last);
  store<u32>(last, load<u32>(own, TLS_ADOPTED));
  store<u32>(own, list, TLS_ADOPTED);
}

function adopt_ring(heap: usize, bin: u32): void {
  const ring = heap + TLS_RINGS + <usize>(bin - 1) * RING_BYTES;
  const tail = load<u32>(ring, 4);
  for (let at = load<u32>(ring); at != tail; at++) {
    const block: usize = load<u32>(ring + ((at & (RING_SLOTS - 1)) << 2), 8);
    const own = g_tls + (<usize>bin << 2);
    store<u32>(block, load<u32>(own, TLS_ADOPTED));
    store<u32>(own, <u32>block, TLS_ADOPTED);
  }
  store<u32>(ring, 0);
  store<u32>(ring, 0, 4);
}

/** An uncarved stretch keeps its link and its end in its own first 8 bytes. */
function adopt_stretch(at: usize, end: u32, bin: u32): void {
  const own = g_tls + (<usize>bin << 2);
  store<u32>(at, load<u32>(own, TLS_CARVE_MORE));
  store<u32>(at, end, 4);
  store<u32>(own, <u32>at, TLS_CARVE_MORE);
}

function adopt_carving(heap: usize, bin: u32): void {
  const theirs = heap + (<usize>bin << 2);
  const cur = load<u32>(theirs, TLS_CARVE_CUR);
  const end = load<u32>(theirs, TLS_CARVE_END);
  if (cur < end) adopt_stretch(cur, end, bin);
  store<u32>(theirs, 0, TLS_CARVE_CUR);
  store<u32>(theirs, 0, TLS_CARVE_END);
  let more: usize = load<u32>(theirs, TLS_CARVE_MORE);
  while (more) {
    const next: usize = load<u32>(more);
    adopt_stretch(more, load<u32>(more, 4), bin);
    more = next;
  }
  store<u32>(theirs, 0, TLS_CARVE_MORE);
}

/** A lane of MID v3 is a list with a length. */
function adopt_lane(heap: usize, bin: u32): void {
  if (bin < MID_FIRST || bin >= ALIGNED_FIRST) return;
  const lane = heap + TLS_MID_LANES + (<usize>(bin - MID_FIRST) << 3);
  adopt_list(lane, bin);
  store<u32>(lane, 0, 4);
}

/** Slabs that the warm pool held for a bin are still whole: they go back. */
function adopt_warm_pool(heap: usize, bin: u32): void {
  const pool = heap + TLS_WARM_POOL + <usize>bin * WARM_POOL_SLOTS * 4;
  for (let i: u32 = 0; i < WARM_POOL_SLOTS; i++) {
    const slab: usize = load<u32>(pool + (i << 2));
    if (!slab) continue;
    store<u32>(pool + (i << 2), 0);
    shared_pool_release(slab);
  }
}

/**
 * Pages that the heap must have grown by since a thread ended before another thread takes its heap over. A new thread may
 * come and start with it: whoever takes it sooner hoards what that one then has to get anew.
 */
const PATIENCE: u32 = 32;

/** Takes the first abandoned heap that has waited long enough, or any. Expects the lock. */
function abandoned_pop(any: bool): usize {
  const heap: usize = load<u32>(SHARED_ABANDONED);
  if (!heap) return 0;
  const then = load<u32>(heap, TLS_ABANDONED_TOP);
  if (!any && load<u32>(SHARED_TOP_PAGE) - then < PATIENCE + (then >>> 3)) return 0;
  return heap_list_pop(SHARED_ABANDONED);
}

/** The block in the C7 hot slot, and the balance of the tiny heap box. */
function adopt_tiny_boxes(heap: usize): void {
  const block: usize = load<u32>(heap, TLS_C7_HOT);
  if (block) {
    const own = g_tls + (<usize>load<u32>(heap, TLS_C7_HOT + 4) << 2);
    store<u32>(block, load<u32>(own, TLS_ADOPTED));
    store<u32>(own, <u32>block, TLS_ADOPTED);
    store<u32>(heap, 0, TLS_C7_HOT);
  }
  for (let at: usize = 0; at < TINY_CLASSES << 3; at += 4) {
    store<u32>(g_tls + at, load<u32>(g_tls + at, TLS_HEAP_META) + load<u32>(heap + at, TLS_HEAP_META), TLS_HEAP_META);
    store<u32>(heap + at, 0, TLS_HEAP_META);
  }
}

/** Takes over all that one abandoned heap holds, with `any` also of a thread that has just ended. False when there was none. */
export function heap_adopt(any: bool): bool {
  hak_lock_acquire();
  const heap = abandoned_pop(any);
  hak_lock_release();
  if (!heap) return false;
  const me = <u16>(g_tls >>> PAGE_SHIFT);
  const top: usize = load<u32>(SHARED_TOP_PAGE);
  for (let page: usize = 0; page < top; page++) {
    const bin = load<u8>(heap + page, TLS_PAGE_MAP);
    if (!bin) continue;
    store<u8>(heap + page, 0, TLS_PAGE_MAP);
    store<u8>(g_tls + page, bin, TLS_PAGE_MAP);
    store<u16>(PAGE_OWNER + (page << 1), me);
  }
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const lists = heap + (<usize>bin << 2);
    adopt_list(lists, bin);
    if (!BENCH_MINIMAL) {
      adopt_list(lists + TLS_UNIFIED, bin);
      adopt_list(lists + TLS_C7_ULTRA, bin);
      if (bin <= TINY_BINS) adopt_list(lists + TLS_HEAP_BOX, bin);
      adopt_ring(heap, bin);
      adopt_lane(heap, bin);
    }
    adopt_list(lists + TLS_ADOPTED, bin);
    adopt_carving(heap, bin);
    adopt_warm_pool(heap, bin);
  }
  if (!BENCH_MINIMAL) adopt_tiny_boxes(heap);
  if (bg_spill_enabled()) tiny_free_magazine_return(heap);
  if (hak_pool_v2_enabled()) pool_hotbox_v2_adopt(heap);
  remote_target_take(heap);
  hak_lock_acquire();
  heap_list_push(SHARED_SPARE, heap);
  hak_lock_release();
  return true;
}

/** Blocks that were freed late to heaps that nobody owns any more go on to their owners. */
export function heap_forward_spare(): void {
  hak_lock_acquire();
  for (let heap: usize = load<u32>(SHARED_SPARE); heap; heap = load<u32>(heap, TLS_NEXT_HEAP)) remote_target_take(heap);
  hak_lock_release();
}
