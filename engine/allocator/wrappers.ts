// The public functions. Sizes are bytes; a size of 0 is served as 1. Null means that memory is out.
import { BENCH_MINIMAL, HAKMEM_FRONT_FASTLANE_COMPILED } from './build_flags';
import { PTR_BIN, PTR_LARGE, classify_ptr, page_bin } from './classify_ptr';
import { alloc_passdown_ssot_enabled, fastlane_direct_enabled } from './env_gates';
import { free_tiny_fast } from './free_tiny_fast';
import { front_fastlane_try_free, front_fastlane_try_malloc } from './front_fastlane_box';
import { front_stat_inc } from './front_stats_box';
import { free_cold } from './hak_free_api';
import { malloc_cold } from './hak_alloc_api';
import { g_large_fresh, large_alloc, large_usable_size } from './large';
import { malloc_tiny_fast, malloc_tiny_fast_for_class } from './malloc_tiny_fast';
import { STAT_FREE_PATH_TOTAL } from './stats';
import { tiny_alloc_gate } from './tiny_alloc_gate_box';
import { tiny_free_gate } from './tiny_free_gate_box';
import { MID_MAX_SIZE, aligned_bin_of_size, bin_capacity } from './tiny_size_class';
import { unified_cache_pop, unified_cache_push, unified_cache_refill } from './unified_cache';

@inline
export function malloc(size: usize): usize {
  let ptr: usize;
  if (BENCH_MINIMAL || !HAKMEM_FRONT_FASTLANE_COMPILED || fastlane_direct_enabled()) {
    ptr = malloc_tiny_fast(size);
  } else if (alloc_passdown_ssot_enabled()) {
    const bin = tiny_alloc_gate(size);
    ptr = bin ? malloc_tiny_fast_for_class(bin) : 0;
  } else {
    ptr = front_fastlane_try_malloc(size);
  }
  if (!ptr) return malloc_cold(size);
  return ptr;
}

@inline
export function free(ptr: usize): void {
  if (BENCH_MINIMAL) {
    // Every bin of this thread goes back by the same push, MID v3's included. Null takes the cold way: its page has none.
    const bin = tiny_free_gate(ptr);
    if (!bin) {
      free_cold(ptr);
      return;
    }
    unified_cache_push(bin, ptr);
    return;
  }
  if (!ptr) return;
  front_stat_inc(STAT_FREE_PATH_TOTAL);
  if (!HAKMEM_FRONT_FASTLANE_COMPILED || fastlane_direct_enabled()) {
    if (free_tiny_fast(ptr)) return;
  } else if (front_fastlane_try_free(ptr)) {
    return;
  }
  free_cold(ptr);
}

/** Bytes that the block offers; 0 for null and for pointers that are not the engine's. */
export function usable_size(ptr: usize): usize {
  const kind = classify_ptr(ptr);
  if (kind == PTR_BIN) return bin_capacity(page_bin(ptr));
  return kind == PTR_LARGE ? large_usable_size(ptr) : 0;
}

/** `count` * `size` zero bytes; null when the product overflows. Memory never used before is not zeroed again. */
export function calloc(count: usize, size: usize): usize {
  const bytes = <u64>count * <u64>size;
  if (bytes > 0xffffffff) return 0;
  const ptr = malloc(<usize>bytes);
  if (!ptr) return 0;
  if (<usize>bytes > MID_MAX_SIZE && g_large_fresh) return ptr;
  memory.fill(ptr, 0, <usize>bytes);
  return ptr;
}

/** Null acts as malloc; a size of 0 frees and returns null. On failure the old block stays. */
export function realloc(ptr: usize, size: usize): usize {
  if (!ptr) return malloc(size);
  if (!size) {
    free(ptr);
    return 0;
  }
  const have = usable_size(ptr);
  // In place while at least half of the block stays in use, so that shrinking gives memory back.
  if (size <= have && (size >= have >>> 1 || have <= 32)) return ptr;
  const to = malloc(size);
  if (!to) return 0;
  memory.copy(to, ptr, min<usize>(size, have));
  free(ptr);
  return to;
}

/** `align` is a power of two up to 64 KiB; null for any other, or when memory is out. */
export function aligned_alloc(align: usize, size: usize): usize {
  if (!align || (align & (align - 1)) || align > 0x10000) return 0;
  if (align <= 16) return malloc(max<usize>(size, align));
  const need = max<usize>(size, align);
  if (need > MID_MAX_SIZE) return large_alloc(need);
  const block = 1 << (32 - clz(<u32>need - 1));
  const bin = aligned_bin_of_size(block);
  const ptr = unified_cache_pop(bin);
  return ptr ? ptr : unified_cache_refill(bin);
}
