// The cold half of tiny frees: classes with a detour (tiny_front_config_box.ts). The documents' noinline half.
import { HAKMEM_TINY_HEADER } from './build_flags';
import { tiny_c7_ultra_enabled_env } from './env_gates';
import { heads_a_list } from './hak_free_api';
import { MISUSE_DOUBLE_FREE, misuse_report } from './misuse_box';
import { tiny_c7_hot_free } from './tiny_c7_hot';
import { tiny_c7_ultra_free } from './tiny_c7_ultra';
import { DETOUR_C7_HOT, DETOUR_GUARD, DETOUR_HEAP, HEADER_MODE_OFF, tiny_header_mode } from './tiny_front_config_box';
import { tiny_guard_on_free } from './tiny_guard_box';
import { HEADER_FREED, tiny_header_mark } from './tiny_header';
import { tiny_heap_box_free } from './tiny_heap_box';
import { unified_cache_push } from './unified_cache';

/** Frees a block whose bin is known to be right. */
export function free_tiny_fast_cold(ptr: usize, bin: u32, cls: u32, detours: u32): void {
  if (detours & DETOUR_GUARD && !tiny_guard_on_free(ptr, bin, cls)) return;
  if (HAKMEM_TINY_HEADER && tiny_header_mode() != HEADER_MODE_OFF) {
    tiny_header_mark(ptr, HEADER_FREED | cls);
  } else if (heads_a_list(ptr, bin)) {
    misuse_report(MISUSE_DOUBLE_FREE, ptr, cls);
    return;
  }
  if (detours & DETOUR_C7_HOT) tiny_c7_hot_free(bin, ptr);
  else if (detours & DETOUR_HEAP) tiny_heap_box_free(bin, ptr, cls);
  else if (cls == 7 && tiny_c7_ultra_enabled_env()) tiny_c7_ultra_free(bin, ptr);
  else unified_cache_push(bin, ptr);
}
