// hakmem_build_flags.h - every compile-time switch of the allocator, with its default.
//
// Rule: a switch is always defined to 0 or 1 after this header, so the code can say `#if FLAG`
// and never `#ifdef FLAG`. Override with EXTRA_CFLAGS='-DFLAG=1'.
#ifndef HAKMEM_BUILD_FLAGS_H
#define HAKMEM_BUILD_FLAGS_H

// ---------------------------------------------------------------- build flavour

#ifndef HAKMEM_BUILD_RELEASE
#  define HAKMEM_BUILD_RELEASE 0
#endif

#ifndef HAKMEM_BUILD_DEBUG
#  define HAKMEM_BUILD_DEBUG 0
#endif

// Debug counters follow NDEBUG: a release build pays nothing for them.
#ifndef HAKMEM_DEBUG_COUNTERS
#  if defined(NDEBUG)
#    define HAKMEM_DEBUG_COUNTERS 0
#  else
#    define HAKMEM_DEBUG_COUNTERS 1
#  endif
#endif

// FAST benchmark build: run-time gates become constants (Phase 39).
#ifndef HAKMEM_BENCH_MINIMAL
#  define HAKMEM_BENCH_MINIMAL 0
#endif

// FAST profile with the preset frozen at compile time.
#ifndef HAKMEM_FAST_PROFILE_FIXED
#  define HAKMEM_FAST_PROFILE_FIXED 0
#endif

// Phase 64 (NO-GO): make MID v3, Pool v2 and the learner unreachable so that LTO drops them.
#ifndef HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
#  define HAKMEM_FAST_PROFILE_PRUNE_BACKENDS 0
#endif

// ---------------------------------------------------------------- front end (Phase 19)

// 19-1: malloc/free call the tiny path directly; 0 keeps the FastLane wrapper layer for A/B.
#ifndef HAKMEM_FRONT_FASTLANE_DIRECT
#  define HAKMEM_FRONT_FASTLANE_DIRECT 0
#endif

// 19-3D: FastLane hands its validated header on; 0 keeps the second check in free_tiny_fast.
#ifndef HAKMEM_FREE_TRUSTED_HEADER
#  define HAKMEM_FREE_TRUSTED_HEADER 0
#endif

// 19-4: one bit test per class in place of the static route lookup.
#ifndef HAKMEM_ROUTE_FASTMAP
#  define HAKMEM_ROUTE_FASTMAP 0
#endif

// 19-3C: per-operation front statistics, unsampled.
#ifndef HAKMEM_FRONT_STATS_COMPILED
#  define HAKMEM_FRONT_STATS_COMPILED 0
#endif

// ---------------------------------------------------------------- telemetry prune (Phases 24-29)

// Phase 24: Tiny Class Stats
#ifndef HAKMEM_TINY_CLASS_STATS_COMPILED
#  define HAKMEM_TINY_CLASS_STATS_COMPILED 0
#endif

// Phase 25: Tiny Free Stats
#ifndef HAKMEM_TINY_FREE_STATS_COMPILED
#  define HAKMEM_TINY_FREE_STATS_COMPILED 0
#endif

// Phase 26A: C7 Free Count
#ifndef HAKMEM_C7_FREE_COUNT_COMPILED
#  define HAKMEM_C7_FREE_COUNT_COMPILED 0
#endif

// Phase 26B: Header Mismatch Log
#ifndef HAKMEM_HDR_MISMATCH_LOG_COMPILED
#  define HAKMEM_HDR_MISMATCH_LOG_COMPILED 0
#endif

// Phase 26C: Header Meta Mismatch
#ifndef HAKMEM_HDR_META_MISMATCH_COMPILED
#  define HAKMEM_HDR_META_MISMATCH_COMPILED 0
#endif

// Phase 26D: Metric Bad Class
#ifndef HAKMEM_METRIC_BAD_CLASS_COMPILED
#  define HAKMEM_METRIC_BAD_CLASS_COMPILED 0
#endif

// Phase 26E: Header Meta Fast
#ifndef HAKMEM_HDR_META_FAST_COMPILED
#  define HAKMEM_HDR_META_FAST_COMPILED 0
#endif

// Phase 27: Unified Cache Stats
#ifndef HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
#  define HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED 0
#endif

// Phase 29: Pool Hotbox v2 Stats
#ifndef HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
#  define HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED 0
#endif

#endif
