// warm_pool_stats_box.h - L3: how the warm pool does. Thread-local, plain increments.
#ifndef WARM_POOL_STATS_BOX_H
#define WARM_POOL_STATS_BOX_H

#include "../hakmem_internal.h"

typedef struct WarmPoolStats {
    uint64_t hits;
    uint64_t misses;
    uint64_t prefilled;
} WarmPoolStats;

extern __thread WarmPoolStats g_warm_pool_stats[TINY_NUM_CLASSES];

static inline void warm_pool_record_hit(int class_idx) {
#if HAKMEM_DEBUG_COUNTERS
    g_warm_pool_stats[class_idx].hits++;
#else
    (void)class_idx;
#endif
}

static inline void warm_pool_record_miss(int class_idx) {
#if HAKMEM_DEBUG_COUNTERS
    g_warm_pool_stats[class_idx].misses++;
#else
    (void)class_idx;
#endif
}

static inline void warm_pool_record_prefilled(int class_idx) {
#if HAKMEM_DEBUG_COUNTERS
    g_warm_pool_stats[class_idx].prefilled++;
#else
    (void)class_idx;
#endif
}

// Prints the calling thread's figures.
void warm_pool_stats_dump(void);

#endif
