// tiny_policy_box.c - routes from the gates.
#include "tiny_policy_box.h"

#include "small_v6_env_box.h"
#include "tiny_front_env_box.h"
#include "tiny_front_v3_env_box.h"
#include "tiny_heap_env_box.h"

TinyStaticRoute g_tiny_static_route;
TinyFrontV3Snapshot g_tiny_front_v3_snapshot = {1, 1};
int g_tiny_front_v3_snapshot_ready;

SmallRouteKind tiny_policy_hot_get_route(int class_idx) {
    if (small_v6_headerless_route_enabled(class_idx)) {
        return SMALL_ROUTE_LEGACY;  // removed in v10
    }
    if (tiny_heap_box_enabled() && tiny_heap_class_route_enabled(class_idx)) {
        return SMALL_ROUTE_HEAP;
    }
    if (class_idx == 7) {
        int ultra = hakmem_env_snapshot_enabled() ? hakmem_env_snapshot()->tiny_c7_ultra_enabled
                                                  : tiny_c7_ultra_enabled_env();
        if (ultra || tiny_heap_meta_ultra_enabled_for_class(class_idx)) return SMALL_ROUTE_ULTRA;
    }
    return SMALL_ROUTE_LEGACY;
}

void tiny_static_route_init(void) {
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        g_tiny_static_route.kind[c] = (uint8_t)tiny_policy_hot_get_route(c);
    }
    g_tiny_static_route.ready = hakmem_env_snapshot()->static_route_enabled;
}

void tiny_front_v3_snapshot_init(void) {
    g_tiny_front_v3_snapshot.enabled = (uint8_t)hak_env_flag("HAKMEM_TINY_FRONT_V3_ENABLED", 1);
    g_tiny_front_v3_snapshot.size_class_lut = (uint8_t)hak_env_flag("HAKMEM_TINY_FRONT_V3_LUT", 1);
    g_tiny_front_v3_snapshot_ready = 1;
}

#if HAKMEM_ROUTE_FASTMAP
__thread uint8_t g_route_fastmap;
__thread uint32_t g_route_fastmap_version;

bool tiny_route_fastmap_stale(void) {
    return g_route_fastmap_version !=
           atomic_load_explicit(&g_hakmem_env_snapshot_version, memory_order_relaxed);
}

void tiny_route_fastmap_fill(void) {
    uint8_t map = 0;
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        if (tiny_policy_hot_get_route(c) == SMALL_ROUTE_LEGACY) map |= (uint8_t)(1u << c);
    }
    g_route_fastmap = map;
    g_route_fastmap_version = atomic_load_explicit(&g_hakmem_env_snapshot_version, memory_order_acquire);
}
#endif
