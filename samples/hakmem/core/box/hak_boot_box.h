// hak_boot_box.h - memory for callers that come before the environment exists.
//
// The dynamic loader allocates before libc has set `environ`. Reading gates then would cache wrong
// answers, so these few requests are served from a fixed arena that is never freed.
#ifndef HAK_BOOT_BOX_H
#define HAK_BOOT_BOX_H

#include "../hakmem_internal.h"

#define BOOT_ARENA_BYTES ((size_t)256 << 10)

typedef struct BootHeader {
    size_t size;
    uint8_t pad[7];
    uint8_t magic;
} BootHeader;

extern uint8_t g_boot_arena[BOOT_ARENA_BYTES];
extern _Atomic(size_t) g_boot_used;

static inline bool hak_boot_owns(const void* p) {
    return (uintptr_t)p - (uintptr_t)g_boot_arena < BOOT_ARENA_BYTES;
}

// Zeroed memory, or NULL when the arena is full.
static inline void* hak_boot_alloc(size_t size) {
    if (size > BOOT_ARENA_BYTES) return NULL;
    size_t need = hak_round_up(size, 16) + sizeof(BootHeader);
    size_t at = atomic_fetch_add_explicit(&g_boot_used, need, memory_order_relaxed);
    if (at + need > BOOT_ARENA_BYTES) return NULL;
    BootHeader* h = (BootHeader*)(g_boot_arena + at);
    h->size = size;
    h->magic = BOOT_HEADER_MAGIC;
    return h + 1;
}

static inline size_t hak_boot_usable_size(const void* ptr) {
    return ((const BootHeader*)ptr - 1)->size;
}

#endif
