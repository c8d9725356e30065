// tiny_front_config_box.h - sizes of the front, per class.
#ifndef TINY_FRONT_CONFIG_BOX_H
#define TINY_FRONT_CONFIG_BOX_H

#include "../hakmem_internal.h"

#define TINY_UNIFIED_SLOTS 256
#define TINY_C7_ULTRA_SLOTS 64

// Blocks that a thread may hold of each class.
static inline uint16_t tiny_front_cache_capacity(int class_idx) {
    static const uint16_t capacity[TINY_NUM_CLASSES] = {256, 256, 256, 256, 256, 128, 128, 64};
    return capacity[class_idx];
}

#if 0
// Prints the capacities. Needs the logging box, which includes this file: left out.
static inline void tiny_front_config_print(void) {
    for (int c = 0; c < TINY_NUM_CLASSES; c++) hak_log_line("C%d %u\n", c, tiny_front_cache_capacity(c));
}
#endif

#endif
