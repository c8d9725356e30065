// mid_hotbox_v3_env_box.h - L0: gates of MID v3.
#ifndef MID_HOTBOX_V3_ENV_BOX_H
#define MID_HOTBOX_V3_ENV_BOX_H

#include "../bench_profile.h"
#include "../hakmem_build_flags.h"
#include "hak_env_box.h"

#define MID_V3_MIN_SIZE 257
#define MID_V3_MAX_SIZE 768

static inline int mid_v3_enabled(void) {
#if HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
    return 0;
#else
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_MID_V3_ENABLED", bench_profile_current()->mid_v3);
    }
    return g;
#endif
}

// Bit per lane: 0 up to 512 bytes, 1 up to 768.
static inline int mid_v3_class_enabled(int lane) {
    static long g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_long("HAKMEM_MID_V3_CLASSES", 0x3, 0, 0x3);
    }
    return (int)((g >> lane) & 1);
}

static inline int mid_v3_debug_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_MID_V3_DEBUG", 0);
    }
    return g;
}

#endif
