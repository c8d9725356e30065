// L0: the environment gates. Each gate function caches its variable in a thread-local global, -1 = not read yet, and
// is a constant where BENCH_MINIMAL is 1 (Phase 39). The snapshot (env_snapshot.ts) holds all of them in one place.
import { BENCH_MINIMAL, HAKMEM_FASTLANE_DIRECT_DEFAULT, HAKMEM_FREE_TINY_TRUSTED_DEFAULT } from './build_flags';
import { hak_env_flag, hak_env_u32 } from './hak_env';
import { bg_spill_enabled } from './tiny_free_magazine';

let g_fastlane_gate: i32 = -1;
let g_fastlane_mask: i32 = -1;
let g_fastlane_direct: i32 = -1;
let g_fastlane_env_ctx: i32 = -1;
let g_c7_ultra: i32 = -1;
let g_dualhot: i32 = -1;
let g_legacy_direct: i32 = -1;
let g_static_route: i32 = -1;
let g_route_fastmap_gate: i32 = -1;
let g_unified_lifo: i32 = -1;
let g_free_trusted: i32 = -1;

/** The FastLane in front of the tiny path; off sends every call to the cold wrappers' dispatch. */
@inline // leaf
export function front_fastlane_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_fastlane_gate < 0) g_fastlane_gate = hak_env_flag('HAKMEM_FRONT_FASTLANE', 1);
  return g_fastlane_gate != 0;
}

/** Classes that FastLane may serve, a bit each; 0xff is all. */
@inline // leaf
export function front_fastlane_class_mask(): u32 {
  if (BENCH_MINIMAL) return 0xff;
  if (g_fastlane_mask < 0) g_fastlane_mask = hak_env_u32('HAKMEM_FRONT_FASTLANE_CLASS_MASK', 0xff) & 0xff;
  return g_fastlane_mask;
}

/** 19-A: the wrappers call the tiny front without the FastLane layer. */
@inline // leaf
export function fastlane_direct_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_fastlane_direct < 0) g_fastlane_direct = hak_env_flag('HAKMEM_FASTLANE_DIRECT', HAKMEM_FASTLANE_DIRECT_DEFAULT);
  return g_fastlane_direct != 0;
}

/** 19-B: one context read in place of the scattered gates. */
@inline // leaf
export function fastlane_env_ctx_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_fastlane_env_ctx < 0) g_fastlane_env_ctx = hak_env_flag('HAKMEM_FASTLANE_ENV_CTX', 0);
  return g_fastlane_env_ctx != 0;
}

/** Class 7 in its own box. A constant 0 in minimal builds: there the unified cache serves all classes alike. */
@inline // leaf
export function tiny_c7_ultra_enabled_env(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_c7_ultra < 0) g_c7_ultra = hak_env_flag('HAKMEM_TINY_C7_ULTRA', 1);
  return g_c7_ultra != 0;
}

/** Early branch for classes 0..3. */
@inline // leaf
export function alloc_dualhot_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_dualhot < 0) g_dualhot = hak_env_flag('HAKMEM_TINY_DUALHOT', 0);
  return g_dualhot != 0;
}

/** Direct exit of a free to the legacy route. */
@inline // leaf
export function legacy_direct_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_legacy_direct < 0) g_legacy_direct = hak_env_flag('HAKMEM_TINY_LEGACY_DIRECT', 0);
  return g_legacy_direct != 0;
}

/** Static route table in place of the policy lookup. */
@inline // leaf
export function tiny_static_route_ready_fast(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_static_route < 0) g_static_route = hak_env_flag('HAKMEM_TINY_STATIC_ROUTE', 1);
  return g_static_route != 0;
}

/** 19-E: bit test on the fastmap in place of the route table. */
@inline // leaf
export function route_fastmap_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_route_fastmap_gate < 0) g_route_fastmap_gate = hak_env_flag('HAKMEM_TINY_ROUTE_FASTMAP', 1);
  return g_route_fastmap_gate != 0;
}

/** Storage of the unified cache: LIFO list, or a ring in front of it, which spilling needs. */
@inline // leaf
export function tiny_unified_lifo_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_unified_lifo < 0) g_unified_lifo = bg_spill_enabled() ? 0 : hak_env_flag('HAKMEM_TINY_UNIFIED_LIFO', 1);
  return g_unified_lifo != 0;
}

/** 19-D: FastLane's header check is trusted, the tiny free does not repeat it. */
@inline // leaf
export function free_tiny_trusted_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_free_trusted < 0) g_free_trusted = hak_env_flag('HAKMEM_FREE_TINY_TRUSTED', HAKMEM_FREE_TINY_TRUSTED_DEFAULT);
  return g_free_trusted != 0;
}

/** The gates are read again when they are next asked. */
export function env_gates_forget(): void {
  g_fastlane_gate = -1;
  g_fastlane_mask = -1;
  g_fastlane_direct = -1;
  g_fastlane_env_ctx = -1;
  g_c7_ultra = -1;
  g_dualhot = -1;
  g_legacy_direct = -1;
  g_static_route = -1;
  g_route_fastmap_gate = -1;
  g_unified_lifo = -1;
  g_free_trusted = -1;
}
