// L1 and L2 of free behind the front: the layers that the gates choose from; then other threads' blocks, MID v3, large
// objects, and what is no block at all.
import { free_dispatch_ssot_enabled } from './alloc_passdown_ssot_env_box';
import {
  BENCH_MINIMAL,
  HAKMEM_FAST_PROFILE_PRUNE_BACKENDS,
  HAKMEM_FRONT_FASTLANE_COMPILED,
  HAKMEM_HDR_META_MISMATCH_COMPILED,
  HAKMEM_TINY_HEADER,
} from './build_flags';
import { PTR_BIN, PTR_LARGE, PTR_POOL, classify_misuse, classify_ptr, page_bin } from './classify_ptr';
import { fastlane_direct_enabled } from './env_gates';
import { force_libc_enabled } from './force_libc_env_box';
import { free_tiny_fast, free_tiny_fast_trusted } from './free_tiny_fast';
import { front_fold } from './front_fold';
import { front_fastlane_try_free } from './front_fastlane_box';
import { front_stat_inc } from './front_stats_box';
import { large_free } from './large';
import { TLS_C7_ULTRA, TLS_UNIFIED } from './layout';
import { libc_free } from './libc_heap';
import { mid_v3_inuse_enabled } from './mid_hotbox_v3_env_box';
import { mid_inuse_dec } from './mid_inuse_box';
import { mid_v3_free, mid_v3_lane_head } from './mid_v3';
import { MISUSE_DOUBLE_FREE, MISUSE_HEADER, misuse_report } from './misuse_box';
import { tiny_own_bin } from './own_bin';
import { small_v6_headerless_route_enabled } from './phase42_gates';
import { hak_pool_v2_enabled } from './pool_config_box';
import { pool_hotbox_v2_free } from './pool_hotbox_v2_box';
import { hak_pool_free_v1_slow_impl } from './pool_v1';
import { POOL_COMPILED } from './pools_layout';
import { remote_target_push } from './remote_target';
import { STAT_FREE_PATH_TOTAL, STAT_HDR_META_MISMATCH, stat_inc } from './stats';
import { HEADER_FREED, HEADER_MAGIC, HEADER_MAGIC_MASK, tiny_header_mark, tiny_header_read } from './tiny_header';
import { free_tiny_fast_legacy } from './tiny_free_fast_v2';
import { tiny_free_legacy_mask } from './tiny_front_config_box';
import { tiny_guard_is_free } from './tiny_guard_box';
import { ALIGNED_FIRST, LAST_BIN, MID_FIRST, TINY_BINS, class_of_bin, is_block_start } from './tiny_size_class';
import { g_tls, tls_attached } from './tls';
import { unified_cache_push } from './unified_cache';

/** Where no gate and no header has a say: gives a block of another thread back. False when it is none. */
function free_other(ptr: usize): bool {
  const bin = page_bin(ptr);
  if (bin - 1 >= LAST_BIN || tiny_own_bin(ptr) || !is_block_start(ptr, bin)) return false;
  const misuse = remote_target_push(ptr);
  if (misuse) misuse_report(misuse, ptr, class_of_bin(bin));
  return true;
}

/** Frees what the front did not take. */
export function free_layered(ptr: usize): void {
  if (!ptr) return;
  if (BENCH_MINIMAL && !HAKMEM_TINY_HEADER && free_other(ptr)) return;
  if (!BENCH_MINIMAL && force_libc_enabled()) {
    libc_free(ptr);
    return;
  }
  // A thread that only frees needs no heap, and the layers keep theirs in it.
  if (!BENCH_MINIMAL && tls_attached()) {
    front_fold();
    if (tiny_free_legacy_mask() && free_tiny_fast_legacy(ptr)) return;
    front_stat_inc(STAT_FREE_PATH_TOTAL);
    if (!HAKMEM_FRONT_FASTLANE_COMPILED || fastlane_direct_enabled()) {
      if (free_tiny_fast(ptr)) return;
    } else if (front_fastlane_try_free(ptr)) {
      return;
    }
  }
  free_cold(ptr);
}

/** What the header of a block start says against freeing it: 0, or the misuse. */
function header_misuse(ptr: usize, cls: u32): u32 {
  const header = tiny_header_read(ptr);
  if (header == (HEADER_MAGIC | cls)) return 0;
  if (header == (HEADER_FREED | cls)) return MISUSE_DOUBLE_FREE;
  if (HAKMEM_HDR_META_MISMATCH_COMPILED && (header & HEADER_MAGIC_MASK) == HEADER_MAGIC) {
    stat_inc(STAT_HDR_META_MISMATCH);
  }
  return MISUSE_HEADER;
}

/** Whether `ptr` is the block that was freed last: without headers that much of double frees is seen. */
export function heads_a_list(ptr: usize, bin: u32): bool {
  const lists = g_tls + (<usize>bin << 2);
  return (
    load<u32>(lists) == <u32>ptr ||
    load<u32>(lists, TLS_UNIFIED) == <u32>ptr ||
    load<u32>(lists, TLS_C7_ULTRA) == <u32>ptr ||
    (!BENCH_MINIMAL && bin <= TINY_BINS && tiny_guard_is_free(ptr, bin)) ||
    (!BENCH_MINIMAL && !HAKMEM_FAST_PROFILE_PRUNE_BACKENDS && bin >= MID_FIRST && mid_v3_lane_head(bin) == ptr)
  );
}

/** Frees a mid block of this thread, or one that is aligned to its size. */
function free_mid(bin: u32, ptr: usize): void {
  if (HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) unified_cache_push(bin, ptr);
  else mid_v3_free(bin, ptr);
}

/** Frees a block by the page map alone. */
export function hak_free_at(ptr: usize): void {
  hak_free_bin(ptr, page_bin(ptr));
}

/** SSOT=1: page map read once, its bin passed down. False when it says that there is no block of a bin. */
function hak_free_ssot(ptr: usize): bool {
  const bin = page_bin(ptr);
  if (bin - 1 >= LAST_BIN || !is_block_start(ptr, bin)) return false;
  hak_free_bin(ptr, bin);
  return true;
}

/** Frees a block whose bin is known. */
function hak_free_bin(ptr: usize, bin: u32): void {
  const cls = class_of_bin(bin);
  const own = tiny_own_bin(ptr) != 0;
  if (HAKMEM_TINY_HEADER) {
    const misuse = header_misuse(ptr, cls);
    if (misuse && (misuse == MISUSE_DOUBLE_FREE || !small_v6_headerless_route_enabled(cls))) {
      misuse_report(misuse, ptr, cls);
      return;
    }
    if (!own || bin > TINY_BINS) tiny_header_mark(ptr, HEADER_FREED | cls);
  }
  if (own) {
    if (!HAKMEM_TINY_HEADER && heads_a_list(ptr, bin)) misuse_report(MISUSE_DOUBLE_FREE, ptr, cls);
    else if (bin > TINY_BINS) free_mid(bin, ptr);
    else free_tiny_fast_trusted(ptr, bin);
    return;
  }
  if (!BENCH_MINIMAL && bin >= MID_FIRST && bin < ALIGNED_FIRST && mid_v3_inuse_enabled()) mid_inuse_dec(ptr);
  const misuse = remote_target_push(ptr);
  if (misuse) misuse_report(misuse, ptr, cls);
}

/** Frees anything that the fast path did not take; reports what is no live block and leaves it alone. */
export function free_cold(ptr: usize): void {
  if (!ptr) return;
  if (hak_pool_v2_enabled() && pool_hotbox_v2_free(ptr)) return;
  if (!BENCH_MINIMAL && free_dispatch_ssot_enabled() && hak_free_ssot(ptr)) return;
  const kind = classify_ptr(ptr);
  if (kind == PTR_BIN) hak_free_at(ptr);
  else if (kind == PTR_LARGE) large_free(ptr);
  else if (POOL_COMPILED && kind == PTR_POOL) hak_pool_free_v1_slow_impl(ptr);
  else classify_misuse(ptr);
}
