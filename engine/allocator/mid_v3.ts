// MID v3: sizes above the tiny ones up to 32 KiB. A thread keeps a lane a bin, a short list in front of the unified cache, so
// that what was freed last is handed out next whatever the storage order behind it. Where the front serves a bin itself, its
// list takes the lane's place.
import { BENCH_MINIMAL } from './build_flags';
import { page_bin } from './classify_ptr';
import { mid_v3_debug_enabled, mid_v3_inuse_enabled } from './mid_hotbox_v3_env_box';
import { mid_inuse_dec_deferred, mid_inuse_inc } from './mid_inuse_box';
import { MISUSE_OUTSIDE, misuse_report } from './misuse_box';
import { TLS_MID_LANES } from './pools_layout';
import { tiny_header_finalize_alloc } from './tiny_header';
import { ALIGNED_FIRST, CLASS_MID, MID_BINS, MID_FIRST, bin_of_size, bin_stride, class_of_bin, is_block_start } from './tiny_size_class';
import { g_tls } from './tls';
import { unified_cache_pop, unified_cache_push, unified_cache_push_list, unified_cache_refill } from './unified_cache';

/** Bytes of a lane at most, and blocks at least. */
const LANE_BYTES: u32 = 32768;
const LANE_LEAST: u32 = 2;

@inline // leaf
function lane_of(bin: u32): usize {
  return g_tls + TLS_MID_LANES + (<usize>(bin - MID_FIRST) << 3);
}

/** The block that the lane of a mid bin would hand out next, 0 when it has none. */
export function mid_v3_lane_head(bin: u32): usize {
  return bin < ALIGNED_FIRST ? load<u32>(lane_of(bin)) : 0;
}

/** Whether a block is where its bin's blocks are; reports it when not. */
function mid_v3_debug_check(bin: u32, ptr: usize): bool {
  if (page_bin(ptr) == bin && is_block_start(ptr, bin)) return true;
  misuse_report(MISUSE_OUTSIDE, ptr, CLASS_MID);
  return false;
}

function lane_pop(bin: u32): usize {
  const lane = lane_of(bin);
  const head: usize = load<u32>(lane);
  if (!head) return 0;
  if (mid_v3_debug_enabled() && !mid_v3_debug_check(bin, head)) {
    // The link cannot be trusted either.
    store<u64>(lane, 0);
    return 0;
  }
  store<u32>(lane, load<u32>(head));
  store<u32>(lane, load<u32>(lane, 4) - 1, 4);
  return head;
}

/** Empties the lane of a bin into the list of the unified cache. */
function lane_flush(bin: u32): void {
  const lane = lane_of(bin);
  let at: usize = load<u32>(lane);
  store<u64>(lane, 0);
  while (at) {
    const next: usize = load<u32>(at);
    unified_cache_push_list(bin, at);
    at = next;
  }
}

export function mid_v3_flush_lanes(): void {
  for (let i: u32 = 0; i < MID_BINS; i++) lane_flush(MID_FIRST + i);
}

/** A block of at least `size` bytes (TINY_MAX_SIZE < size <= MID_MAX_SIZE), 0 when memory is out. */
export function mid_v3_alloc(size: usize): usize {
  const bin = bin_of_size(size);
  let ptr = lane_pop(bin);
  if (!ptr) ptr = unified_cache_pop(bin);
  if (!ptr) ptr = unified_cache_refill(bin);
  if (!ptr) return 0;
  if (mid_v3_debug_enabled() && !mid_v3_debug_check(bin, ptr)) return 0;
  if (mid_v3_inuse_enabled() && !mid_inuse_inc(ptr)) {
    unified_cache_push(bin, ptr);
    return 0;
  }
  return tiny_header_finalize_alloc(ptr, class_of_bin(bin));
}

/** Frees a block of this thread; blocks aligned to their size have bins of their own and no lane. */
export function mid_v3_free(bin: u32, ptr: usize): void {
  if (BENCH_MINIMAL || bin >= ALIGNED_FIRST) {
    unified_cache_push(bin, ptr);
    return;
  }
  if (mid_v3_debug_enabled() && !mid_v3_debug_check(bin, ptr)) return;
  if (mid_v3_inuse_enabled()) mid_inuse_dec_deferred(ptr);
  const lane = lane_of(bin);
  const count = load<u32>(lane, 4);
  if (count >= max<u32>(LANE_LEAST, LANE_BYTES / bin_stride(bin))) {
    unified_cache_push(bin, ptr);
    return;
  }
  store<u32>(ptr, load<u32>(lane));
  store<u32>(lane, <u32>ptr);
  store<u32>(lane, count + 1, 4);
}
