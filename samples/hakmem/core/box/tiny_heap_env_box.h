// tiny_heap_env_box.h - gates of the TinyHeap route, which bypasses the unified cache.
#ifndef TINY_HEAP_ENV_BOX_H
#define TINY_HEAP_ENV_BOX_H

#include "../hakmem_internal.h"
#include "hak_env_box.h"

typedef struct TinyHeapStats {
    uint64_t allocs;
    uint64_t frees;
    uint64_t remote_frees;
} TinyHeapStats;

extern __thread TinyHeapStats g_tiny_heap_stats[TINY_NUM_CLASSES];

static inline int tiny_heap_box_enabled(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_flag("HAKMEM_TINY_HEAP_BOX", 0);
    }
    return g;
}

// Bit per class.
static inline int tiny_heap_class_route_enabled(int class_idx) {
    static long g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_long("HAKMEM_TINY_HEAP_CLASSES", 0, 0, 255);
    }
    return (int)((g >> class_idx) & 1);
}

static inline int tiny_heap_stats_enabled(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_flag("HAKMEM_TINY_HEAP_STATS", 0);
    }
    return g;
}

// Ultra metadata is only laid out for the largest class.
static inline int tiny_heap_meta_ultra_enabled_for_class(int class_idx) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_flag("HAKMEM_TINY_HEAP_META_ULTRA", 0);
    }
    return g && class_idx == 7;
}

#endif
