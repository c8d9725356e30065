// L0: gates of the shared pool's stages.
import { BENCH_MINIMAL } from './build_flags';
import { hak_env_flag } from './hak_env';

let g_stage05: i32 = -1;
let g_tier_cache: i32 = -1;
let g_batch: i32 = -1;

/** Stage 0.5: the registry is scanned before the partial list. */
@inline // leaf
export function ss_registry_scan_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_stage05 < 0) g_stage05 = hak_env_flag('HAKMEM_SS_REGISTRY_SCAN', 1);
  return g_stage05 != 0;
}

/** Tiers are looked up in the thread's cache first. */
@inline // leaf
export function ss_tier_cache_enabled(): bool {
  if (BENCH_MINIMAL) return false;
  if (g_tier_cache < 0) g_tier_cache = hak_env_flag('HAKMEM_SS_TIER_CACHE', 0);
  return g_tier_cache != 0;
}

/** A warm pool is prefilled under one lock; off takes the lock for each slab. */
@inline // leaf
export function ss_batch_acquire_enabled(): bool {
  if (BENCH_MINIMAL) return true;
  if (g_batch < 0) g_batch = hak_env_flag('HAKMEM_SS_BATCH_ACQUIRE', 1);
  return g_batch != 0;
}

export function ss_acquire_forget(): void {
  g_stage05 = -1;
  g_tier_cache = -1;
  g_batch = -1;
}
