// Allocation routing by size profile (HAKMEM_ALLOC_ROUTING=n): a mid bin has slabs of its own only once a thread has allocated
// n blocks of it; until then the pool serves it, whose coarser classes share pages between sizes and threads. So a program
// that uses many sizes a little does not hold a slab for each.
import { front_forget } from './front_fold';
import { alloc_routing_threshold } from './learner_env_box';
import { TLS_SIZE_PROFILE } from './pools_layout';
import { g_tls } from './tls';

/** Whether this thread has not allocated enough of a mid bin yet. */
@inline // leaf
export function size_profile_is_rare(bin: u32): bool {
  const threshold = alloc_routing_threshold();
  return threshold != 0 && load<u32>(g_tls + (<usize>bin << 2), TLS_SIZE_PROFILE) < threshold;
}

/** Counts an allocation of a mid bin; true when it is for the pool. */
export function size_profile_count(bin: u32): bool {
  if (!size_profile_is_rare(bin)) return false;
  const at = g_tls + (<usize>bin << 2);
  store<u32>(at, load<u32>(at, TLS_SIZE_PROFILE) + 1, TLS_SIZE_PROFILE);
  // From the next allocation on the front may serve the bin.
  if (!size_profile_is_rare(bin)) front_forget();
  return true;
}
