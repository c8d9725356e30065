// tiny_superslab_free.inc.h - one block back to its slab. Included by hakmem_tiny.c.
//
// The owner pushes to the plain freelist. Anybody else pushes to remote_head; the one whose push finds
// the slab detached is the one who queues it for the shared pool.

#if HAKMEM_TINY_FREE_STATS_COMPILED
_Atomic(uint64_t) g_free_ss_enter;
#endif
#if HAKMEM_C7_FREE_COUNT_COMPILED
static _Atomic(uint64_t) g_c7_free_count;
#endif
#if HAKMEM_HDR_MISMATCH_LOG_COMPILED
static _Atomic(uint32_t) g_hdr_mismatch_log;
#endif
#if HAKMEM_HDR_META_MISMATCH_COMPILED
static _Atomic(uint32_t) g_hdr_meta_mismatch;
#endif

// A damaged header byte is mended from the slab's metadata.
static void hak_tiny_free_superslab(SuperSlab* ss, void* base) {
#if HAKMEM_TINY_FREE_STATS_COMPILED
    atomic_fetch_add_explicit(&g_free_ss_enter, 1, memory_order_relaxed);
#else
    (void)0;
#endif
    TinySlabMeta* meta = ss_slab_of(ss, base);
    uint8_t header = *(uint8_t*)base;

    if (HAK_UNLIKELY((header & HAK_HEADER_MAGIC_MASK) != TINY_HEADER_MAGIC)) {
        // Somebody wrote in front of the block. The slab knows the class, so the block is not lost.
#if HAKMEM_HDR_MISMATCH_LOG_COMPILED
        uint32_t n = atomic_fetch_add_explicit(&g_hdr_mismatch_log, 1, memory_order_relaxed);
        if (n < 8) {
            hak_log_line("[hakmem] header %02x in front of %p, expected %02x\n", header,
                         tiny_base_to_user_inline(base), TINY_HEADER_MAGIC | meta->class_idx);
        }
#else
        (void)0;
#endif
        *(uint8_t*)base = (uint8_t)(TINY_HEADER_MAGIC | meta->class_idx);
    } else if (HAK_UNLIKELY((header & HAK_HEADER_CLASS_MASK) != meta->class_idx)) {
#if HAKMEM_HDR_META_MISMATCH_COMPILED
        atomic_fetch_add_explicit(&g_hdr_meta_mismatch, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        *(uint8_t*)base = (uint8_t)(TINY_HEADER_MAGIC | meta->class_idx);
    }

    if (meta->class_idx == 7) {
#if HAKMEM_C7_FREE_COUNT_COMPILED
        atomic_fetch_add_explicit(&g_c7_free_count, 1, memory_order_relaxed);
#else
        (void)0;
#endif
    }

    if (atomic_load_explicit(&meta->owner_tid, memory_order_relaxed) == tiny_self_u32()) {
        tiny_next_store(base, meta->freelist);
        meta->freelist = base;
        meta->used--;
        return;
    }

    uintptr_t head = atomic_load_explicit(&meta->remote_head, memory_order_relaxed);
    do {
        tiny_next_store(base, head == SLAB_REMOTE_DETACHED ? NULL : (void*)head);
    } while (!atomic_compare_exchange_weak_explicit(&meta->remote_head, &head, (uintptr_t)base,
                                                    memory_order_acq_rel, memory_order_relaxed));
    if (head == SLAB_REMOTE_DETACHED) {
        // Once queued the slab may be anybody's: remember its class.
        int class_idx = meta->class_idx;
        if (remote_target_push(meta)) shared_pool_relieve(class_idx);
    }
}
