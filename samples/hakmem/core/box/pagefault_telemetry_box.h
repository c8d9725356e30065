// pagefault_telemetry_box.h - L3: roughly how many distinct pages carving touches.
//
// A small Bloom filter per thread: a block whose bit is new counts as a new page. It answers a question
// of ours and decides nothing in the allocator.
#ifndef PAGEFAULT_TELEMETRY_BOX_H
#define PAGEFAULT_TELEMETRY_BOX_H

#include "../hakmem_internal.h"

#define PF_BLOOM_WORDS 64

typedef struct PagefaultTelemetry {
    uint64_t bloom[PF_BLOOM_WORDS];
    uint64_t touches;
    uint64_t new_pages;
} PagefaultTelemetry;

extern __thread PagefaultTelemetry g_pagefault_telemetry;

static inline void pagefault_telemetry_touch(int class_idx, const void* block) {
#if HAKMEM_DEBUG_COUNTERS
    uint64_t page = (uintptr_t)block >> 12;
    uint64_t bit = (page * 0x9E3779B97F4A7C15ull) >> 52;
    uint64_t mask = 1ull << (bit & 63);
    uint64_t* word = &g_pagefault_telemetry.bloom[bit >> 6];
    g_pagefault_telemetry.touches++;
    if (!(*word & mask)) {
        *word |= mask;
        g_pagefault_telemetry.new_pages++;
    }
    (void)class_idx;
#else
    (void)class_idx;
    (void)block;
#endif
}

void pagefault_telemetry_dump(void);

#endif
