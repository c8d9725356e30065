// When superslab memory goes back: a thread whose lists hold every block of a slab gives the slab to the shared pool,
// where any class, any thread and large objects can use it. Nothing is counted on the fast paths: a thread walks its lists
// when it has made the heap grow by some pages since its last walk, and when memory is out. A walk that finds little makes
// the next one come later, at an eighth of the heap at the latest.
import { BENCH_MINIMAL } from './build_flags';
import { heap_adopt, heap_forward_spare } from './heap_adopt';
import {
  PAGE_BYTES,
  PAGE_SHIFT,
  RUN_NEXT,
  SHARED_TOP_PAGE,
  SS_PAGES,
  TLS_ADOPTED,
  TLS_C7_ULTRA,
  TLS_CARVE_CUR,
  TLS_CARVE_END,
  TLS_PAGE_MAP,
  TLS_UNIFIED,
} from './layout';
import { mid_inuse_before_walk, mid_inuse_wants_walk } from './mid_inuse_box';
import { mid_v3_enabled, mid_v3_inuse_enabled } from './mid_hotbox_v3_env_box';
import { mid_v3_flush_lanes } from './mid_v3';
import { g_pages_grown } from './page_run';
import { hak_pool_reclaim } from './pool_v1';
import { POOL_COMPILED } from './pools_layout';
import { remote_target_drain, remote_target_flush } from './remote_target';
import { shared_pool_release } from './shared_pool_release';
import { ss_mem_lean_enabled, ss_mem_lean_target_mb, ss_release_policy_enabled } from './ss_mem_lean_env_box';
import { tiny_c7_hot_flush } from './tiny_c7_hot';
import { tiny_heap_box_flush } from './tiny_heap_box';
import { tiny_page_box_on_back } from './tiny_page_box';
import { bg_spill_enabled, tiny_free_magazine_return_all } from './tiny_free_magazine';
import { LAST_BIN, bin_stride, slab_blocks } from './tiny_size_class';
import { g_tls, tls_attached } from './tls';
import { ring_flush } from './unified_cache';

/** Pages of growth before the first walk, and the least ever. */
const SHORTEST_STEP: u32 = 4;
/** In lean mode, above its target, between walks at least; and a thirty-second of the heap. */
const LEAN_WALK: u32 = 4;

let g_grown_at_walk: u32 = 0;
let g_walk_step: u32 = SHORTEST_STEP;

/** Free blocks of a page found by a walk: the link cell of a page that is in no free run is free for it. */
@inline // leaf
function page_cell(ptr: usize): usize {
  return RUN_NEXT + (ptr >>> PAGE_SHIFT << 1);
}

function count_list(slot: usize): void {
  for (let at: usize = load<u32>(slot); at; at = load<u32>(at)) {
    const cell = page_cell(at);
    store<u16>(cell, load<u16>(cell) + 1);
  }
}

/** Blocks of the slab that have not been carved yet: only the slab that the bin carves from has any. */
function uncarved(slab: usize, bin: u32): u32 {
  const cur: usize = load<u32>(g_tls + TLS_CARVE_CUR + (<usize>bin << 2));
  const end: usize = load<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2));
  if (cur >= end || (cur & ~(PAGE_BYTES - 1)) != slab) return 0;
  return <u32>(end - cur) / bin_stride(bin);
}

/** Whether a walk found every block of the slab free. */
@inline // leaf
function slab_is_free(slab: usize, bin: u32): bool {
  return load<u16>(page_cell(slab)) + uncarved(slab, bin) == slab_blocks(bin);
}

/** Takes the blocks of free slabs out of the list at `slot`. */
function filter_list(slot: usize, bin: u32): void {
  let link = slot;
  let at: usize = load<u32>(slot);
  while (at) {
    const next: usize = load<u32>(at);
    if (slab_is_free(at & ~(PAGE_BYTES - 1), bin)) {
      store<u32>(link, <u32>next);
    } else {
      link = at;
    }
    at = next;
  }
}

/** Slabs given back. */
function release_free_slabs(): u32 {
  if (!BENCH_MINIMAL) {
    tiny_c7_hot_flush();
    tiny_heap_box_flush();
  }
  if (!BENCH_MINIMAL && mid_v3_enabled()) mid_v3_flush_lanes();
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const lists = g_tls + (<usize>bin << 2);
    count_list(lists);
    count_list(lists + TLS_ADOPTED);
    if (BENCH_MINIMAL) continue;
    ring_flush(bin);
    count_list(lists + TLS_UNIFIED);
    count_list(lists + TLS_C7_ULTRA);
  }
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const lists = g_tls + (<usize>bin << 2);
    filter_list(lists, bin);
    filter_list(lists + TLS_ADOPTED, bin);
    if (BENCH_MINIMAL) continue;
    filter_list(lists + TLS_UNIFIED, bin);
    filter_list(lists + TLS_C7_ULTRA, bin);
  }
  let released: u32 = 0;
  const top: usize = load<u32>(SHARED_TOP_PAGE);
  for (let page: usize = 0; page < top; page++) {
    const bin = <u32>load<u8>(g_tls + page, TLS_PAGE_MAP);
    if (!bin) continue;
    const slab = page << PAGE_SHIFT;
    const free = slab_is_free(slab, bin);
    store<u16>(page_cell(slab), 0);
    if (!free) continue;
    if (uncarved(slab, bin)) store<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2), 0);
    store<u8>(g_tls + page, 0, TLS_PAGE_MAP);
    shared_pool_release(slab);
    tiny_page_box_on_back(bin);
    released++;
  }
  return released;
}

/** Slabs given back. What is on its way to this thread is called in first, with `pressed` also heaps without a thread. */
export function ss_release_policy_reclaim(pressed: bool): u32 {
  if (!tls_attached()) return 0;
  if (!BENCH_MINIMAL && bg_spill_enabled()) tiny_free_magazine_return_all();
  if (!BENCH_MINIMAL && mid_v3_inuse_enabled()) mid_inuse_before_walk();
  remote_target_flush();
  heap_forward_spare();
  remote_target_flush();
  remote_target_drain();
  while (heap_adopt(pressed)) {}
  let released = release_free_slabs();
  if (POOL_COMPILED) released += hak_pool_reclaim();
  g_grown_at_walk = g_pages_grown;
  return released;
}

/** Before `pages` more are taken: walks the lists when it is time. */
export function ss_release_policy_before(pages: u32): void {
  const grown = g_pages_grown - g_grown_at_walk + pages;
  const top = load<u32>(SHARED_TOP_PAGE);
  if (!BENCH_MINIMAL) {
    if (!ss_release_policy_enabled()) return;
    if (mid_v3_inuse_enabled() && mid_inuse_wants_walk()) {
      ss_release_policy_reclaim(false);
      return;
    }
    if (ss_mem_lean_enabled() && top >= ss_mem_lean_target_mb() * SS_PAGES) {
      if (grown > LEAN_WALK && grown > top >>> 5) ss_release_policy_reclaim(false);
      return;
    }
  }
  if (grown <= g_walk_step) return;
  const released = ss_release_policy_reclaim(false);
  const longest = max<u32>(SHORTEST_STEP << 2, top >>> 3);
  g_walk_step = released << 2 >= g_walk_step ? max<u32>(SHORTEST_STEP, g_walk_step >>> 1) : min<u32>(longest, g_walk_step << 1);
}
