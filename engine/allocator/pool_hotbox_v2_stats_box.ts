// Phase 29: g_pool_hotbox_v2_stats[ci], twelve counters a pool class, written at thirteen places of the hotbox. Compiled in by
// HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED; they count only while Pool v2 is on.
import { HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED } from './build_flags';
import { STAT_POOL_V2, STAT_POOL_V2_CELLS, stat_inc } from './stats';

export const POOL_V2_ALLOC_CALLS: u32 = 0;
export const POOL_V2_ALLOC_FAST: u32 = 1;
export const POOL_V2_ALLOC_REFILL: u32 = 2;
export const POOL_V2_ALLOC_REFILL_FAIL: u32 = 3;
export const POOL_V2_ALLOC_FALLBACK_V1: u32 = 4;
export const POOL_V2_FREE_CALLS: u32 = 5;
export const POOL_V2_FREE_FAST: u32 = 6;
export const POOL_V2_FREE_FALLBACK_V1: u32 = 7;
/** page_of_fail_*: beyond the heap; a page of something else; not where a block begins; a page that is not v2's. */
export const POOL_V2_PAGE_OF_FAIL_RANGE: u32 = 8;
export const POOL_V2_PAGE_OF_FAIL_NO_HEADER: u32 = 9;
export const POOL_V2_PAGE_OF_FAIL_MISALIGNED: u32 = 10;
export const POOL_V2_PAGE_OF_FAIL_UNKNOWN: u32 = 11;

/** Counts for pool class `ci`; what fails before the class is known counts for class 0. */
@inline // leaf
export function pool_hotbox_v2_stat_inc(ci: u32, counter: u32): void {
  if (HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED) stat_inc(STAT_POOL_V2 + ci * STAT_POOL_V2_CELLS + counter);
}
