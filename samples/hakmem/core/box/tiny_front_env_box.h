// tiny_front_env_box.h - L0: the scattered gates of the tiny front, one cached read each.
//
// Used directly when the env snapshot is off; with the snapshot on, its fields answer.
#ifndef TINY_FRONT_ENV_BOX_H
#define TINY_FRONT_ENV_BOX_H

#include "hakmem_env_snapshot_box.h"

static inline int tiny_c7_ultra_enabled_env(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_TINY_C7_ULTRA_ENABLED");
        g = (e && *e) ? (*e != '0') : 1;
    }
    return g;
}

static inline int alloc_dualhot_enabled(void) {
#if HAKMEM_BENCH_MINIMAL
    return 0;
#else
    if (hakmem_env_snapshot_enabled()) return hakmem_env_snapshot()->dualhot_enabled;
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_ALLOC_DUALHOT");
        g = (e && *e == '0') ? 0 : 1;
    }
    return g;
#endif
}

static inline int free_legacy_direct_enabled(void) {
    if (hakmem_env_snapshot_enabled()) return hakmem_env_snapshot()->legacy_direct_enabled;
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_FREE_LEGACY_DIRECT");
        g = (e && *e && *e != '0') ? 1 : 0;
    }
    return g;
}

// Storage order of the unified cache: last in first out, or a ring.
static inline int tiny_unified_lifo_enabled(void) {
#if HAKMEM_BENCH_MINIMAL
    return 1;
#else
    return g_hakmem_env_snapshot.unified_lifo_enabled;
#endif
}

// FastLaneCtx: one read per operation (19-2, opt-in).
static inline int fastlane_env_ctx_enabled(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_FASTLANE_ENV_CTX");
        g = (e && *e == '1') ? 1 : 0;
    }
    return g;
}

#endif
