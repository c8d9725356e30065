// L0: the gate of Pool v2. On when the variable is set, non-empty and does not begin with `0`.
import { BENCH_MINIMAL, HAKMEM_FAST_PROFILE_PRUNE_BACKENDS } from './build_flags';
import { hak_env_flag } from './hak_env';

let g_pool_v2: i32 = -1;

/** Pool v2 serves the mid sizes, in front of MID v3; what it cannot serve falls back to Pool v1. */
@inline // leaf
export function hak_pool_v2_enabled(): bool {
  if (BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (g_pool_v2 < 0) g_pool_v2 = hak_env_flag('HAKMEM_POOL_V2_ENABLED', 0);
  return g_pool_v2 != 0;
}
