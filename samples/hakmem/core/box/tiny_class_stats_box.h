// tiny_class_stats_box.h - L3: per-class cache statistics (Phase 24).
//
// Executed on every cache operation, so the whole box is compiled out by default.
#ifndef TINY_CLASS_STATS_BOX_H
#define TINY_CLASS_STATS_BOX_H

#include "../hakmem_internal.h"

#if HAKMEM_TINY_CLASS_STATS_COMPILED
extern _Atomic(uint64_t) g_tiny_class_stats_alloc_hit[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_tiny_class_stats_alloc_miss[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_tiny_class_stats_free_push[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_tiny_class_stats_free_full[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_tiny_class_stats_ultra_hit[TINY_NUM_CLASSES];
#endif

static inline void tiny_class_stats_on_alloc_hit(int class_idx) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_class_stats_alloc_hit[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

static inline void tiny_class_stats_on_alloc_miss(int class_idx) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_class_stats_alloc_miss[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

static inline void tiny_class_stats_on_free_push(int class_idx) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_class_stats_free_push[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

static inline void tiny_class_stats_on_free_full(int class_idx) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_class_stats_free_full[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

static inline void tiny_class_stats_on_ultra_hit(int class_idx) {
#if HAKMEM_TINY_CLASS_STATS_COMPILED
    atomic_fetch_add_explicit(&g_tiny_class_stats_ultra_hit[class_idx], 1, memory_order_relaxed);
#else
    (void)class_idx;
#endif
}

void tiny_class_stats_dump(void);

#endif
