// free_dispatch_env_box.h - L0: SSOT of the free dispatch.
//
// 1: the pointer is classified once and the answer handed to the backend.
// 0: each backend that might own the pointer is asked in turn.
#ifndef FREE_DISPATCH_ENV_BOX_H
#define FREE_DISPATCH_ENV_BOX_H

#include "hak_env_box.h"

static inline int free_dispatch_ssot_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        const char* e = getenv("HAKMEM_FREE_DISPATCH_SSOT");
        g = (e && *e) ? (*e != '0') : 1;
    }
    return g;
}

#endif
