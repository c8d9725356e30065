// The cold half of tiny allocation: classes with a detour (tiny_front_config_box.ts).
import { HAKMEM_TINY_HEADER } from './build_flags';
import { tiny_c7_ultra_enabled_env } from './env_gates';
import { STAT_HEADER_DEBUG, stat_inc } from './stats';
import { tiny_c7_hot_alloc } from './tiny_c7_hot';
import { tiny_c7_ultra_alloc } from './tiny_c7_ultra';
import {
  DETOUR_C7_HOT,
  DETOUR_GUARD,
  DETOUR_HEAP,
  HEADER_MODE_DEBUG,
  HEADER_MODE_FULL,
  tiny_header_mode,
} from './tiny_front_config_box';
import { tiny_guard_on_alloc } from './tiny_guard_box';
import { HEADER_FREED, HEADER_MAGIC, tiny_header_mark, tiny_header_read } from './tiny_header';
import { tiny_heap_box_alloc } from './tiny_heap_box';
import { unified_cache_pop, unified_cache_refill } from './unified_cache';

function block_by_detour(bin: u32, cls: u32, detours: u32): usize {
  if (detours & DETOUR_C7_HOT) {
    const hot = tiny_c7_hot_alloc(bin);
    if (hot) return hot;
  }
  if (detours & DETOUR_HEAP) return tiny_heap_box_alloc(bin, cls);
  if (cls == 7 && tiny_c7_ultra_enabled_env()) return tiny_c7_ultra_alloc(bin);
  const cached = unified_cache_pop(bin);
  return cached ? cached : unified_cache_refill(bin);
}

/** Writes the header as the header mode has it. */
function finalize_by_mode(ptr: usize, cls: u32): void {
  const mode = tiny_header_mode();
  const header = tiny_header_read(ptr);
  if (mode == HEADER_MODE_DEBUG && header != (HEADER_FREED | cls)) stat_inc(STAT_HEADER_DEBUG);
  const always = mode == HEADER_MODE_FULL || mode == HEADER_MODE_DEBUG;
  if (always || header != (HEADER_MAGIC | cls)) tiny_header_mark(ptr, HEADER_MAGIC | cls);
}

/** A block of `bin` with its header, 0 when memory is out. */
export function malloc_tiny_fast_cold(bin: u32, cls: u32, detours: u32): usize {
  if (detours & DETOUR_GUARD) tiny_guard_on_alloc(bin, cls);
  const ptr = block_by_detour(bin, cls, detours);
  if (ptr && HAKMEM_TINY_HEADER) finalize_by_mode(ptr, cls);
  return ptr;
}
