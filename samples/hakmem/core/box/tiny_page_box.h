// tiny_page_box.h - prefers the blocks of the current slab over spilled ones, for locality.
#ifndef TINY_PAGE_BOX_H
#define TINY_PAGE_BOX_H

#include "hak_env_box.h"

static inline int tiny_page_box_is_enabled(int class_idx) {
    static long g = -1;
    if (__builtin_expect(g == -1, 0)) {
        g = hak_env_long("HAKMEM_TINY_PAGE_BOX_CLASSES", 0, 0, 255);
    }
    return (int)((g >> class_idx) & 1);
}

#endif
