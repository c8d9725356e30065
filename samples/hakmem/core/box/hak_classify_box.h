// hak_classify_box.h - whose pointer is it?
#ifndef HAK_CLASSIFY_BOX_H
#define HAK_CLASSIFY_BOX_H

#include "../hakmem_pool.h"
#include "../hakmem_super_registry.h"
#include "hak_boot_box.h"

typedef enum PtrKind {
    PTR_KIND_UNKNOWN = 0,
    PTR_KIND_TINY,
    PTR_KIND_POOL,
    PTR_KIND_LARGE,
    PTR_KIND_ALIGNED,
    PTR_KIND_BOOT,
} PtrKind;

// Every pointer of ours has a header byte; tiny and pool claims are checked against the page's owner.
static inline PtrKind classify_ptr(const void* ptr) {
    uint8_t header = hak_header_of(ptr);
    switch (header & HAK_HEADER_MAGIC_MASK) {
    case TINY_HEADER_MAGIC:
        return hak_super_lookup(ptr) ? PTR_KIND_TINY : PTR_KIND_UNKNOWN;
    case POOL_HEADER_MAGIC:
        return hak_pool_mid_lookup(ptr) ? PTR_KIND_POOL : PTR_KIND_UNKNOWN;
    case LARGE_HEADER_MAGIC:
        return PTR_KIND_LARGE;
    case ALIGNED_HEADER_MAGIC:
        return PTR_KIND_ALIGNED;
    case BOOT_HEADER_MAGIC:
        return hak_boot_owns(ptr) ? PTR_KIND_BOOT : PTR_KIND_UNKNOWN;
    default:
        return PTR_KIND_UNKNOWN;
    }
}

#endif
