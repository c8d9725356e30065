// hakmem_tiny.c - the tiny backend: slabs of the thread, slow paths, thread start and end.
#include "hakmem_tiny.h"

#include "box/hak_env_box.h"
#include "box/learner_env_box.h"
#include "box/pagefault_telemetry_box.h"
#include "box/tiny_alloc_gate_box.h"
#include "box/tiny_c7_ultra_box.h"
#include "box/tiny_free_gate_box.h"
#include "box/tiny_guard_box.h"
#include "box/tiny_header_box.h"
#include "box/tiny_heap_env_box.h"
#include "box/tiny_policy_box.h"
#include "front/malloc_tiny_fast.h"
#include "front/tiny_unified_cache.h"
#include "front/tiny_warm_pool.h"
#include "hakmem_pool.h"
#include "hakmem_shared_pool.h"
#include "hakmem_super_registry.h"
#include "hakmem_tiny_bg_spill.h"
#include "hakmem_tiny_remote_target.h"
#include "superslab/superslab_inline.h"
#include "tiny_refill.h"

#include <pthread.h>
#include <stdio.h>

__thread TinySlabMeta* g_tls_slabs[TINY_NUM_CLASSES];
__thread TinyHeapStats g_tiny_heap_stats[TINY_NUM_CLASSES];
static __thread bool t_attached;

static pthread_key_t g_thread_key;
static bool g_thread_key_ready;

const uint16_t g_tiny_class_stride[TINY_NUM_CLASSES] = {16, 32, 48, 80, 144, 272, 528, 1056};

// Index: 16-byte units that the block needs, header byte included.
const uint8_t g_tiny_size_to_class[TINY_MAX_STRIDE / 16 + 1] = {
    0, 0, 1, 2, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6,
    7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
};

#include "tiny_superslab_free.inc.h"

void hak_tiny_free_to_slab(void* base) {
    hak_tiny_free_superslab((SuperSlab*)((uintptr_t)base & ~SS_MASK), base);
}

// The learner widens the background queue when threads keep spilling.
static void learner_observe_spill(void) {
    static __thread uint32_t t_spills;
    if (!hkm_learner_enabled()) return;
    if ((++t_spills & 0xFF) == 0 && g_bg_spill_target < 4096) g_bg_spill_target *= 2;
}

#include "tiny_free_magazine.inc.h"
#include "tiny_free_fast_v2.inc.h"

TinySlabMeta* superslab_refill(int class_idx) {
    TinySlabMeta* old = g_tls_slabs[class_idx];
    if (old) {
        // Still has room, or got some: nothing to fetch. (An exhausted slab is detached on the way.)
        if (slab_has_room(old) || slab_drain_remote(old) > 0 || !shared_pool_try_detach(old)) return old;
        g_tls_slabs[class_idx] = NULL;
    }
    TinySlabMeta* meta = shared_pool_acquire(class_idx);
    g_tls_slabs[class_idx] = meta;
    return meta;
}

#include "hakmem_tiny_alloc.inc"

size_t tiny_get_max_size(void) {
    return g_hakmem_env_snapshot.tiny_max_size;
}

int free_tiny_fast_cold(void* ptr, void* base, int class_idx) {
    FREE_PATH_STAT_INC(cold_calls);
    hak_tiny_thread_attach();
    if (tiny_guard_enabled_runtime()) tiny_guard_check_block(base, class_idx, "free");

    SmallRouteKind route = tiny_policy_hot_get_route(class_idx);
    if (route == SMALL_ROUTE_HEAP) {
        if (tiny_heap_stats_enabled()) {
            TinySlabMeta* meta = ss_slab_of((SuperSlab*)((uintptr_t)base & ~SS_MASK), base);
            g_tiny_heap_stats[class_idx].frees++;
            if (meta != g_tls_slabs[class_idx]) g_tiny_heap_stats[class_idx].remote_frees++;
        }
        hak_tiny_free_to_slab(base);
        return 1;
    }
    if (!unified_cache_push(class_idx, base)) {
        tiny_free_magazine_spill(class_idx);
        if (!unified_cache_push(class_idx, base)) hak_tiny_free_to_slab(base);
    }
    (void)ptr;
    return 1;
}

void hak_tiny_free(void* ptr) {
    if (hak_tiny_free_fast_v2(ptr)) return;
    void* base = tiny_user_to_base_inline(ptr);
    SuperSlab* ss = hak_super_lookup(base);
    if (ss) hak_tiny_free_superslab(ss, base);
}

// -------------------------------------------------------------------------------- threads start and end

static void thread_exit_hook(void* arg) {
    (void)arg;
    hak_tiny_thread_flush();
    hak_pool_thread_flush();
}

void hak_tiny_init(void) {
    bg_spill_init();
    remote_target_init();
    g_thread_key_ready = pthread_key_create(&g_thread_key, thread_exit_hook) == 0;
}

void hak_tiny_thread_attach(void) {
    if (HAK_LIKELY(t_attached)) return;
    // First: pthread_setspecific may allocate.
    t_attached = true;
    unified_cache_attach();
    tiny_c7_ultra_attach();
    if (g_thread_key_ready) pthread_setspecific(g_thread_key, &t_attached);
}

void hak_tiny_thread_flush(void) {
    void* blocks[TINY_UNIFIED_SLOTS];
    int n = tiny_c7_ultra_take(blocks, TINY_C7_ULTRA_SLOTS);
    for (int i = 0; i < n; i++) hak_tiny_free_to_slab(blocks[i]);
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        n = unified_cache_take_oldest(c, blocks, TINY_UNIFIED_SLOTS);
        for (int i = 0; i < n; i++) hak_tiny_free_to_slab(blocks[i]);
        if (g_tls_slabs[c]) {
            shared_pool_release(g_tls_slabs[c]);
            g_tls_slabs[c] = NULL;
        }
        TinyWarmPool* wp = &g_tiny_warm_pool[c];
        while (wp->count > 0) shared_pool_release(wp->slabs[--wp->count]);
        // Whatever a later destructor frees attaches the thread anew and is flushed again.
        g_unified_cache[c].capacity = 0;
        g_unified_cache[c].head = g_unified_cache[c].tail = 0;
        g_unified_cache[c].mask = 0;
    }
    g_tiny_c7_ultra.capacity = 0;
    t_attached = false;
}

void tiny_diag_dump(void) {
#if HAKMEM_TINY_FREE_STATS_COMPILED
    fprintf(stderr, "[hakmem] superslab frees=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_free_ss_enter, memory_order_relaxed));
#endif
#if HAKMEM_C7_FREE_COUNT_COMPILED
    fprintf(stderr, "[hakmem] C7 frees=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_c7_free_count, memory_order_relaxed));
#endif
#if HAKMEM_HDR_MISMATCH_LOG_COMPILED
    fprintf(stderr, "[hakmem] header mismatches=%u\n",
            atomic_load_explicit(&g_hdr_mismatch_log, memory_order_relaxed));
#endif
#if HAKMEM_HDR_META_MISMATCH_COMPILED
    fprintf(stderr, "[hakmem] header/meta mismatches=%u\n",
            atomic_load_explicit(&g_hdr_meta_mismatch, memory_order_relaxed));
#endif
#if HAKMEM_METRIC_BAD_CLASS_COMPILED
    fprintf(stderr, "[hakmem] bad classes=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_metric_bad_class, memory_order_relaxed));
#endif
#if HAKMEM_HDR_META_FAST_COMPILED
    fprintf(stderr, "[hakmem] fast header/meta mismatches=%llu\n",
            (unsigned long long)atomic_load_explicit(&g_hdr_meta_fast, memory_order_relaxed));
#endif
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        if (!tiny_heap_stats_enabled()) break;
        const TinyHeapStats* s = &g_tiny_heap_stats[c];
        fprintf(stderr, "[hakmem] tiny heap C%d allocs=%llu frees=%llu remote=%llu\n", c,
                (unsigned long long)s->allocs, (unsigned long long)s->frees, (unsigned long long)s->remote_frees);
    }
}
