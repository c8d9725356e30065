// ss_allocation_box.c - SuperSlabs from the OS, kept while empty, given back by policy.
#include "ss_allocation_box.h"

#include "../hakmem_super_registry.h"
#include "madvise_guard_box.h"
#include "ss_os_acquire_box.h"
#include "ss_release_policy_box.h"
#include "ss_tier_box.h"

_Atomic(uint64_t) g_ss_os_alloc_calls;
_Atomic(uint64_t) g_ss_os_free_calls;
_Atomic(uint64_t) g_ss_os_alloc_fail;
_Atomic(uint64_t) g_ss_os_live_bytes;
_Atomic(uint64_t) g_ss_os_peak_bytes;

SuperSlab* g_ss_all;
static SuperSlab* g_ss_last;
static uint32_t g_ss_empty_count;

static void ss_link(SuperSlab* ss) {
    ss->prev = NULL;
    ss->next = g_ss_all;
    if (g_ss_all) g_ss_all->prev = ss;
    else g_ss_last = ss;
    g_ss_all = ss;
}

static void ss_unlink(SuperSlab* ss) {
    if (ss->prev) ss->prev->next = ss->next;
    else g_ss_all = ss->next;
    if (ss->next) ss->next->prev = ss->prev;
    else g_ss_last = ss->prev;
}

void superslab_move_front(SuperSlab* ss) {
    ss_unlink(ss);
    ss_link(ss);
}

void superslab_move_back(SuperSlab* ss) {
    ss_unlink(ss);
    ss->next = NULL;
    ss->prev = g_ss_last;
    if (g_ss_last) g_ss_last->next = ss;
    else g_ss_all = ss;
    g_ss_last = ss;
}

// An empty superslab that policy told us to keep.
static SuperSlab* ss_reuse_empty(void) {
    if (g_ss_empty_count == 0) return NULL;
    for (SuperSlab* ss = g_ss_all; ss; ss = ss->next) {
        if (ss->active_slabs == 0) {
            g_ss_empty_count--;
            ss_tier_set(ss, SS_TIER_HOT);
            return ss;
        }
    }
    return NULL;
}

SuperSlab* superslab_allocate(void) {
    SuperSlab* ss = ss_reuse_empty();
    if (ss) return ss;

    ss = ss_os_acquire_aligned(SS_SIZE, SS_SIZE);
    if (!ss) return NULL;
    ss->magic = SS_MAGIC;
    for (int i = 0; i < SS_SLABS; i++) {
        ss->slabs[i].class_idx = SLAB_CLASS_NONE;
    }
    if (!super_reg_register(ss)) {
        ss_os_release(ss, SS_SIZE);
        return NULL;
    }
    ss_link(ss);
    return ss;
}

void superslab_retire(SuperSlab* ss) {
    SSReleaseAction action = ss_release_policy_decide(g_ss_empty_count);
#if 0
    // Older rule: never unmap, only decommit. Kept for reference; ss_release_policy_box decides now.
    if (action == SS_RELEASE_UNMAP) action = SS_RELEASE_DECOMMIT;
#endif
    if (action == SS_RELEASE_UNMAP) {
        ss_unlink(ss);
        super_reg_unregister(ss);
        ss_os_release(ss, SS_SIZE);
        return;
    }
    if (action == SS_RELEASE_DECOMMIT) {
        ss_madvise_guarded((uint8_t*)ss + SS_HEADER_BYTES, SS_SIZE - SS_HEADER_BYTES, MADV_DONTNEED,
                           "superslab_retire");
    }
    g_ss_empty_count++;
}

void superslab_init_slab(SuperSlab* ss, int slab_idx, int class_idx) {
    TinySlabMeta* meta = &ss->slabs[slab_idx];
    size_t head = slab_idx == 0 ? SS_HEADER_BYTES : 0;
    uint32_t stride = g_tiny_class_stride[class_idx];
    meta->first = (uint8_t*)ss + (size_t)slab_idx * SLAB_SIZE + head + TINY_BASE_SKEW;
    meta->capacity = (uint16_t)((SLAB_SIZE - head - TINY_BASE_SKEW) / stride);
    meta->carved = 0;
    meta->used = 0;
    meta->freelist = NULL;
    meta->class_idx = (uint8_t)class_idx;
    meta->next = NULL;
    atomic_store_explicit(&meta->remote_head, 0, memory_order_relaxed);
}
