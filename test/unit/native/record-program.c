// A program whose allocations are known: what the recorder has to find, whatever ends it.
//   record-program plain | threads | fork | kill | storm N
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void* volatile handed[4];

static void plain(void) {
    char* a = malloc(101);
    char* b = calloc(3, 67);
    a = realloc(a, 50021);
    void* c = NULL;
    if (posix_memalign(&c, 256, 1003) != 0) abort();
    free(b);
    void* d = aligned_alloc(64, 64 * 17);
    free(a);
    free(c);
    free(d);
    handed[0] = malloc(777);  // stays live
}

static void* producer(void* arg) {
    for (int i = 0; i < 3; i++) handed[i] = malloc(2000 + (size_t)i);
    return arg;
}

// The main thread frees what another allocated: one hand-over each, the last one by way of a third.
static void threads(void) {
    pthread_t t;
    pthread_create(&t, NULL, producer, NULL);
    pthread_join(t, NULL);
    handed[0] = realloc(handed[0], 4000);
    for (int i = 0; i < 3; i++) free(handed[i]);
}

static unsigned count;
static pthread_barrier_t together;

static void* storm(void* arg) {
    unsigned x = (unsigned)(size_t)arg;
    void* slots[64] = {0};
    pthread_barrier_wait(&together);
    for (unsigned i = 0; i < count; i++) {
        if (i % 64 == 0) sched_yield();
        x = x * 1103515245u + 12345u;
        void** s = &slots[(x >> 16) % 64];
        if (*s && (x & 1024)) {
            *s = realloc(*s, 1 + (x >> 20));
        } else if (*s) {
            // Through a shared place, so that objects wander between threads, some more than once.
            *s = __atomic_exchange_n(&handed[(x >> 8) % 4], *s, __ATOMIC_ACQ_REL);
            if (x & 2048) continue;
            free(*s);
            *s = NULL;
        } else {
            *s = malloc(1 + (x >> 21));
        }
    }
    for (int i = 0; i < 64; i++) free(slots[i]);
    return NULL;
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "plain") == 0) plain();
    if (strcmp(what, "threads") == 0) threads();
    if (strcmp(what, "kill") == 0) {
        plain();
        raise(SIGKILL);
    }
    if (strcmp(what, "fork") == 0) {
        const pid_t child = fork();
        if (child == 0) {
            for (int i = 0; i < 50; i++) free(malloc(3001));
            _exit(0);
        }
        waitpid(child, NULL, 0);
        free(malloc(3002));
    }
    if (strcmp(what, "storm") == 0) {
        pthread_t t[6];
        count = (unsigned)atoi(argv[2]);
        pthread_barrier_init(&together, NULL, 6);
        for (size_t i = 0; i < 6; i++) pthread_create(&t[i], NULL, storm, (void*)(i + 1));
        for (int i = 0; i < 6; i++) pthread_join(t[i], NULL);
        for (int i = 0; i < 4; i++) free(handed[i]);
    }
    return 0;
}
