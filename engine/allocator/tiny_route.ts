// Routes by class. The policy snapshot is the general answer, the static table is fixed after init, and the fastmap
// (19-E) is one bit a class: 1 = LEGACY.
import { BENCH_MINIMAL } from './build_flags';
import { route_fastmap_enabled, tiny_c7_ultra_enabled_env, tiny_static_route_ready_fast } from './env_gates';
import { SHARED_POLICY_VERSION, TLS_POLICY, TLS_STATIC_ROUTE } from './layout';
import { TINY_CLASSES } from './tiny_size_class';
import { g_tls } from './tls';

/** SmallRouteKind. */
export const ROUTE_LEGACY: u32 = 1;
export const ROUTE_ULTRA: u32 = 2;

let g_policy_ready: bool = false;
let g_policy_version: u32 = 0;
let g_static_route_ready: bool = false;
let g_route_fastmap: u32 = 0;

function policy_snapshot_fill(): void {
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) {
    const route = cls == 7 && tiny_c7_ultra_enabled_env() ? ROUTE_ULTRA : ROUTE_LEGACY;
    store<u8>(g_tls + TLS_POLICY + cls, <u8>route);
    if (route == ROUTE_LEGACY) g_route_fastmap |= 1 << cls;
    else g_route_fastmap &= ~(1 << cls);
  }
  g_policy_version = load<u32>(SHARED_POLICY_VERSION);
  g_policy_ready = true;
}

/** The next use fills the tables again. */
export function tiny_route_forget(): void {
  g_policy_ready = false;
  g_static_route_ready = false;
}

/** Route from the policy snapshot, which follows changes of the policy: the static table does not look. */
@inline // leaf
export function tiny_policy_hot_get_route(cls: u32): u32 {
  if (!g_policy_ready || g_policy_version != load<u32>(SHARED_POLICY_VERSION)) policy_snapshot_fill();
  return load<u8>(g_tls + TLS_POLICY + cls);
}

function static_route_fill(): void {
  for (let cls: u32 = 0; cls < TINY_CLASSES; cls++) {
    store<u8>(g_tls + TLS_STATIC_ROUTE + cls, <u8>tiny_policy_hot_get_route(cls));
  }
  g_static_route_ready = true;
}

/** Route from the static table. */
@inline // leaf
export function tiny_static_route_get_kind_fast(cls: u32): u32 {
  if (!g_static_route_ready) static_route_fill();
  return load<u8>(g_tls + TLS_STATIC_ROUTE + cls);
}

/** Bit test on the fastmap. */
@inline // leaf
export function is_legacy_route_fast(cls: u32): bool {
  if (!g_policy_ready) policy_snapshot_fill();
  return ((g_route_fastmap >>> cls) & 1) != 0;
}

/** The route of a class by whichever table the gates name. */
@inline
export function tiny_route_for_class(cls: u32): u32 {
  if (BENCH_MINIMAL) return ROUTE_LEGACY;
  if (route_fastmap_enabled() && is_legacy_route_fast(cls)) return ROUTE_LEGACY;
  return tiny_static_route_ready_fast() ? tiny_static_route_get_kind_fast(cls) : tiny_policy_hot_get_route(cls);
}
