// tiny_alloc_gate_box.h - size to class.
#ifndef TINY_ALLOC_GATE_BOX_H
#define TINY_ALLOC_GATE_BOX_H

#include "../hakmem_internal.h"
#include "front_stats_box.h"
#include "tiny_front_v3_env_box.h"

// Class of a size that is at most TINY_MAX_USER.
static inline int tiny_alloc_gate(size_t size) {
    ALLOC_GATE_STAT_INC(total_calls);
    const TinyFrontV3Snapshot* v3 = tiny_front_v3_snapshot_get();
    if (HAK_LIKELY(v3->enabled && v3->size_class_lut)) {
        return g_tiny_size_to_class[(size + 16) >> 4];
    }
    int c = 0;
    while (size >= g_tiny_class_stride[c]) c++;
    return c;
}

#endif
