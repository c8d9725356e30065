// pool_hotbox_v2_box.h - Pool v2: a thread-local free chain per class in front of the v1 pages.
#ifndef POOL_HOTBOX_V2_BOX_H
#define POOL_HOTBOX_V2_BOX_H

#include "../hakmem_internal.h"
#include "pool_config_box.h"

#define POOL_V2_REFILL 8u
#define POOL_V2_LIMIT  32u

typedef struct PoolHotboxV2 {
    void* freelist;  // USER pointers, chained through the block
    uint32_t count;
} PoolHotboxV2;

extern __thread PoolHotboxV2 g_pool_hotbox_v2[POOL_CLASSES];

// Observation only: written below HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED, printed by a destructor.
typedef struct PoolHotboxV2Stats {
    _Atomic(uint64_t) alloc_calls;
    _Atomic(uint64_t) alloc_fast;
    _Atomic(uint64_t) alloc_refill;
    _Atomic(uint64_t) alloc_refill_fail;
    _Atomic(uint64_t) alloc_fallback_v1;
    _Atomic(uint64_t) free_calls;
    _Atomic(uint64_t) free_fast;
    _Atomic(uint64_t) free_fallback_v1;
    _Atomic(uint64_t) page_of_fail_no_header;
    _Atomic(uint64_t) page_of_fail_magic;
    _Atomic(uint64_t) page_of_fail_class;
    _Atomic(uint64_t) page_of_fail_range;
} PoolHotboxV2Stats;

extern PoolHotboxV2Stats g_pool_hotbox_v2_stats[POOL_CLASSES];

#endif
