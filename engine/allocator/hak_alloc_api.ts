// L2: allocation off the fast path. malloc_cold sees every size that the front did not serve.
import { BENCH_MINIMAL } from './build_flags';
import { mid_v3_enabled } from './env_gates';
import { large_alloc } from './large';
import { malloc_tiny_fast_for_class } from './malloc_tiny_fast';
import { mid_v3_alloc } from './mid_v3';
import { MID_MAX_SIZE, TINY_MAX_SIZE, tiny_bin_of_size } from './tiny_size_class';

/** A block of at least `size` bytes from whichever backend serves it, 0 when memory is out. */
export function malloc_cold(size: usize): usize {
  // A tiny size comes here when its cache is empty, when the front is gated off, or when memory is out: then once more
  // does no harm.
  if (size <= TINY_MAX_SIZE) return malloc_tiny_fast_for_class(tiny_bin_of_size(size));
  if (size <= MID_MAX_SIZE && (BENCH_MINIMAL || mid_v3_enabled())) return mid_v3_alloc(size);
  return large_alloc(size);
}
