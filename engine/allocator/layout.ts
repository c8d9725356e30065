// Where everything outside the heap lies in linear memory. Fixed addresses fold into the offsets of loads and stores.
//
//   0x000000  null guard, static data, environment block (NAME=VALUE\0...\0)
//   0x005000  shared state: lock, page runs, shared pool
//   0x008000  size tables (written once by tiny_size_class_init)
//   0x009000  telemetry counters
//   0x010000  page map: one byte a 64 KiB page of the 4 GiB
//   0x020000  run lengths, run links (u16 a page)
//   0x080000  owner of each page
//   0x0A0000  superslab registry: 64 bytes a MiB
//   0x100000  thread block of thread 0 (more are page runs)
//   0x120000  harness area, then the heap; both placed by the host

/** First byte of the environment block; ENV_BYTES long. */
export const ENV_BASE: usize = 0x4000;
export const ENV_BYTES: usize = 0x1000;

export const SHARED_LOCK: usize = 0x5000;
/** First page never handed out yet. */
export const SHARED_TOP_PAGE: usize = 0x5004;
/** First superslab with a free slab, index + 1. */
export const SHARED_SS_PARTIAL: usize = 0x5008;
export const SHARED_THREADS: usize = 0x500c;
export const SHARED_OOM_COUNT: usize = 0x5010;
export const SHARED_INVALID_FREES: usize = 0x5014;
/** The last misuse (misuse_box.ts). */
export const SHARED_MISUSE_KIND: usize = 0x501c;
export const SHARED_MISUSE_ADDRESS: usize = 0x5020;
export const SHARED_MISUSE_CLASS: usize = 0x5024;
/** Raised when the routing policy changes; threads then fill their policy snapshots again. */
export const SHARED_POLICY_VERSION: usize = 0x5018;
/** Heads of the free page runs by length, u32 each: 1..63 exact, 64 the rest. */
export const SHARED_RUN_HEADS: usize = 0x5100;
/** Remote free lists by thread, u32 each. */
export const SHARED_REMOTE_HEADS: usize = 0x5400;

/** bin by (size + 7) / 8, u8 each. */
export const SIZE_TO_BIN: usize = 0x8000;
/** Class C0..C7 by bin, u8 each. */
export const BIN_TO_CLASS: usize = 0x8100;
/** Block stride by bin, u32 each. */
export const BIN_TO_STRIDE: usize = 0x8200;

export const STATS_BASE: usize = 0x9000;

/** Code of each 64 KiB page: a bin, or one of PAGE_*. */
export const PAGE_MAP: usize = 0x10000;
export const RUN_LENGTH: usize = 0x20000;
export const RUN_NEXT: usize = 0x40000;
export const RUN_PREV: usize = 0x60000;
export const PAGE_OWNER: usize = 0x80000;
export const SS_META: usize = 0xa0000;
export const SS_META_BYTES: usize = 64;

export const PAGE_LARGE: u32 = 0xf0;
export const PAGE_LARGE_REST: u32 = 0xf1;
export const PAGE_FREE_RUN: u32 = 0xfe;

export const PAGE_SHIFT: u32 = 16;
export const PAGE_BYTES: usize = 0x10000;
export const SS_SHIFT: u32 = 20;
export const SS_PAGES: u32 = 16;

export const TLS_FIRST: usize = 0x100000;
export const TLS_BYTES: usize = 0x20000;
/** Offsets inside a thread block. Heads of the unified cache by bin, u32 each, at 0. */
export const TLS_C7_ULTRA: usize = 0x100;
export const TLS_CARVE_CUR: usize = 0x200;
export const TLS_CARVE_END: usize = 0x300;
export const TLS_SNAPSHOT: usize = 0x500;
export const TLS_FASTLANE_CTX: usize = 0x540;
export const TLS_STATIC_ROUTE: usize = 0x580;
export const TLS_POLICY: usize = 0x5c0;
/** Warm pool: up to WARM_POOL_SLOTS slabs a bin, u32 each. */
export const TLS_WARM_POOL: usize = 0x600;
export const WARM_POOL_SLOTS: u32 = 4;
/** This thread's copy of the page map: a bin where the page is its own, else 0. */
export const TLS_PAGE_MAP: usize = 0x1000;
/** Rings of the unified cache by bin: u32 head, u32 tail, RING_SLOTS pointers. */
export const TLS_RINGS: usize = 0x11000;
export const RING_SLOTS: u32 = 64;
export const RING_BYTES: usize = 8 + 64 * 4;

export const HARNESS_BASE: usize = 0x120000;
