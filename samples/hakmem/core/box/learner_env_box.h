// learner_env_box.h - the learning layer, which adapts the background queue's depth.
#ifndef LEARNER_ENV_BOX_H
#define LEARNER_ENV_BOX_H

#include "../hakmem_build_flags.h"
#include "hak_env_box.h"

static inline int hkm_learner_enabled(void) {
#if HAKMEM_BENCH_MINIMAL || HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
    return 0;
#else
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_LEARN", 0);
    }
    return g;
#endif
}

#endif
