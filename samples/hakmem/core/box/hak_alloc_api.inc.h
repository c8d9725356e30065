// hak_alloc_api.inc.h - general allocation: picks the backend by size. Included by hakmem.c.

static void* hak_alloc_large(size_t size) {
    bool zeroed;
    return large_alloc(size, &zeroed);
}

static void* hak_alloc_at(size_t size) {
#if !HAKMEM_FAST_PROFILE_PRUNE_BACKENDS
    if (size >= MID_V3_MIN_SIZE && size <= MID_V3_MAX_SIZE && mid_v3_enabled()) {
        void* mid = mid_v3_alloc(size);
        if (HAK_LIKELY(mid != NULL)) return mid;
    }
#endif
    if (size <= TINY_MAX_USER) {
        void* tiny = hak_tiny_alloc(size);
        if (HAK_LIKELY(tiny != NULL)) return tiny;
    }
    void* pool = hak_pool_try_alloc(size);
    if (HAK_LIKELY(pool != NULL)) return pool;
    return hak_alloc_large(size);
}

// Fallback of malloc(): everything that the tiny front did not take.
static HAK_COLD void* malloc_cold(size_t size) {
    if (HAK_UNLIKELY(size > PTRDIFF_MAX)) {
        errno = ENOMEM;
        return NULL;
    }
    void* p = hak_alloc_at(size);
    if (HAK_UNLIKELY(!p)) errno = ENOMEM;
    return p;
}

// Header in front of a pointer that was moved up for alignment.
typedef struct AlignedHeader {
    void* raw;
    uint8_t pad[7];
    uint8_t magic;
} AlignedHeader;

static void* aligned_raw(const void* ptr) {
    return ((const AlignedHeader*)ptr - 1)->raw;
}

// `align` is a power of two.
static void* hak_alloc_aligned(size_t align, size_t size) {
    if (align <= 16) {
        void* p = malloc(size);
        return p;
    }
    if (size > PTRDIFF_MAX - align - sizeof(AlignedHeader)) {
        errno = ENOMEM;
        return NULL;
    }
    // Any block is 16-byte aligned, so moving up by a multiple of 16 leaves room for the header.
    uint8_t* raw = malloc(size + align);
    if (!raw) return NULL;
    uint8_t* at = (uint8_t*)hak_round_up((uintptr_t)raw, align);
    if (at == raw) return raw;
    AlignedHeader* h = (AlignedHeader*)at - 1;
    h->raw = raw;
    h->magic = ALIGNED_HEADER_MAGIC;
    return at;
}
