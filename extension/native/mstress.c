// mstress.c - phases with a barrier between them; part of what a thread allocates in a phase another one frees in the next.
#include "harness.h"
#include <string.h>

typedef struct List {
    void** objects;
    Tag* tags;
    uint32_t length;
} __attribute__((aligned(128))) List;

typedef struct Share {
    List lists[2];  // by the phase's parity
    void** retained;
    Tag* tags;
} __attribute__((aligned(128))) Share;

static Share* shares;

static void mstress_setup(void) {
    const Parameters* p = &parameters;
    shares = map(p->threads * sizeof(Share));
    for (uint32_t t = 0; t < p->threads; t++) {
        shares[t].retained = map(p->ret * sizeof(void*));
        shares[t].tags = map(p->ret * sizeof(Tag));
        for (int i = 0; i < 2; i++) {
            shares[t].lists[i].objects = map(p->trans * sizeof(void*));
            shares[t].lists[i].tags = map(p->trans * sizeof(Tag));
        }
    }
}

ALWAYS void mstress(Mode mode, Worker* w) {
    const Parameters p = parameters;
    Share* const own = &shares[w->index];
    Share* const next = &shares[(w->index + 1) % p.threads];
    void** const retained = own->retained;
    Tag* const tags = own->tags;
    uint32_t x = seed_of(p.seed, w->index);
    for (uint32_t k = 0; k < p.phases; k++) {
        if (k > 0) {
            List* list = &next->lists[(k - 1) % 2];
            for (uint32_t i = 0; i < list->length; i++) {
                release(mode, w, list->objects[i], mode == CHECKED ? &list->tags[i] : NULL);
            }
        }
        List* const out = &own->lists[k % 2];
        uint32_t length = 0;
        for (uint32_t i = 0; i < p.n; i++) {
            x = step(x);
            uint32_t s = 8 * (1 + ((x >> 8) & 63));
            const uint32_t c = x & 255;
            if (c == 0) s *= 64;
            else if (c < 8) s *= 8;
            Tag tag;
            void* o = obtain(mode, w, s, mode == CHECKED ? &tag : NULL);
            x = step(x);
            const uint32_t j = x % p.ret;
            void* old = retained[j];
            if (old) {
                if (((x >> 24) & 3) == 0 && length < p.trans) {
                    out->objects[length] = old;
                    if (mode == CHECKED) out->tags[length] = tags[j];
                    length++;
                } else {
                    release(mode, w, old, mode == CHECKED ? &tags[j] : NULL);
                }
            }
            retained[j] = o;
            if (mode == CHECKED) tags[j] = tag;
        }
        out->length = length;
        barrier();
    }
}

// Thread 0 frees what all have left.
ALWAYS void mstress_drain(Mode mode, Worker* w) {
    if (w->index != 0) return;
    for (uint32_t t = 0; t < parameters.threads; t++) {
        List* last = &shares[t].lists[(parameters.phases - 1) % 2];
        for (uint32_t i = 0; i < last->length; i++) forget(mode, w, last->objects[i], &last->tags[i]);
    }
    for (uint32_t t = 0; t < parameters.threads; t++) {
        for (uint32_t i = 0; i < parameters.ret; i++) {
            if (shares[t].retained[i]) forget(mode, w, shares[t].retained[i], &shares[t].tags[i]);
        }
        memset(shares[t].retained, 0, parameters.ret * sizeof(void*));
    }
}

IN_EACH_MODE(mstress)
IN_EACH_MODE(mstress_drain)
const Workload mstress_workload = {mstress_setup, MODES(mstress), MODES(mstress_drain)};
