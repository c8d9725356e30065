// The tiny free path: gate, class route, cache.
import {
  BENCH_MINIMAL,
  HAKMEM_C7_FREE_COUNT_COMPILED,
  HAKMEM_TINY_HEADER,
  HAKMEM_TINY_HEADER_DUP_CHECK,
} from './build_flags';
import { alloc_dualhot_enabled, legacy_direct_enabled, tiny_c7_ultra_enabled_env } from './env_gates';
import { SNAPSHOT_C7_ULTRA, SNAPSHOT_DUALHOT, SNAPSHOT_LEGACY_DIRECT } from './env_snapshot';
import { fastlane_hot_gates, fastlane_hot_route } from './fastlane_ctx';
import { free_tiny_fast_cold } from './free_tiny_fast_cold';
import { MISUSE_HEADER, misuse_report } from './misuse_box';
import { front_stat_inc, tiny_front_free_stat_inc } from './front_stats_box';
import { STAT_C7_FREE_COUNT, STAT_FREE_PATH_TOTAL, stat_inc } from './stats';
import { hak_super_lookup } from './superslab_registry';
import { tiny_c7_ultra_free } from './tiny_c7_ultra';
import { tiny_free_gate } from './tiny_free_gate_box';
import { tiny_hot_free_fast } from './tiny_front_hot_box';
import { tiny_front_v3_detours } from './tiny_front_v3';
import { HEADER_FREED, HEADER_MAGIC, tiny_header_mark, tiny_header_read } from './tiny_header';
import { tiny_superslab_free_enter } from './tiny_superslab_free';
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
  tiny_superslab_free_enter();
  if (HAKMEM_C7_FREE_COUNT_COMPILED && cls == 7) stat_inc(STAT_C7_FREE_COUNT);
}

/** Body of a tiny free whose bin is known to be right (19-D: the caller has checked the header). */
@inline
export function free_tiny_fast_trusted(ptr: usize, bin: u32): void {
  const cls = tiny_class_of_bin(bin);
  if (!BENCH_MINIMAL) {
    tiny_front_free_stat_inc(cls);
    tiny_superslab_free_enter();
    const detours = tiny_front_v3_detours(cls);
    if (detours) {
      free_tiny_fast_cold(ptr, bin, cls, detours);
      return;
    }
  }
  if (HAKMEM_TINY_HEADER) {
    if (HAKMEM_TINY_HEADER_DUP_CHECK && tiny_header_read(ptr) != (HEADER_MAGIC | cls)) {
      misuse_report(MISUSE_HEADER, ptr, cls);
      return;
    }
    tiny_header_mark(ptr, HEADER_FREED | cls);
  }
  if (!BENCH_MINIMAL) {
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
