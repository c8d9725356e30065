// FastLaneCtx (19-B): the gates that FastLane asks, consolidated once a thread.
//
//   +0 c7_ultra_enabled   +1 dualhot_enabled   +2 legacy_direct_enabled   +3 free_trusted   +8 route_kind[8]
import { alloc_dualhot_enabled, free_tiny_trusted_enabled, legacy_direct_enabled, tiny_c7_ultra_enabled_env } from './env_gates';
import { TLS_FASTLANE_CTX } from './layout';
import { tiny_route_for_class } from './tiny_route';
import { TINY_CLASSES } from './tiny_size_class';
import { g_tls } from './tls';

export const CTX_C7_ULTRA: usize = 0;
export const CTX_DUALHOT: usize = 1;
export const CTX_LEGACY_DIRECT: usize = 2;
export const CTX_FREE_TRUSTED: usize = 3;
export const CTX_ROUTE_KIND: usize = 8;

let g_fastlane_ctx_init: i32 = 0;

function fastlane_ctx_fill(): void {
  const at = g_tls + TLS_FASTLANE_CTX;
  store<u8>(at, tiny_c7_ultra_enabled_env(), CTX_C7_ULTRA);
  store<u8>(at, alloc_dualhot_enabled(), CTX_DUALHOT);
  store<u8>(at, legacy_direct_enabled(), CTX_LEGACY_DIRECT);
  store<u8>(at, free_tiny_trusted_enabled(), CTX_FREE_TRUSTED);
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

/** Invalidation hook: the next use reads the gates again. */
export function fastlane_ctx_invalidate(): void {
  g_fastlane_ctx_init = 0;
}
