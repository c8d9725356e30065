// front_fastlane_box.h - L1: the wrapper layer in front of the tiny path, for gradual rollout by class.
//
// Phase 19 found its checks to be most of a free's cost: the header is read here and again in
// free_tiny_fast, and the gates are asked once per layer. HAKMEM_FRONT_FASTLANE_DIRECT=1 removes the
// layer, HAKMEM_FREE_TRUSTED_HEADER=1 the second header check, HAKMEM_FASTLANE_ENV_CTX=1 (environment)
// the repeated gate reads.
#ifndef FRONT_FASTLANE_BOX_H
#define FRONT_FASTLANE_BOX_H

#include "../front/malloc_tiny_fast.h"
#include "front_stats_box.h"
#include "hak_env_box.h"
#include "tiny_policy_box.h"

// What one operation needs to know, gathered once per thread.
typedef struct FastLaneCtx {
    bool c7_ultra_enabled;
    bool dualhot_enabled;
    bool legacy_direct_enabled;
    uint8_t route_kind[TINY_NUM_CLASSES];  // SmallRouteKind
    uint32_t version;                      // of the env snapshot it was made from
} FastLaneCtx;

extern __thread FastLaneCtx g_fastlane_ctx;
extern __thread int g_fastlane_ctx_init;
void fastlane_ctx_fill(void);

static inline const FastLaneCtx* fastlane_ctx_get(void) {
    uint32_t now = atomic_load_explicit(&g_hakmem_env_snapshot_version, memory_order_relaxed);
    if (HAK_UNLIKELY(g_fastlane_ctx_init == 0 || g_fastlane_ctx.version != now)) fastlane_ctx_fill();
    return &g_fastlane_ctx;
}

static inline int front_fastlane_enabled(void) {
#if HAKMEM_BENCH_MINIMAL
    return 1;
#else
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_FRONT_FASTLANE");
        g = (e && *e == '0') ? 0 : 1;
    }
    return g;
#endif
}

// Bit per class; 0xff takes all.
static inline uint8_t front_fastlane_class_mask(void) {
#if HAKMEM_BENCH_MINIMAL
    return 0xFF;
#else
    static int g_mask = -1;
    if (HAK_UNLIKELY(g_mask == -1)) {
        g_mask = (int)hak_env_long("HAKMEM_FRONT_FASTLANE_CLASS_MASK", 0xFF, 0, 0xFF);
    }
    return (uint8_t)g_mask;
#endif
}

// Free through the context: every gate has been answered already.
static inline int front_fastlane_free_ctx(void* ptr, int class_idx, void* base) {
    const FastLaneCtx* ctx = fastlane_ctx_get();
    if (class_idx == 7 && ctx->c7_ultra_enabled) {
        tiny_c7_ultra_free(base);
        return 1;
    }
    if (ctx->legacy_direct_enabled || ctx->route_kind[class_idx] == SMALL_ROUTE_LEGACY) {
        if (HAK_LIKELY(tiny_hot_free_fast(class_idx, base))) return 1;
    }
    return free_tiny_fast_cold(ptr, base, class_idx);
}

// 1 when the block is gone, 0 when the caller has to go on.
static inline int front_fastlane_try_free(void* ptr) {
    if (HAK_UNLIKELY(!g_initialized)) return 0;
    if (!front_fastlane_enabled()) return 0;

    uint8_t header = *((uint8_t*)ptr - 1);
    if (HAK_UNLIKELY((header & 0xF0u) != TINY_HEADER_MAGIC)) return 0;
    int class_idx = header & 0x0F;
    if (HAK_UNLIKELY(class_idx >= TINY_NUM_CLASSES)) return 0;

    uint8_t mask = front_fastlane_class_mask();
    if (HAK_UNLIKELY(mask != 0xFF) && !((mask >> class_idx) & 1)) return 0;

    front_fastlane_sample_free();
    void* base = tiny_user_to_base_inline(ptr);
    if (fastlane_env_ctx_enabled()) return front_fastlane_free_ctx(ptr, class_idx, base);
    if (class_idx == 7 && hakmem_env_snapshot_enabled() && hakmem_env_snapshot()->tiny_c7_ultra_enabled) {
        tiny_c7_ultra_free(base);
        return 1;
    }
#if HAKMEM_FREE_TRUSTED_HEADER
    return free_tiny_fast_trusted(ptr, class_idx, base);
#else
    return free_tiny_fast(ptr);
#endif
}

// NULL when the caller has to go on.
static inline void* front_fastlane_try_malloc(size_t size) {
    if (HAK_UNLIKELY(!g_initialized)) return NULL;
    if (!front_fastlane_enabled()) return NULL;
    if (HAK_UNLIKELY(size > tiny_get_max_size())) return NULL;
    uint8_t mask = front_fastlane_class_mask();
    if (HAK_UNLIKELY(mask != 0xFF)) {
        int class_idx = tiny_alloc_gate(size);
        if (!((mask >> class_idx) & 1)) return NULL;
    }
#if HAKMEM_FRONT_STATS_COMPILED
    FRONT_FASTLANE_STAT_INC(malloc_total);
#else
    (void)0;
#endif
    return malloc_tiny_fast(size);
}

#endif
