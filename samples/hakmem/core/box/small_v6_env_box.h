// small_v6_env_box.h - the headerless v6 route. Its backend was removed; the gate refuses.
#ifndef SMALL_V6_ENV_BOX_H
#define SMALL_V6_ENV_BOX_H

#include "hak_env_box.h"

static inline int small_v6_headerless_route_enabled(int class_idx) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_SMALL_HEAP_V6_HEADERLESS", 0);
    }
    return g && class_idx == 6;
}

#endif
