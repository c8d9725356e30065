// hakmem_internal.h - constants and small helpers that every box shares.
#ifndef HAKMEM_INTERNAL_H
#define HAKMEM_INTERNAL_H

#include "hakmem_build_flags.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAK_LIKELY(x)   __builtin_expect(!!(x), 1)
#define HAK_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define HAK_NOINLINE    __attribute__((noinline))
#define HAK_COLD        __attribute__((noinline, cold))
#define HAK_ALWAYS_INLINE static inline __attribute__((always_inline))
#define HAK_EXPORT      __attribute__((visibility("default")))

// The header byte sits directly before every pointer that we hand out.
// High nibble: which backend owns the block. Low nibble: size class (tiny only).
#define HAK_HEADER_MAGIC_MASK 0xF0u
#define HAK_HEADER_CLASS_MASK 0x0Fu
#define TINY_HEADER_MAGIC     0xA0u
#define POOL_HEADER_MAGIC     0xB0u
#define LARGE_HEADER_MAGIC    0xC0u
#define ALIGNED_HEADER_MAGIC  0xE0u
#define BOOT_HEADER_MAGIC     0x80u

// Tiny size classes C0..C7. The stride includes the header byte; block bases lie at 16n+15,
// so user pointers are 16-byte aligned and a block holds stride-1 bytes.
#define TINY_NUM_CLASSES   8
#define TINY_MAX_STRIDE    1056u
#define TINY_MAX_USER      (TINY_MAX_STRIDE - 1u)
#define TINY_BASE_SKEW     15u
#define TINY_REFILL_BATCH  128

extern const uint16_t g_tiny_class_stride[TINY_NUM_CLASSES];
extern const uint8_t g_tiny_size_to_class[TINY_MAX_STRIDE / 16 + 1];

// Set once hak_init() has finished; every entry point checks it first.
extern int g_initialized;

// Writes one formatted line to stderr without touching stdio's buffers or the heap.
void hak_log_line(const char* fmt, ...) __attribute__((format(printf, 1, 2)));

// Small ids that stay valid across fork(); 0 means "nobody".
uint32_t hak_thread_id_assign(void);
extern __thread uint32_t g_hak_thread_id;

static inline uint32_t hak_self_id(void) {
    uint32_t id = g_hak_thread_id;
    return HAK_LIKELY(id != 0) ? id : hak_thread_id_assign();
}

static inline uint8_t hak_header_of(const void* ptr) {
    return *((const uint8_t*)ptr - 1);
}

// BASE <-> USER conversion: the only place that knows the header's size.
static inline void* tiny_user_to_base_inline(void* user) {
    return (uint8_t*)user - 1;
}

static inline void* tiny_base_to_user_inline(void* base) {
    return (uint8_t*)base + 1;
}

// Free blocks are chained through their user area; the header byte stays intact.
static inline void* tiny_next_load(void* base) {
    return *(void**)tiny_base_to_user_inline(base);
}

static inline void tiny_next_store(void* base, void* next) {
    *(void**)tiny_base_to_user_inline(base) = next;
}

static inline size_t hak_round_up(size_t n, size_t to) {
    return (n + to - 1) & ~(to - 1);
}

#endif
