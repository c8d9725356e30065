// hakmem_pool.c - Pool v1 (locked pages, a small ring per thread) and Pool v2 (hotbox) in front of it.
#include "hakmem_pool.h"

#include "box/hak_env_box.h"
#include "box/madvise_guard_box.h"
#include "box/mid_hotbox_v3_box.h"
#include "box/pool_hotbox_v2_box.h"
#include "box/ss_os_acquire_box.h"
#include "hakmem_tiny.h"

#include <pthread.h>
#include <stdio.h>

static const uint32_t g_pool_class_size[POOL_CLASSES] = {512,  768,  1536,  2048,  3072,  4096,
                                                         6144, 8192, 12288, 16384, 24576, 32768};

typedef struct PoolRing {
    uint32_t count;
    void* slots[POOL_RING_SLOTS];
} PoolRing;

#define INUSE_MAP_SLOTS 16

typedef struct InuseEntry {
    MidPage* page;
    uint32_t pending;
} InuseEntry;

static pthread_mutex_t g_pool_lock = PTHREAD_MUTEX_INITIALIZER;
static MidPage* g_pool_partial[POOL_CLASSES];
static MidPage* g_pool_free_pages;
static uint8_t g_pool_size_to_class[POOL_MAX_SIZE / 256 + 1];

static __thread PoolRing t_pool_ring[POOL_CLASSES];
static __thread InuseEntry t_inuse_map[INUSE_MAP_SLOTS];
__thread PoolHotboxV2 g_pool_hotbox_v2[POOL_CLASSES];
__thread MidV3Lane g_mid_v3_lanes[MID_V3_LANES];

PoolHotboxV2Stats g_pool_hotbox_v2_stats[POOL_CLASSES];

// Pages given back since the start.
static uint64_t g_pool_pages_retired;

void hak_pool_init(void) {
    uint32_t ci = 0;
    for (uint32_t i = 0; i <= POOL_MAX_SIZE / 256; i++) {
        while (i * 256 > g_pool_class_size[ci]) ci++;
        g_pool_size_to_class[i] = (uint8_t)ci;
    }
}

static inline uint32_t pool_class_of(size_t size) {
    return g_pool_size_to_class[(size + 255) >> 8];
}

static inline PoolBlockHeader* pool_block_header(const void* ptr) {
    return (PoolBlockHeader*)((uintptr_t)ptr - sizeof(PoolBlockHeader));
}

static inline size_t pool_stride(uint32_t ci) {
    return g_pool_class_size[ci] + sizeof(PoolBlockHeader);
}

// ------------------------------------------------------------------------------------------ pages (v1)

static void page_list_push(MidPage* page) {
    MidPage** head = &g_pool_partial[page->class_idx];
    page->prev = NULL;
    page->next = *head;
    if (*head) (*head)->prev = page;
    *head = page;
    page->listed = 1;
}

static void page_list_remove(MidPage* page) {
    if (page->prev) page->prev->next = page->next;
    else g_pool_partial[page->class_idx] = page->next;
    if (page->next) page->next->prev = page->prev;
    page->listed = 0;
}

static MidPage* pool_page_new(uint32_t ci) {
    MidPage* page = g_pool_free_pages;
    if (page) {
        g_pool_free_pages = page->next;
    } else {
        page = ss_os_acquire_aligned(POOL_PAGE_SIZE, POOL_PAGE_SIZE);
        if (!page) return NULL;
        page->magic = MID_PAGE_MAGIC;
    }
    page->class_idx = (uint16_t)ci;
    page->capacity = (uint32_t)((POOL_PAGE_SIZE - POOL_PAGE_HEAD) / pool_stride(ci));
    page->carved = 0;
    page->freelist = NULL;
    page->state = MID_PAGE_ACTIVE;
    page_list_push(page);
    return page;
}

static void* page_carve(MidPage* page) {
    uint32_t ci = page->class_idx;
    uint8_t* at = (uint8_t*)page + POOL_PAGE_HEAD + (size_t)page->carved++ * pool_stride(ci);
    PoolBlockHeader* h = (PoolBlockHeader*)at;
    h->class_idx = ci;
    h->magic = POOL_HEADER_MAGIC;
    return h + 1;
}

// Up to `want` blocks of the class; with the lock held.
static uint32_t pool_take_locked(uint32_t ci, void** out, uint32_t want) {
    uint32_t n = 0;
    while (n < want) {
        MidPage* page = g_pool_partial[ci];
        if (!page) page = pool_page_new(ci);
        if (!page) break;
        uint32_t before = n;
        while (n < want) {
            void* p = page->freelist;
            if (p) {
                page->freelist = *(void**)p;
            } else if (page->carved < page->capacity) {
                p = page_carve(page);
            } else {
                break;
            }
            out[n++] = p;
        }
        __atomic_add_fetch(&page->in_use, n - before, __ATOMIC_RELAXED);
        if (!page->freelist && page->carved == page->capacity) page_list_remove(page);
    }
    return n;
}

// The count has reached zero: give the page's memory back, unless it has come to life again.
static void pool_page_try_retire(MidPage* page) {
    pthread_mutex_lock(&g_pool_lock);
    bool only_page = page->listed && !page->prev && !page->next;
    if (page->state == MID_PAGE_ACTIVE && !only_page &&
        __atomic_load_n(&page->in_use, __ATOMIC_ACQUIRE) == 0) {
        if (page->listed) page_list_remove(page);
        page->state = MID_PAGE_FREE;
        page->freelist = NULL;
        ss_madvise_guarded((uint8_t*)page + POOL_PAGE_HEAD, POOL_PAGE_SIZE - POOL_PAGE_HEAD, MADV_DONTNEED,
                           "pool_page_try_retire");
        page->next = g_pool_free_pages;
        g_pool_free_pages = page;
        __sync_fetch_and_add(&g_pool_pages_retired, 1);
    }
    pthread_mutex_unlock(&g_pool_lock);
}

static void inuse_settle(InuseEntry* e) {
    MidPage* page = e->page;
    uint32_t pending = e->pending;
    e->page = NULL;
    e->pending = 0;
    if (page && __atomic_sub_fetch(&page->in_use, pending, __ATOMIC_ACQ_REL) == 0) {
        pool_page_try_retire(page);
    }
}

void mid_inuse_dec_deferred(MidPage* page) {
    InuseEntry* e = &t_inuse_map[((uintptr_t)page >> 18) % INUSE_MAP_SLOTS];
    if (e->page != page) {
        inuse_settle(e);
        e->page = page;
    }
    if (++e->pending >= 32) inuse_settle(e);
}

MidPage* hak_pool_mid_lookup(const void* ptr) {
    if (pool_block_header(ptr)->magic != POOL_HEADER_MAGIC) return NULL;
    MidPage* page = (MidPage*)((uintptr_t)ptr & ~(POOL_PAGE_SIZE - 1));
    return page->magic == MID_PAGE_MAGIC ? page : NULL;
}

void hak_pool_thread_attach(void) {
    hak_tiny_thread_attach();
}

// ------------------------------------------------------------------------------------------- Pool v1

void* hak_pool_try_alloc_v1_impl(uint32_t ci) {
    PoolRing* ring = &t_pool_ring[ci];
    if (HAK_LIKELY(ring->count > 0)) return ring->slots[--ring->count];

    hak_pool_thread_attach();
    uint32_t want = g_pool_class_size[ci] <= 4096 ? POOL_RING_SLOTS / 2 : 2;
    pthread_mutex_lock(&g_pool_lock);
    uint32_t n = pool_take_locked(ci, ring->slots, want);
    pthread_mutex_unlock(&g_pool_lock);
    if (n == 0) return NULL;
    ring->count = n - 1;
    return ring->slots[n - 1];
}

void hak_pool_free_v1_slow_impl(void* ptr, MidPage* page) {
    pthread_mutex_lock(&g_pool_lock);
    *(void**)ptr = page->freelist;
    page->freelist = ptr;
    if (!page->listed) page_list_push(page);
    pthread_mutex_unlock(&g_pool_lock);
    mid_inuse_dec_deferred(page);
}

static void hak_pool_free_v1(void* ptr) {
    MidPage* page = hak_pool_mid_lookup(ptr);
    if (HAK_UNLIKELY(!page)) return;
    PoolRing* ring = &t_pool_ring[page->class_idx];
    if (HAK_LIKELY(ring->count < POOL_RING_SLOTS)) {
        if (ring->count == 0) hak_pool_thread_attach();
        ring->slots[ring->count++] = ptr;
        return;
    }
    // The older half goes back to its pages, so that the next frees find room.
    for (uint32_t i = 0; i < POOL_RING_SLOTS / 2; i++) {
        MidPage* owner = hak_pool_mid_lookup(ring->slots[i]);
        if (owner) hak_pool_free_v1_slow_impl(ring->slots[i], owner);
        ring->slots[i] = ring->slots[i + POOL_RING_SLOTS / 2];
    }
    ring->count = POOL_RING_SLOTS / 2;
    ring->slots[ring->count++] = ptr;
}

// ------------------------------------------------------------------------------------ Pool v2 (hotbox)

// Page of a block that claims to be the pool's, with every claim checked.
static MidPage* pool_hotbox_v2_page_of(const void* ptr) {
    const PoolBlockHeader* h = pool_block_header(ptr);
    uint32_t claimed = h->class_idx < POOL_CLASSES ? h->class_idx : 0;
    if (h->magic != POOL_HEADER_MAGIC) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[claimed].page_of_fail_no_header, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return NULL;
    }
    MidPage* page = (MidPage*)((uintptr_t)ptr & ~(POOL_PAGE_SIZE - 1));
    if (page->magic != MID_PAGE_MAGIC) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[claimed].page_of_fail_magic, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return NULL;
    }
    if (h->class_idx != page->class_idx) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[claimed].page_of_fail_class, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return NULL;
    }
    size_t offset = (uintptr_t)h - (uintptr_t)page;
    if (offset < POOL_PAGE_HEAD || (offset - POOL_PAGE_HEAD) % pool_stride(claimed) != 0) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[claimed].page_of_fail_range, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return NULL;
    }
    return page;
}

static void* pool_hotbox_v2_pop(PoolHotboxV2* hot) {
    void* p = hot->freelist;
    hot->freelist = *(void**)p;
    hot->count--;
    return p;
}

static bool pool_hotbox_v2_refill(uint32_t ci, PoolHotboxV2* hot) {
    void* blocks[POOL_V2_REFILL];
    hak_pool_thread_attach();
    pthread_mutex_lock(&g_pool_lock);
    uint32_t n = pool_take_locked(ci, blocks, POOL_V2_REFILL);
    pthread_mutex_unlock(&g_pool_lock);
    for (uint32_t i = 0; i < n; i++) {
        *(void**)blocks[i] = hot->freelist;
        hot->freelist = blocks[i];
    }
    hot->count += n;
    return n > 0;
}

static void* pool_hotbox_v2_alloc(uint32_t ci) {
    PoolHotboxV2* hot = &g_pool_hotbox_v2[ci];
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
    atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].alloc_calls, 1, memory_order_relaxed);
#else
    (void)0;
#endif
    if (HAK_LIKELY(hot->freelist != NULL)) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].alloc_fast, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return pool_hotbox_v2_pop(hot);
    }
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
    atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].alloc_refill, 1, memory_order_relaxed);
#else
    (void)0;
#endif
    if (!pool_hotbox_v2_refill(ci, hot)) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].alloc_refill_fail, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return NULL;
    }
    return pool_hotbox_v2_pop(hot);
}

// False: v1 has to take the block.
static bool pool_hotbox_v2_free(void* ptr) {
    MidPage* page = pool_hotbox_v2_page_of(ptr);
    if (HAK_UNLIKELY(!page)) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[0].free_fallback_v1, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return false;
    }
    uint32_t ci = page->class_idx;
    PoolHotboxV2* hot = &g_pool_hotbox_v2[ci];
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
    atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].free_calls, 1, memory_order_relaxed);
#else
    (void)0;
#endif
    if (HAK_UNLIKELY(hot->count >= POOL_V2_LIMIT)) {
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].free_fallback_v1, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return false;
    }
    if (hot->count == 0) hak_pool_thread_attach();
    *(void**)ptr = hot->freelist;
    hot->freelist = ptr;
    hot->count++;
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
    atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].free_fast, 1, memory_order_relaxed);
#else
    (void)0;
#endif
    return true;
}

// --------------------------------------------------------------------------------------------- entry

void* hak_pool_try_alloc(size_t size) {
    if (size > POOL_MAX_SIZE) return NULL;
    uint32_t ci = pool_class_of(size);
    if (hak_pool_v2_enabled()) {
        void* p = pool_hotbox_v2_alloc(ci);
        if (HAK_LIKELY(p != NULL)) return p;
#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
        atomic_fetch_add_explicit(&g_pool_hotbox_v2_stats[ci].alloc_fallback_v1, 1, memory_order_relaxed);
#else
        (void)0;
#endif
    }
    return hak_pool_try_alloc_v1_impl(ci);
}

void hak_pool_free(void* ptr) {
    if (hak_pool_v2_enabled() && pool_hotbox_v2_free(ptr)) return;
    hak_pool_free_v1(ptr);
}

size_t hak_pool_usable_size(const void* ptr) {
    uint32_t ci = pool_block_header(ptr)->class_idx;
    return ci < POOL_CLASSES ? g_pool_class_size[ci] : 0;
}

static void pool_return_to_page(void* ptr) {
    MidPage* page = hak_pool_mid_lookup(ptr);
    if (page) hak_pool_free_v1_slow_impl(ptr, page);
}

void hak_pool_thread_flush(void) {
    for (int lane = 0; lane < MID_V3_LANES; lane++) {
        MidV3Lane* l = &g_mid_v3_lanes[lane];
        while (l->count > 0) pool_return_to_page(l->slots[--l->count]);
    }
    for (uint32_t ci = 0; ci < POOL_CLASSES; ci++) {
        PoolRing* ring = &t_pool_ring[ci];
        while (ring->count > 0) pool_return_to_page(ring->slots[--ring->count]);
        PoolHotboxV2* hot = &g_pool_hotbox_v2[ci];
        while (hot->freelist) pool_return_to_page(pool_hotbox_v2_pop(hot));
    }
    for (int i = 0; i < INUSE_MAP_SLOTS; i++) inuse_settle(&t_inuse_map[i]);
}

void hak_pool_dump(void) {
    fprintf(stderr, "[hakmem] pool pages retired=%llu\n",
            (unsigned long long)__atomic_load_n(&g_pool_pages_retired, __ATOMIC_RELAXED));
}

void hak_pool_lock_all(void) {
    pthread_mutex_lock(&g_pool_lock);
}

void hak_pool_unlock_all(void) {
    pthread_mutex_unlock(&g_pool_lock);
}

void hak_pool_lock_reset(void) {
    g_pool_lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
}

#if HAKMEM_POOL_HOTBOX_V2_STATS_COMPILED
#define STAT(field) ((unsigned long long)atomic_load_explicit(&s->field, memory_order_relaxed))

__attribute__((destructor)) static void pool_hotbox_v2_dump(void) {
    if (!hak_pool_v2_enabled()) return;
    for (int ci = 0; ci < POOL_CLASSES; ci++) {
        PoolHotboxV2Stats* s = &g_pool_hotbox_v2_stats[ci];
        if (STAT(alloc_calls) == 0 && STAT(free_calls) == 0) continue;
        fprintf(stderr, "[hakmem] pool v2 %u: alloc=%llu fast=%llu refill=%llu fail=%llu v1=%llu", g_pool_class_size[ci],
                STAT(alloc_calls), STAT(alloc_fast), STAT(alloc_refill), STAT(alloc_refill_fail),
                STAT(alloc_fallback_v1));
        fprintf(stderr, " free=%llu fast=%llu v1=%llu page_of=%llu/%llu/%llu/%llu\n", STAT(free_calls),
                STAT(free_fast), STAT(free_fallback_v1), STAT(page_of_fail_no_header), STAT(page_of_fail_magic),
                STAT(page_of_fail_class), STAT(page_of_fail_range));
    }
}
#endif
