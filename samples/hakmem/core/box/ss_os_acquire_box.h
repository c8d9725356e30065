// ss_os_acquire_box.h - L2: superslab memory from the operating system.
#ifndef SS_OS_ACQUIRE_BOX_H
#define SS_OS_ACQUIRE_BOX_H

#include "../superslab/superslab_types.h"

#include <sys/mman.h>

// Telemetry of a cold path: printed by hak_stats_dump().
extern _Atomic(uint64_t) g_ss_os_alloc_calls;
extern _Atomic(uint64_t) g_ss_os_free_calls;
extern _Atomic(uint64_t) g_ss_os_alloc_fail;
extern _Atomic(uint64_t) g_ss_os_madvise_calls;
extern _Atomic(uint64_t) g_ss_os_live_bytes;
extern _Atomic(uint64_t) g_ss_os_peak_bytes;

// Raises the high-water mark; loses a race only to a larger value.
static inline void ss_os_note_peak(uint64_t live) {
    uint64_t seen = atomic_load_explicit(&g_ss_os_peak_bytes, memory_order_relaxed);
    while (live > seen) {
        if (atomic_compare_exchange_weak_explicit(&g_ss_os_peak_bytes, &seen, live,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            break;
        }
    }
}

static inline void ss_os_stats_record_alloc(size_t bytes) {
    atomic_fetch_add_explicit(&g_ss_os_alloc_calls, 1, memory_order_relaxed);
    uint64_t before = atomic_fetch_add_explicit(&g_ss_os_live_bytes, bytes, memory_order_relaxed);
    ss_os_note_peak(before + bytes);
}

static inline void ss_os_stats_record_free(size_t bytes) {
    atomic_fetch_add_explicit(&g_ss_os_free_calls, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&g_ss_os_live_bytes, bytes, memory_order_relaxed);
}

// `size` bytes at a multiple of `align` (both multiples of the page size), or NULL.
static inline void* ss_os_acquire_aligned(size_t size, size_t align) {
    uint8_t* raw = mmap(NULL, size + align, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED) {
        atomic_fetch_add_explicit(&g_ss_os_alloc_fail, 1, memory_order_relaxed);
        return NULL;
    }
    uint8_t* at = (uint8_t*)hak_round_up((uintptr_t)raw, align);
    size_t head = (size_t)(at - raw);
    if (head > 0) munmap(raw, head);
    munmap(at + size, align - head);
    ss_os_stats_record_alloc(size);
    return at;
}

static inline void ss_os_release(void* p, size_t size) {
    munmap(p, size);
    ss_os_stats_record_free(size);
}

#endif
