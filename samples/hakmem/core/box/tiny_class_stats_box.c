// tiny_class_stats_box.c - storage and printing of the class statistics.
#include "tiny_class_stats_box.h"

#include <stdio.h>

#if HAKMEM_TINY_CLASS_STATS_COMPILED
_Atomic(uint64_t) g_tiny_class_stats_alloc_hit[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_tiny_class_stats_alloc_miss[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_tiny_class_stats_free_push[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_tiny_class_stats_free_full[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_tiny_class_stats_ultra_hit[TINY_NUM_CLASSES];

static unsigned long long stat_of(_Atomic(uint64_t)* counter) {
    return (unsigned long long)atomic_load_explicit(counter, memory_order_relaxed);
}
#endif

void tiny_class_stats_dump(void) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        fprintf(stderr, "[hakmem] C%d alloc hit=%llu miss=%llu free push=%llu full=%llu ultra=%llu\n", c,
                stat_of(&g_tiny_class_stats_alloc_hit[c]), stat_of(&g_tiny_class_stats_alloc_miss[c]),
                stat_of(&g_tiny_class_stats_free_push[c]), stat_of(&g_tiny_class_stats_free_full[c]),
                stat_of(&g_tiny_class_stats_ultra_hit[c]));
    }
#else
    (void)0;
#endif
}
