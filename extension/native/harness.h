// harness.h - what the workloads share: parameters, a thread's own state, and the allocator's calls in three modes.
#ifndef ALLOC_LENS_HARNESS_H
#define ALLOC_LENS_HARNESS_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#define ALWAYS   static inline __attribute__((always_inline))
#define MAX_T    256u
#define UNLIKELY(c) __builtin_expect(!!(c), 0)

typedef struct Parameters {
    const char *workload, *trace, *control;
    uint32_t iterations, working_set, min, max, seed;
    uint32_t threads, passes, verify, latency, flatten;
    uint32_t chunks, rounds, gens;      // larson
    uint32_t items, ring;               // pc
    uint32_t phases, n, ret, trans;     // mstress
} Parameters;

extern Parameters parameters;

// A pass is TIMED; CHECKED is the same code once more with the hash, the accounting and, with `verify`, the contents of
// every object; CLOCKED reads the clock around every call.
typedef enum Mode { TIMED, CHECKED, CLOCKED } Mode;

// What a checked pass knows of an object.
typedef struct Tag {
    uint32_t size, id;
} Tag;

typedef struct Faults {
    uint64_t contents, alignment, zero;
} Faults;

// One thread's state (for larson: a lineage's), alone on its cache lines.
typedef struct Worker {
    uint32_t index;
    uint32_t next_id;
    uint64_t start, end;   // of this pass, nanoseconds
    uint64_t hash;         // of this pass's sequence, CHECKED only
    uint64_t operations;   // CHECKED only
    Faults faults;
    uint32_t* times;       // CLOCKED: nanoseconds of single calls
    uint32_t timed, room;
} __attribute__((aligned(256))) Worker;

// A workload for persistent threads. `pass` is one thread's part, `drain` its untimed frees after it.
typedef struct Workload {
    void (*setup)(void);
    void (*pass[3])(Worker*);
    void (*drain[3])(Worker*);
} Workload;

extern Worker* workers;

// harness.c
void die(int status, const char* format, ...) __attribute__((noreturn, format(printf, 2, 3)));
void say(int fd, const char* format, ...) __attribute__((format(printf, 2, 3)));
// Zeroed and resident; never from the allocator under test.
void* map(size_t bytes);

// checks.c
void* checked_obtain(Worker* w, uint32_t n, Tag* tag);
void* checked_typed(Worker* w, char kind, uint32_t n, uint32_t align, Tag* tag);
void* checked_resize(Worker* w, void* old, uint32_t n, Tag* tag);
void checked_release(Worker* w, void* p, Tag* tag);
void checked_forget(Worker* w, void* p, Tag* tag);
void hash_in(Worker* w, uint64_t v);
uint64_t peak_requested(void), peak_live(void);

// perf_control.c
// Switches perf's counting on or off, and waits until it has; does nothing without `control`.
void perf_control(int on);

// threads.c
void barrier(void);
void run_threads(void (*body)(Worker*));
// Gives up the core from time to time: 127 pauses, then a yield.
void spin_wait(uint32_t* spins);

// workloads
extern const Workload random_mixed_workload, floor_workload, pc_workload, mstress_workload, trace_workload;
uint64_t larson_pass(Mode mode);
void larson_setup(void);

ALWAYS uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

ALWAYS void clocked(Worker* w, uint64_t from, uint64_t to) {
    if (w->timed < w->room) w->times[w->timed++] = to - from > UINT32_MAX ? UINT32_MAX : (uint32_t)(to - from);
}

ALWAYS uint32_t step(uint32_t x) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

ALWAYS uint32_t size_of(uint32_t x, uint32_t lo, uint32_t hi) {
    return lo + (x >> 8) % (hi - lo + 1);
}

ALWAYS uint32_t seed_of(uint32_t seed, uint32_t thread) {
    uint32_t s = seed + (thread + 1) * 0x9E3779B9u;
    return s ? s : 1;
}

ALWAYS void touch(void* p, uint32_t n) {
    ((volatile uint8_t*)p)[0] = 1;
    ((volatile uint8_t*)p)[n - 1] = 1;
}

ALWAYS void need(const void* p) {
    if (UNLIKELY(p == NULL)) die(3, "malloc returned NULL");
}

// An allocation of `n` > 0 bytes, touched. `tag` is used by the checked mode only.
ALWAYS void* obtain(Mode mode, Worker* w, uint32_t n, Tag* tag) {
    if (mode == CHECKED) return checked_obtain(w, n, tag);
    uint64_t start = mode == CLOCKED ? now() : 0;
    void* p = malloc(n);
    if (mode == CLOCKED) clocked(w, start, now());
    need(p);
    touch(p, n);
    return p;
}

ALWAYS void release(Mode mode, Worker* w, void* p, Tag* tag) {
    if (mode == CHECKED) {
        checked_release(w, p, tag);
        return;
    }
    uint64_t start = mode == CLOCKED ? now() : 0;
    free(p);
    if (mode == CLOCKED) clocked(w, start, now());
}

// A free that is no operation of the workload.
ALWAYS void forget(Mode mode, Worker* w, void* p, Tag* tag) {
    if (mode == CHECKED) checked_forget(w, p, tag);
    else free(p);
}

// The three instances of a function that takes the mode as a constant.
#define IN_EACH_MODE(name)                                                                                    \
    static __attribute__((noinline)) void name##_timed(Worker* w) { name(TIMED, w); }                         \
    static __attribute__((noinline)) void name##_checked(Worker* w) { name(CHECKED, w); }                     \
    static __attribute__((noinline)) void name##_clocked(Worker* w) { name(CLOCKED, w); }
#define MODES(name) {name##_timed, name##_checked, name##_clocked}

#endif
