// The unified cache: one free list a bin and thread, linked through the blocks, last freed first out. The list is not
// bounded: it holds only blocks of the thread's own slabs, since frees of other threads' blocks go to their remote
// lists. With HAKMEM_TINY_UNIFIED_LIFO=0 a ring of 64 blocks stands in front of the list, first freed first out.
import {
  BENCH_MINIMAL,
  ENGINE_TEST_DOUBLE_HANDOUT,
  HAKMEM_BUILD_RELEASE,
  HAKMEM_DEBUG_COUNTERS,
  HAKMEM_TINY_CLASS_STATS_COMPILED,
  HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED,
} from './build_flags';
import { tiny_unified_lifo_enabled } from './env_gates';
import {
  RING_BYTES,
  RING_SLOTS,
  TLS_ADOPTED,
  TLS_CARVE_CUR,
  TLS_CARVE_END,
  TLS_CARVE_MORE,
  TLS_RINGS,
  TLS_UNIFIED,
} from './layout';
import { lazy_zero_set_fresh } from './lazy_zero_box';
import { pagefault_telemetry_touch } from './pagefault_telemetry_box';
import { STAT_FREELIST_CLEARED, stat_inc } from './stats';
import { learner_miss, learner_refill_factor } from './learner_box';
import { learner_enabled } from './learner_env_box';
import { hak_super_lookup } from './superslab_registry';
import { remote_target_any, remote_target_drain } from './remote_target';
import { superslab_refill } from './superslab_refill';
import { bg_spill_enabled, tiny_free_magazine_spill, tiny_free_magazine_take } from './tiny_free_magazine';
import { tiny_class_stats_hit, tiny_class_stats_miss } from './tiny_class_stats_box';
import { bin_stride } from './tiny_size_class';
import { g_tls, tls_attach, tls_attached } from './tls';
import { unified_cache_measure_hit, unified_cache_measure_miss } from './unified_cache_measure_box';

/** Blocks carved by one refill, at most; and bytes, so that a refill touches about one system page. */
const REFILL_BLOCKS: u32 = 128;
const REFILL_BYTES: u32 = 4096;

let g_test_pops: u32 = 0;
let g_test_block: usize = 0;
let g_test_bin: u32 = 0;

/** Tests only: remembers the block of the 5000th pop and returns it a second time at the next pop of its bin. */
export function test_double_handout(bin: u32, head: usize): usize {
  if (++g_test_pops == 5000) {
    g_test_block = head;
    g_test_bin = bin;
    return 0;
  }
  if (bin != g_test_bin) return 0;
  const again = g_test_block;
  g_test_block = 0;
  return again;
}

@inline // leaf
function cache_list(bin: u32): usize {
  return g_tls + (<usize>bin << 2) + TLS_UNIFIED;
}

@inline // leaf
function ring_of(bin: u32): usize {
  return g_tls + TLS_RINGS + <usize>(bin - 1) * RING_BYTES;
}

/** The block that has been in the ring longest, 0 when it is empty. */
export function ring_pop(bin: u32): usize {
  const ring = ring_of(bin);
  const head = load<u32>(ring);
  if (head == load<u32>(ring, 4)) return 0;
  store<u32>(ring, head + 1);
  return load<u32>(ring + ((head & (RING_SLOTS - 1)) << 2), 8);
}

/** Moves what the ring holds into the list. */
export function ring_flush(bin: u32): void {
  for (let block = ring_pop(bin); block; block = ring_pop(bin)) unified_cache_push_list(bin, block);
}

function ring_push(bin: u32, ptr: usize): bool {
  const ring = ring_of(bin);
  const tail = load<u32>(ring, 4);
  if (tail - load<u32>(ring) >= RING_SLOTS) return false;
  store<u32>(ring + ((tail & (RING_SLOTS - 1)) << 2), <u32>ptr, 8);
  store<u32>(ring, tail + 1, 4);
  return true;
}

/** A cached block of `bin`, 0 when there is none. */
@inline
export function unified_cache_pop(bin: u32): usize {
  if (!BENCH_MINIMAL && !tiny_unified_lifo_enabled()) {
    const from_ring = ring_pop(bin);
    if (from_ring) return from_ring;
  }
  const slot = cache_list(bin);
  const head: usize = load<u32>(slot);
  if (!head) {
    if (HAKMEM_TINY_CLASS_STATS_COMPILED) tiny_class_stats_miss(bin);
    return 0;
  }
  if (ENGINE_TEST_DOUBLE_HANDOUT) {
    const again = test_double_handout(bin, head);
    if (again) return again;
  }
  store<u32>(slot, load<u32>(head));
  if (HAKMEM_TINY_CLASS_STATS_COMPILED) tiny_class_stats_hit(bin);
  if (HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED) unified_cache_measure_hit(bin);
  return head;
}

/** Whether `ptr` is the block that the list would give next. */
@inline // leaf
export function unified_cache_heads(bin: u32, ptr: usize): bool {
  return load<u32>(cache_list(bin)) == <u32>ptr;
}

/** Puts a block into the list, whatever the storage order. */
@inline // leaf
export function unified_cache_push_list(bin: u32, ptr: usize): void {
  const slot = cache_list(bin);
  store<u32>(ptr, load<u32>(slot));
  store<u32>(slot, <u32>ptr);
}

/** Puts a freed block of this thread into the cache. */
@inline
export function unified_cache_push(bin: u32, ptr: usize): void {
  if (!BENCH_MINIMAL && !tiny_unified_lifo_enabled()) {
    if (ring_push(bin, ptr)) return;
    if (bg_spill_enabled() && tiny_free_magazine_spill(bin) && ring_push(bin, ptr)) return;
  }
  unified_cache_push_list(bin, ptr);
}

/** Whether the list of `bin` has a block, after what was adopted has been moved in. */
function list_or_adopted(bin: u32): bool {
  const slot = cache_list(bin);
  if (load<u32>(slot)) return true;
  const adopted = g_tls + TLS_ADOPTED + (<usize>bin << 2);
  const list = load<u32>(adopted);
  if (!list) return false;
  store<u32>(slot, list);
  store<u32>(adopted, 0);
  return true;
}

/** Makes the next stretch left over by an adopted heap the one that `bin` carves from. */
function carve_more(bin: u32): bool {
  const slot = g_tls + TLS_CARVE_MORE + (<usize>bin << 2);
  const at: usize = load<u32>(slot);
  if (!at) return false;
  // Its link lies in it, and it may have been used.
  lazy_zero_set_fresh(bin, false);
  store<u32>(slot, load<u32>(at));
  store<u32>(g_tls + TLS_CARVE_CUR + (<usize>bin << 2), <u32>at);
  store<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2), load<u32>(at, 4));
  return true;
}

/** Links the next stretch of the bin's current slab into the list. False when the slab is used up. */
function unified_cache_carve(bin: u32): bool {
  const cur_at = g_tls + TLS_CARVE_CUR + (<usize>bin << 2);
  let first: usize = load<u32>(cur_at);
  let end: usize = load<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2));
  if (first >= end) {
    if (!carve_more(bin)) return false;
    first = load<u32>(cur_at);
    end = load<u32>(g_tls + TLS_CARVE_END + (<usize>bin << 2));
  }
  const stride = bin_stride(bin);
  const factor = learner_enabled() ? learner_refill_factor(bin) : 1;
  let blocks = max<u32>(1, min<u32>(REFILL_BLOCKS * factor, (REFILL_BYTES * factor) / stride));
  let last = first + <usize>(blocks - 1) * stride;
  if (last >= end) {
    blocks = (<u32>(end - first) + stride - 1) / stride;
    last = first + <usize>(blocks - 1) * stride;
  }
  if (HAKMEM_DEBUG_COUNTERS) for (let at = first; at <= last; at += stride) pagefault_telemetry_touch(bin, at);
  for (let at = first; at < last; at += stride) store<u32>(at, <u32>(at + stride));
  const slot = cache_list(bin);
  store<u32>(last, load<u32>(slot));
  store<u32>(slot, <u32>first);
  store<u32>(cur_at, <u32>(last + stride));
  return true;
}

/**
 * Looks every node of a refill up in the registry: debug builds only. One that is not there clears the list and ends the
 * loop: false.
 */
function unified_cache_validate(bin: u32): bool {
  let at: usize = load<u32>(cache_list(bin));
  let left = REFILL_BLOCKS;
  while (at && left--) {
    if (!hak_super_lookup(at)) {
      store<u32>(cache_list(bin), 0);
      stat_inc(STAT_FREELIST_CLEARED);
      return false;
    }
    at = load<u32>(at);
  }
  return true;
}

/**
 * Miss path: blocks that other threads gave back, lists of heaps that were adopted, the rest of the current slab, a new
 * slab (superslab_refill). Returns one block and leaves the others in the cache; 0 when memory is out. A thread without a
 * heap gets one here.
 */
export function unified_cache_refill(bin: u32): usize {
  if (!tls_attached() && !tls_attach()) return 0;
  if (HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED) unified_cache_measure_miss(bin);
  if (remote_target_any(g_tls)) remote_target_drain();
  if (learner_enabled()) learner_miss(bin);
  if (bg_spill_enabled()) {
    const spilled = tiny_free_magazine_take(bin);
    if (spilled) return spilled;
  }
  if (!list_or_adopted(bin) && !unified_cache_carve(bin)) {
    // superslab_refill may find blocks instead of a slab: a heap without a thread is adopted first.
    if (!superslab_refill(bin)) return 0;
    if (!list_or_adopted(bin)) unified_cache_carve(bin);
  }
  if (!HAKMEM_BUILD_RELEASE && !unified_cache_validate(bin)) return unified_cache_refill(bin);
  const slot = cache_list(bin);
  const head: usize = load<u32>(slot);
  if (head) store<u32>(slot, load<u32>(head));
  return head;
}
