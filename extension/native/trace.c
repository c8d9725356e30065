// trace.c - replay of a decoded trace, by the threads of the recording or flattened on one.
#include "trace.h"
#include <stdatomic.h>

static void** own;
static _Atomic(void*)* slots;
static Tag* tags;

static void trace_setup(void) {
    own = map((size_t)trace.objects * sizeof(void*));
    tags = map((size_t)trace.objects * sizeof(Tag));
    if (parameters.threads > 1) slots = map((size_t)trace.objects * sizeof(void*));
}

ALWAYS void* take(uint32_t id) {
    uint32_t spins = 0;
    void* p;
    while ((p = atomic_load_explicit(&slots[id], memory_order_acquire)) == NULL) spin_wait(&spins);
    atomic_store_explicit(&slots[id], NULL, memory_order_relaxed);
    return p;
}

ALWAYS void* call(Mode mode, Worker* w, const Op* op, void* old) {
    if (mode == CHECKED) {
        if (op->kind == 'f') checked_release(w, old, &tags[op->id]);
        else if (op->kind == 'r') return checked_resize(w, old, op->size, &tags[op->id]);
        else return checked_typed(w, op->kind, op->size, op_alignment(op), &tags[op->id]);
        return NULL;
    }
    void* p = NULL;
    uint64_t start = mode == CLOCKED ? now() : 0;
    switch (op->kind) {
        case 'a': p = malloc(op->size); break;
        case 'f': free(old); break;
        case 'r': p = realloc(old, op->size); break;
        case 'c': p = calloc(1, op->size); break;
        default:
            if (posix_memalign(&p, op_alignment(op), op->size) != 0) p = NULL;
            break;
    }
    if (mode == CLOCKED) clocked(w, start, now());
    if (op->kind == 'f') return NULL;
    need(p);
    if (op->size > 0) touch(p, op->size);
    return p;
}

ALWAYS void replay(Mode mode, Worker* w, int parallel) {
    const Op* op = trace.threads[w->index].ops;
    const Op* const end = op + trace.threads[w->index].count;
    void** const table = own;
    for (; op < end; op++) {
        const uint32_t id = op->id;
        void* old = NULL;
        if (op->kind == 'f' || op->kind == 'r') old = parallel && (op->flags & OP_WAIT) ? take(id) : table[id];
        void* p = call(mode, w, op, old);
        if (op->kind == 'f') continue;
        if (parallel && (op->flags & OP_PUB)) atomic_store_explicit(&slots[id], p, memory_order_release);
        else table[id] = p;
    }
}

ALWAYS void trace_pass(Mode mode, Worker* w) {
    if (parameters.threads > 1) replay(mode, w, 1);
    else replay(mode, w, 0);
}

// What the program never freed, by the thread that did the last operation on it, in ascending id order.
ALWAYS void trace_drain(Mode mode, Worker* w) {
    const TraceThread* t = &trace.threads[w->index];
    for (uint32_t i = 0; i < t->live; i++) forget(mode, w, own[t->left[i]], &tags[t->left[i]]);
}

IN_EACH_MODE(trace_pass)
IN_EACH_MODE(trace_drain)
const Workload trace_workload = {trace_setup, MODES(trace_pass), MODES(trace_drain)};
