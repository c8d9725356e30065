// bench_profile.h - named presets of the gates, for benchmarks and production alike.
//
// A preset only changes defaults: a variable that is set in the environment still wins.
#ifndef HAKMEM_BENCH_PROFILE_H
#define HAKMEM_BENCH_PROFILE_H

#include <stdlib.h>
#include <string.h>

typedef struct HakBenchProfile {
    const char* name;
    int c7_ultra;
    int mem_lean;      // superslab lean mode
    int prewarm;       // OFF part of LEAN+OFF when 0
    int mid_v3;
} HakBenchProfile;

static const HakBenchProfile g_hak_bench_profiles[] = {
    {"MIXED_TINYV3_C7_BALANCED", 1, 1, 0, 0},  // production default of the bench scripts
    {"MIXED_TINYV3_C7_SAFE", 1, 0, 1, 0},      // speed first
    {"C6_HEAVY_LEGACY_POOLV1", 0, 0, 1, 0},
};

static const HakBenchProfile g_hak_bench_profile_none = {"none", 1, 0, 1, 0};

// Preset named by HAKMEM_PROFILE, or neutral defaults.
static inline const HakBenchProfile* bench_profile_current(void) {
#if HAKMEM_FAST_PROFILE_FIXED
    return &g_hak_bench_profiles[1];
#else
    static const HakBenchProfile* current;
    if (!current) {
        const char* want = getenv("HAKMEM_PROFILE");
        const HakBenchProfile* found = &g_hak_bench_profile_none;
        for (size_t i = 0; want && i < sizeof g_hak_bench_profiles / sizeof g_hak_bench_profiles[0]; i++) {
            if (strcmp(want, g_hak_bench_profiles[i].name) == 0) found = &g_hak_bench_profiles[i];
        }
        current = found;
    }
    return current;
#endif
}

#endif
