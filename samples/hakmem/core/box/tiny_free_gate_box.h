// tiny_free_gate_box.h - is this a tiny block, by its header byte?
#ifndef TINY_FREE_GATE_BOX_H
#define TINY_FREE_GATE_BOX_H

#include "../hakmem_internal.h"

// Class 0..7, or -1.
static inline int tiny_free_gate(const void* ptr) {
    uint8_t header = hak_header_of(ptr);
    if (HAK_UNLIKELY((header & HAK_HEADER_MAGIC_MASK) != TINY_HEADER_MAGIC)) return -1;
    int class_idx = header & HAK_HEADER_CLASS_MASK;
    return HAK_LIKELY(class_idx < TINY_NUM_CLASSES) ? class_idx : -1;
}

#endif
