// hakmem_large.c - large blocks. A freed mapping waits in a small cache for a request of about its size.
#define _GNU_SOURCE
#include "hakmem_large.h"

#include "box/hak_env_box.h"
#include "box/hak_spinlock_box.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#define LARGE_CACHE_SLOTS 16
#define LARGE_PAGE        4096u

// At the start of the mapping; its last byte is the header byte of the block.
typedef struct LargeHeader {
    size_t map_size;
    uint8_t pad[55];
    uint8_t magic;
} LargeHeader;

_Static_assert(sizeof(LargeHeader) == 64, "keeps user pointers aligned");

typedef struct LargeSlot {
    void* map;
    size_t size;
} LargeSlot;

static HakSpinlock g_large_lock;
static LargeSlot g_large_cache[LARGE_CACHE_SLOTS];
static size_t g_large_cached_bytes;           // under the lock; decides what is kept
static size_t g_large_cache_limit = (size_t)64 << 20;

static uint64_t g_large_maps;
static uint64_t g_large_reuses;
static _Atomic(uint64_t) g_large_live_bytes;
static _Atomic(uint64_t) g_large_peak_bytes;

void hak_large_init(void) {
    g_large_cache_limit = (size_t)hak_env_long("HAKMEM_LARGE_CACHE_MB", 64, 0, 65536) << 20;
}

// Traces need the setting of the moment, and a mapping costs thousands of cycles anyway.
static bool large_trace_enabled(void) {
    return hak_env_flag("HAKMEM_LARGE_TRACE", 0) != 0;
}

static LargeHeader* large_header(const void* ptr) {
    return (LargeHeader*)((uintptr_t)ptr - sizeof(LargeHeader));
}

static void large_note_live(size_t bytes) {
    uint64_t live = atomic_fetch_add_explicit(&g_large_live_bytes, bytes, memory_order_relaxed) + bytes;
    uint64_t peak = atomic_load_explicit(&g_large_peak_bytes, memory_order_relaxed);
    do {
        if (live <= peak) return;
    } while (!atomic_compare_exchange_weak_explicit(&g_large_peak_bytes, &peak, live, memory_order_relaxed,
                                                    memory_order_relaxed));
}

// A cached mapping of at least `need` bytes and at most a quarter more.
static void* large_cache_take(size_t need, size_t* got) {
    void* map = NULL;
    hak_spin_lock(&g_large_lock);
    int best = -1;
    for (int i = 0; i < LARGE_CACHE_SLOTS; i++) {
        size_t size = g_large_cache[i].size;
        if (!g_large_cache[i].map || size < need || size > need + need / 4) continue;
        if (best < 0 || size < g_large_cache[best].size) best = i;
    }
    if (best >= 0) {
        map = g_large_cache[best].map;
        *got = g_large_cache[best].size;
        g_large_cached_bytes -= *got;
        g_large_cache[best].map = NULL;
    }
    hak_spin_unlock(&g_large_lock);
    return map;
}

static bool large_cache_put(void* map, size_t size) {
    bool kept = false;
    hak_spin_lock(&g_large_lock);
    if (g_large_cached_bytes + size <= g_large_cache_limit) {
        for (int i = 0; i < LARGE_CACHE_SLOTS && !kept; i++) {
            if (g_large_cache[i].map) continue;
            g_large_cache[i].map = map;
            g_large_cache[i].size = size;
            g_large_cached_bytes += size;
            kept = true;
        }
    }
    hak_spin_unlock(&g_large_lock);
    return kept;
}

void* large_alloc(size_t size, bool* zeroed) {
    if (size > PTRDIFF_MAX - sizeof(LargeHeader) - LARGE_PAGE) return NULL;
    size_t need = hak_round_up(size + sizeof(LargeHeader), LARGE_PAGE);
    size_t got = need;
    LargeHeader* h = large_cache_take(need, &got);
    *zeroed = h == NULL;
    if (h) {
        __atomic_fetch_add(&g_large_reuses, 1, __ATOMIC_RELAXED);
    } else {
        h = mmap(NULL, need, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (h == MAP_FAILED) return NULL;
        __sync_fetch_and_add(&g_large_maps, 1);
        if (large_trace_enabled()) hak_log_line("[hakmem] large map %zu bytes\n", need);
    }
    h->map_size = got;
    h->magic = LARGE_HEADER_MAGIC;
    large_note_live(got);
    return h + 1;
}

void large_free(void* ptr) {
    LargeHeader* h = large_header(ptr);
    size_t size = h->map_size;
    atomic_fetch_sub_explicit(&g_large_live_bytes, size, memory_order_relaxed);
    if (large_cache_put(h, size)) return;
    munmap(h, size);
}

void* large_realloc(void* ptr, size_t size) {
    LargeHeader* h = large_header(ptr);
    size_t old = h->map_size;
    if (size > PTRDIFF_MAX - sizeof(LargeHeader) - LARGE_PAGE) return NULL;
    size_t need = hak_round_up(size + sizeof(LargeHeader), LARGE_PAGE);
    if (need <= old && need >= old / 2) return ptr;
    LargeHeader* moved = mremap(h, old, need, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return NULL;
    moved->map_size = need;
    if (need > old) large_note_live(need - old);
    else atomic_fetch_sub_explicit(&g_large_live_bytes, old - need, memory_order_relaxed);
    return moved + 1;
}

size_t large_usable_size(const void* ptr) {
    return large_header(ptr)->map_size - sizeof(LargeHeader);
}

void hak_large_lock_all(void) {
    hak_spin_lock(&g_large_lock);
}

void hak_large_unlock_all(void) {
    hak_spin_unlock(&g_large_lock);
}

void hak_large_dump(void) {
    fprintf(stderr, "[hakmem] large maps=%llu reuses=%llu live=%llu peak=%llu\n",
            (unsigned long long)__atomic_load_n(&g_large_maps, __ATOMIC_RELAXED),
            (unsigned long long)__atomic_load_n(&g_large_reuses, __ATOMIC_RELAXED),
            (unsigned long long)atomic_load_explicit(&g_large_live_bytes, memory_order_relaxed),
            (unsigned long long)atomic_load_explicit(&g_large_peak_bytes, memory_order_relaxed));
}
