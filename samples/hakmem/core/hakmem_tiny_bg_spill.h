// hakmem_tiny_bg_spill.h - per-class queues of blocks that a full thread cache has spilled.
//
// A spilling thread only links its chain in; whoever refills next takes it. The queue is a lock-free
// stack: pushers compare-and-swap the head, the consumer takes the whole list with one exchange, so
// no node is ever popped singly and ABA cannot occur.
//
// g_bg_spill_len looks like a statistic and is not one: tiny_free_magazine.inc.h compares it with
// g_bg_spill_target to decide whether a block may be queued at all. Without it the queue has no bound.
#ifndef HAKMEM_TINY_BG_SPILL_H
#define HAKMEM_TINY_BG_SPILL_H

#include "hakmem_internal.h"

extern _Atomic(uintptr_t) g_bg_spill_head[TINY_NUM_CLASSES];
extern _Atomic(uint32_t) g_bg_spill_len[TINY_NUM_CLASSES];
extern int g_bg_spill_target;

void bg_spill_init(void);

// Queues one block.
static inline void bg_spill_push_one(int class_idx, void* base) {
    uintptr_t head = atomic_load_explicit(&g_bg_spill_head[class_idx], memory_order_relaxed);
    do {
        tiny_next_store(base, (void*)head);
    } while (!atomic_compare_exchange_weak_explicit(&g_bg_spill_head[class_idx], &head, (uintptr_t)base,
                                                    memory_order_release, memory_order_relaxed));
    atomic_fetch_add_explicit(&g_bg_spill_len[class_idx], 1u, memory_order_relaxed);
}

// Queues `count` blocks that are already chained from `first` to `last`.
static inline void bg_spill_push_chain(int class_idx, void* first, void* last, uint32_t count) {
    uintptr_t head = atomic_load_explicit(&g_bg_spill_head[class_idx], memory_order_relaxed);
    do {
        tiny_next_store(last, (void*)head);
    } while (!atomic_compare_exchange_weak_explicit(&g_bg_spill_head[class_idx], &head, (uintptr_t)first,
                                                    memory_order_release, memory_order_relaxed));
    atomic_fetch_add_explicit(&g_bg_spill_len[class_idx], count, memory_order_relaxed);
}

// Takes everything that is queued; the first `want` blocks go to `out`, the rest back to their slabs.
// Returns the number written to `out`.
int bg_spill_drain_into(int class_idx, void** out, int want);

#endif
