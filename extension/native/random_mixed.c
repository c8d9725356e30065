// random_mixed.c - random_mixed and its floor: the same loop with the allocator replaced by address arithmetic.
#include "harness.h"
#include <string.h>

static void** slots;
static Tag* tags;
static uint8_t* area;
static size_t stride;

static void random_mixed_setup(void) {
    slots = map(parameters.working_set * sizeof(void*));
    tags = map(parameters.working_set * sizeof(Tag));
}

ALWAYS void random_mixed(Mode mode, Worker* w) {
    const Parameters p = parameters;
    void** const table = slots;
    uint32_t count = mode == CLOCKED && w->room < p.iterations ? w->room : p.iterations;
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < count; i++) {
        x = step(x);
        uint32_t idx = x % p.working_set;
        if (table[idx]) {
            release(mode, w, table[idx], mode == CHECKED ? &tags[idx] : NULL);
            table[idx] = NULL;
        } else {
            table[idx] = obtain(mode, w, size_of(x, p.min, p.max), mode == CHECKED ? &tags[idx] : NULL);
        }
    }
}

ALWAYS void random_mixed_drain(Mode mode, Worker* w) {
    for (uint32_t i = 0; i < parameters.working_set; i++) {
        if (slots[i]) forget(mode, w, slots[i], &tags[i]);
        slots[i] = NULL;
    }
}

IN_EACH_MODE(random_mixed)
IN_EACH_MODE(random_mixed_drain)
const Workload random_mixed_workload = {random_mixed_setup, MODES(random_mixed), MODES(random_mixed_drain)};

static void floor_setup(void) {
    random_mixed_setup();
    stride = ((size_t)parameters.max + 15) / 16 * 16 + 16;
    area = map(parameters.working_set * stride);
}

ALWAYS void floor_loop(Mode mode, Worker* w) {
    const Parameters p = parameters;
    void** const table = slots;
    uint8_t* const base = area;
    const size_t step_bytes = stride;
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < p.iterations; i++) {
        x = step(x);
        uint32_t idx = x % p.working_set;
        if (table[idx]) {
            if (mode == CHECKED) hash_in(w, 0x80000000u + (uint64_t)tags[idx].size);
            table[idx] = NULL;
        } else {
            uint32_t n = size_of(x, p.min, p.max);
            void* o = base + idx * step_bytes;
            touch(o, n);
            table[idx] = o;
            if (mode == CHECKED) {
                tags[idx].size = n;
                hash_in(w, n);
            }
        }
    }
}

ALWAYS void floor_drain(Mode mode, Worker* w) {
    (void)mode;
    (void)w;
    memset(slots, 0, parameters.working_set * sizeof(void*));
}

IN_EACH_MODE(floor_loop)
IN_EACH_MODE(floor_drain)
const Workload floor_workload = {floor_setup, MODES(floor_loop), MODES(floor_drain)};
