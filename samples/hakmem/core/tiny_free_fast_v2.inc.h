// tiny_free_fast_v2.inc.h - the earlier fast free, now what hak_free_at() uses for tiny blocks that the
// front end refused (class masked out, front switched off). Included by hakmem_tiny.c.

#ifndef TINY_SELF_U32_LOCAL_DEFINED
#  define TINY_SELF_U32_LOCAL_DEFINED
static inline uint32_t tiny_self_u32_local(void) {
    return hak_self_id();
}
#endif

#if HAKMEM_HDR_META_FAST_COMPILED
static _Atomic(uint64_t) g_hdr_meta_fast;
#endif

// True when the block went to the thread's cache.
static bool hak_tiny_free_fast_v2(void* ptr) {
    int class_idx = tiny_free_gate(ptr);
    if (class_idx < 0) return false;
    void* base = tiny_user_to_base_inline(ptr);
    SuperSlab* ss = hak_super_lookup(base);
    if (HAK_UNLIKELY(!ss)) return false;
    TinySlabMeta* meta = ss_slab_of(ss, base);
    if (HAK_UNLIKELY(meta->class_idx != class_idx)) {
#if HAKMEM_HDR_META_FAST_COMPILED
        atomic_fetch_add_explicit(&g_hdr_meta_fast, 1, memory_order_relaxed);
#else
        (void)0;
#endif
        return false;
    }
    // A block of a slab that this thread carves goes back to the slab: the next carve finds it there.
    if (atomic_load_explicit(&meta->owner_tid, memory_order_relaxed) == tiny_self_u32_local()) return false;
    return unified_cache_push(class_idx, base);
}
