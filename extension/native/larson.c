// larson.c - lineages of threads: each generation frees what threads before it, dead by then, have allocated.
#include "harness.h"
#include <pthread.h>
#include <semaphore.h>
#include <string.h>

typedef struct Lineage {
    void** slab;
    Tag* tags;
    uint32_t x;
} __attribute__((aligned(256))) Lineage;

typedef struct Turn {
    sem_t go;
    pthread_t thread;
    uint32_t lineage, generation;
    Mode mode;
} Turn;

static Lineage* lineages;
static Turn* turns;

void larson_setup(void) {
    const Parameters* p = &parameters;
    lineages = map(p->threads * sizeof(Lineage));
    turns = map((size_t)p->threads * p->gens * sizeof(Turn));
    for (uint32_t t = 0; t < p->threads; t++) {
        lineages[t].slab = map(p->chunks * sizeof(void*));
        lineages[t].tags = map(p->chunks * sizeof(Tag));
    }
}

ALWAYS void generation(Mode mode, Worker* w, Lineage* lineage, uint32_t number) {
    const Parameters p = parameters;
    void** const slab = lineage->slab;
    Tag* const tags = lineage->tags;
    uint32_t x = lineage->x;
    if (number == 0) {
        for (uint32_t i = 0; i < p.chunks; i++) {
            x = step(x);
            slab[i] = obtain(mode, w, size_of(x, p.min, p.max), mode == CHECKED ? &tags[i] : NULL);
        }
    }
    const uint64_t count = (uint64_t)p.rounds * p.chunks;
    for (uint64_t i = 0; i < count; i++) {
        x = step(x);
        uint32_t idx = x % p.chunks;
        release(mode, w, slab[idx], mode == CHECKED ? &tags[idx] : NULL);
        slab[idx] = obtain(mode, w, size_of(x, p.min, p.max), mode == CHECKED ? &tags[idx] : NULL);
    }
    lineage->x = x;
}

static __attribute__((noinline)) void generation_timed(Worker* w, Lineage* l, uint32_t n) {
    generation(TIMED, w, l, n);
}
static __attribute__((noinline)) void generation_checked(Worker* w, Lineage* l, uint32_t n) {
    generation(CHECKED, w, l, n);
}
static __attribute__((noinline)) void generation_clocked(Worker* w, Lineage* l, uint32_t n) {
    generation(CLOCKED, w, l, n);
}

static void* live(void* argument) {
    Turn* turn = argument;
    while (sem_wait(&turn->go) != 0) {
    }
    Worker* w = &workers[turn->lineage];
    Lineage* lineage = &lineages[turn->lineage];
    if (turn->mode == TIMED) generation_timed(w, lineage, turn->generation);
    else if (turn->mode == CHECKED) generation_checked(w, lineage, turn->generation);
    else generation_clocked(w, lineage, turn->generation);
    if (turn->generation + 1 < parameters.gens) sem_post(&turn[1].go);
    else w->end = now();
    return NULL;
}

// One pass with its untimed frees; nanoseconds. All threads exist, and wait, before the timer starts.
uint64_t larson_pass(Mode mode) {
    const Parameters* p = &parameters;
    const uint32_t count = p->threads * p->gens;
    for (uint32_t i = 0; i < count; i++) {
        Turn* turn = &turns[i];
        turn->lineage = i / p->gens;
        turn->generation = i % p->gens;
        turn->mode = mode;
        if (sem_init(&turn->go, 0, 0) != 0) die(3, "no semaphore");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (pthread_create(&turns[i].thread, NULL, live, &turns[i]) != 0) die(3, "a thread could not be created");
    }
    for (uint32_t t = 0; t < p->threads; t++) lineages[t].x = seed_of(p->seed, t);
    uint64_t start = now(), end = start;
    for (uint32_t t = 0; t < p->threads; t++) sem_post(&turns[t * p->gens].go);
    for (uint32_t i = 0; i < count; i++) pthread_join(turns[i].thread, NULL);
    for (uint32_t t = 0; t < p->threads; t++) {
        if (workers[t].end > end) end = workers[t].end;
        for (uint32_t i = 0; i < p->chunks; i++) {
            forget(mode, &workers[t], lineages[t].slab[i], &lineages[t].tags[i]);
        }
        memset(lineages[t].slab, 0, p->chunks * sizeof(void*));
    }
    for (uint32_t i = 0; i < count; i++) sem_destroy(&turns[i].go);
    return end - start;
}
