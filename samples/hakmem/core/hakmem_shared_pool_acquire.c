// hakmem_shared_pool_acquire.c - from cheap to dear: queued slabs, listed slabs, free slabs of hot
// superslabs (Stage 0.5), empties reclaimed from other classes, a fresh superslab.
#include "hakmem_shared_pool.h"

#include "box/hak_env_box.h"
#include "box/ss_allocation_box.h"
#include "box/ss_tier_box.h"
#include "hakmem_tiny_remote_target.h"
#include "superslab/superslab_inline.h"

#include <stdio.h>

#define STAGE05_SCAN_LIMIT 64
#define TRIM_INTERVAL      64u
#define TRIM_BUDGET        32
#define RELIEF_BUDGET      1024

SharedPool g_shared_pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

// C7 acquire diagnosis: a count that is always kept, and a log line for the first few.
static _Atomic(uint64_t) dbg_c7_acquire_calls;
static _Atomic(int) dbg_c7_acquire_logs;

int shared_pool_c7_log_enabled(void) {
    static int g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_flag("HAKMEM_SHARED_POOL_C7_LOG", 0);
    }
    return g;
}

void shared_pool_init(void) {
    (void)shared_pool_c7_log_enabled();
}

int slab_drain_remote(TinySlabMeta* meta) {
    if (atomic_load_explicit(&meta->remote_head, memory_order_relaxed) == 0) return 0;
    uintptr_t chain = atomic_exchange_explicit(&meta->remote_head, 0, memory_order_acquire);
    int n = 0;
    void* base = (void*)chain;
    while (base) {
        void* next = tiny_next_load(base);
        tiny_next_store(base, meta->freelist);
        meta->freelist = base;
        n++;
        base = next;
    }
    meta->used = (uint16_t)(meta->used - n);
    return n;
}

static void slab_adopt_locked(TinySlabMeta* meta) {
    meta->state = SLAB_OWNED;
    meta->next = NULL;
    atomic_store_explicit(&meta->owner_tid, hak_self_id(), memory_order_relaxed);
    slab_drain_remote(meta);
}

// Stage 0: slabs that remote frees have revived since the last look.
static void shared_pool_collect_queued(int class_idx, bool desperate) {
    if (!remote_target_should_drain(class_idx, desperate)) return;
    TinySlabMeta* m = remote_target_drain(class_idx);
    while (m) {
        TinySlabMeta* next = m->next;
        m->state = SLAB_LISTED;
        m->next = g_shared_pool.partial[class_idx];
        g_shared_pool.partial[class_idx] = m;
        m = next;
    }
}

// Stage 1: a listed slab, hot superslabs first so that draining ones can empty out.
static TinySlabMeta* shared_pool_pop_listed(int class_idx) {
    TinySlabMeta** link = &g_shared_pool.partial[class_idx];
    for (int i = 0; *link && i < 4; i++) {
        if (ss_tier_is_hot(ss_of_meta(*link))) break;
        link = &(*link)->next;
    }
    if (!*link) link = &g_shared_pool.partial[class_idx];
    TinySlabMeta* m = *link;
    if (!m) return NULL;
    *link = m->next;
    slab_adopt_locked(m);
    return m;
}

static TinySlabMeta* ss_take_free_slab(SuperSlab* ss, int class_idx) {
    for (int i = 0; i < SS_SLABS; i++) {
        TinySlabMeta* m = &ss->slabs[i];
        if (m->state != SLAB_FREE) continue;
        superslab_init_slab(ss, i, class_idx);
        ss->active_slabs++;
        if (ss->active_slabs == SS_SLABS) superslab_move_back(ss);
        slab_adopt_locked(m);
        return m;
    }
    return NULL;
}

// Stage 0.5: a free slab in a superslab that already exists.
static TinySlabMeta* shared_pool_scan_registry(int class_idx) {
    int looked = 0;
    for (SuperSlab* ss = g_ss_all; ss && looked < STAGE05_SCAN_LIMIT; ss = ss->next, looked++) {
        // Empty superslabs are the allocation box's, full ones have nothing.
        if (ss->active_slabs == 0 || ss->active_slabs == SS_SLABS) continue;
        if (!ss_tier_is_hot(ss)) continue;
        TinySlabMeta* m = ss_take_free_slab(ss, class_idx);
        if (m) return m;
    }
    return NULL;
}

static TinySlabMeta* shared_pool_acquire_locked(int class_idx) {
    if (++g_shared_pool.acquires >= TRIM_INTERVAL) {
        g_shared_pool.acquires = 0;
        shared_pool_trim_locked(TRIM_BUDGET);
    }
    shared_pool_collect_queued(class_idx, false);
    TinySlabMeta* m = shared_pool_pop_listed(class_idx);
    if (m) return m;
    m = shared_pool_scan_registry(class_idx);
    if (m) return m;

    // About to ask the OS: even a single queued slab is cheaper.
    shared_pool_collect_queued(class_idx, true);
    m = shared_pool_pop_listed(class_idx);
    if (m) return m;

    SuperSlab* ss = superslab_allocate();
    return ss ? ss_take_free_slab(ss, class_idx) : NULL;
}

void shared_pool_relieve(int class_idx) {
    if (pthread_mutex_trylock(&g_shared_pool.lock) != 0) return;
    shared_pool_collect_queued(class_idx, true);
    shared_pool_trim_locked(RELIEF_BUDGET);
    pthread_mutex_unlock(&g_shared_pool.lock);
}

static void shared_pool_note_c7(const TinySlabMeta* m) {
    atomic_fetch_add_explicit(&dbg_c7_acquire_calls, 1, memory_order_relaxed);
    if (shared_pool_c7_log_enabled()) {
        int n = atomic_fetch_add_explicit(&dbg_c7_acquire_logs, 1, memory_order_relaxed);
        if (n < 16) {
            hak_log_line("[hakmem] C7 acquire slab=%p used=%u carved=%u\n", (const void*)m, m->used, m->carved);
        }
    }
}

TinySlabMeta* shared_pool_acquire(int class_idx) {
    pthread_mutex_lock(&g_shared_pool.lock);
    TinySlabMeta* m = shared_pool_acquire_locked(class_idx);
    pthread_mutex_unlock(&g_shared_pool.lock);
    if (m && class_idx == 7) shared_pool_note_c7(m);
    return m;
}

int shared_pool_acquire_batch(int class_idx, TinySlabMeta** out, int want) {
    int n = 0;
    pthread_mutex_lock(&g_shared_pool.lock);
    while (n < want) {
        TinySlabMeta* m = shared_pool_acquire_locked(class_idx);
        if (!m) break;
        // A cold superslab's slab is used, but it ends the batch: no hoarding of what should drain.
        out[n++] = m;
        if (!ss_tier_is_hot(ss_of_meta(m))) break;
    }
    pthread_mutex_unlock(&g_shared_pool.lock);
    return n;
}

void shared_pool_dump_c7(void) {
    fprintf(stderr, "[hakmem] c7 acquires=%llu\n",
            (unsigned long long)atomic_load_explicit(&dbg_c7_acquire_calls, memory_order_relaxed));
}
