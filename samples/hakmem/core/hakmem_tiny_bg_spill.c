// hakmem_tiny_bg_spill.c - the consumer's side of the spill queues.
#include "hakmem_tiny_bg_spill.h"

#include "box/hak_env_box.h"
#include "hakmem_tiny.h"

_Atomic(uintptr_t) g_bg_spill_head[TINY_NUM_CLASSES];
_Atomic(uint32_t) g_bg_spill_len[TINY_NUM_CLASSES];
int g_bg_spill_target = 256;

void bg_spill_init(void) {
    g_bg_spill_target = (int)hak_env_long("HAKMEM_BG_SPILL_TARGET", 256, 0, 1 << 20);
}

int bg_spill_drain_into(int class_idx, void** out, int want) {
    uintptr_t chain = atomic_exchange_explicit(&g_bg_spill_head[class_idx], 0, memory_order_acquire);
    if (chain == 0) return 0;

    int taken = 0;
    uint32_t seen = 0;
    void* base = (void*)chain;
    while (base) {
        void* next = tiny_next_load(base);
        if (taken < want) {
            out[taken++] = base;
        } else {
            hak_tiny_free_to_slab(base);
        }
        seen++;
        base = next;
    }
    atomic_fetch_sub_explicit(&g_bg_spill_len[class_idx], seen, memory_order_relaxed);
    return taken;
}
