// hakmem_shared_pool.h - slabs between threads, under one lock.
#ifndef HAKMEM_SHARED_POOL_H
#define HAKMEM_SHARED_POOL_H

#include "superslab/superslab_types.h"

#include <pthread.h>

typedef struct SharedPool {
    pthread_mutex_t lock;
    TinySlabMeta* partial[TINY_NUM_CLASSES];  // LISTED slabs with free blocks
    uint32_t acquires;                        // since the last trim
} SharedPool;

extern SharedPool g_shared_pool;

// A slab of the class with at least one free block, now owned by the caller; NULL when memory is out.
TinySlabMeta* shared_pool_acquire(int class_idx);

// Up to `want` slabs under one lock; returns how many.
int shared_pool_acquire_batch(int class_idx, TinySlabMeta** out, int want);

// Gives an owned slab back, whatever its fill.
void shared_pool_release(TinySlabMeta* meta);

// Empties among the listed slabs become FREE; with the lock held.
int shared_pool_trim_locked(int budget);

// Frees pile up: collects the queued slabs of the class and gives empty ones back. Does nothing when
// somebody else holds the lock.
void shared_pool_relieve(int class_idx);

// Owner lets go of an exhausted slab. False when remote frees have arrived meanwhile: it has room again.
bool shared_pool_try_detach(TinySlabMeta* meta);

// Moves the blocks that other threads freed to the slab's own freelist. Owner, or the lock held.
int slab_drain_remote(TinySlabMeta* meta);

void shared_pool_init(void);
int shared_pool_c7_log_enabled(void);

// Prints and telemetry of the C7 diagnosis.
void shared_pool_dump_c7(void);
void shared_pool_dump_c7_release(void);

#endif
