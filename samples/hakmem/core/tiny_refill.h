// tiny_refill.h - cutting blocks off a slab.
#ifndef TINY_REFILL_H
#define TINY_REFILL_H

#include "hakmem_internal.h"
#include "superslab/superslab_types.h"

static inline uint32_t tiny_self_u32(void) {
    return hak_self_id();
}

// Slab that this thread is carving, per class.
extern __thread TinySlabMeta* g_tls_slabs[TINY_NUM_CLASSES];

// Moves up to `want` free blocks of the current slab to `out`: freelist first, then fresh ones.
// Implemented beside the unified cache; returns the number taken.
int unified_cache_carve(TinySlabMeta* meta, int class_idx, void** out, int want);

// Binds a slab from the shared pool (one lock) as the current one; NULL when memory is out.
TinySlabMeta* superslab_refill(int class_idx);

#endif
