// hakmem_env_snapshot_box.c - fills the snapshot from the environment and the bench preset.
#include "hakmem_env_snapshot_box.h"

#include "../bench_profile.h"
#include "mid_hotbox_v3_env_box.h"
#include "tiny_policy_box.h"

HakmemEnvSnapshot g_hakmem_env_snapshot = {
    .tiny_c7_ultra_enabled = true,
    .dualhot_enabled = true,
    .static_route_enabled = true,
    .unified_lifo_enabled = true,
    .tiny_max_size = TINY_MAX_USER,
};
int g_hakmem_env_snapshot_gate = -1;
int g_hakmem_env_snapshot_ctor_mode = 0;
_Atomic(uint32_t) g_hakmem_env_snapshot_version = 1;

int hakmem_env_snapshot_gate_read(void) {
    const char* e = getenv("HAKMEM_ENV_SNAPSHOT");
    g_hakmem_env_snapshot_gate = (e && *e == '0') ? 0 : 1;  // on unless told otherwise
    return g_hakmem_env_snapshot_gate;
}

static void hakmem_env_snapshot_fill(void) {
    const HakBenchProfile* preset = bench_profile_current();
    HakmemEnvSnapshot* s = &g_hakmem_env_snapshot;
    s->tiny_c7_ultra_enabled = hak_env_flag("HAKMEM_TINY_C7_ULTRA_ENABLED", preset->c7_ultra) != 0;
    s->dualhot_enabled = hak_env_flag("HAKMEM_ALLOC_DUALHOT", 1) != 0;
    s->legacy_direct_enabled = hak_env_flag("HAKMEM_FREE_LEGACY_DIRECT", 0) != 0;
    s->static_route_enabled = hak_env_flag("HAKMEM_TINY_STATIC_ROUTE", 1) != 0;
    s->unified_lifo_enabled = hak_env_flag("HAKMEM_TINY_UNIFIED_LIFO", 1) != 0;
    s->passdown_ssot_enabled = hak_env_flag("HAKMEM_ALLOC_PASSDOWN_SSOT", 0) != 0;
    // MID v3 serves 257..768 bytes behind the front, so the front has to leave those sizes to it.
    long front_max = mid_v3_enabled() ? MID_V3_MIN_SIZE - 1 : (long)TINY_MAX_USER;
    s->tiny_max_size = (uint16_t)hak_env_long("HAKMEM_TINY_MAX_SIZE", front_max, 15, TINY_MAX_USER);
}

void hakmem_env_snapshot_init(void) {
    hakmem_env_snapshot_fill();
    (void)hakmem_env_snapshot_enabled();
}

void hakmem_env_snapshot_refresh_from_env(void) {
    // The cache's storage order cannot change under blocks that are already stored.
    bool lifo = g_hakmem_env_snapshot.unified_lifo_enabled;
    hakmem_env_snapshot_fill();
    g_hakmem_env_snapshot.unified_lifo_enabled = lifo;
    tiny_static_route_init();
    atomic_fetch_add_explicit(&g_hakmem_env_snapshot_version, 1, memory_order_release);
}

__attribute__((constructor)) static void hakmem_env_snapshot_ctor(void) {
    const char* e = getenv("HAKMEM_ENV_SNAPSHOT_CTOR");
    if (e && *e == '1') {
        hakmem_env_snapshot_gate_read();
        g_hakmem_env_snapshot_ctor_mode = 1;
    }
}
