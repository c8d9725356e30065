// hakmem_stats_dump.c - HAKMEM_STATS_DUMP=1 prints all statistics when the process ends.
#include "hakmem_stats_dump.h"

#include "box/front_stats_box.h"
#include "box/hak_env_box.h"
#include "box/pagefault_telemetry_box.h"
#include "box/ss_os_acquire_box.h"
#include "box/tiny_class_stats_box.h"
#include "box/warm_pool_stats_box.h"
#include "front/tiny_unified_cache.h"
#include "hakmem_large.h"
#include "hakmem_pool.h"
#include "hakmem_shared_pool.h"
#include "hakmem_tiny.h"

#include <stdio.h>

static void dump_os(void) {
    fprintf(stderr, "[hakmem] os allocs=%llu frees=%llu fails=%llu madvise=%llu live=%llu peak=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_ss_os_alloc_calls, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_ss_os_free_calls, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_ss_os_alloc_fail, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_ss_os_madvise_calls, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_ss_os_live_bytes, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_ss_os_peak_bytes, memory_order_relaxed));
}

void hak_stats_dump(void) {
    dump_os();
    hak_pool_dump();
    hak_large_dump();
    front_stats_dump();
    tiny_class_stats_dump();
    unified_cache_stats_dump();
    warm_pool_stats_dump();
    pagefault_telemetry_dump();
    shared_pool_dump_c7();
    shared_pool_dump_c7_release();
    tiny_diag_dump();
}

__attribute__((destructor)) static void hak_stats_at_exit(void) {
    if (hak_env_flag("HAKMEM_STATS_DUMP", 0)) hak_stats_dump();
}
