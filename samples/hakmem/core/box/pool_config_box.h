// pool_config_box.h - L0: sizes and gates of the pool.
#ifndef POOL_CONFIG_BOX_H
#define POOL_CONFIG_BOX_H

#include "../hakmem_build_flags.h"

#include <stdlib.h>

#define POOL_CLASSES    12
#define POOL_MAX_SIZE   32768u
#define POOL_PAGE_SIZE  ((size_t)256 << 10)
#define POOL_PAGE_HEAD  4096u
#define POOL_RING_SLOTS 16

// Pool v2 is opt-in.
static inline int hak_pool_v2_enabled(void) {
#if HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
    return 0;
#else
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        const char* e = getenv("HAKMEM_POOL_V2_ENABLED");
        g = (e && *e && *e != '0') ? 1 : 0;
    }
    return g;
#endif
}

#endif
