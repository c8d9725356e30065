// mid_hotbox_v3_box.h - MID v3: thread-local lanes over the pool for 257..768 bytes.
#ifndef MID_HOTBOX_V3_BOX_H
#define MID_HOTBOX_V3_BOX_H

#include "../hakmem_pool.h"
#include "mid_hotbox_v3_env_box.h"

#define MID_V3_LANES      2
#define MID_V3_LANE_SLOTS 64

typedef struct MidV3Lane {
    uint32_t count;
    void* slots[MID_V3_LANE_SLOTS];  // USER pointers
} MidV3Lane;

extern __thread MidV3Lane g_mid_v3_lanes[MID_V3_LANES];

static inline int mid_v3_lane_of_size(size_t size) {
    return size > 512 ? 1 : 0;
}

// NULL when the lane is switched off or memory is out: the caller goes on to tiny.
static inline void* mid_v3_alloc(size_t size) {
    int lane = mid_v3_lane_of_size(size);
    if (!mid_v3_class_enabled(lane)) return NULL;
    MidV3Lane* l = &g_mid_v3_lanes[lane];
    if (HAK_LIKELY(l->count > 0)) {
        if (HAKMEM_BUILD_DEBUG && mid_v3_debug_enabled()) {
            hak_log_line("[hakmem] mid v3 lane %d hit, %u left\n", lane, l->count - 1);
        }
        return l->slots[--l->count];
    }
    if (HAKMEM_BUILD_DEBUG && mid_v3_debug_enabled()) {
        hak_log_line("[hakmem] mid v3 lane %d miss\n", lane);
    }
    return hak_pool_try_alloc(lane == 0 ? 512 : MID_V3_MAX_SIZE);
}

// Takes a pool block that belongs to a lane; false when it does not, or the lane is full.
static inline bool mid_v3_free(void* ptr) {
    const MidPage* page = hak_pool_mid_lookup(ptr);
    if (!page || page->class_idx >= MID_V3_LANES) return false;
    MidV3Lane* l = &g_mid_v3_lanes[page->class_idx];
    if (l->count >= MID_V3_LANE_SLOTS) {
        if (HAKMEM_BUILD_DEBUG && mid_v3_debug_enabled()) {
            hak_log_line("[hakmem] mid v3 lane %d full\n", page->class_idx);
        }
        return false;
    }
    hak_pool_thread_attach();
    l->slots[l->count++] = ptr;
    return true;
}

#endif
