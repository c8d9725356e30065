// Telemetry counters: u32 cells in shared memory, added to atomically (in WebAssembly always sequentially consistent).
// A cell exists only where its flag compiles an update in; the host reads them by the numbers of this file.
import { STATS_BASE } from './layout';

/** Phase 24, five cells: hits, misses, and by kind of class (small C0-C3, mid C4-C6, C7). */
export const STAT_CLASS_HITS: u32 = 0;
export const STAT_CLASS_MISSES: u32 = 1;
export const STAT_CLASS_SMALL: u32 = 2;
export const STAT_CLASS_MID: u32 = 3;
export const STAT_CLASS_C7: u32 = 4;
export const STAT_FREE_SS_ENTER: u32 = 5;
export const STAT_C7_FREE_COUNT: u32 = 6;
export const STAT_HDR_MISMATCH: u32 = 7;
export const STAT_HDR_META_MISMATCH: u32 = 8;
export const STAT_BAD_CLASS: u32 = 9;
export const STAT_HDR_META_FAST: u32 = 10;
/** Phase 27: hits, misses, refills, and by class hits (8) and misses (8). */
export const STAT_UC_HITS: u32 = 16;
export const STAT_UC_MISSES: u32 = 17;
export const STAT_UC_CLASS_HITS: u32 = 24;
export const STAT_UC_CLASS_MISSES: u32 = 32;
/** Warm pool by bin: hits, misses, prefilled. */
export const STAT_WARM_HITS: u32 = 64;
export const STAT_WARM_MISSES: u32 = 128;
export const STAT_WARM_PREFILLED: u32 = 192;
/** 19-C. */
export const STAT_FRONT_FREE_TOTAL: u32 = 40;
export const STAT_FREE_PATH_TOTAL: u32 = 41;
export const STAT_ALLOC_GATE_TOTAL: u32 = 42;
export const STAT_FRONT_FREE_BY_CLASS: u32 = 48;
/** Cells from 256 on: cold paths, and boxes whose gates are off. Guard: checks at allocation and at free. */
export const STAT_GUARD_ALLOC: u32 = 256;
export const STAT_GUARD_FREE: u32 = 257;
/** Tiny heap box (HAKMEM_TINY_HEAP_STATS): allocations, frees, refills. */
export const STAT_HEAP_ALLOC: u32 = 258;
export const STAT_HEAP_FREE: u32 = 259;
export const STAT_HEAP_REFILL: u32 = 260;
/** Header mode debug: free blocks whose header is not that of a free block. */
export const STAT_HEADER_DEBUG: u32 = 261;
/** Freelist validation: lists that were cleared. */
export const STAT_FREELIST_CLEARED: u32 = 262;
/** g_ss_os_alloc_calls, g_ss_os_madvise_calls, and madvise calls that the guard refused. */
export const STAT_SS_OS_ALLOC_CALLS: u32 = 263;
export const STAT_SS_OS_MADVISE_CALLS: u32 = 264;
export const STAT_SS_OS_MADVISE_REFUSED: u32 = 265;
/** rel_c7_*: slabs, superslabs. dbg_c7_*: slabs by stage (registry scan, hot partial, any partial, new). */
export const STAT_REL_C7_SLABS: u32 = 266;
export const STAT_REL_C7_SUPERSLABS: u32 = 267;
export const STAT_DBG_C7_STAGE: u32 = 268;
/** The bins' detours as they were configured last, a bit a class. */
export const STAT_FRONT_CONFIG: u32 = 272;
/** Page box by class (9 kinds): slabs taken, slabs given back. */
export const STAT_PAGE_BOX_TAKEN: u32 = 288;
export const STAT_PAGE_BOX_BACK: u32 = 304;
/** Page fault telemetry by class (9 kinds): system pages first touched. */
export const STAT_PF_TOUCHED: u32 = 320;

export function stat_set(cell: u32, value: u32): void {
  atomic.store<u32>(STATS_BASE + (<usize>cell << 2), value);
}
/** Phase 29: STAT_POOL_V2_CELLS counters a pool class (pool_hotbox_v2_stats_box.ts). */
export const STAT_POOL_V2: u32 = 512;
export const STAT_POOL_V2_CELLS: u32 = 12;

@inline // leaf
export function stat_inc(cell: u32): void {
  atomic.add<u32>(STATS_BASE + (<usize>cell << 2), 1);
}

/** Value of a cell. */
export function stat_read(cell: u32): u32 {
  return load<u32>(STATS_BASE + (<usize>cell << 2));
}
