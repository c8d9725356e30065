// Where the backends behind the front keep what they share (0x5800 .. 0x5FFF) and what a heap holds for them (0xF00 .. 0xFFF
// and 0x15000 .. 0x1FFFF of its block).
import { BENCH_MINIMAL, HAKMEM_FAST_PROFILE_PRUNE_BACKENDS } from './build_flags';

/** Whether the module has the pool: with run-time gates, or where it takes the place of MID v3. */
export const POOL_COMPILED: bool = !BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS != 0;

/** Code of a page in the page map that holds pool blocks. */
export const PAGE_POOL: u32 = 0xe0;
/** Code of the pages of the TLSF heap (HAKMEM_FORCE_LIBC_ALLOC). */
export const PAGE_LIBC: u32 = 0xe1;

/** Root of the TLSF heap, 0 before its first use. */
export const SHARED_LIBC_ROOT: usize = 0x5800;
/** Table of pool page descriptors, 0 before its first use. */
export const SHARED_POOL_TABLE: usize = 0x5804;
/** Table of in-use counts of MID v3 slabs, u16 a page, 0 before its first use. */
export const SHARED_MID_INUSE: usize = 0x5808;
/** Pages of Pool v1 with a free block, by pool class: page numbers, u32 each. */
export const SHARED_POOL_PARTIAL: usize = 0x5840;
/** g_remote_target_len by class C0..C7 and mid, u32 each. */
export const SHARED_REMOTE_TARGET_LEN: usize = 0x58c0;
/** g_bg_spill_head and g_bg_spill_len by bin, u32 each. */
export const SHARED_BG_SPILL_HEAD: usize = 0x5900;
export const SHARED_BG_SPILL_LEN: usize = 0x5a00;

/** Another thread asks the owner to empty its remote queue. */
export const TLS_REMOTE_ASK: usize = 0xf00;
/** Lanes of MID v3 by mid bin: u32 head, u32 count. */
export const TLS_MID_LANES: usize = 0x15000;
/** Decrements of in-use counts not applied yet: MID_PENDING of u32 page, u32 count. */
export const TLS_MID_PENDING: usize = 0x15200;
export const MID_PENDING: u32 = 16;
/** Blocks taken from the spill queues by bin, u32 each. */
export const TLS_SPILLED: usize = 0x15400;
/** What the learner has counted by bin: misses of the cache, slabs taken, u32 each. */
export const TLS_LEARN_MISSES: usize = 0x15600;
export const TLS_LEARN_SLABS: usize = 0x15700;
/** Allocations by bin, u32 each (size_profile_box.ts). */
export const TLS_SIZE_PROFILE: usize = 0x15800;
/** Pages of Pool v2 by pool class: u32 current page, u32 others with a free block. */
export const TLS_POOL_V2: usize = 0x15a00;
/** Pages of Pool v2 that other threads have returned blocks to, linked through their descriptors; under the lock. */
export const TLS_POOL_V2_RETURNED: usize = 0x15b00;
