// toy-allocator.c - a bump allocator with faults on request, to see that the native target notices them.
//   TOY_FAULT=null      malloc fails after a while      TOY_FAULT=abort    the library aborts
//   TOY_FAULT=twice     a block is given out twice      TOY_FAULT=skew     blocks are misaligned
//   TOY_FAULT=dirty     calloc does not clear       TOY_FAULT=forget   realloc does not copy
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define ARENA ((size_t)1 << 30)

static uint8_t* g_arena;
static size_t g_used;
static uint64_t g_calls;
static void* g_last;

static int fault(const char* kind) {
    const char* e = getenv("TOY_FAULT");
    return e && strcmp(e, kind) == 0;
}

void* malloc(size_t size) {
    if (!g_arena) {
        g_arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        memset(g_arena, 0x55, 4096);
    }
    g_calls++;
    if (g_calls > 100) {
        if (fault("abort")) abort();
        if (fault("null")) return NULL;
        if (fault("twice") && g_calls % 50 == 0) return g_last;
    }
    size_t need = (size + 16 + 15) / 16 * 16;
    if (g_used + need > ARENA) return NULL;
    uint8_t* at = g_arena + g_used;
    g_used += need;
    *(size_t*)at = size;
    g_last = at + 16 + (fault("skew") ? 4 : 0);
    return g_last;
}

void free(void* p) {
    (void)p;
}

void* calloc(size_t n, size_t size) {
    void* p = malloc(n * size);
    if (p) memset(p, fault("dirty") ? 1 : 0, n * size);
    return p;
}

void* realloc(void* p, size_t size) {
    void* q = malloc(size);
    if (p && q && !fault("forget")) {
        size_t old = *(size_t*)((uintptr_t)p / 16 * 16 - 16);
        memcpy(q, p, old < size ? old : size);
    }
    return q;
}

int posix_memalign(void** out, size_t align, size_t size) {
    uintptr_t p = (uintptr_t)malloc(size + align);
    *out = (void*)((p + align - 1) / align * align);
    ((size_t*)*out)[-2] = size;
    return p ? 0 : 12;
}

size_t malloc_usable_size(void* p) {
    return p ? *(size_t*)((uintptr_t)p / 16 * 16 - 16) : 0;
}
