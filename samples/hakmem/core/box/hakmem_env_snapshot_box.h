// hakmem_env_snapshot_box.h - L0: one object that holds what the gates said.
//
// HAKMEM_ENV_SNAPSHOT=0 goes back to scattered gates, each with its own cached read.
// HAKMEM_ENV_SNAPSHOT_CTOR=1 settles the gate in the constructor, before the first allocation.
#ifndef HAKMEM_ENV_SNAPSHOT_BOX_H
#define HAKMEM_ENV_SNAPSHOT_BOX_H

#include "../hakmem_internal.h"
#include "hak_env_box.h"

typedef struct HakmemEnvSnapshot {
    bool tiny_c7_ultra_enabled;
    bool dualhot_enabled;
    bool legacy_direct_enabled;
    bool static_route_enabled;
    bool unified_lifo_enabled;
    bool passdown_ssot_enabled;
    uint16_t tiny_max_size;
} HakmemEnvSnapshot;

extern HakmemEnvSnapshot g_hakmem_env_snapshot;
extern int g_hakmem_env_snapshot_gate;       // -1 = not read yet
extern int g_hakmem_env_snapshot_ctor_mode;  // 1 = the constructor has settled the gate

// Bumped whenever the snapshot is read again; cached contexts compare it (invalidation hook).
extern _Atomic(uint32_t) g_hakmem_env_snapshot_version;

int hakmem_env_snapshot_gate_read(void);
void hakmem_env_snapshot_init(void);

// Reads the environment again, for programs that call setenv() at run time (looked up with dlsym).
HAK_EXPORT void hakmem_env_snapshot_refresh_from_env(void);

static inline int hakmem_env_snapshot_enabled(void) {
#if HAKMEM_BENCH_MINIMAL
    return 1;
#else
    if (HAK_LIKELY(g_hakmem_env_snapshot_ctor_mode == 1)) return g_hakmem_env_snapshot_gate;
    int gate = g_hakmem_env_snapshot_gate;
    if (HAK_UNLIKELY(gate == -1)) gate = hakmem_env_snapshot_gate_read();
    return gate;
#endif
}

static inline const HakmemEnvSnapshot* hakmem_env_snapshot(void) {
    return &g_hakmem_env_snapshot;
}

#endif
