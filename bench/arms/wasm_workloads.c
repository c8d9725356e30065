// wasm_workloads.c - the one-thread workloads over a C allocator that is linked into the same WebAssembly module, with
// the exports of engine/workloads: the tables' addresses come from the host, below the heap. Nothing of a C library.
#include <stdint.h>
#include <stddef.h>

void* malloc(size_t);
void free(void*);
void* realloc(void*, size_t);
void* calloc(size_t, size_t);
void* memalign(size_t, size_t);

extern unsigned char __heap_base;
static uintptr_t heap_top;
static int error_number;

// The heap begins where the linker puts it, above the host's tables.
void* sbrk(intptr_t bytes) {
    if (heap_top == 0) heap_top = (uintptr_t)&__heap_base;
    const uintptr_t old = heap_top, have = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
    if (bytes > 0 && (uintptr_t)bytes > UINTPTR_MAX - old) return (void*)-1;
    if (old + (uintptr_t)bytes > have) {
        const size_t pages = (old + (uintptr_t)bytes - have + 65535) >> 16;
        if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return (void*)-1;
    }
    heap_top = old + (uintptr_t)bytes;
    return (void*)old;
}

int* __errno_location(void) {
    return &error_number;
}

void* memcpy(void* to, const void* from, size_t n) {
    return __builtin_memcpy(to, from, n);
}

void* memset(void* to, int byte, size_t n) {
    return __builtin_memset(to, byte, n);
}

void abort(void) {
    __builtin_trap();
}

static uint32_t step(uint32_t x) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static void touch(uint8_t* p, uint32_t n) {
    ((volatile uint8_t*)p)[0] = 1;
    ((volatile uint8_t*)p)[n - 1] = 1;
}

// The host's table of pointers, where the engine's workloads have theirs (HARNESS_BASE).
static void** const slots = (void**)0x120000;

uint32_t random_mixed(uint32_t iters, uint32_t ws, uint32_t min, uint32_t max, uint32_t seed) {
    const uint32_t span = max - min + 1;
    uint32_t x = seed;
    for (uint32_t i = 0; i < iters; i++) {
        x = step(x);
        void** slot = slots + x % ws;
        if (*slot) {
            free(*slot);
            *slot = NULL;
        } else {
            const uint32_t n = min + (x >> 8) % span;
            void* p = malloc(n);
            if (!p) return i;
            touch(p, n);
            *slot = p;
        }
    }
    return iters;
}

void random_mixed_drain(uint32_t ws) {
    for (uint32_t i = 0; i < ws; i++) {
        free(slots[i]);
        slots[i] = NULL;
    }
}

uint32_t floor_loop(uint32_t iters, uint32_t ws, uint32_t min, uint32_t max, uint32_t seed, uint8_t* area) {
    const uint32_t span = max - min + 1, stride = ((max + 15) & ~15u) + 16;
    uint32_t x = seed;
    for (uint32_t i = 0; i < iters; i++) {
        x = step(x);
        const uint32_t idx = x % ws;
        void** slot = slots + idx;
        if (*slot) {
            *slot = NULL;
        } else {
            const uint32_t n = min + (x >> 8) % span;
            uint8_t* p = area + idx * stride;
            touch(p, n);
            *slot = p;
        }
    }
    return iters;
}

// The code of engine/workloads/trace.ts: id << 5 | flags | kind, then the size, then the alignment of an aligned one.
uint32_t* trace_replay(uint32_t* at, uint32_t* end) {
    while (at < end) {
        const uint32_t word = *at, kind = word & 7;
        void** cell = slots + (word >> 5);
        if (kind == 0) {
            free(*cell);
            at++;
            continue;
        }
        const uint32_t n = at[1];
        void* p;
        if (kind == 1) p = malloc(n);
        else if (kind == 2) p = realloc(*cell, n);
        else if (kind == 3) p = calloc(1, n);
        else p = memalign(at[2], n);
        if (!p) return at;
        if (n) touch(p, n);
        *cell = p;
        at += kind == 4 ? 3 : 2;
    }
    return at;
}

void trace_drain(uint32_t* ids, uint32_t* end) {
    for (; ids < end; ids++) free(slots[*ids]);
}
