// Tiers: how warm a superslab is. It is hot while slabs are taken from it; when three quarters of its slabs are free again it
// drains: slabs come from others first, so that it may become empty and go back whole. Tiers change at any time.
import { ss_tier_cache_enabled } from './ss_acquire_env_box';
import { TIER_CACHE_SLOTS, TLS_TIER_CACHE } from './layout';
import { SS_TIER, ss_meta } from './superslab_registry';
import { g_tls } from './tls';

export const SS_TIER_HOT: u32 = 1;
export const SS_TIER_DRAINING: u32 = 2;
/** Free slabs of 16 from which a superslab drains. */
const DRAIN_AT: u32 = 12;

export function ss_tier_set(index: u32, tier: u32): void {
  atomic.store<u32>(ss_meta(index) + SS_TIER, tier);
}

/** The tier as it is: an atomic load a candidate, needed for correctness. */
export function ss_tier_is_hot(index: u32): bool {
  return atomic.load<u32>(ss_meta(index) + SS_TIER) == SS_TIER_HOT;
}

@inline // leaf
function cache_cell(index: u32): usize {
  return g_tls + TLS_TIER_CACHE + (<usize>(index & (TIER_CACHE_SLOTS - 1)) << 2);
}

/** Whether a candidate is worth looking at: by the thread's tier cache if there is one, which may be out of date. */
export function ss_tier_seems_hot(index: u32): bool {
  if (!ss_tier_cache_enabled()) return ss_tier_is_hot(index);
  const cell = cache_cell(index);
  const known = load<u32>(cell);
  if (known >>> 2 == index && known & 3) return (known & 3) == SS_TIER_HOT;
  const hot = ss_tier_is_hot(index);
  store<u32>(cell, (index << 2) | (hot ? SS_TIER_HOT : SS_TIER_DRAINING));
  return hot;
}

/** The candidate that is about to be taken: what the cache said is checked. False, and forgotten, when it was out of date. */
export function ss_tier_validate(index: u32): bool {
  if (!ss_tier_cache_enabled() || ss_tier_is_hot(index)) return true;
  store<u32>(cache_cell(index), 0);
  return false;
}

/** After a slab came back: `free` of the 16 are free. */
export function ss_tier_after_release(index: u32, free: u32): void {
  if (free >= DRAIN_AT) ss_tier_set(index, SS_TIER_DRAINING);
}
