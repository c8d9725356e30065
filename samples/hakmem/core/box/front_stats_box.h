// front_stats_box.h - L3: statistics of the front end (Phase 19-C).
//
// Unsampled counters exist only with HAKMEM_FRONT_STATS_COMPILED. Outside release builds a 1-in-4096
// sample of the frees is kept, which costs one thread-local increment an operation.
#ifndef FRONT_STATS_BOX_H
#define FRONT_STATS_BOX_H

#include "../hakmem_internal.h"

typedef struct FrontFastlaneStats {
    _Atomic(uint64_t) free_total;
    _Atomic(uint64_t) free_fallback;
    _Atomic(uint64_t) malloc_total;
} FrontFastlaneStats;

typedef struct FreePathStats {
    _Atomic(uint64_t) total_calls;
    _Atomic(uint64_t) cold_calls;
} FreePathStats;

typedef struct AllocGateStats {
    _Atomic(uint64_t) total_calls;
} AllocGateStats;

extern FrontFastlaneStats g_front_fastlane_stats;
extern FreePathStats g_free_path_stats;
extern AllocGateStats g_alloc_gate_stats;
extern _Atomic(uint64_t) g_tiny_front_free_class[TINY_NUM_CLASSES];

#define FRONT_FASTLANE_STAT_INC(field) \
    atomic_fetch_add_explicit(&g_front_fastlane_stats.field, 1, memory_order_relaxed)

#if HAKMEM_FRONT_STATS_COMPILED
#  define FREE_PATH_STAT_INC(field) \
      atomic_fetch_add_explicit(&g_free_path_stats.field, 1, memory_order_relaxed)
#  define ALLOC_GATE_STAT_INC(field) \
      atomic_fetch_add_explicit(&g_alloc_gate_stats.field, 1, memory_order_relaxed)
#else
#  define FREE_PATH_STAT_INC(field)  ((void)0)
#  define ALLOC_GATE_STAT_INC(field) ((void)0)
#endif

static inline void tiny_front_free_stat_inc(int class_idx) {
#if HAKMEM_FRONT_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_front_free_class[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

#if !HAKMEM_BUILD_RELEASE
extern __thread uint32_t g_stat_counter;
#endif

// Called for every free that enters FastLane.
static inline void front_fastlane_sample_free(void) {
#if !HAKMEM_BUILD_RELEASE
    if (HAK_UNLIKELY((++g_stat_counter & 0xFFF) == 0)) {
        FRONT_FASTLANE_STAT_INC(free_total);
    }
#else
    (void)0;
#endif
}

void front_stats_dump(void);

#endif
