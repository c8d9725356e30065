// tiny_front_v3_env_box.h - configuration of tiny front v3, fetched as one snapshot.
#ifndef TINY_FRONT_V3_ENV_BOX_H
#define TINY_FRONT_V3_ENV_BOX_H

#include "hakmem_env_snapshot_box.h"

typedef struct TinyFrontV3Snapshot {
    uint8_t enabled;
    uint8_t size_class_lut;  // table lookup in place of the arithmetic one
} TinyFrontV3Snapshot;

extern TinyFrontV3Snapshot g_tiny_front_v3_snapshot;
extern int g_tiny_front_v3_snapshot_ready;

void tiny_front_v3_snapshot_init(void);

static inline const TinyFrontV3Snapshot* tiny_front_v3_snapshot_get(void) {
    if (HAK_UNLIKELY(!g_tiny_front_v3_snapshot_ready)) tiny_front_v3_snapshot_init();
    return &g_tiny_front_v3_snapshot;
}

#endif
