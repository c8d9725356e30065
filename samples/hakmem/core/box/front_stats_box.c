// front_stats_box.c - storage and printing of the front end's statistics.
#include "front_stats_box.h"

#include <stdio.h>

FrontFastlaneStats g_front_fastlane_stats;
FreePathStats g_free_path_stats;
AllocGateStats g_alloc_gate_stats;
_Atomic(uint64_t) g_tiny_front_free_class[TINY_NUM_CLASSES];

#if !HAKMEM_BUILD_RELEASE
__thread uint32_t g_stat_counter;
#endif

#if !HAKMEM_BUILD_RELEASE || HAKMEM_FRONT_STATS_COMPILED
#  define READ(x) ((unsigned long long)atomic_load_explicit(&(x), memory_order_relaxed))
#endif

void front_stats_dump(void) {
#if !HAKMEM_BUILD_RELEASE
    fprintf(stderr, "[hakmem] fastlane frees=%llu * 4096\n", READ(g_front_fastlane_stats.free_total));
#endif
#if HAKMEM_FRONT_STATS_COMPILED
    fprintf(stderr, "[hakmem] fastlane malloc=%llu free fallback=%llu\n", READ(g_front_fastlane_stats.malloc_total),
            READ(g_front_fastlane_stats.free_fallback));
    fprintf(stderr, "[hakmem] free calls=%llu cold=%llu alloc calls=%llu\n", READ(g_free_path_stats.total_calls),
            READ(g_free_path_stats.cold_calls), READ(g_alloc_gate_stats.total_calls));
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        fprintf(stderr, "[hakmem] free C%d=%llu\n", c, READ(g_tiny_front_free_class[c]));
    }
#endif
}
