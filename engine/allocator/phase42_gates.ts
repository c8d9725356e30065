// L0: the gates that Phase 42 found in the listing and not in the profile. All are off unless set, and what they switch on
// lies off the front's path: a class with one of them on is not the front's any more (tiny_front_config_box.ts).
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag, hak_env_u32 } from './hak_env';

let g_tiny_guard: i32 = -1;
let g_small_v6: i32 = -1;
let g_heap_classes: i32 = -1;
let g_c7_hot: i32 = -1;
let g_heap_stats: i32 = -1;
let g_heap_box: i32 = -1;
let g_heap_meta: i32 = -1;
let g_page_box: i32 = -1;

/** Every tiny block is checked against registry, page map, carving and lists, when handed out and when it comes back. */
@inline // leaf
export function tiny_guard_enabled_runtime(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_tiny_guard < 0) g_tiny_guard = hak_env_flag('HAKMEM_TINY_GUARD', 0);
  return g_tiny_guard != 0;
}

/** Class 6 is freed by the page map; of its header only the mark of a free block counts. */
@inline // leaf
export function small_v6_headerless_route_enabled(cls: u32): bool {
  if (BENCH_MINIMAL) return false;
  if (g_small_v6 < 0) g_small_v6 = hak_env_flag('HAKMEM_SMALL_V6_HEADERLESS_ROUTE', 0);
  return g_small_v6 != 0 && cls == 6;
}

/** The tiny heap box is there: it serves class 7, and the classes routed to it. */
@inline // leaf
export function tiny_heap_box_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_heap_box < 0) g_heap_box = hak_env_flag('HAKMEM_TINY_HEAP_BOX', 0);
  return g_heap_box != 0;
}

/** Whether a class other than 7 is routed to the tiny heap box: a bit a class. */
@inline // leaf
export function tiny_heap_class_route_enabled(cls: u32): bool {
  if (BENCH_MINIMAL) return false;
  if (g_heap_classes < 0) g_heap_classes = hak_env_u32('HAKMEM_TINY_HEAP_CLASS_ROUTE', 0) & 0xff;
  return ((g_heap_classes >>> cls) & 1) != 0;
}

/** The block of class 7 that was freed last waits in a slot of its own. */
@inline // leaf
export function tiny_c7_hot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_c7_hot < 0) g_c7_hot = hak_env_flag('HAKMEM_TINY_C7_HOT', 0);
  return g_c7_hot != 0;
}

/** The tiny heap box counts what it does. */
@inline // leaf
export function tiny_heap_stats_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_heap_stats < 0) g_heap_stats = hak_env_flag('HAKMEM_TINY_HEAP_STATS', 0);
  return g_heap_stats != 0;
}

/** The tiny heap box keeps for a class what it handed out and took back: a bit a class. */
@inline // leaf
export function tiny_heap_meta_ultra_enabled_for_class(cls: u32): bool {
  if (BENCH_MINIMAL) return false;
  if (g_heap_meta < 0) g_heap_meta = hak_env_u32('HAKMEM_TINY_HEAP_META_ULTRA', 0) & 0xff;
  return ((g_heap_meta >>> cls) & 1) != 0;
}

/** Slabs are booked by class when they are taken and when they go back. */
@inline // leaf
export function tiny_page_box_is_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_page_box < 0) g_page_box = hak_env_flag('HAKMEM_TINY_PAGE_BOX', 0);
  return g_page_box != 0;
}

export function phase42_gates_forget(): void {
  g_tiny_guard = -1;
  g_small_v6 = -1;
  g_heap_classes = -1;
  g_c7_hot = -1;
  g_heap_stats = -1;
  g_heap_box = -1;
  g_heap_meta = -1;
  g_page_box = -1;
}
