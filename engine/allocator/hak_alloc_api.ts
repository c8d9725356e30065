// L1 and L2 of allocation behind the front: the layers that the gates choose from, then the backends.
import { BENCH_MINIMAL, HAKMEM_FRONT_FASTLANE_COMPILED, HAKMEM_TINY_CLASS_STATS_COMPILED } from './build_flags';
import { alloc_passdown_ssot_enabled } from './alloc_passdown_ssot_env_box';
import { fastlane_direct_enabled } from './env_gates';
import { force_libc_enabled } from './force_libc_env_box';
import { front_fold, front_folded, front_refill } from './front_fold';
import { front_fastlane_try_malloc } from './front_fastlane_box';
import { large_alloc } from './large';
import { libc_malloc } from './libc_heap';
import { front_alloc_stats, malloc_tiny_fast, malloc_tiny_fast_for_class } from './malloc_tiny_fast';
import { mid_v3_class_enabled, mid_v3_enabled } from './mid_hotbox_v3_env_box';
import { mid_v3_alloc } from './mid_v3';
import { hak_pool_v2_enabled } from './pool_config_box';
import { hak_pool_try_alloc } from './pool_v1';
import { POOL_COMPILED } from './pools_layout';
import { remote_target_drain } from './remote_target';
import { remote_target_asked } from './remote_target_len_box';
import { size_profile_count } from './size_profile_box';
import { tiny_alloc_gate } from './tiny_alloc_gate_box';
import { tiny_class_stats_miss } from './tiny_class_stats_box';
import { tiny_header_finalize_alloc } from './tiny_header';
import { MID_MAX_SIZE, TINY_MAX_SIZE, bin_of_size, class_of_bin, tiny_bin_of_size } from './tiny_size_class';
import { tls_attach, tls_attached } from './tls';
import { unified_cache_refill } from './unified_cache';

/** A block for a size up to MID_MAX_SIZE that the front's list had none for, 0 when memory is out. */
export function malloc_layered(size: usize): usize {
  const bin = bin_of_size(size);
  if (BENCH_MINIMAL) {
    const block = unified_cache_refill(bin);
    return block ? tiny_header_finalize_alloc(block, class_of_bin(bin)) : 0;
  }
  if (force_libc_enabled()) return libc_malloc(size);
  if (!tls_attached() && !tls_attach()) return 0;
  front_fold();
  if (remote_target_asked()) remote_target_drain();
  if (front_folded(bin)) {
    front_alloc_stats(bin);
    if (HAKMEM_TINY_CLASS_STATS_COMPILED) tiny_class_stats_miss(bin);
    const block = front_refill(bin);
    return block ? tiny_header_finalize_alloc(block, class_of_bin(bin)) : 0;
  }
  let ptr: usize;
  if (!HAKMEM_FRONT_FASTLANE_COMPILED || fastlane_direct_enabled()) {
    ptr = malloc_tiny_fast(size);
  } else if (alloc_passdown_ssot_enabled()) {
    const tiny = tiny_alloc_gate(size);
    ptr = tiny ? malloc_tiny_fast_for_class(tiny) : 0;
  } else {
    ptr = front_fastlane_try_malloc(size);
  }
  return ptr ? ptr : malloc_cold(size);
}

/** Whether MID v3 serves a mid size: neither Pool v2 in front of it, nor the gates, nor the size profile say otherwise. */
function mid_v3_serves(size: usize): bool {
  if (!mid_v3_enabled() || hak_pool_v2_enabled()) return false;
  const bin = bin_of_size(size);
  return mid_v3_class_enabled(bin) && !size_profile_count(bin);
}

/** A block of at least `size` bytes from whichever backend serves it, 0 when memory is out. */
export function malloc_cold(size: usize): usize {
  if (force_libc_enabled()) return libc_malloc(size);
  // A tiny size comes here when the front is gated off, or when memory is out: then once more does no harm.
  if (!BENCH_MINIMAL && size <= TINY_MAX_SIZE) return malloc_tiny_fast_for_class(tiny_bin_of_size(size));
  if (POOL_COMPILED && size <= MID_MAX_SIZE) {
    if (!BENCH_MINIMAL && mid_v3_serves(size)) return mid_v3_alloc(size);
    return hak_pool_try_alloc(size);
  }
  return large_alloc(size);
}
