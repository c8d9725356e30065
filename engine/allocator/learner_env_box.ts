// L0: the gates of the learning layer. Constants 0 in minimal builds and where the backends are pruned.
import { BENCH_MINIMAL, HAKMEM_FAST_PROFILE_PRUNE_BACKENDS } from './build_flags';
import { hak_env_flag, hak_env_u32 } from './hak_env';

let g_learner: i32 = -1;
let g_alloc_routing: i32 = -1;

/** Refills and prefills follow the misses counted so far (learner_box.ts). */
@inline // leaf
export function learner_enabled(): bool {
  if (BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return false;
  if (g_learner < 0) g_learner = hak_env_flag('HAKMEM_LEARN', 0);
  return g_learner != 0;
}

/** Allocations after which a mid bin gets slabs of its own (size_profile_box.ts); 0: at once. */
@inline // leaf
export function alloc_routing_threshold(): u32 {
  if (BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS) return 0;
  if (g_alloc_routing < 0) g_alloc_routing = <i32>min<u32>(hak_env_u32('HAKMEM_ALLOC_ROUTING', 0), 0x7fffffff);
  return g_alloc_routing;
}
