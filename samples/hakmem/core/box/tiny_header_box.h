// tiny_header_box.h - the header byte of a tiny block.
#ifndef TINY_HEADER_BOX_H
#define TINY_HEADER_BOX_H

#include "../hakmem_internal.h"
#include "hak_env_box.h"

typedef enum TinyHeaderMode {
    TINY_HEADER_FULL = 0,   // write on every allocation
    TINY_HEADER_LIGHT = 1,  // write only when the byte differs
} TinyHeaderMode;

static inline int tiny_header_mode(void) {
    static int g = -1;
    if (HAK_UNLIKELY(g == -1)) {
        const char* e = getenv("HAKMEM_TINY_HEADER_MODE");
        g = (e && *e == '1') ? TINY_HEADER_LIGHT : TINY_HEADER_FULL;
    }
    return g;
}

// Writes magic and class in front of the block and returns its USER pointer.
static inline void* tiny_region_id_write_header(void* base, int class_idx) {
    uint8_t header = (uint8_t)(TINY_HEADER_MAGIC | (uint8_t)class_idx);
    uint8_t* at = (uint8_t*)base;
    if (tiny_header_mode() == TINY_HEADER_LIGHT) {
        if (*at != header) *at = header;
    } else {
        *at = header;
    }
    return tiny_base_to_user_inline(base);
}

// Last step of every tiny allocation.
static inline void* tiny_header_finalize_alloc(void* base, int class_idx) {
    return tiny_region_id_write_header(base, class_idx);
}

#endif
