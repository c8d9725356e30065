// tiny_unified_cache.c - slow half of the unified cache: refill, spill support, statistics.
#include "tiny_unified_cache.h"

#include "../box/hak_env_box.h"
#include "../box/pagefault_telemetry_box.h"
#include "../box/tiny_page_box.h"
#include "../box/warm_pool_prefill_box.h"
#include "../box/warm_pool_stats_box.h"
#include "../hakmem_super_registry.h"
#include "../hakmem_tiny.h"
#include "../hakmem_tiny_bg_spill.h"
#include "../tiny_refill.h"
#include "tiny_warm_pool.h"

#include <stdio.h>
#include <string.h>

__thread TinyUnifiedCache g_unified_cache[TINY_NUM_CLASSES];
__thread TinyWarmPool g_tiny_warm_pool[TINY_NUM_CLASSES];
__thread WarmPoolStats g_warm_pool_stats[TINY_NUM_CLASSES];
__thread PagefaultTelemetry g_pagefault_telemetry;

#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
_Atomic(uint64_t) g_unified_cache_hits_global;
_Atomic(uint64_t) g_unified_cache_misses_global;
_Atomic(uint64_t) g_unified_cache_refill_cycles_global;
_Atomic(uint64_t) g_unified_cache_hits_by_class[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_unified_cache_misses_by_class[TINY_NUM_CLASSES];
_Atomic(uint64_t) g_unified_cache_refill_cycles_by_class[TINY_NUM_CLASSES];

static inline uint64_t measure_now(void) {
    return unified_cache_measure_enabled() ? __builtin_ia32_rdtsc() : 0;
}
#endif

int unified_cache_measure_enabled(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_MEASURE_UNIFIED_CACHE");
        g = (e && *e && *e != '0') ? 1 : 0;
    }
    return g;
}

void unified_cache_attach(void) {
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        uint16_t capacity = tiny_front_cache_capacity(c);
        g_unified_cache[c].capacity = capacity;
        g_unified_cache[c].mask = (uint16_t)(capacity - 1);
    }
}

int unified_cache_count(int class_idx) {
    const TinyUnifiedCache* c = &g_unified_cache[class_idx];
    if (tiny_unified_lifo_enabled()) return c->tail;
    return (c->tail - c->head) & c->mask;
}

int unified_cache_take_oldest(int class_idx, void** out, int want) {
    TinyUnifiedCache* c = &g_unified_cache[class_idx];
    int held = unified_cache_count(class_idx);
    int n = want < held ? want : held;
    if (tiny_unified_lifo_enabled()) {
        memcpy(out, c->slots, (size_t)n * sizeof(void*));
        memmove(c->slots, c->slots + n, (size_t)(held - n) * sizeof(void*));
        c->tail = (uint16_t)(held - n);
        return n;
    }
    for (int i = 0; i < n; i++) {
        out[i] = c->slots[c->head];
        c->head = (uint16_t)((c->head + 1) & c->mask);
    }
    return n;
}

#if !HAKMEM_BUILD_RELEASE
// A freelist entry must be a block of this very slab. Debug builds look; in release the header byte is
// enough.
static bool unified_cache_validate(const TinySlabMeta* meta, const void* p) {
    SuperSlab* fl_ss = hak_super_lookup(p);
    if (fl_ss && ss_slab_of(fl_ss, p) == meta && slab_owns_block(meta, p)) return true;
    hak_log_line("[hakmem] freelist of slab %p is damaged at %p, dropped\n", (const void*)meta, p);
    return false;
}
#endif

int unified_cache_carve(TinySlabMeta* meta, int class_idx, void** out, int want) {
    int n = 0;
    while (n < want) {
        void* p = meta->freelist;
        if (!p) break;
#if !HAKMEM_BUILD_RELEASE
        if (!unified_cache_validate(meta, p)) {
            meta->freelist = NULL;
            break;
        }
#endif
        meta->freelist = tiny_next_load(p);
        out[n++] = p;
    }
    uint32_t stride = g_tiny_class_stride[class_idx];
    while (n < want && meta->carved < meta->capacity) {
        void* p = meta->first + (size_t)meta->carved * stride;
        meta->carved++;
        *(uint8_t*)p = (uint8_t)(TINY_HEADER_MAGIC | (uint8_t)class_idx);
        pagefault_telemetry_touch(class_idx, p);
        out[n++] = p;
    }
    meta->used = (uint16_t)(meta->used + n);
    return n;
}

// Lets an exhausted current slab go. True when remote frees gave it room again, so it stays.
static bool tiny_current_slab_revived(int class_idx) {
    TinySlabMeta* meta = g_tls_slabs[class_idx];
    if (!meta) return false;
    if (slab_drain_remote(meta) > 0) return true;
    if (!shared_pool_try_detach(meta)) return true;
    g_tls_slabs[class_idx] = NULL;
    return false;
}

// Blocks from the slab that the thread is carving.
static int refill_from_current(int class_idx, void** out, int want) {
    TinySlabMeta* meta = g_tls_slabs[class_idx];
    if (!meta) return 0;
    int n = unified_cache_carve(meta, class_idx, out, want);
    if (n == 0 && tiny_current_slab_revived(class_idx)) {
        n = unified_cache_carve(g_tls_slabs[class_idx], class_idx, out, want);
    }
    return n;
}

// Stores all but the last block; the last is the caller's.
static void* unified_cache_store(int class_idx, void** blocks, int n) {
    for (int i = 0; i < n - 1; i++) {
        if (!unified_cache_push(class_idx, blocks[i])) hak_tiny_free_to_slab(blocks[i]);
    }
    return blocks[n - 1];
}

void* unified_cache_refill(int class_idx) {
    void* blocks[TINY_REFILL_BATCH];
    int want = tiny_front_cache_capacity(class_idx) / 2;
    if (want > TINY_REFILL_BATCH) want = TINY_REFILL_BATCH;
    int n = 0;

    tiny_class_stats_on_alloc_miss(class_idx);
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
    uint64_t t0 = measure_now();
#endif

    // What other threads spilled is already in somebody's cache lines; take it before carving. Classes
    // of the page box stay on their own slab as long as it lasts.
    if (tiny_page_box_is_enabled(class_idx)) n = refill_from_current(class_idx, blocks, want);
    if (n == 0) n = bg_spill_drain_into(class_idx, blocks, want);
    if (n > 0) {
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
        uint64_t spent = measure_now() - t0;
        atomic_fetch_add_explicit(&g_unified_cache_misses_global, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_misses_by_class[class_idx], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_global, spent, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_by_class[class_idx], spent, memory_order_relaxed);
#else
        (void)0;
#endif
        return unified_cache_store(class_idx, blocks, n);
    }

    n = refill_from_current(class_idx, blocks, want);
    if (n == 0) {
        TinySlabMeta* warm = warm_pool_pop(class_idx);
        if (warm) {
            warm_pool_record_hit(class_idx);
            g_tls_slabs[class_idx] = warm;
            n = unified_cache_carve(warm, class_idx, blocks, want);
        } else {
            warm_pool_record_miss(class_idx);
        }
    }
    if (n > 0) {
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
        uint64_t spent = measure_now() - t0;
        atomic_fetch_add_explicit(&g_unified_cache_misses_global, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_misses_by_class[class_idx], 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_global, spent, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_by_class[class_idx], spent, memory_order_relaxed);
#else
        (void)0;
#endif
        return unified_cache_store(class_idx, blocks, n);
    }

    TinySlabMeta* fresh = superslab_refill(class_idx);
    if (!fresh) return NULL;
    if (!tiny_page_box_is_enabled(class_idx)) warm_pool_prefill(class_idx);
    n = unified_cache_carve(fresh, class_idx, blocks, want);
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
    uint64_t spent = measure_now() - t0;
    atomic_fetch_add_explicit(&g_unified_cache_misses_global, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&g_unified_cache_misses_by_class[class_idx], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_global, spent, memory_order_relaxed);
    atomic_fetch_add_explicit(&g_unified_cache_refill_cycles_by_class[class_idx], spent, memory_order_relaxed);
#else
    (void)0;
#endif
    return n > 0 ? unified_cache_store(class_idx, blocks, n) : NULL;
}

void unified_cache_stats_dump(void) {
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
    fprintf(stderr, "[hakmem] unified cache hits=%llu misses=%llu refill cycles=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_unified_cache_hits_global, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_unified_cache_misses_global, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_unified_cache_refill_cycles_global, memory_order_relaxed));
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        fprintf(stderr, "[hakmem]   C%d hits=%llu misses=%llu cycles=%llu\n", c,
                (unsigned long long)atomic_load_explicit(&g_unified_cache_hits_by_class[c], memory_order_relaxed),
                (unsigned long long)atomic_load_explicit(&g_unified_cache_misses_by_class[c], memory_order_relaxed),
                (unsigned long long)atomic_load_explicit(&g_unified_cache_refill_cycles_by_class[c],
                                                         memory_order_relaxed));
    }
#else
    (void)0;
#endif
}

void warm_pool_stats_dump(void) {
#if HAKMEM_DEBUG_COUNTERS
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        const WarmPoolStats* s = &g_warm_pool_stats[c];
        fprintf(stderr, "[hakmem] warm pool C%d hits=%llu misses=%llu prefilled=%llu\n", c,
                (unsigned long long)s->hits, (unsigned long long)s->misses, (unsigned long long)s->prefilled);
    }
#endif
}

void pagefault_telemetry_dump(void) {
#if HAKMEM_DEBUG_COUNTERS
    fprintf(stderr, "[hakmem] carved blocks=%llu on about %llu pages\n",
            (unsigned long long)g_pagefault_telemetry.touches,
            (unsigned long long)g_pagefault_telemetry.new_pages);
#endif
}
