// MID v3: sizes above the tiny ones up to 32 KiB, four steps a doubling, in lanes of the thread (the lists of the
// unified cache).
import { tiny_header_finalize_alloc } from './tiny_header';
import { bin_of_size, class_of_bin } from './tiny_size_class';
import { unified_cache_pop, unified_cache_push, unified_cache_refill } from './unified_cache';

/** A block of at least `size` bytes (TINY_MAX_SIZE < size <= MID_MAX_SIZE), 0 when memory is out. */
export function mid_v3_alloc(size: usize): usize {
  const bin = bin_of_size(size);
  let ptr = unified_cache_pop(bin);
  if (!ptr) ptr = unified_cache_refill(bin);
  return ptr ? tiny_header_finalize_alloc(ptr, class_of_bin(bin)) : 0;
}

export function mid_v3_free(bin: u32, ptr: usize): void {
  unified_cache_push(bin, ptr);
}
