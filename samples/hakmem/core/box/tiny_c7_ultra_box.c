// tiny_c7_ultra_box.c - the C7 stack. Overflow and underflow go through the unified cache's slow paths.
#include "tiny_c7_ultra_box.h"

#include "../front/tiny_unified_cache.h"
#include "../hakmem_tiny.h"
#include "tiny_c7_hot_box.h"
#include "tiny_class_stats_box.h"
#include "tiny_header_box.h"

#include <string.h>

__thread TinyC7Ultra g_tiny_c7_ultra;

void tiny_c7_ultra_attach(void) {
    g_tiny_c7_ultra.capacity = TINY_C7_ULTRA_SLOTS;
}

int tiny_c7_ultra_take(void** out, int want) {
    TinyC7Ultra* u = &g_tiny_c7_ultra;
    int n = want < (int)u->count ? want : (int)u->count;
    memcpy(out, u->slots, (size_t)n * sizeof(void*));
    memmove(u->slots, u->slots + n, (u->count - (uint32_t)n) * sizeof(void*));
    u->count -= (uint32_t)n;
    return n;
}

static HAK_NOINLINE void* tiny_c7_ultra_refill(void) {
    void* base = unified_cache_pop(7);
    return base ? tiny_header_finalize_alloc(base, 7) : hak_tiny_alloc_slow(TINY_MAX_USER, 7);
}

void* tiny_c7_ultra_alloc(void) {
    TinyC7Ultra* u = &g_tiny_c7_ultra;
    if (HAK_UNLIKELY(u->count == 0)) return tiny_c7_ultra_refill();
    void* base = u->slots[--u->count];
    if (u->count > 0 && tiny_c7_hot_enabled()) __builtin_prefetch(u->slots[u->count - 1], 1);
    tiny_class_stats_on_ultra_hit(7);
    // The header survives in a freed block: only the pointer is converted.
    return tiny_base_to_user_inline(base);
}

void tiny_c7_ultra_free(void* base) {
    TinyC7Ultra* u = &g_tiny_c7_ultra;
    if (HAK_UNLIKELY(u->count >= u->capacity)) {
        hak_tiny_thread_attach();
        // The older half moves on to the unified cache, which spills when it is full itself.
        void* moved[TINY_C7_ULTRA_SLOTS];
        int n = tiny_c7_ultra_take(moved, TINY_C7_ULTRA_SLOTS / 2);
        for (int i = 0; i < n; i++) {
            if (!unified_cache_push(7, moved[i])) {
                tiny_free_magazine_spill(7);
                if (!unified_cache_push(7, moved[i])) hak_tiny_free_to_slab(moved[i]);
            }
        }
    }
    if (tiny_c7_hot_enabled()) __builtin_prefetch(base, 1);
    u->slots[u->count++] = base;
}
