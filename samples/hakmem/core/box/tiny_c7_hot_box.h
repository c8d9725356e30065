// tiny_c7_hot_box.h - prefetching in the C7 path.
#ifndef TINY_C7_HOT_BOX_H
#define TINY_C7_HOT_BOX_H

#include "hak_env_box.h"

static inline int tiny_c7_hot_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_TINY_C7_HOT", 0);
    }
    return g;
}

#endif
