// hakmem_tiny.h - the tiny backend behind the unified cache.
#ifndef HAKMEM_TINY_H
#define HAKMEM_TINY_H

#include "hakmem_internal.h"
#include "superslab/superslab_types.h"

// Called on a thread's first slow path: arranges that its caches are flushed when it ends.
void hak_tiny_thread_attach(void);
void hak_tiny_thread_flush(void);
void hak_tiny_init(void);

// Slow allocation of a class that the front has no block for. Returns a USER pointer.
void* hak_tiny_alloc_slow(size_t size, int class_idx);

// General entry of the tiny backend, used by hak_alloc_at().
void* hak_tiny_alloc(size_t size);

// Gives one block back to its slab: to the freelist when the caller owns the slab, remotely otherwise.
void hak_tiny_free_to_slab(void* base);

// Free with full validation, used by hak_free_at() for pointers that the front refused.
void hak_tiny_free(void* ptr);

// Spills half of the class's cache: to the background queue while that has room, else to the slabs.
void tiny_free_magazine_spill(int class_idx);

// Largest size that the tiny backend takes.
size_t tiny_get_max_size(void);

void tiny_diag_dump(void);

#endif
