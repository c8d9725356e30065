// A program whose profile is known: MIX holds almost all of the time, inlined into `work`; `deep` calls itself.
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static volatile uint64_t sink;
static uint64_t rounds = 60000000;

static inline __attribute__((always_inline)) uint64_t mix(uint64_t x) {
    return ((((((x * 3 ^ x >> 7) * 5 ^ x << 9) * 7 ^ x >> 5) * 11 ^ x << 3) * 13 ^ x >> 8) * 17 ^ x << 1) * 19; // MIX
}

__attribute__((noinline)) uint64_t work(uint64_t n) {
    uint64_t x = n;
    for (uint64_t i = 0; i < n; i++) x = mix(x); // CALL
    return x;
}

__attribute__((noinline, noclone)) uint64_t deep(int n, uint64_t each) {
    if (n == 0) return work(each);
    return deep(n - 1, each) + 1; // RECURSION
}

static void* thread(void* name) {
    pthread_setname_np(pthread_self(), name);
    sink += deep(5, rounds / 2);
    return NULL;
}

// profiled [THREADS [STATUS [ROUNDS]]]
int main(int argc, char** argv) {
    if (argc > 3) rounds = strtoull(argv[3], NULL, 10);
    int threads = argc > 1 ? atoi(argv[1]) : 0;
    if (threads == 0) sink = deep(5, rounds);
    pthread_t t[2];
    for (int i = 0; i < threads && i < 2; i++) pthread_create(&t[i], NULL, thread, i ? "second" : "first");
    for (int i = 0; i < threads && i < 2; i++) pthread_join(t[i], NULL);
    printf("done\n");
    return argc > 2 ? atoi(argv[2]) : 0;
}
