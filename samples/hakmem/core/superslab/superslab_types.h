// superslab_types.h - a SuperSlab is one aligned megabyte cut into sixteen slabs of 64 KiB.
//
// The first page of slab 0 holds the metadata, so a block's SuperSlab is found by masking its address.
// A slab serves one class and is in exactly one of these states:
//   FREE      no class, on nobody's list
//   OWNED     bound to the thread `owner_tid`, which alone touches freelist/carved/used
//   DETACHED  exhausted; remote_head == SLAB_REMOTE_DETACHED; the first remote free re-lists it
//   QUEUED    in the remote target queue of its class
//   LISTED    in the shared pool's partial list of its class (under the pool's lock)
#ifndef SUPERSLAB_TYPES_H
#define SUPERSLAB_TYPES_H

#include "../hakmem_internal.h"

#define SS_SIZE         ((size_t)1 << 20)
#define SS_MASK         (SS_SIZE - 1)
#define SLAB_SHIFT      16
#define SLAB_SIZE       ((size_t)1 << SLAB_SHIFT)
#define SS_SLABS        16
#define SS_HEADER_BYTES 4096
#define SS_MAGIC        0x53534c42u

#define SLAB_CLASS_NONE      0xFFu
#define SLAB_REMOTE_DETACHED ((uintptr_t)1)

typedef enum SlabState {
    SLAB_FREE = 0,
    SLAB_OWNED,
    SLAB_DETACHED,
    SLAB_QUEUED,
    SLAB_LISTED,
} SlabState;

typedef enum SSTier {
    SS_TIER_HOT = 0,       // takes new slabs
    SS_TIER_DRAINING = 1,  // nearly empty: give it a chance to empty out
} SSTier;

typedef struct TinySlabMeta {
    void* freelist;                  // BASE pointers, owner only
    uint8_t* first;                  // first block base
    uint16_t capacity;
    uint16_t carved;                 // blocks cut off so far
    uint16_t used;                   // blocks out of the slab, caches included
    uint8_t class_idx;
    uint8_t state;                   // SlabState, changed by the owner or under the pool's lock
    _Atomic(uint32_t) owner_tid;
    _Atomic(uintptr_t) remote_head;  // blocks freed by other threads
    struct TinySlabMeta* next;       // remote target queue or partial list
} TinySlabMeta;

typedef struct SuperSlab {
    uint32_t magic;
    uint32_t active_slabs;           // slabs that are not FREE, under the pool's lock
    _Atomic(int) tier;               // SSTier
    struct SuperSlab* next;          // all superslabs, under the pool's lock
    struct SuperSlab* prev;
    TinySlabMeta slabs[SS_SLABS];
} SuperSlab;

_Static_assert(sizeof(SuperSlab) <= SS_HEADER_BYTES, "metadata must fit the first page");

#endif
