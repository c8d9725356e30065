// stress.c - hammers whatever malloc it is linked or preloaded with and checks every byte it was given.
//   stress THREADS ROUNDS SEED
// Threads allocate, fill, resize, hand blocks to each other through a shared table, and free. Each round the
// threads are new ones. Prints one line that depends only on its arguments; exits 1 at the first wrong byte.
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARED 512
#define LOCAL  256
#define OPS    40000

typedef struct Block {
    uint32_t size;
    uint8_t fill;
    uint8_t data[];
} Block;

static _Atomic(Block*) g_shared[SHARED];

static void fail(const char* what) {
    char line[128];
    int n = snprintf(line, sizeof line, "stress: %s\n", what);
    if (write(2, line, (size_t)n) < 0) _exit(2);
    _exit(1);
}

static uint32_t step(uint32_t* x) {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

static size_t pick_size(uint32_t* x) {
    uint32_t r = step(x);
    switch (r & 15) {
    case 0:
        return step(x) % 200000;
    case 1:
    case 2:
        return step(x) % 33000;
    case 3:
    case 4:
    case 5:
        return step(x) % 1200;
    default:
        return step(x) % 200;
    }
}

static void check(const Block* b) {
    for (uint32_t i = 0; i < b->size; i++) {
        if (b->data[i] != b->fill) fail("contents changed");
    }
}

static Block* make(uint32_t* x) {
    size_t size = pick_size(x);
    size_t total = sizeof(Block) + size;
    Block* b = NULL;
    switch (step(x) % 8) {
    case 0: {
        b = calloc(1, total);
        const uint8_t* p = (const uint8_t*)b;
        for (size_t i = 0; b && i < total; i++) {
            if (p[i]) fail("calloc is not zero");
        }
        break;
    }
    case 1: {
        size_t align = (size_t)16 << (step(x) % 9);
        void* p = NULL;
        if (posix_memalign(&p, align, total) != 0) fail("posix_memalign");
        if ((uintptr_t)p % align) fail("posix_memalign alignment");
        b = p;
        break;
    }
    case 2: {
        size_t align = (size_t)8 << (step(x) % 6);
        b = memalign(align, total);
        if ((uintptr_t)b % align) fail("memalign alignment");
        break;
    }
    default:
        b = malloc(total);
    }
    if (!b) fail("out of memory");
    if (total >= 16 && (uintptr_t)b % 16) fail("malloc alignment");
    if (malloc_usable_size(b) < total) fail("usable size");
    b->size = (uint32_t)size;
    b->fill = (uint8_t)step(x);
    memset(b->data, b->fill, size);
    return b;
}

static Block* resize(Block* b, uint32_t* x) {
    uint32_t old = b->size;
    uint32_t size = (uint32_t)pick_size(x);
    b = realloc(b, sizeof(Block) + size);
    if (!b) fail("realloc");
    b->size = old < size ? old : size;
    check(b);
    b->size = size;
    memset(b->data, b->fill, size);
    return b;
}

static void* worker(void* arg) {
    uint32_t x = (uint32_t)(uintptr_t)arg;
    Block* local[LOCAL] = {0};
    for (int i = 0; i < OPS; i++) {
        uint32_t slot = step(&x) % LOCAL;
        Block* b = local[slot];
        if (!b) {
            local[slot] = make(&x);
        } else if ((step(&x) & 7) == 0) {
            check(b);
            local[slot] = resize(b, &x);
        } else if ((x & 3) == 0) {
            // Swap with whatever another thread left there.
            local[slot] = atomic_exchange(&g_shared[step(&x) % SHARED], b);
        } else {
            check(b);
            free(b);
            local[slot] = NULL;
        }
    }
    for (int i = 0; i < LOCAL; i++) {
        if (local[i]) check(local[i]);
        free(local[i]);
    }
    return NULL;
}

// A thread that only frees, and one that only allocates: their caches must not swallow memory.
static void* only_free(void* arg) {
    Block** blocks = arg;
    for (int i = 0; i < LOCAL; i++) free(blocks[i]);
    return NULL;
}

static void one_sided(uint32_t* x) {
    for (int round = 0; round < 50; round++) {
        Block* blocks[LOCAL];
        for (int i = 0; i < LOCAL; i++) blocks[i] = make(x);
        pthread_t t;
        if (pthread_create(&t, NULL, only_free, blocks) != 0) fail("pthread_create");
        pthread_join(t, NULL);
    }
}

static void forks(uint32_t* x) {
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            for (int j = 0; j < 500; j++) {
                Block* b = make(x);
                check(b);
                free(b);
            }
            _exit(0);
        }
        int status = 0;
        if (waitpid(pid, &status, 0) != pid || status != 0) fail("child after fork");
    }
}

static void* forking_thread(void* arg) {
    uint32_t x = (uint32_t)(uintptr_t)arg;
    forks(&x);
    return NULL;
}

static void edge_cases(void) {
    void* none = malloc(0);
    if (!none) fail("malloc(0)");
    free(none);
    free(NULL);
    volatile size_t huge = SIZE_MAX - 8;
    errno = 0;
    if (malloc(huge) || errno != ENOMEM) fail("malloc(SIZE_MAX)");
    if (calloc(huge, 4)) fail("calloc overflow");
    void* p = NULL;
    if (posix_memalign(&p, 24, 8) != EINVAL) fail("posix_memalign(24)");
    p = aligned_alloc(4096, 10000);
    if (!p || (uintptr_t)p % 4096) fail("aligned_alloc");
    errno = 77;
    free(p);
    if (errno != 77) fail("free changed errno");
    for (size_t n = 0; n < 40000; n += n < 1200 ? 1 : 97) {
        uint8_t* q = malloc(n);
        size_t room = malloc_usable_size(q);
        if (room < n) fail("usable size of a plain block");
        memset(q, 0xA5, room);
        free(q);
    }
    volatile size_t half = SIZE_MAX / 2 + 2;
    if (reallocarray(NULL, half, 2)) fail("reallocarray overflow");
}

int main(int argc, char** argv) {
    int threads = argc > 1 ? atoi(argv[1]) : 4;
    int rounds = argc > 2 ? atoi(argv[2]) : 4;
    uint32_t seed = argc > 3 ? (uint32_t)atoi(argv[3]) : 12345;
    pthread_t t[64];
    if (threads < 1 || threads > 63) return 2;
    edge_cases();
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < threads; i++) {
            uintptr_t s = seed + (uint32_t)(r * threads + i + 1) * 0x9E3779B9u;
            if (pthread_create(&t[i], NULL, worker, (void*)(s | 1)) != 0) fail("pthread_create");
        }
        if (pthread_create(&t[threads], NULL, forking_thread, (void*)(uintptr_t)(seed + (uint32_t)r + 1)) != 0) {
            fail("pthread_create");
        }
        for (int i = 0; i <= threads; i++) pthread_join(t[i], NULL);
    }
    one_sided(&seed);
    for (int i = 0; i < SHARED; i++) {
        Block* b = atomic_load(&g_shared[i]);
        if (b) check(b);
        free(b);
    }
    printf("stress %d threads, %d rounds: ok\n", threads, rounds);
    return 0;
}
