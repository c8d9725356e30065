// threads.c - persistent threads and the barrier between them.
#include "harness.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static struct {
    _Atomic uint32_t waiting __attribute__((aligned(64)));
    _Atomic uint32_t phase __attribute__((aligned(64)));
} meeting;

static void (*thread_body)(Worker*);

ALWAYS void pause_core(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void spin_wait(uint32_t* spins) {
    if (++*spins % 128 != 0) pause_core();
    else sched_yield();
}

// Of all threads; nothing at all with one.
void barrier(void) {
    if (parameters.threads == 1) return;
    uint32_t phase = atomic_load_explicit(&meeting.phase, memory_order_relaxed);
    if (atomic_fetch_add(&meeting.waiting, 1) + 1 == parameters.threads) {
        atomic_store_explicit(&meeting.waiting, 0, memory_order_relaxed);
        atomic_store_explicit(&meeting.phase, phase + 1, memory_order_release);
        return;
    }
    uint32_t spins = 0;
    while (atomic_load_explicit(&meeting.phase, memory_order_acquire) == phase) spin_wait(&spins);
}

static void* enter_thread(void* w) {
    thread_body(w);
    return NULL;
}

// Runs `body` once for every worker, each in a thread of its own; one worker runs in the calling thread.
void run_threads(void (*body)(Worker*)) {
    if (parameters.threads == 1) {
        body(&workers[0]);
        return;
    }
    static pthread_t threads[MAX_T];
    thread_body = body;
    for (uint32_t t = 0; t < parameters.threads; t++) {
        if (pthread_create(&threads[t], NULL, enter_thread, &workers[t]) != 0) die(3, "a thread could not be created");
    }
    for (uint32_t t = 0; t < parameters.threads; t++) pthread_join(threads[t], NULL);
}
