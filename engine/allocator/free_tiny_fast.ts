// The tiny free path: gate, class route, cache.
import {
  BENCH_MINIMAL,
  HAKMEM_C7_FREE_COUNT_COMPILED,
  HAKMEM_TINY_FREE_STATS_COMPILED,
  HAKMEM_TINY_HEADER,
} from './build_flags';
import { alloc_dualhot_enabled, legacy_direct_enabled, tiny_c7_ultra_enabled_env } from './env_gates';
import { SNAPSHOT_C7_ULTRA, SNAPSHOT_DUALHOT, SNAPSHOT_LEGACY_DIRECT } from './env_snapshot';
import { fastlane_hot_gates, fastlane_hot_route } from './fastlane_ctx';
import { front_stat_inc, tiny_front_free_stat_inc } from './front_stats_box';
import { STAT_C7_FREE_COUNT, STAT_FREE_PATH_TOTAL, STAT_FREE_SS_ENTER, stat_inc } from './stats';
import { hak_super_lookup } from './superslab_registry';
import { tiny_c7_ultra_free } from './tiny_c7_ultra';
import { tiny_free_gate } from './tiny_free_gate_box';
import { tiny_hot_free_fast } from './tiny_front_hot_box';
import { HEADER_FREED, tiny_header_mark } from './tiny_header';
import { ROUTE_ULTRA } from './tiny_route';
import { TINY_BINS, tiny_class_of_bin } from './tiny_size_class';
import { unified_cache_push } from './unified_cache';

/** What the front's own frees count. */
@inline // leaf
export function front_free_stats(bin: u32): void {
  front_stat_inc(STAT_FREE_PATH_TOTAL);
  if (bin > TINY_BINS) return;
  const cls = tiny_class_of_bin(bin);
  tiny_front_free_stat_inc(cls);
  if (HAKMEM_TINY_FREE_STATS_COMPILED) stat_inc(STAT_FREE_SS_ENTER);
  if (HAKMEM_C7_FREE_COUNT_COMPILED && cls == 7) stat_inc(STAT_C7_FREE_COUNT);
}

/** Body of a tiny free whose bin is known to be right (19-D: the caller has checked the header). */
@inline
export function free_tiny_fast_trusted(ptr: usize, bin: u32): void {
  if (HAKMEM_TINY_HEADER) tiny_header_mark(ptr, HEADER_FREED | tiny_class_of_bin(bin));
  if (!BENCH_MINIMAL) {
    const cls = tiny_class_of_bin(bin);
    tiny_front_free_stat_inc(cls);
    if (HAKMEM_TINY_FREE_STATS_COMPILED) stat_inc(STAT_FREE_SS_ENTER);
    const gates = fastlane_hot_gates();
    if (cls == 7) {
      const ultra = gates ? load<u8>(gates, SNAPSHOT_C7_ULTRA) != 0 : tiny_c7_ultra_enabled_env();
      if (ultra && fastlane_hot_route(cls) == ROUTE_ULTRA) {
        tiny_c7_ultra_free(bin, ptr);
        return;
      }
    } else {
      const dualhot = gates ? load<u8>(gates, SNAPSHOT_DUALHOT) != 0 : alloc_dualhot_enabled();
      if (dualhot && cls <= 3) {
        tiny_hot_free_fast(bin, ptr);
        return;
      }
    }
    const direct = gates ? load<u8>(gates, SNAPSHOT_LEGACY_DIRECT) != 0 : legacy_direct_enabled();
    if (!direct && fastlane_hot_route(cls) == ROUTE_ULTRA) {
      tiny_c7_ultra_free(bin, ptr);
      return;
    }
  }
  unified_cache_push(bin, ptr);
}

/** Frees a tiny block of this thread; false when `ptr` is anything else. Checks header, page map and registry. */
@inline
export function free_tiny_fast(ptr: usize): bool {
  const bin = tiny_free_gate(ptr);
  if (bin - 1 >= TINY_BINS) return false;
  if (!BENCH_MINIMAL && !hak_super_lookup(ptr)) return false;
  free_tiny_fast_trusted(ptr, bin);
  return true;
}
