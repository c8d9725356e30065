// tiny_warm_pool.h - slabs that a thread owns but does not carve yet, per class.
#ifndef TINY_WARM_POOL_H
#define TINY_WARM_POOL_H

#include "../superslab/superslab_inline.h"

#define WARM_POOL_MAX 4

typedef struct TinyWarmPool {
    TinySlabMeta* slabs[WARM_POOL_MAX];
    int count;
} TinyWarmPool;

extern __thread TinyWarmPool g_tiny_warm_pool[TINY_NUM_CLASSES];

static inline bool warm_pool_push(int class_idx, TinySlabMeta* meta) {
    TinyWarmPool* wp = &g_tiny_warm_pool[class_idx];
    if (wp->count >= WARM_POOL_MAX) return false;
    wp->slabs[wp->count++] = meta;
    return true;
}

// A warm slab with room, or NULL. Looks at no more than WARM_POOL_MAX slabs.
static inline TinySlabMeta* warm_pool_pop(int class_idx) {
    TinyWarmPool* wp = &g_tiny_warm_pool[class_idx];
    for (int i = wp->count - 1; i >= 0; i--) {
        TinySlabMeta* meta = wp->slabs[i];
        if (!slab_has_room(meta)) continue;
        wp->slabs[i] = wp->slabs[--wp->count];
        return meta;
    }
    return NULL;
}

#endif
