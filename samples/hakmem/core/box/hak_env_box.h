// hak_env_box.h - L0: reading gates from the environment.
//
// getenv() neither allocates nor locks, but it walks the whole environment: a gate that can be hit
// on a hot path must cache what it read.
#ifndef HAK_ENV_BOX_H
#define HAK_ENV_BOX_H

#include <stdlib.h>

// On when set, non-empty and not starting with '0'; `fallback` when unset or empty.
static inline int hak_env_flag(const char* name, int fallback) {
    const char* e = getenv(name);
    if (!e || !*e) return fallback;
    return *e != '0';
}

// Non-negative number, clamped to [lo, hi]; `fallback` when unset, empty or not a number.
static inline long hak_env_long(const char* name, long fallback, long lo, long hi) {
    const char* e = getenv(name);
    if (!e || *e < '0' || *e > '9') return fallback;
    long v = strtol(e, NULL, 0);
    if (v < lo) return lo;
    return v > hi ? hi : v;
}

#endif
