// ss_mem_lean_env_box.h - L0: gates of the memory-lean mode (Phases 54-56).
//
// LEAN+OFF is the Balanced preset: lean superslabs, prewarm off.
#ifndef SS_MEM_LEAN_ENV_BOX_H
#define SS_MEM_LEAN_ENV_BOX_H

#include "../hakmem_build_flags.h"

#include "../bench_profile.h"
#include "hak_env_box.h"

static inline int ss_mem_lean_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        const char* e = getenv("HAKMEM_SS_MEM_LEAN");
        g = (e && *e) ? (*e != '0') : bench_profile_current()->mem_lean;
    }
    return g;
}

// The OFF in LEAN+OFF: whether a thread fetches more slabs than it needs at once.
static inline int ss_prewarm_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_SS_PREWARM", bench_profile_current()->prewarm);
    }
    return g;
}

// Does lean mode give the pages of an empty superslab back, or only keep fewer of them?
static inline int ss_mem_lean_decommit_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_SS_MEM_LEAN_DECOMMIT", 0);
    }
    return g;
}

// Superslab memory that lean mode lets idle, in MiB.
static inline long ss_mem_lean_target_mb(void) {
    static long g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_long("HAKMEM_SS_MEM_LEAN_TARGET_MB", 10, 1, 65536);
    }
    return g;
}

#endif
