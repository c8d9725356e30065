// The tiny allocation path: gate, class route, cache, header.
import { BENCH_MINIMAL, FAST_PROFILE_FIXED, HAKMEM_METRIC_BAD_CLASS_COMPILED } from './build_flags';
import { alloc_dualhot_enabled, tiny_c7_ultra_enabled_env } from './env_gates';
import { SNAPSHOT_C7_ULTRA, SNAPSHOT_DUALHOT } from './env_snapshot';
import { fastlane_hot_gates, fastlane_hot_route } from './fastlane_ctx';
import { front_stat_inc } from './front_stats_box';
import { malloc_tiny_fast_cold } from './malloc_tiny_fast_cold';
import { STAT_ALLOC_GATE_TOTAL, STAT_BAD_CLASS, stat_inc } from './stats';
import { tiny_alloc_gate } from './tiny_alloc_gate_box';
import { tiny_c7_ultra_alloc } from './tiny_c7_ultra';
import { tiny_front_v3_detours } from './tiny_front_v3';
import { tiny_hot_alloc_fast } from './tiny_front_hot_box';
import { tiny_header_finalize_alloc } from './tiny_header';
import { ROUTE_ULTRA } from './tiny_route';
import { TINY_BINS, tiny_class_of_bin } from './tiny_size_class';
import { unified_cache_pop, unified_cache_refill } from './unified_cache';

/** What the front's own allocations count. */
@inline // leaf
export function front_alloc_stats(bin: u32): void {
  if (bin <= TINY_BINS) front_stat_inc(STAT_ALLOC_GATE_TOTAL);
  else if (HAKMEM_METRIC_BAD_CLASS_COMPILED) stat_inc(STAT_BAD_CLASS);
}

/** Body of a tiny allocation once the bin is known; 0 when memory is out. */
@inline
export function malloc_tiny_fast_for_class(bin: u32): usize {
  if (!BENCH_MINIMAL) {
    const cls = tiny_class_of_bin(bin);
    const detours = tiny_front_v3_detours(cls);
    if (detours) return malloc_tiny_fast_cold(bin, cls, detours);
    const gates = fastlane_hot_gates();
    if (cls == 7) {
      const ultra = gates ? load<u8>(gates, SNAPSHOT_C7_ULTRA) != 0 : tiny_c7_ultra_enabled_env();
      if (ultra && (FAST_PROFILE_FIXED || fastlane_hot_route(cls) == ROUTE_ULTRA)) {
        const block = tiny_c7_ultra_alloc(bin);
        return block ? tiny_header_finalize_alloc(block, cls) : 0;
      }
    } else {
      // The gate before the class: a gate is always the same and predicted, the classes of a program's sizes are not.
      const dualhot = gates ? load<u8>(gates, SNAPSHOT_DUALHOT) != 0 : alloc_dualhot_enabled();
      if (dualhot && cls <= 3) return tiny_hot_alloc_fast(bin);
    }
  }
  let ptr = unified_cache_pop(bin);
  if (!ptr) {
    ptr = unified_cache_refill(bin);
    if (!ptr) return 0;
  }
  return tiny_header_finalize_alloc(ptr, tiny_class_of_bin(bin));
}

/** A block of at least `size` bytes; 0 when the size is not tiny or memory is out. */
@inline
export function malloc_tiny_fast(size: usize): usize {
  const bin = tiny_alloc_gate(size);
  if (!bin) return 0;
  return malloc_tiny_fast_for_class(bin);
}
