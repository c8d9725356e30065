// malloc_tiny_fast.h - L1: the tiny path of malloc and free.
#ifndef MALLOC_TINY_FAST_H
#define MALLOC_TINY_FAST_H

#include "../box/alloc_passdown_ssot_env_box.h"
#include "../box/front_stats_box.h"
#include "../box/tiny_alloc_gate_box.h"
#include "../box/tiny_c7_ultra_box.h"
#include "../box/tiny_free_gate_box.h"
#include "../box/tiny_front_env_box.h"
#include "../box/tiny_front_hot_box.h"
#include "../box/tiny_policy_box.h"
#include "../hakmem_tiny.h"

#ifndef TINY_SELF_U32_LOCAL_DEFINED
#  define TINY_SELF_U32_LOCAL_DEFINED
static inline uint32_t tiny_self_u32_local(void) {
    return hak_self_id();
}
#endif

// Cold half of free_tiny_fast, in hakmem_tiny.c: the cache is full, the route is unusual, or the thread
// is not attached yet. Always disposes of the block.
HAK_COLD int free_tiny_fast_cold(void* ptr, void* base, int class_idx);

// ------------------------------------------------------------------------------------------- malloc

// Body of tiny allocation for a known class. NULL when the slow path has failed too.
HAK_ALWAYS_INLINE void* malloc_tiny_fast_for_class(size_t size, int class_idx) {
    // Cheap comparison first, gate second.
    if (class_idx == 7) {
        const int c7_ultra_on = hakmem_env_snapshot_enabled() ? hakmem_env_snapshot()->tiny_c7_ultra_enabled
                                                              : tiny_c7_ultra_enabled_env();
        if (c7_ultra_on) return tiny_c7_ultra_alloc();
    }

    // DUALHOT: the small classes are almost always a plain cache hit, whatever their route says.
    if ((unsigned)class_idx <= 3u) {
        if (alloc_dualhot_enabled()) {
            void* hot = tiny_hot_alloc_fast(class_idx);
            if (HAK_LIKELY(hot != NULL)) return hot;
            return hak_tiny_alloc_slow(size, class_idx);
        }
    }

    SmallRouteKind route = tiny_route_of(class_idx);
    switch (route) {
    case SMALL_ROUTE_ULTRA:
        return tiny_c7_ultra_alloc();
    case SMALL_ROUTE_HEAP:
        return hak_tiny_alloc_slow(size, class_idx);
    case SMALL_ROUTE_LEGACY:
        break;
    }

    void* user = tiny_hot_alloc_fast(class_idx);
    if (HAK_LIKELY(user != NULL)) return user;
    return hak_tiny_alloc_slow(size, class_idx);
}

// Phase 60: route and class settled once, then handed down.
static inline void* malloc_tiny_fast_passdown(size_t size) {
    int class_idx = tiny_alloc_gate(size);
    SmallRouteKind route = tiny_route_of(class_idx);
    if (route == SMALL_ROUTE_ULTRA) return tiny_c7_ultra_alloc();
    if (route == SMALL_ROUTE_LEGACY) {
        void* user = tiny_hot_alloc_fast(class_idx);
        if (HAK_LIKELY(user != NULL)) return user;
    }
    return hak_tiny_alloc_slow(size, class_idx);
}

// Entry of tiny allocation; NULL when the size is not tiny or memory is out.
static inline void* malloc_tiny_fast(size_t size) {
    if (HAK_UNLIKELY(size > tiny_get_max_size())) return NULL;
    if (HAK_UNLIKELY(alloc_passdown_ssot_enabled())) return malloc_tiny_fast_passdown(size);
    int class_idx = tiny_alloc_gate(size);
    return malloc_tiny_fast_for_class(size, class_idx);
}

// --------------------------------------------------------------------------------------------- free

// The caller has checked the header. Returns 1: the block is always disposed of.
HAK_ALWAYS_INLINE int free_tiny_fast_trusted(void* ptr, int class_idx, void* base) {
    if (class_idx == 7) {
        const int c7_ultra_on = hakmem_env_snapshot_enabled() ? hakmem_env_snapshot()->tiny_c7_ultra_enabled
                                                              : tiny_c7_ultra_enabled_env();
        if (c7_ultra_on) {
            tiny_c7_ultra_free(base);
            return 1;
        }
    }

    // LEGACY_DIRECT: skip the route when the answer is known.
    if (free_legacy_direct_enabled() && class_idx < 7) {
        if (HAK_LIKELY(tiny_hot_free_fast(class_idx, base))) return 1;
        return free_tiny_fast_cold(ptr, base, class_idx);
    }

    SmallRouteKind route = tiny_route_of(class_idx);
    switch (route) {
    case SMALL_ROUTE_ULTRA:
        tiny_c7_ultra_free(base);
        return 1;
    case SMALL_ROUTE_HEAP:
        return free_tiny_fast_cold(ptr, base, class_idx);
    case SMALL_ROUTE_LEGACY:
        break;
    }
    if (HAK_LIKELY(tiny_hot_free_fast(class_idx, base))) return 1;
    return free_tiny_fast_cold(ptr, base, class_idx);
}

// Entry of tiny free: 1 when the block was tiny and is gone, 0 when it is somebody else's.
HAK_ALWAYS_INLINE int free_tiny_fast(void* ptr) {
    FREE_PATH_STAT_INC(total_calls);
    uint8_t header = *((uint8_t*)ptr - 1);
    if (HAK_UNLIKELY((header & 0xF0u) != TINY_HEADER_MAGIC)) return 0;
    int class_idx = header & 0x0F;
    if (HAK_UNLIKELY(class_idx >= TINY_NUM_CLASSES)) return 0;
    void* base = tiny_user_to_base_inline(ptr);
    return free_tiny_fast_trusted(ptr, class_idx, base);
}

#endif
