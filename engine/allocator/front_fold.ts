// The gates folded into data: for every bin whose route, under the gates as they are, is nothing but a list, the front keeps
// that list itself and holds the bin's multiplier in its own table. A bin that some gate sends elsewhere has an empty list
// and a multiplier of 0, so that malloc and free fall through to the layers without asking a gate. The gates stay alive: they
// are read when a thread gets its heap and again after an invalidation.
import { alloc_passdown_ssot_enabled, alloc_passdown_ssot_forget } from './alloc_passdown_ssot_env_box';
import { BENCH_MINIMAL, HAKMEM_FRONT_FASTLANE_COMPILED } from './build_flags';
import {
  alloc_dualhot_enabled,
  env_gates_forget,
  fastlane_direct_enabled,
  tiny_c7_ultra_enabled_env,
  tiny_unified_lifo_enabled,
} from './env_gates';
import { hakmem_env_snapshot_ctor, hakmem_env_snapshot_forget } from './env_snapshot';
import { fastlane_ctx_forget } from './fastlane_ctx';
import { BIN_TO_CHECK, SHARED_POLICY_VERSION, TLS_C7_ULTRA, TLS_CHECK, TLS_RINGS_USED, TLS_UNIFIED } from './layout';
import { force_libc_enabled } from './force_libc_env_box';
import { mid_v3_class_enabled, mid_v3_debug_enabled, mid_v3_enabled, mid_v3_inuse_enabled } from './mid_hotbox_v3_env_box';
import { hak_pool_v2_enabled } from './pool_config_box';
import { size_profile_is_rare } from './size_profile_box';
import { phase42_gates_forget } from './phase42_gates';
import { ss_acquire_forget } from './ss_acquire_env_box';
import { ss_mem_lean_forget } from './ss_mem_lean_env_box';
import { ss_prewarm } from './ss_prewarm_box';
import { tiny_c7_hot_flush } from './tiny_c7_hot';
import { tiny_c7_ultra_alloc } from './tiny_c7_ultra';
import { tiny_front_config_forget, tiny_free_legacy_mask } from './tiny_front_config_box';
import { tiny_front_v3_detours, tiny_front_v3_forget } from './tiny_front_v3';
import { tiny_heap_box_flush } from './tiny_heap_box';
import { tiny_route_forget } from './tiny_route';
import { ALIGNED_FIRST, LAST_BIN, MID_FIRST, TINY_BINS, tiny_class_of_bin } from './tiny_size_class';
import { g_tls } from './tls';
import { ring_flush, unified_cache_refill } from './unified_cache';

let g_front_folded: bool = false;
let g_front_version: u32 = 0;

/** Whether a mid bin goes nowhere but through its list. */
function front_serves_mid(bin: u32): bool {
  if (!mid_v3_enabled() || !mid_v3_class_enabled(bin) || hak_pool_v2_enabled()) return false;
  return !mid_v3_debug_enabled() && !mid_v3_inuse_enabled() && !size_profile_is_rare(bin);
}

function front_serves(bin: u32): bool {
  if (force_libc_enabled()) return false;
  if (HAKMEM_FRONT_FASTLANE_COMPILED && !fastlane_direct_enabled()) return false;
  if (!tiny_unified_lifo_enabled() || alloc_passdown_ssot_enabled()) return false;
  if (bin > TINY_BINS) return bin >= MID_FIRST && bin < ALIGNED_FIRST && front_serves_mid(bin);
  const cls = tiny_class_of_bin(bin);
  if (tiny_front_v3_detours(cls) || (tiny_free_legacy_mask() >>> cls) & 1) return false;
  return cls > 3 || !alloc_dualhot_enabled();
}

/** Moves a list in front of the one at `to`. */
function move_list(from: usize, to: usize): void {
  const list: usize = load<u32>(from);
  if (!list) return;
  let last = list;
  while (load<u32>(last)) last = load<u32>(last);
  store<u32>(last, load<u32>(to));
  store<u32>(to, <u32>list);
  store<u32>(from, 0);
}

/** What boxes keep that the gates may just have switched off goes where every way finds it. */
function gather(bin: u32, serves: bool): void {
  const lists = g_tls + (<usize>bin << 2);
  if (!serves) move_list(lists, lists + TLS_UNIFIED);
  if (tiny_unified_lifo_enabled() && load<u32>(g_tls, TLS_RINGS_USED)) ring_flush(bin);
  // ULTRA takes its blocks back when it is asked.
  move_list(lists + TLS_C7_ULTRA, lists + TLS_UNIFIED);
}

/** Fills the front's table for this thread's heap, unless it is filled and nothing has changed. */
export function front_fold(): void {
  const version = load<u32>(SHARED_POLICY_VERSION);
  if (g_front_folded && g_front_version == version) return;
  front_forget();
  hakmem_env_snapshot_ctor();
  tiny_c7_hot_flush();
  tiny_heap_box_flush();
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const at = <usize>bin << 2;
    const serves = front_serves(bin);
    store<u32>(g_tls + at, serves ? load<u32>(at, BIN_TO_CHECK) : 0, TLS_CHECK);
    gather(bin, serves);
  }
  store<u32>(g_tls, tiny_unified_lifo_enabled() ? 0 : 1, TLS_RINGS_USED);
  g_front_version = version;
  g_front_folded = true;
  ss_prewarm();
}

@inline // leaf
export function front_folded(bin: u32): bool {
  return load<u32>(g_tls + (<usize>bin << 2), TLS_CHECK) != 0;
}

/** A block of a bin that the front serves, 0 when memory is out; the front takes over the list it comes from. */
export function front_refill(bin: u32): usize {
  const lists = g_tls + (<usize>bin << 2);
  const ultra = bin <= TINY_BINS && tiny_class_of_bin(bin) == 7 && tiny_c7_ultra_enabled_env();
  const block = ultra ? tiny_c7_ultra_alloc(bin) : unified_cache_refill(bin);
  const from = lists + (ultra ? TLS_C7_ULTRA : TLS_UNIFIED);
  store<u32>(lists, load<u32>(from));
  store<u32>(from, 0);
  return block;
}

/** What was read from the gates is forgotten; the next call off the fast path reads it again. */
export function front_forget(): void {
  if (BENCH_MINIMAL) return;
  g_front_folded = false;
  env_gates_forget();
  phase42_gates_forget();
  tiny_front_config_forget();
  alloc_passdown_ssot_forget();
  ss_mem_lean_forget();
  ss_acquire_forget();
  hakmem_env_snapshot_forget();
  fastlane_ctx_forget();
  tiny_front_v3_forget();
  tiny_route_forget();
}
