// trace.h - a trace decoded to arrays.
#ifndef ALLOC_LENS_TRACE_H
#define ALLOC_LENS_TRACE_H

#include "harness.h"

enum {
    OP_WAIT = 1,  // the previous op on this object was another thread's
    OP_PUB = 2,   // the next one is
};

typedef struct Op {
    uint32_t id, size;
    char kind;  // a c m r f
    uint8_t align_log2, flags, thread;
} Op;

typedef struct TraceThread {
    Op* ops;
    uint32_t* left;  // ids that it has to free after a pass, ascending
    uint32_t count, live;
} TraceThread;

typedef struct Trace {
    uint32_t objects, recorded_threads;
    uint64_t operations;
    TraceThread threads[MAX_T];
} Trace;

extern Trace trace;

// posix_memalign takes no less than a pointer's size.
ALWAYS size_t op_alignment(const Op* op) {
    size_t align = (size_t)1 << op->align_log2;
    return align < sizeof(void*) ? sizeof(void*) : align;
}

// Reads `parameters.trace` and sets `parameters.threads`. Dies with status 2 and the line's number on anything wrong.
void load_trace(void);

#endif
