// The gates folded into data: for every bin whose route, under the gates as they are, is nothing but a list, the front keeps
// that list itself and holds the bin's multiplier in its own table. A bin that some gate sends elsewhere has an empty list
// and a multiplier of 0, so that malloc and free fall through to the layers without asking a gate. The gates stay alive: they
// are read when a thread gets its heap and again after an invalidation.
import { BENCH_MINIMAL, HAKMEM_FRONT_FASTLANE_COMPILED } from './build_flags';
import {
  alloc_dualhot_enabled,
  alloc_passdown_ssot_enabled,
  fastlane_direct_enabled,
  mid_v3_enabled,
  tiny_c7_ultra_enabled_env,
  tiny_unified_lifo_enabled,
} from './env_gates';
import { hakmem_env_snapshot_forget } from './env_snapshot';
import { fastlane_ctx_invalidate } from './fastlane_ctx';
import { BIN_TO_CHECK, SHARED_POLICY_VERSION, TLS_C7_ULTRA, TLS_CHECK, TLS_UNIFIED } from './layout';
import { tiny_c7_ultra_alloc } from './tiny_c7_ultra';
import { tiny_route_forget } from './tiny_route';
import { ALIGNED_FIRST, LAST_BIN, TINY_BINS, tiny_class_of_bin } from './tiny_size_class';
import { g_tls } from './tls';
import { unified_cache_refill } from './unified_cache';

let g_front_folded: bool = false;
let g_front_version: u32 = 0;

function front_serves(bin: u32): bool {
  if (HAKMEM_FRONT_FASTLANE_COMPILED && !fastlane_direct_enabled()) return false;
  if (!tiny_unified_lifo_enabled() || alloc_passdown_ssot_enabled()) return false;
  if (bin > TINY_BINS) return bin < ALIGNED_FIRST && mid_v3_enabled();
  return tiny_class_of_bin(bin) > 3 || !alloc_dualhot_enabled();
}

/** Moves the front's list of a bin to where the layers look for it. */
function unfold(bin: u32): void {
  const lists = g_tls + (<usize>bin << 2);
  const list: usize = load<u32>(lists);
  if (!list) return;
  let last = list;
  while (load<u32>(last)) last = load<u32>(last);
  store<u32>(last, load<u32>(lists, TLS_UNIFIED));
  store<u32>(lists, <u32>list, TLS_UNIFIED);
  store<u32>(lists, 0);
}

/** Fills the front's table for this thread's heap, unless it is filled and nothing has changed. */
export function front_fold(): void {
  const version = load<u32>(SHARED_POLICY_VERSION);
  if (g_front_folded && g_front_version == version) return;
  for (let bin: u32 = 1; bin <= LAST_BIN; bin++) {
    const at = <usize>bin << 2;
    const serves = front_serves(bin);
    store<u32>(g_tls + at, serves ? load<u32>(at, BIN_TO_CHECK) : 0, TLS_CHECK);
    if (!serves) unfold(bin);
  }
  g_front_version = version;
  g_front_folded = true;
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

/** What was read from the gates is forgotten; the next allocation off the fast path reads it again. */
export function front_forget(): void {
  if (BENCH_MINIMAL) return;
  g_front_folded = false;
  hakmem_env_snapshot_forget();
  fastlane_ctx_invalidate();
  tiny_route_forget();
}
