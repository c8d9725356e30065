// The tiny heap box: lists of its own for the classes routed to it, refilled by a handful from the unified cache, with
// statistics and a balance by class for those who want them.
import { TLS_HEAP_BOX, TLS_HEAP_META } from './layout';
import { tiny_heap_meta_ultra_enabled_for_class, tiny_heap_stats_enabled } from './phase42_gates';
import { STAT_HEAP_ALLOC, STAT_HEAP_FREE, STAT_HEAP_REFILL, stat_inc } from './stats';
import { TINY_BINS } from './tiny_size_class';
import { g_tls } from './tls';
import { unified_cache_pop, unified_cache_push_list, unified_cache_refill } from './unified_cache';

const REFILL: u32 = 16;

@inline // leaf
function heap_list(bin: u32): usize {
  return g_tls + TLS_HEAP_BOX + (<usize>bin << 2);
}

/** Adds to what was handed out (`side` 0) or came back (4). */
function meta_ultra_add(cls: u32, side: usize): void {
  const at = g_tls + TLS_HEAP_META + (<usize>cls << 3) + side;
  store<u32>(at, load<u32>(at) + 1);
}

/** Blocks of a class that this thread's box has handed out and not got back; other threads' frees do not come back here. */
export function tiny_heap_meta_live(cls: u32): i32 {
  const at = g_tls + TLS_HEAP_META + (<usize>cls << 3);
  return <i32>(load<u32>(at) - load<u32>(at, 4));
}

function tiny_heap_box_refill(bin: u32): usize {
  if (tiny_heap_stats_enabled()) stat_inc(STAT_HEAP_REFILL);
  const block = unified_cache_refill(bin);
  if (!block) return 0;
  for (let i: u32 = 1; i < REFILL; i++) {
    const more = unified_cache_pop(bin);
    if (!more) break;
    store<u32>(more, load<u32>(heap_list(bin)));
    store<u32>(heap_list(bin), <u32>more);
  }
  return block;
}

/** A block of `bin`, 0 when memory is out. */
export function tiny_heap_box_alloc(bin: u32, cls: u32): usize {
  if (tiny_heap_stats_enabled()) stat_inc(STAT_HEAP_ALLOC);
  if (tiny_heap_meta_ultra_enabled_for_class(cls)) meta_ultra_add(cls, 0);
  const slot = heap_list(bin);
  const head: usize = load<u32>(slot);
  if (head) {
    store<u32>(slot, load<u32>(head));
    return head;
  }
  const cached = unified_cache_pop(bin);
  return cached ? cached : tiny_heap_box_refill(bin);
}

export function tiny_heap_box_free(bin: u32, ptr: usize, cls: u32): void {
  if (tiny_heap_stats_enabled()) stat_inc(STAT_HEAP_FREE);
  if (tiny_heap_meta_ultra_enabled_for_class(cls)) meta_ultra_add(cls, 4);
  const slot = heap_list(bin);
  store<u32>(ptr, load<u32>(slot));
  store<u32>(slot, <u32>ptr);
}

/** Moves what the box holds to the unified cache. */
export function tiny_heap_box_flush(): void {
  for (let bin: u32 = 1; bin <= TINY_BINS; bin++) {
    let block: usize = load<u32>(heap_list(bin));
    store<u32>(heap_list(bin), 0);
    while (block) {
      const next: usize = load<u32>(block);
      unified_cache_push_list(bin, block);
      block = next;
    }
  }
}
