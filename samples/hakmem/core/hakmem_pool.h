// hakmem_pool.h - 257 bytes to 32 KiB: pages of 256 KiB, one class each.
#ifndef HAKMEM_POOL_H
#define HAKMEM_POOL_H

#include "box/pool_config_box.h"
#include "hakmem_internal.h"

#define MID_PAGE_MAGIC 0x4d504731u

typedef enum MidPageState { MID_PAGE_FREE = 0, MID_PAGE_ACTIVE } MidPageState;

// At the start of its page. Pages are never unmapped, so a stale look at one is harmless.
typedef struct MidPage {
    uint32_t magic;
    uint16_t class_idx;
    uint8_t state;         // MidPageState, under the pool's lock
    uint8_t listed;        // on its class's partial list
    uint32_t capacity;
    uint32_t carved;
    uint32_t in_use;       // blocks out of the page, caches included; lags behind frees (deferred)
    void* freelist;        // USER pointers, under the pool's lock
    struct MidPage* next;
    struct MidPage* prev;
} MidPage;

// Sits directly before a block's USER pointer.
typedef struct PoolBlockHeader {
    uint32_t class_idx;
    uint8_t pad[11];
    uint8_t magic;         // the byte at USER-1
} PoolBlockHeader;

_Static_assert(sizeof(PoolBlockHeader) == 16, "keeps user pointers 16-byte aligned");

void hak_pool_init(void);

// NULL when the size is not the pool's or memory is out.
void* hak_pool_try_alloc(size_t size);
void* hak_pool_try_alloc_v1_impl(uint32_t ci);
void hak_pool_free(void* ptr);
void hak_pool_free_v1_slow_impl(void* ptr, MidPage* page);

// Page of a pool block, or NULL when the block's header or the page's disagrees.
MidPage* hak_pool_mid_lookup(const void* ptr);

// Counts one block down for its page; the page learns of it later, many at a time.
void mid_inuse_dec_deferred(MidPage* page);

size_t hak_pool_usable_size(const void* ptr);
void hak_pool_thread_attach(void);
void hak_pool_thread_flush(void);
void hak_pool_dump(void);
void hak_pool_lock_all(void);
void hak_pool_unlock_all(void);
void hak_pool_lock_reset(void);

#endif
