// hak_wrappers.inc.h - the C library's names. Included by hakmem.c.

// The comparison in one binary: HAKMEM_FORCE_LIBC_ALLOC=1 sends every call to libc.
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t n, size_t size);
extern void* __libc_realloc(void* ptr, size_t size);
extern void* __libc_memalign(size_t align, size_t size);
extern void __libc_free(void* ptr);

static int g_force_libc;

static void hak_force_libc_read(void) {
    const char* e = getenv("HAKMEM_FORCE_LIBC_ALLOC");
    g_force_libc = (e && *e && *e != '0') ? 1 : 0;
}

// First calls of the process: start up if that is possible already, else use the boot arena.
static HAK_COLD void* malloc_boot(size_t size) {
    if (hak_init()) return malloc(size);
    void* p = hak_boot_alloc(size);
    if (!p) errno = ENOMEM;
    return p;
}

HAK_EXPORT void* malloc(size_t size) {
    if (HAK_UNLIKELY(!g_initialized)) return malloc_boot(size);
    if (HAK_UNLIKELY(g_force_libc)) return __libc_malloc(size);
#if HAKMEM_FRONT_FASTLANE_DIRECT
    void* p = malloc_tiny_fast(size);
#else
    void* p = front_fastlane_try_malloc(size);
#endif
    if (HAK_LIKELY(p != NULL)) return p;
    return malloc_cold(size);
}

HAK_EXPORT void free(void* ptr) {
    if (HAK_UNLIKELY(!ptr)) return;
    if (HAK_UNLIKELY(g_force_libc)) {
        if (!hak_boot_owns(ptr)) __libc_free(ptr);
        return;
    }
#if HAKMEM_FRONT_FASTLANE_DIRECT
    if (HAK_LIKELY(free_tiny_fast(ptr))) return;
#else
    if (HAK_LIKELY(front_fastlane_try_free(ptr))) return;
#endif
#if HAKMEM_FRONT_STATS_COMPILED
    FRONT_FASTLANE_STAT_INC(free_fallback);
#else
    (void)0;
#endif
    free_cold(ptr);
}

static size_t hak_usable_size(const void* ptr) {
    switch (hak_header_of(ptr) & HAK_HEADER_MAGIC_MASK) {
    case TINY_HEADER_MAGIC:
        return g_tiny_class_stride[hak_header_of(ptr) & HAK_HEADER_CLASS_MASK] - 1u;
    case POOL_HEADER_MAGIC:
        return hak_pool_usable_size(ptr);
    case LARGE_HEADER_MAGIC:
        return large_usable_size(ptr);
    case ALIGNED_HEADER_MAGIC: {
        const uint8_t* raw = aligned_raw(ptr);
        return hak_usable_size(raw) - (size_t)((const uint8_t*)ptr - raw);
    }
    case BOOT_HEADER_MAGIC:
        return hak_boot_usable_size(ptr);
    default:
        return 0;
    }
}

HAK_EXPORT void* calloc(size_t n, size_t size) {
    if (HAK_UNLIKELY(g_force_libc)) return __libc_calloc(n, size);
    size_t total;
    if (HAK_UNLIKELY(__builtin_mul_overflow(n, size, &total))) {
        errno = ENOMEM;
        return NULL;
    }
    if (total > POOL_MAX_SIZE && g_initialized) {
        bool zeroed;
        void* big = large_alloc(total, &zeroed);
        if (!big) errno = ENOMEM;
        else if (!zeroed) memset(big, 0, total);
        return big;
    }
    void* p = malloc(total);
    if (HAK_LIKELY(p != NULL)) memset(p, 0, total);
    return p;
}

// Moves a block: new memory, contents, old block freed.
static void* hak_realloc_move(void* ptr, size_t old, size_t size) {
    void* p = malloc(size);
    if (!p) return NULL;
    memcpy(p, ptr, old < size ? old : size);
    free(ptr);
    return p;
}

HAK_EXPORT void* realloc(void* ptr, size_t size) {
    if (!ptr) return malloc(size);
    if (HAK_UNLIKELY(g_force_libc)) {
        if (!hak_boot_owns(ptr)) return __libc_realloc(ptr, size);
        return hak_realloc_move(ptr, hak_boot_usable_size(ptr), size);
    }
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    size_t old = hak_usable_size(ptr);
    if (HAK_LIKELY(size <= old && size >= old / 2)) return ptr;
    if ((hak_header_of(ptr) & HAK_HEADER_MAGIC_MASK) == LARGE_HEADER_MAGIC && size > POOL_MAX_SIZE) {
        void* moved = large_realloc(ptr, size);
        if (!moved) errno = ENOMEM;
        return moved;
    }
    return hak_realloc_move(ptr, old, size);
}

HAK_EXPORT void* reallocarray(void* ptr, size_t n, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(ptr, total);
}

static bool is_power_of_two(size_t n) {
    return n != 0 && (n & (n - 1)) == 0;
}

HAK_EXPORT void* memalign(size_t align, size_t size) {
    if (HAK_UNLIKELY(g_force_libc)) return __libc_memalign(align, size);
    if (!is_power_of_two(align)) {
        errno = EINVAL;
        return NULL;
    }
    return hak_alloc_aligned(align, size);
}

HAK_EXPORT void* aligned_alloc(size_t align, size_t size) {
    return memalign(align, size);
}

HAK_EXPORT int posix_memalign(void** out, size_t align, size_t size) {
    if (!is_power_of_two(align) || align % sizeof(void*) != 0) return EINVAL;
    int saved = errno;
    void* p = memalign(align, size);
    errno = saved;
    if (!p) return ENOMEM;
    *out = p;
    return 0;
}

HAK_EXPORT void* valloc(size_t size) {
    return memalign(4096, size);
}

HAK_EXPORT void* pvalloc(size_t size) {
    if (size > PTRDIFF_MAX - 4096) {
        errno = ENOMEM;
        return NULL;
    }
    return memalign(4096, hak_round_up(size, 4096));
}

HAK_EXPORT size_t malloc_usable_size(void* ptr) {
    if (!ptr) return 0;
    if (HAK_UNLIKELY(g_force_libc) && !hak_boot_owns(ptr)) {
        typedef size_t (*UsableSizeFn)(void*);
        UsableSizeFn libc_usable = (UsableSizeFn)(uintptr_t)dlsym(RTLD_NEXT, "malloc_usable_size");
        return libc_usable ? libc_usable(ptr) : 0;
    }
    return hak_usable_size(ptr);
}
