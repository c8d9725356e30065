// Where everything outside the heap lies in linear memory. Fixed addresses fold into the offsets of loads and stores.
//
//   0x000000  null guard, static data, environment block (NAME=VALUE\0...\0)
//   0x005000  shared state: lock, page runs, shared pool, heaps without a thread
//   0x006000  telemetry counters
//   0x007000  size tables (written once by tiny_size_class_init)
//   0x010000  page map: one byte a 64 KiB page of the 4 GiB
//   0x020000  run lengths, run links (u16 a page)
//   0x080000  owner of each page: the page number of its heap block (u16 a page)
//   0x0A0000  superslab registry: 64 bytes a MiB
//   0x0E0000  the heap block of threads that have none: zeros, never written
//   0x100000  the first heap block (more are page runs)
//   0x120000  harness area, then the heap; both placed by the host
import { BENCH_MINIMAL } from './build_flags';

/** First byte of the environment block; ENV_BYTES long. */
export const ENV_BASE: usize = 0x4000;
export const ENV_BYTES: usize = 0x1000;

export const SHARED_LOCK: usize = 0x5000;
/** First page never handed out yet. */
export const SHARED_TOP_PAGE: usize = 0x5040;
/** First superslab with a free slab, index + 1. */
export const SHARED_SS_PARTIAL: usize = 0x5044;
export const SHARED_THREADS: usize = 0x5048;
export const SHARED_OOM_COUNT: usize = 0x504c;
export const SHARED_INVALID_FREES: usize = 0x5050;
/** The last misuse (misuse_box.ts). */
export const SHARED_MISUSE_KIND: usize = 0x5054;
export const SHARED_MISUSE_ADDRESS: usize = 0x5058;
export const SHARED_MISUSE_CLASS: usize = 0x505c;
/** Raised when the routing policy changes; threads then fill their policy snapshots again. */
export const SHARED_POLICY_VERSION: usize = 0x5060;
/** Heaps whose thread has ended, linked by TLS_NEXT_HEAP; and heap blocks with nothing in them. */
export const SHARED_ABANDONED: usize = 0x5064;
export const SHARED_SPARE: usize = 0x5068;
/** Pages that are marked as given back to the system (madvise_guard_box.ts). */
export const SHARED_DECOMMITTED: usize = 0x5080;
/** Heads of the free page runs by length, u32 each: 1..63 exact, 64 the rest. */
export const SHARED_RUN_HEADS: usize = 0x5100;

/** Bloom filter of touched system pages (pagefault_telemetry_box.ts), PF_BLOOM_BITS bits. */
export const PF_BLOOM: usize = 0x5600;
export const PF_BLOOM_BITS: u32 = 4096;

export const STATS_BASE: usize = 0x6000;

/** bin by (size + 7) / 8 up to MID_MAX_SIZE, u8 each. */
export const SIZE_TO_BIN: usize = 0x7000;
/** Class C0..C7 (8: mid and aligned) by bin, u8 each. */
export const BIN_TO_CLASS: usize = 0x8100;
/** Block stride by bin, u32 each. */
export const BIN_TO_STRIDE: usize = 0x8200;
/** Multiplier that tells whether an offset is a multiple of the stride (tiny_size_class.ts); 0 for no bin. */
export const BIN_TO_CHECK: usize = 0x8300;
/** Offset of a slab's first block by bin, u32 each. */
export const BIN_TO_FIRST: usize = 0x8400;

/** Code of each 64 KiB page: a bin, or one of PAGE_*. */
export const PAGE_MAP: usize = 0x10000;
export const RUN_LENGTH: usize = 0x20000;
export const RUN_NEXT: usize = 0x40000;
export const RUN_PREV: usize = 0x60000;
export const PAGE_OWNER: usize = 0x80000;
export const SS_META: usize = 0xa0000;
export const SS_META_BYTES: usize = 64;

/** First page of a large object; the pages after it have code 0. */
export const PAGE_LARGE: u32 = 0xf0;
export const PAGE_FREE_RUN: u32 = 0xfe;

export const PAGE_SHIFT: u32 = 16;
export const PAGE_BYTES: usize = 0x10000;
export const SS_SHIFT: u32 = 20;
export const SS_PAGES: u32 = 16;

/** Heap block of a thread that has not allocated yet: all lists empty, no page its own. */
export const TLS_NONE: usize = 0xe0000;
export const TLS_FIRST: usize = 0x100000;
export const TLS_BYTES: usize = 0x20000;
/** Offsets inside a heap block. Lists of the front by bin, u32 each, are at 0. */
export const TLS_UNIFIED: usize = BENCH_MINIMAL ? 0 : 0x100;
export const TLS_C7_ULTRA: usize = 0x200;
export const TLS_CARVE_CUR: usize = 0x300;
export const TLS_CARVE_END: usize = 0x400;
/** Lists and uncarved stretches taken over from heaps whose thread has ended. */
export const TLS_ADOPTED: usize = 0x500;
export const TLS_CARVE_MORE: usize = 0x600;
/** BIN_TO_CHECK of the bins that the front serves itself, else 0 (front_fold.ts). */
export const TLS_CHECK: usize = 0x700;
/** Warm pool: up to WARM_POOL_SLOTS slabs a bin, u32 each. */
export const TLS_WARM_POOL: usize = 0x800;
export const WARM_POOL_SLOTS: u32 = 4;
export const TLS_SNAPSHOT: usize = 0xc00;
export const TLS_FASTLANE_CTX: usize = 0xc40;
export const TLS_STATIC_ROUTE: usize = 0xc80;
export const TLS_POLICY: usize = 0xcc0;
/** Next in a list of heaps. */
export const TLS_NEXT_HEAP: usize = 0xd40;
/** SHARED_TOP_PAGE when its thread ended. */
export const TLS_ABANDONED_TOP: usize = 0xd44;
/** Remote target queue: blocks that other threads freed. A cache line of its own. */
export const TLS_REMOTE: usize = 0xd80;
/** Tiny heap box: lists by bin; what it handed out and took back by class (two u32 each). */
export const TLS_HEAP_BOX: usize = 0xe00;
export const TLS_HEAP_META: usize = 0xe80;
/** C7 hot: a block and its bin. */
export const TLS_C7_HOT: usize = 0xe60;
/** Tiny front v3 snapshot: the detours of each class, u8 each. */
export const TLS_FRONT_V3: usize = 0xe68;
/** Whether a bin carves from memory never used before, a bit each. */
export const TLS_FRESH: usize = 0xe70;
/** Whether this heap's rings may hold blocks (TLS_RINGS_USED). Tier cache: superslab index * 4 + tier, u32 each. */
export const TLS_TIER_CACHE: usize = 0xec0;
export const TLS_RINGS_USED: usize = 0xee0;
export const TIER_CACHE_SLOTS: u32 = 8;
/** This thread's copy of the page map: a bin where the page is its own, else 0. */
export const TLS_PAGE_MAP: usize = 0x1000;
/** Rings of the unified cache by bin: u32 head, u32 tail, RING_SLOTS pointers. */
export const TLS_RINGS: usize = 0x11000;
export const RING_SLOTS: u32 = 64;
export const RING_BYTES: usize = 8 + 64 * 4;

export const HARNESS_BASE: usize = 0x120000;
