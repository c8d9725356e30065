// tiny_free_magazine.inc.h - what a full thread cache does. Included by hakmem_tiny.c.

// Links out[0..n) into one chain, in order.
static void tiny_magazine_chain(void** blocks, int n) {
    for (int i = 0; i + 1 < n; i++) {
        tiny_next_store(blocks[i], blocks[i + 1]);
    }
    tiny_next_store(blocks[n - 1], NULL);
}

// Share of a cache that one spill empties, in percent. Every thread may have been started with its own
// idea of it, so each reads it once for itself.
static int tiny_magazine_spill_percent(void) {
    static __thread int t_percent = -1;
    if (HAK_UNLIKELY(t_percent < 0)) {
        t_percent = (int)hak_env_long("HAKMEM_TINY_MAG_SPILL_PCT", 50, 10, 100);
    }
    return t_percent;
}

// Hands n spilled blocks to the background queue if that has room, else to their slabs.
static void tiny_magazine_dispose(int class_idx, void** blocks, int n) {
    uint32_t qlen = atomic_load_explicit(&g_bg_spill_len[class_idx], memory_order_relaxed);
    if ((int)qlen < g_bg_spill_target) {
        if (n == 1) {
            bg_spill_push_one(class_idx, blocks[0]);
        } else {
            tiny_magazine_chain(blocks, n);
            bg_spill_push_chain(class_idx, blocks[0], blocks[n - 1], (uint32_t)n);
        }
        return;
    }
    for (int i = 0; i < n; i++) {
        hak_tiny_free_to_slab(blocks[i]);
    }
}

void tiny_free_magazine_spill(int class_idx) {
    void* blocks[TINY_UNIFIED_SLOTS];
    learner_observe_spill();
    int held = unified_cache_count(class_idx);
    int want = held * tiny_magazine_spill_percent() / 100;
    int n = unified_cache_take_oldest(class_idx, blocks, want > 0 ? want : held);
    if (n > 0) tiny_magazine_dispose(class_idx, blocks, n);
}
