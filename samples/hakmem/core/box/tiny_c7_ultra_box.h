// tiny_c7_ultra_box.h - class 7 on its own: a plain thread-local stack, no ring, no header write on a hit.
#ifndef TINY_C7_ULTRA_BOX_H
#define TINY_C7_ULTRA_BOX_H

#include "../hakmem_internal.h"
#include "tiny_front_config_box.h"

typedef struct TinyC7Ultra {
    uint32_t count;
    uint32_t capacity;  // 0 until the thread is attached
    void* slots[TINY_C7_ULTRA_SLOTS];
} TinyC7Ultra;

extern __thread TinyC7Ultra g_tiny_c7_ultra;

// USER pointer, or NULL when memory is out.
void* tiny_c7_ultra_alloc(void);

// Takes the block (BASE); never fails.
void tiny_c7_ultra_free(void* base);

void tiny_c7_ultra_attach(void);

// Hands up to `want` blocks over, oldest first.
int tiny_c7_ultra_take(void** out, int want);

#endif
