// alloc_passdown_ssot_env_box.h - L0: Phase 60 (NO-GO), compute the route once and pass it down.
#ifndef ALLOC_PASSDOWN_SSOT_ENV_BOX_H
#define ALLOC_PASSDOWN_SSOT_ENV_BOX_H

#include "hakmem_env_snapshot_box.h"

static inline int alloc_passdown_ssot_enabled(void) {
#if HAKMEM_BENCH_MINIMAL
    return 0;
#else
    if (hakmem_env_snapshot_enabled()) return hakmem_env_snapshot()->passdown_ssot_enabled;
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        g = hak_env_flag("HAKMEM_ALLOC_PASSDOWN_SSOT", 0);
    }
    return g;
#endif
}

#endif
