// hakmem_large.h - above 32 KiB: one mapping each, a few kept for reuse.
#ifndef HAKMEM_LARGE_H
#define HAKMEM_LARGE_H

#include "hakmem_internal.h"

void hak_large_init(void);

// `*zeroed` says whether the memory is known to be zero.
void* large_alloc(size_t size, bool* zeroed);
void large_free(void* ptr);

// Grows or shrinks in place or by moving pages; NULL leaves the block untouched.
void* large_realloc(void* ptr, size_t size);

size_t large_usable_size(const void* ptr);
void hak_large_lock_all(void);
void hak_large_unlock_all(void);
void hak_large_dump(void);

#endif
