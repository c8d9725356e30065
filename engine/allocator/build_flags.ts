// Compile flags of the engine (the seeds' core/hakmem_build_flags.h). The build replaces this file's values for each
// variant (engine/host/variants.ts); what stands here is `standard`. A flag that is 0 leaves no code in the module.

/** 1 makes every gate function a constant (Phase 39). */
export const BENCH_MINIMAL: i32 = 0;
/** 1 fixes the routes at compile time: no class mask, no static route table, no policy snapshot. */
export const FAST_PROFILE_FIXED: i32 = 0;
/** Release flavour: no freelist validation at refill. */
export const HAKMEM_BUILD_RELEASE: i32 = 1;
/** Debug flavour: the shared pool checks that a slab that comes back was taken. */
export const HAKMEM_BUILD_DEBUG: i32 = 0;
/** Warm pool statistics and page fault telemetry; follows NDEBUG: 0 in release builds. */
export const HAKMEM_DEBUG_COUNTERS: i32 = 0;
/** Header mode: 1 writes 0xA0|class at ptr-1 and has one block size a class, 0 finds the class by the page map. */
export const HAKMEM_TINY_HEADER: i32 = 1;
/** The FastLane layer between the wrappers and the tiny front (19-A removes it). */
export const HAKMEM_FRONT_FASTLANE_COMPILED: i32 = 1;
/** Default of the gate HAKMEM_FASTLANE_DIRECT. */
export const HAKMEM_FASTLANE_DIRECT_DEFAULT: i32 = 1;
/** Default of the gate HAKMEM_FREE_TINY_TRUSTED. */
export const HAKMEM_FREE_TINY_TRUSTED_DEFAULT: i32 = 1;
/** 19-D's way back at compile time: the trusted free looks at the header once more. Kept in the debug flavour. */
export const HAKMEM_TINY_HEADER_DUP_CHECK: i32 = 0;
/** 0 gives tiny_free_fast_v2 a helper of its own for the thread's number. */
export const TINY_SELF_U32_LOCAL_DEFINED: i32 = 1;
/** The documents' `#if 0` in ss_allocation_box: the last empty superslab is kept. */
export const HAKMEM_SS_MUNMAP_GUARD_COMPILED: i32 = 0;
/** The documents' `#if 0` in tiny_front_config_box: what the front was configured to is recorded. */
export const HAKMEM_FRONT_CONFIG_DEBUG_COMPILED: i32 = 0;
/** g_ss_os_alloc_calls, g_ss_os_madvise_calls. */
export const HAKMEM_SS_OS_STATS_COMPILED: i32 = 0;
/** rel_c7_*: slabs of class 7 that go back. */
export const HAKMEM_REL_C7_LOG_COMPILED: i32 = 0;
/** dbg_c7_*: slabs of class 7 that are acquired. */
export const HAKMEM_DBG_C7_LOG_COMPILED: i32 = 0;
/** Phase 64: MID v3, Pool v2 and the learner are unreachable; Pool v1 serves the mid sizes. */
export const HAKMEM_FAST_PROFILE_PRUNE_BACKENDS: i32 = 0;
/** Slabs fetched under one lock when a warm pool is empty. */
export const WARM_POOL_PREFILL_BUDGET: i32 = 2;
/** Phase 24: g_tiny_class_stats_*. */
export const HAKMEM_TINY_CLASS_STATS_COMPILED: i32 = 0;
/** Phase 25: g_free_ss_enter. */
export const HAKMEM_TINY_FREE_STATS_COMPILED: i32 = 0;
/** Phase 26A: frees of class 7. */
export const HAKMEM_C7_FREE_COUNT_COMPILED: i32 = 0;
/** Phase 26B: headers without the magic. */
export const HAKMEM_HDR_MISMATCH_LOG_COMPILED: i32 = 0;
/** Phase 26C: header class against the page map, general free. */
export const HAKMEM_HDR_META_MISMATCH_COMPILED: i32 = 0;
/** Phase 26D: classes out of range. */
export const HAKMEM_METRIC_BAD_CLASS_COMPILED: i32 = 0;
/** Phase 26E: header class against the page map, fast free. */
export const HAKMEM_HDR_META_FAST_COMPILED: i32 = 0;
/** Phase 27: g_unified_cache_*. */
export const HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED: i32 = 0;
/** Phase 29: g_pool_hotbox_v2_stats. */
export const HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED: i32 = 0;
/** 19-C: front statistics on every operation. */
export const HAKMEM_FRONT_STATS_COMPILED: i32 = 0;
/** 19-C: the front statistics count 1 operation in 4096. */
export const HAKMEM_FRONT_STATS_SAMPLED: i32 = 0;
/** Tests only: the unified cache hands one block out twice, which `--verify` has to find. */
export const ENGINE_TEST_DOUBLE_HANDOUT: i32 = 0;
