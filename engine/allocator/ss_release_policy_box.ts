// When superslab memory goes back: a thread whose lists hold every block of a slab gives the slab to the shared pool,
// where any class, any thread and large objects can use it. Nothing is counted on the fast paths: a thread walks its lists
// when it has made the heap grow by a quarter since its last walk, and when memory is out.
import {
  PAGE_BYTES,
  PAGE_SHIFT,
  RUN_NEXT,
  SHARED_TOP_PAGE,
  TLS_C7_ULTRA,
  TLS_CARVE_CUR,
  TLS_CARVE_END,
  TLS_PAGE_MAP,
} from './layout';
import { g_pages_grown } from './page_run';
import { shared_pool_release } from './shared_pool_release';
import { LAST_BIN, bin_stride } from './tiny_size_class';
import { g_tls } from './tls';
import { slab_first_block } from './unified_cache';

/** Pages of growth before the first walk. */
const FIRST_WALK: u32 = 64;

let g_grown_at_walk: u32 = 0;

/** Free blocks of a page found by a walk: the link cell of a page that is in no free run is free for it. */
@inline // leaf
function page_cell(ptr: usize): usize {
  return RUN_NEXT + (ptr >>> PAGE_SHIFT << 1);
}

function count_list(head: usize): void {
  for (let at = head; at; at = load<u32>(at)) {
    const cell = page_cell(at);
    store<u16>(cell, load<u16>(cell) + 1);
  }
}

@inline // leaf
function slab_blocks(slab: usize, bin: u32): u32 {
  return <u32>(slab + PAGE_BYTES - slab_first_block(slab, bin)) / bin_stride(bin);
}

/** Whether a walk found every block of the slab free, and nothing is carved from it any more. */
function slab_is_free(slab: usize, bin: u32): bool {
  if (load<u16>(page_cell(slab)) != slab_blocks(slab, bin)) return false;
  const cur: usize = load<u32>(g_tls + TLS_CARVE_CUR + (<usize>bin << 2));
  const end: usize = load<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2));
  return cur >= end || (cur & ~(PAGE_BYTES - 1)) != slab;
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
export function ss_release_policy_reclaim(): u32 {
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    count_list(load<u32>(g_tls + (<usize>bin << 2)));
    count_list(load<u32>(g_tls + TLS_C7_ULTRA + (<usize>bin << 2)));
  }
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    filter_list(g_tls + (<usize>bin << 2), bin);
    filter_list(g_tls + TLS_C7_ULTRA + (<usize>bin << 2), bin);
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
    store<u8>(g_tls + page, 0, TLS_PAGE_MAP);
    shared_pool_release(slab);
    released++;
  }
  g_grown_at_walk = g_pages_grown;
  return released;
}

/** Before `pages` more are taken: walks the lists when it is time. */
export function ss_release_policy_before(pages: u32): void {
  const grown = g_pages_grown - g_grown_at_walk + pages;
  if (grown > FIRST_WALK && grown > load<u32>(SHARED_TOP_PAGE) >>> 2) ss_release_policy_reclaim();
}
