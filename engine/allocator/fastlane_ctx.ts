// FastLaneCtx (19-B): the gates and routes of the hot path consolidated once a thread, so that an operation asks one gate
// instead of the snapshot's and the route tables' own. It begins like HakmemEnvSnapshot:
//
//   +0 c7_ultra_enabled   +1 dualhot_enabled   +2 legacy_direct_enabled   +3 free_trusted   +8 route_kind[8]
import {
  alloc_dualhot_enabled,
  fastlane_env_ctx_enabled,
  free_tiny_trusted_enabled,
  legacy_direct_enabled,
  tiny_c7_ultra_enabled_env,
} from './env_gates';
import {
  SNAPSHOT_C7_ULTRA,
  SNAPSHOT_DUALHOT,
  SNAPSHOT_FREE_TRUSTED,
  SNAPSHOT_LEGACY_DIRECT,
  hakmem_env_snapshot,
  hakmem_env_snapshot_enabled,
} from './env_snapshot';
import { TLS_FASTLANE_CTX } from './layout';
import { tiny_route_for_class } from './tiny_route';
import { TINY_CLASSES } from './tiny_size_class';
import { g_tls } from './tls';

const CTX_ROUTE_KIND: usize = 8;

let g_fastlane_ctx_init: i32 = 0;

function fastlane_ctx_fill(): void {
  const at = g_tls + TLS_FASTLANE_CTX;
  store<u8>(at, tiny_c7_ultra_enabled_env(), SNAPSHOT_C7_ULTRA);
  store<u8>(at, alloc_dualhot_enabled(), SNAPSHOT_DUALHOT);
  store<u8>(at, legacy_direct_enabled(), SNAPSHOT_LEGACY_DIRECT);
  store<u8>(at, free_tiny_trusted_enabled(), SNAPSHOT_FREE_TRUSTED);
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) {
    store<u8>(at + cls, <u8>tiny_route_for_class(cls), CTX_ROUTE_KIND);
  }
  g_fastlane_ctx_init = 1;
}

/** Address of this thread's context, filled. */
@inline // leaf
export function fastlane_ctx_get(): usize {
  if (g_fastlane_ctx_init == 0) fastlane_ctx_fill();
  return g_tls + TLS_FASTLANE_CTX;
}

/** The next use reads the gates again. */
export function fastlane_ctx_forget(): void {
  g_fastlane_ctx_init = 0;
}

/** Where to read SNAPSHOT_* from: the context, the snapshot, or 0 for the scattered gates. */
@inline // leaf
export function fastlane_hot_gates(): usize {
  if (fastlane_env_ctx_enabled()) return fastlane_ctx_get();
  return hakmem_env_snapshot_enabled() ? hakmem_env_snapshot() : 0;
}

/** Route of a class: the context's, else the route tables'. */
@inline // leaf
export function fastlane_hot_route(cls: u32): u32 {
  return fastlane_env_ctx_enabled()
    ? <u32>load<u8>(fastlane_ctx_get() + cls, CTX_ROUTE_KIND)
    : tiny_route_for_class(cls);
}
