// hakmem_tiny_remote_target.c - lock-free queue of slabs with remote frees.
#include "hakmem_tiny_remote_target.h"

#include "box/hak_env_box.h"

static _Atomic(TinySlabMeta*) g_remote_target_head[TINY_NUM_CLASSES];

// Phase 30 candidate. The audit's answer: the length decides below whether the queue is drained, so
// it steers and must stay.
static _Atomic(uint32_t) g_remote_target_len[TINY_NUM_CLASSES];

#define REMOTE_TARGET_BACKLOG 64u

static uint32_t g_remote_target_batch = 4;

void remote_target_init(void) {
    g_remote_target_batch = (uint32_t)hak_env_long("HAKMEM_REMOTE_TARGET_BATCH", 4, 1, 1024);
}

bool remote_target_push(TinySlabMeta* meta) {
    int c = meta->class_idx;
    meta->state = SLAB_QUEUED;
    TinySlabMeta* head = atomic_load_explicit(&g_remote_target_head[c], memory_order_relaxed);
    do {
        meta->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&g_remote_target_head[c], &head, meta,
                                                    memory_order_release, memory_order_relaxed));
    uint32_t before = atomic_fetch_add_explicit(&g_remote_target_len[c], 1u, memory_order_relaxed);
    return before % REMOTE_TARGET_BACKLOG == REMOTE_TARGET_BACKLOG - 1;
}

bool remote_target_should_drain(int class_idx, bool desperate) {
    uint32_t queued = atomic_load_explicit(&g_remote_target_len[class_idx], memory_order_relaxed);
    return desperate ? queued > 0 : queued >= g_remote_target_batch;
}

TinySlabMeta* remote_target_drain(int class_idx) {
    TinySlabMeta* chain =
        atomic_exchange_explicit(&g_remote_target_head[class_idx], (TinySlabMeta*)NULL, memory_order_acquire);
    uint32_t n = 0;
    for (TinySlabMeta* m = chain; m; m = m->next) n++;
    if (n > 0) atomic_fetch_sub_explicit(&g_remote_target_len[class_idx], n, memory_order_relaxed);
    return chain;
}
