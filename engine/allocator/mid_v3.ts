// MID v3: sizes above the tiny ones up to 32 KiB, four steps a doubling, in lanes of the thread (the lists of the
// unified cache).
import { MID_MAX_SIZE, mid_bin_of_size } from './tiny_size_class';
import { unified_cache_pop, unified_cache_push, unified_cache_refill } from './unified_cache';

/** A block of at least `size` bytes (TINY_MAX_SIZE < size <= MID_MAX_SIZE), 0 when memory is out. */
export function mid_v3_alloc(size: usize): usize {
  const bin = mid_bin_of_size(size);
  const ptr = unified_cache_pop(bin);
  return ptr ? ptr : unified_cache_refill(bin);
}

export function mid_v3_free(bin: u32, ptr: usize): void {
  unified_cache_push(bin, ptr);
}
