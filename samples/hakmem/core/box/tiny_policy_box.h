// tiny_policy_box.h - the policy snapshot: which route each class takes, and the static table of it.
#ifndef TINY_POLICY_BOX_H
#define TINY_POLICY_BOX_H

#include "../hakmem_internal.h"
#include "tiny_route_types.h"

typedef struct TinyStaticRoute {
    int ready;
    uint8_t kind[TINY_NUM_CLASSES];
} TinyStaticRoute;

extern TinyStaticRoute g_tiny_static_route;

// Works the route of a class out from the gates.
SmallRouteKind tiny_policy_hot_get_route(int class_idx);

void tiny_static_route_init(void);

static inline int tiny_static_route_ready_fast(void) {
    return g_tiny_static_route.ready;
}

static inline SmallRouteKind tiny_static_route_get_kind_fast(int class_idx) {
    return (SmallRouteKind)g_tiny_static_route.kind[class_idx];
}

#if HAKMEM_ROUTE_FASTMAP
extern __thread uint8_t g_route_fastmap;  // bit c: class c takes the LEGACY route
extern __thread uint32_t g_route_fastmap_version;
void tiny_route_fastmap_fill(void);
bool tiny_route_fastmap_stale(void);

static inline bool is_legacy_route_fast(int class_idx) {
    if (HAK_UNLIKELY(tiny_route_fastmap_stale())) tiny_route_fastmap_fill();
    return (g_route_fastmap >> class_idx) & 1;
}
#endif

static inline SmallRouteKind tiny_route_of(int class_idx) {
#if HAKMEM_ROUTE_FASTMAP
    if (is_legacy_route_fast(class_idx)) return SMALL_ROUTE_LEGACY;
#endif
    if (tiny_static_route_ready_fast()) return tiny_static_route_get_kind_fast(class_idx);
    return tiny_policy_hot_get_route(class_idx);
}

#endif
