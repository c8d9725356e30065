// warm_pool_prefill_box.h - fills a depleted warm pool, a few slabs under one lock.
#ifndef WARM_POOL_PREFILL_BOX_H
#define WARM_POOL_PREFILL_BOX_H

#include "../front/tiny_warm_pool.h"
#include "../hakmem_shared_pool.h"
#include "ss_mem_lean_env_box.h"
#include "warm_pool_stats_box.h"

// Slabs fetched per prefill. 3 held the lock longer than it saved.
#ifndef WARM_POOL_PREFILL_BUDGET
#  define WARM_POOL_PREFILL_BUDGET 2
#endif

// Called after the current slab came from the shared pool, with the warm pool empty.
static inline int warm_pool_prefill(int class_idx) {
    if (!ss_prewarm_enabled()) return 0;
    if (g_tiny_warm_pool[class_idx].count > 0) return 0;

    // The first refill of the budget is the slab that the caller is about to carve.
    TinySlabMeta* got[WARM_POOL_PREFILL_BUDGET];
    int n = shared_pool_acquire_batch(class_idx, got, WARM_POOL_PREFILL_BUDGET - 1);
    for (int i = 0; i < n; i++) {
        if (!warm_pool_push(class_idx, got[i])) {
            shared_pool_release(got[i]);
            continue;
        }
        warm_pool_record_prefilled(class_idx);
    }
    return n;
}

#endif
