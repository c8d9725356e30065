// pc.c - producers and consumers in pairs: every object is freed by another thread than the one that allocated it. Each side
// looks at the other's end of the ring only when, as far as it knows, the ring is full or empty (as in MCRingBuffer; Lee, Bu
// and Chandranmenon 2009), so that what is timed is the allocator more than the ring.
#include "harness.h"
#include <stdatomic.h>

typedef struct Ring {
    _Atomic uint32_t head __attribute__((aligned(128)));  // next to be filled, the producer's
    _Atomic uint32_t tail __attribute__((aligned(128)));  // next to be taken, the consumer's
    void** cells __attribute__((aligned(128)));
    Tag* tags;
} Ring;

static Ring* rings;

static void pc_setup(void) {
    const uint32_t pairs = parameters.threads / 2;
    rings = map(pairs * sizeof(Ring));
    for (uint32_t p = 0; p < pairs; p++) {
        rings[p].cells = map(parameters.ring * sizeof(void*));
        rings[p].tags = map(parameters.ring * sizeof(Tag));
    }
}

ALWAYS void produce(Mode mode, Worker* w, Ring* ring) {
    const Parameters p = parameters;
    void** const cells = ring->cells;
    Tag* const tags = ring->tags;
    uint32_t x = seed_of(p.seed, w->index);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
    for (uint32_t i = 0; i < p.items; i++) {
        x = step(x);
        Tag tag;
        void* o = obtain(mode, w, size_of(x, p.min, p.max), mode == CHECKED ? &tag : NULL);
        uint32_t spins = 0;
        while (head - tail == p.ring) {
            tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
            if (head - tail == p.ring) spin_wait(&spins);
        }
        cells[head & (p.ring - 1)] = o;
        if (mode == CHECKED) tags[head & (p.ring - 1)] = tag;
        atomic_store_explicit(&ring->head, ++head, memory_order_release);
    }
}

ALWAYS void consume(Mode mode, Worker* w, Ring* ring) {
    const Parameters p = parameters;
    void** const cells = ring->cells;
    Tag* const tags = ring->tags;
    uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
    for (uint32_t i = 0; i < p.items; i++) {
        uint32_t spins = 0;
        while (head == tail) {
            head = atomic_load_explicit(&ring->head, memory_order_acquire);
            if (head == tail) spin_wait(&spins);
        }
        void* o = cells[tail & (p.ring - 1)];
        Tag tag;
        if (mode == CHECKED) tag = tags[tail & (p.ring - 1)];
        atomic_store_explicit(&ring->tail, ++tail, memory_order_release);
        (void)*(volatile uint8_t*)o;
        release(mode, w, o, mode == CHECKED ? &tag : NULL);
    }
}

ALWAYS void pc(Mode mode, Worker* w) {
    const uint32_t pairs = parameters.threads / 2;
    if (w->index < pairs) produce(mode, w, &rings[w->index]);
    else consume(mode, w, &rings[w->index - pairs]);
}

ALWAYS void pc_drain(Mode mode, Worker* w) {
    (void)mode;
    (void)w;
}

IN_EACH_MODE(pc)
IN_EACH_MODE(pc_drain)
const Workload pc_workload = {pc_setup, MODES(pc), MODES(pc_drain)};
