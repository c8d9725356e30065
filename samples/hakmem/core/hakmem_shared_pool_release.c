// hakmem_shared_pool_release.c - slabs on their way back.
#include "hakmem_shared_pool.h"

#include "box/ss_allocation_box.h"
#include "box/ss_release_policy_box.h"
#include "box/ss_tier_box.h"
#include "superslab/superslab_inline.h"

#include <stdio.h>

static _Atomic(uint64_t) rel_c7_calls;
static _Atomic(uint64_t) rel_c7_empty;
static _Atomic(int) rel_c7_logs;

// The slab is empty and on no list: its superslab gets it back.
static void slab_free_locked(TinySlabMeta* meta) {
    SuperSlab* ss = ss_of_meta(meta);
    meta->class_idx = SLAB_CLASS_NONE;
    meta->state = SLAB_FREE;
    meta->freelist = NULL;
    atomic_store_explicit(&meta->owner_tid, 0, memory_order_relaxed);
    if (ss->active_slabs == SS_SLABS) superslab_move_front(ss);
    ss->active_slabs--;
    if (ss->active_slabs == 0) {
        superslab_retire(ss);
    } else if (ss_release_policy_wants_drain(ss)) {
        ss_tier_set(ss, SS_TIER_DRAINING);
    }
}

bool shared_pool_try_detach(TinySlabMeta* meta) {
    // After the exchange another thread may own the slab: say goodbye first.
    atomic_store_explicit(&meta->owner_tid, 0, memory_order_relaxed);
    meta->state = SLAB_DETACHED;
    uintptr_t none = 0;
    if (atomic_compare_exchange_strong_explicit(&meta->remote_head, &none, SLAB_REMOTE_DETACHED,
                                                memory_order_release, memory_order_relaxed)) {
        return true;
    }
    meta->state = SLAB_OWNED;
    atomic_store_explicit(&meta->owner_tid, hak_self_id(), memory_order_relaxed);
    slab_drain_remote(meta);
    return false;
}

void shared_pool_release(TinySlabMeta* meta) {
    int class_idx = meta->class_idx;
    slab_drain_remote(meta);
    if (!slab_has_room(meta) && shared_pool_try_detach(meta)) return;

    bool is_empty = meta->used == 0;
    if (class_idx == 7) {
        atomic_fetch_add_explicit(&rel_c7_calls, 1, memory_order_relaxed);
        if (is_empty) atomic_fetch_add_explicit(&rel_c7_empty, 1, memory_order_relaxed);
        if (shared_pool_c7_log_enabled()) {
            int n = atomic_fetch_add_explicit(&rel_c7_logs, 1, memory_order_relaxed);
            if (n < 16) hak_log_line("[hakmem] C7 release slab=%p used=%u\n", (void*)meta, meta->used);
        }
    }

    pthread_mutex_lock(&g_shared_pool.lock);
    if (is_empty) {
        slab_free_locked(meta);
    } else {
        atomic_store_explicit(&meta->owner_tid, 0, memory_order_relaxed);
        meta->state = SLAB_LISTED;
        meta->next = g_shared_pool.partial[class_idx];
        g_shared_pool.partial[class_idx] = meta;
    }
    pthread_mutex_unlock(&g_shared_pool.lock);
}

int shared_pool_trim_locked(int budget) {
    int freed = 0;
    for (int c = 0; c < TINY_NUM_CLASSES; c++) {
        TinySlabMeta** link = &g_shared_pool.partial[c];
        int looked = 0;
        while (*link && looked++ < budget) {
            TinySlabMeta* m = *link;
            slab_drain_remote(m);
            if (m->used == 0) {
                *link = m->next;
                slab_free_locked(m);
                freed++;
            } else {
                link = &m->next;
            }
        }
    }
    return freed;
}

void shared_pool_dump_c7_release(void) {
    fprintf(stderr, "[hakmem] c7 releases=%llu empty=%llu\n",
            (unsigned long long)atomic_load_explicit(&rel_c7_calls, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&rel_c7_empty, memory_order_relaxed));
}
