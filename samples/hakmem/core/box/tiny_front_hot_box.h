// tiny_front_hot_box.h - L1: pop and push of the unified cache, with nothing around them.
#ifndef TINY_FRONT_HOT_BOX_H
#define TINY_FRONT_HOT_BOX_H

#include "../front/tiny_unified_cache.h"
#include "front_stats_box.h"
#include "tiny_header_box.h"

// USER pointer of a cached block, or NULL on a miss.
HAK_ALWAYS_INLINE void* tiny_hot_alloc_fast(int class_idx) {
    void* base = unified_cache_pop(class_idx);
    if (HAK_UNLIKELY(!base)) return NULL;
    tiny_class_stats_on_alloc_hit(class_idx);
    return tiny_header_finalize_alloc(base, class_idx);
}

// Stores the block; false when the cache is full.
HAK_ALWAYS_INLINE bool tiny_hot_free_fast(int class_idx, void* base) {
    if (HAK_UNLIKELY(!unified_cache_push(class_idx, base))) {
        tiny_class_stats_on_free_full(class_idx);
        return false;
    }
    tiny_class_stats_on_free_push(class_idx);
    tiny_front_free_stat_inc(class_idx);
    return true;
}

#endif
