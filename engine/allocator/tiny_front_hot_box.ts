// The hot front for classes 0..3 (DUALHOT): straight to the unified cache, no route.
import { tiny_header_finalize_alloc } from './tiny_header';
import { tiny_class_of_bin } from './tiny_size_class';
import { unified_cache_pop, unified_cache_push, unified_cache_refill } from './unified_cache';

/** A block of `bin`, 0 when memory is out. */
@inline
export function tiny_hot_alloc_fast(bin: u32): usize {
  let ptr = unified_cache_pop(bin);
  if (!ptr) {
    ptr = unified_cache_refill(bin);
    if (!ptr) return 0;
  }
  return tiny_header_finalize_alloc(ptr, tiny_class_of_bin(bin));
}

@inline
export function tiny_hot_free_fast(bin: u32, ptr: usize): void {
  unified_cache_push(bin, ptr);
}
