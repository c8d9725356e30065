// hak_free_api.inc.h - general free: finds the backend of a pointer. Included by hakmem.c.

static void hak_free_at(void* ptr);

static void hak_free_unknown(const void* ptr) {
    static _Atomic(uint32_t) unknown_logs;
    uint32_t n = atomic_fetch_add_explicit(&unknown_logs, 1, memory_order_relaxed);
    if (n < 4) hak_log_line("[hakmem] free of %p, which is not ours (header %02x)\n", ptr, hak_header_of(ptr));
}

static void hak_free_classified(void* ptr, PtrKind kind) {
    switch (kind) {
    case PTR_KIND_TINY:
        hak_tiny_free(ptr);
        break;
    case PTR_KIND_POOL:
        hak_pool_free(ptr);
        break;
    case PTR_KIND_LARGE:
        large_free(ptr);
        break;
    case PTR_KIND_ALIGNED:
        hak_free_at(aligned_raw(ptr));
        break;
    case PTR_KIND_BOOT:
        break;  // the arena is never given back
    case PTR_KIND_UNKNOWN:
        hak_free_unknown(ptr);
        break;
    }
}

static void hak_free_at(void* ptr) {
    if (free_dispatch_ssot_enabled()) {
        PtrKind kind = classify_ptr(ptr);
#if !HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
        if (kind == PTR_KIND_POOL && mid_v3_enabled() && mid_v3_free(ptr)) return;
#endif
        hak_free_classified(ptr, kind);
        return;
    }
#if !HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
    uint8_t header = hak_header_of(ptr);
    if (header == POOL_HEADER_MAGIC && mid_v3_enabled() && mid_v3_free(ptr)) return;
#endif
    if (tiny_free_gate(ptr) >= 0 && hak_super_lookup(ptr)) {
        hak_tiny_free(ptr);
        return;
    }
    hak_free_classified(ptr, classify_ptr(ptr));
}

// Fallback of free(): everything that the tiny front did not take. Keeps errno, as free() must.
static HAK_COLD void free_cold(void* ptr) {
    int saved = errno;
    hak_free_at(ptr);
    errno = saved;
}
