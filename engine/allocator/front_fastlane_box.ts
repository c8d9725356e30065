// FastLane: the layer between the wrappers and the tiny front, with its gates (Phase 19's wrapper to remove).
import { BENCH_MINIMAL } from './build_flags';
import { free_tiny_trusted_enabled, front_fastlane_class_mask, front_fastlane_enabled } from './env_gates';
import { SNAPSHOT_FREE_TRUSTED } from './env_snapshot';
import { fastlane_hot_gates } from './fastlane_ctx';
import { free_tiny_fast, free_tiny_fast_trusted } from './free_tiny_fast';
import { front_stat_inc } from './front_stats_box';
import { malloc_tiny_fast_for_class } from './malloc_tiny_fast';
import { STAT_FRONT_FREE_TOTAL } from './stats';
import { tiny_alloc_gate } from './tiny_alloc_gate_box';
import { tiny_free_gate } from './tiny_free_gate_box';
import { TINY_BINS, tiny_class_of_bin } from './tiny_size_class';

@inline // leaf
function mask_admits(bin: u32): bool {
  const mask = front_fastlane_class_mask();
  return mask == 0xff || ((mask >>> tiny_class_of_bin(bin)) & 1) != 0;
}

/** A tiny block, 0 when FastLane does not serve the size. */
@inline
export function front_fastlane_try_malloc(size: usize): usize {
  if (!BENCH_MINIMAL && !front_fastlane_enabled()) return 0;
  const bin = tiny_alloc_gate(size);
  if (!bin) return 0;
  if (!BENCH_MINIMAL && !mask_admits(bin)) return 0;
  return malloc_tiny_fast_for_class(bin);
}

/** Frees a tiny block; false when FastLane does not serve it. */
@inline
export function front_fastlane_try_free(ptr: usize): bool {
  if (!BENCH_MINIMAL && !front_fastlane_enabled()) return false;
  const bin = tiny_free_gate(ptr);
  if (bin - 1 >= TINY_BINS) return false;
  front_stat_inc(STAT_FRONT_FREE_TOTAL);
  if (!BENCH_MINIMAL && !mask_admits(bin)) return false;
  const gates = fastlane_hot_gates();
  const trusted = gates ? load<u8>(gates, SNAPSHOT_FREE_TRUSTED) != 0 : free_tiny_trusted_enabled();
  if (!trusted) return free_tiny_fast(ptr);
  free_tiny_fast_trusted(ptr, bin);
  return true;
}
