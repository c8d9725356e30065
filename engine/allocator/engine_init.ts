// What the host calls before anything else.
import { HARNESS_BASE, PAGE_SHIFT, SHARED_OOM_COUNT, SHARED_INVALID_FREES, SHARED_DECOMMITTED, SHARED_TOP_PAGE, SS_SHIFT } from './layout';
import { tiny_size_class_init } from './tiny_size_class';

/**
 * Readies this instance. The first call in a memory gives the byte where the heap begins, a multiple of 1 MiB above
 * the harness area; later calls (other threads) pass the same. A thread gets its heap when it first needs memory.
 */
export function engine_init(heap_base: usize): bool {
  assert(heap_base >= HARNESS_BASE && (heap_base & ((1 << SS_SHIFT) - 1)) == 0);
  atomic.cmpxchg<u32>(SHARED_TOP_PAGE, 0, <u32>(heap_base >>> PAGE_SHIFT));
  tiny_size_class_init();
  return true;
}

/** Allocations of page runs that failed because memory was out. */
export function engine_oom_count(): u32 {
  return load<u32>(SHARED_OOM_COUNT);
}

/** Frees of pointers that were not the engine's. */
export function engine_invalid_frees(): u32 {
  return load<u32>(SHARED_INVALID_FREES);
}

/** End of the memory handed out so far, in bytes from the heap's beginning. */
export function engine_heap_top(): u32 {
  return load<u32>(SHARED_TOP_PAGE) << PAGE_SHIFT;
}

/** Pages of free memory that are marked as given back: WebAssembly cannot shrink, so they are zeroed before reuse. */
export function engine_decommitted_pages(): u32 {
  return load<u32>(SHARED_DECOMMITTED);
}
