// tiny_unified_cache.h - a thread's free blocks, per class: the front of every tiny operation.
//
// Blocks are stored as BASE pointers. Storage is last-in-first-out or a ring (tiny_unified_lifo_enabled);
// the choice is made at start-up and never changes, because both share the slots. A cache that has never
// been used has capacity 0, so that the first push and the first pop both reach the slow path, where the
// thread registers itself.
#ifndef TINY_UNIFIED_CACHE_H
#define TINY_UNIFIED_CACHE_H

#include "../box/tiny_class_stats_box.h"
#include "../box/tiny_front_config_box.h"
#include "../box/tiny_front_env_box.h"
#include "../hakmem_internal.h"

typedef struct TinyUnifiedCache {
    uint16_t head;      // ring: next to pop
    uint16_t tail;      // ring: next to push; LIFO: number held
    uint16_t capacity;  // 0 until the thread is attached
    uint16_t mask;
    void* slots[TINY_UNIFIED_SLOTS];
} TinyUnifiedCache;

extern __thread TinyUnifiedCache g_unified_cache[TINY_NUM_CLASSES];

#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
extern _Atomic(uint64_t) g_unified_cache_hits_global;
extern _Atomic(uint64_t) g_unified_cache_misses_global;
extern _Atomic(uint64_t) g_unified_cache_refill_cycles_global;
extern _Atomic(uint64_t) g_unified_cache_hits_by_class[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_unified_cache_misses_by_class[TINY_NUM_CLASSES];
extern _Atomic(uint64_t) g_unified_cache_refill_cycles_by_class[TINY_NUM_CLASSES];
#endif

// Reading the cycle counter costs more than the counters do, so it needs a word of its own.
int unified_cache_measure_enabled(void);

// Gives the caches their capacity; called when the thread attaches.
void unified_cache_attach(void);

// Miss path: fills the cache and returns one more block (BASE), or NULL when memory is out.
void* unified_cache_refill(int class_idx);

int unified_cache_count(int class_idx);
int unified_cache_take_oldest(int class_idx, void** out, int want);
void unified_cache_stats_dump(void);

static inline void* unified_cache_pop(int class_idx) {
    TinyUnifiedCache* c = &g_unified_cache[class_idx];
    if (tiny_unified_lifo_enabled()) {
        if (HAK_UNLIKELY(c->tail == 0)) return NULL;
        void* base = c->slots[--c->tail];
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
        atomic_fetch_add_explicit(&g_unified_cache_hits_global, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&g_unified_cache_hits_by_class[class_idx], 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return base;
    }
    if (HAK_UNLIKELY(c->head == c->tail)) return NULL;
    void* base = c->slots[c->head];
    c->head = (uint16_t)((c->head + 1) & c->mask);
#if HAKMEM_TINY_UNIFIED_CACHE_MEASURE_COMPILED
    atomic_fetch_add_explicit(&g_unified_cache_hits_global, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&g_unified_cache_hits_by_class[class_idx], 1, memory_order_relaxed);
#else
    (void)0;
#endif
    return base;
}

// False when the cache is full (or the thread not attached): the caller takes the cold path.
static inline bool unified_cache_push(int class_idx, void* base) {
    TinyUnifiedCache* c = &g_unified_cache[class_idx];
    if (tiny_unified_lifo_enabled()) {
        if (HAK_UNLIKELY(c->tail >= c->capacity)) return false;
        c->slots[c->tail++] = base;
        return true;
    }
    uint16_t next = (uint16_t)((c->tail + 1) & c->mask);
    if (HAK_UNLIKELY(next == c->head)) return false;
    c->slots[c->tail] = base;
    c->tail = next;
    return true;
}

#endif
