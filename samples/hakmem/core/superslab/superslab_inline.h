// superslab_inline.h - address arithmetic of SuperSlabs and their slabs.
#ifndef SUPERSLAB_INLINE_H
#define SUPERSLAB_INLINE_H

#include "superslab_types.h"

static inline SuperSlab* ss_of_meta(const TinySlabMeta* meta) {
    return (SuperSlab*)((uintptr_t)meta & ~SS_MASK);
}

static inline int ss_slab_index(const SuperSlab* ss, const void* p) {
    return (int)(((uintptr_t)p - (uintptr_t)ss) >> SLAB_SHIFT);
}

static inline TinySlabMeta* ss_slab_of(SuperSlab* ss, const void* base) {
    return &ss->slabs[ss_slab_index(ss, base)];
}

// True when `base` is the start of a block that the slab has already cut off.
static inline bool slab_owns_block(const TinySlabMeta* meta, const void* base) {
    uintptr_t offset = (uintptr_t)base - (uintptr_t)meta->first;
    if (meta->class_idx >= TINY_NUM_CLASSES) return false;
    uint32_t stride = g_tiny_class_stride[meta->class_idx];
    return offset % stride == 0 && offset / stride < meta->carved;
}

static inline bool slab_has_room(const TinySlabMeta* meta) {
    return meta->freelist != NULL || meta->carved < meta->capacity;
}

#endif
