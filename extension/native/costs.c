// costs.c - what one more of something costs on an allocator's hot path. A small free-list allocator serves the loop of
// random_mixed; each item stands 1, 2 and 4 times in its malloc and in its free, in a function of its own that is
// otherwise the same. Prints raw times of batches, base and item in the order A B B A; statistics are somebody else's.
//
// costs NAME=NUMBER...: layout, seed, batch (nanoseconds of one), budget (milliseconds of the process), contended (0, 1)
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#define ALWAYS static inline __attribute__((always_inline))
// Hardly ever. The functions behind it are not marked cold: gcc would take the half of the loop that they stand in for
// cold, too, and put it elsewhere; nor is one in ten, which __builtin_expect says, right for them.
#if defined(__has_builtin)
#if __has_builtin(__builtin_expect_with_probability)
#define UNLIKELY(c) __builtin_expect_with_probability(!!(c), 0, 0.9999)
#endif
#endif
#ifndef UNLIKELY
#define UNLIKELY(c) __builtin_expect(!!(c), 0)
#endif
#if defined(__clang__)
#define APART __attribute__((noinline))
#else
#define APART __attribute__((noipa))
#endif

enum { MOST = 4, WORKING_SET = 400, LEAST_SIZE = 16, MOST_SIZE = 1040, BLOCKS = 400 };
enum { UNIT_BITS = 16, UNITS = 512, CLASSES = (MOST_SIZE + 15) / 16 + 1 };

typedef enum Item {
    NONE, RELAXED_ADD, SEQ_CST_ADD, ACQUIRE_LOAD, COMPARE_AND_SWAP, THREAD_LOCAL, GATE, HEADER, WRAPPER, ITEMS
} Item;
static const char* const names[ITEMS] = {
    "none", "relaxed add", "seq_cst add", "acquire load", "compare and swap",
    "thread-local read", "environment-gate branch", "header check", "wrapper call",
};
// The first of these are also measured while another thread writes to the same cache lines.
enum { SHARED_ITEMS = COMPARE_AND_SWAP };

static __attribute__((noreturn, format(printf, 2, 3))) void die(int status, const char* format, ...) {
    va_list args;
    va_start(args, format);
    fputs("costs: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(status);
}

// ------------------------------------------------------------------------------------------- the items

// What the atomics work on: each on a line of its own (two, for processors that fetch lines in pairs).
static struct { uint64_t value; char rest[120]; } lines[MOST] __attribute__((aligned(128)));
static _Thread_local volatile uint64_t own[MOST];
static volatile int gates[MOST];
static volatile uint64_t gated;
static uint8_t* area;

// A gate's first reading, as code has it: -1 is unread, 0 off.
static APART int ask(int i) { return gates[i] = getenv("ALLOC_LENS_NEVER_SET") != NULL; }
static APART void work_of_gate(void) { gated++; }
static APART __attribute__((noreturn)) void bad_header(void) { die(3, "a block without its header"); }

#define USED(value) __asm__ volatile("" : : "r"(value))

// The i-th of an item; `p` is the block that the operation is about.
ALWAYS void one(const Item item, const int i, const uint8_t* p) {
    uint64_t v;
    int g;
    switch (item) {
        case RELAXED_ADD: __atomic_fetch_add(&lines[i].value, 1, __ATOMIC_RELAXED); break;
        case SEQ_CST_ADD: __atomic_fetch_add(&lines[i].value, 1, __ATOMIC_SEQ_CST); break;
        case ACQUIRE_LOAD: v = __atomic_load_n(&lines[i].value, __ATOMIC_ACQUIRE); USED(v); break;
        case COMPARE_AND_SWAP:
            // With the load of what is expected; one attempt, whoever wins.
            v = __atomic_load_n(&lines[i].value, __ATOMIC_RELAXED);
            __atomic_compare_exchange_n(&lines[i].value, &v, v + 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
            break;
        case THREAD_LOCAL: v = own[i]; USED(v); break;
        case GATE:
            // static int gate = -1; if (gate < 0) gate = ask(); if (gate) ...
            g = gates[i];
            if (UNLIKELY(g < 0)) g = ask(i);
            if (UNLIKELY(g)) work_of_gate();
            break;
        case HEADER: if (UNLIKELY((((const volatile uint8_t*)p)[-1 - i] & 0xf0) != 0xa0)) bad_header(); break;
        default: break;
    }
}

ALWAYS void items(const Item item, const int count, const uint8_t* p) {
    if (count > 0) one(item, 0, p);
    if (count > 1) one(item, 1, p);
    if (count > 2) one(item, 2, p);
    if (count > 3) one(item, 3, p);
}

// --------------------------------------------------------------------------------------- the allocator

typedef struct Block { struct Block* next; } Block;
static Block* lists[CLASSES];
// Class of each unit of 64 KiB; blocks of a unit are of one class, each behind 16 bytes with its header.
static uint8_t classes[UNITS];
static uint32_t units;

static APART void* refill(uint32_t class) {
    if (units == UNITS) die(3, "the arena is full");
    uint8_t* const from = area + ((size_t)units << UNIT_BITS);
    const size_t stride = (size_t)class * 16 + 16;
    classes[units++] = (uint8_t)class;
    for (size_t at = 0; at + stride <= (size_t)1 << UNIT_BITS; at += stride) {
        memset(from + at, 0xa0 | (class & 15), 16);
        Block* b = (Block*)(from + at + 16);
        b->next = lists[class];
        lists[class] = b;
    }
    Block* b = lists[class];
    lists[class] = b->next;
    return b;
}

ALWAYS void* get(const Item item, const int count, uint32_t n) {
    const uint32_t class = (n + 15) >> 4;
    Block* b = lists[class];
    if (UNLIKELY(b == NULL)) return refill(class);
    lists[class] = b->next;
    items(item, count, (uint8_t*)b);
    return b;
}

ALWAYS void put(const Item item, const int count, void* p) {
    const uint32_t class = classes[(size_t)((uint8_t*)p - area) >> UNIT_BITS];
    items(item, count, p);
    ((Block*)p)->next = lists[class];
    lists[class] = p;
}

// -------------------------------------------------------------------------------------------- the loop

typedef struct Batch { uint32_t operations, seed, working_set, low, span; } Batch;
typedef uint64_t (*Run)(const Batch*);
typedef void* (*Get)(uint32_t);
typedef void (*Put)(void*);
static void* slots[WORKING_SET];

ALWAYS void touch(void* p, uint32_t n) {
    ((volatile uint8_t*)p)[0] = 1;
    ((volatile uint8_t*)p)[n - 1] = 1;
}

// Returns a sum over what was done, the same for every variant on the same seed.
ALWAYS uint64_t loop(const Item item, const int count, Get outer_get, Put outer_put, const Batch* batch) {
    const Batch w = *batch;
    uint32_t x = w.seed;
    uint64_t sum = 0;
    for (uint32_t left = w.operations; left != 0; left--) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        void** const slot = &slots[x % w.working_set];
        if (*slot != NULL) {
            if (item == WRAPPER) outer_put(*slot);
            else put(item, count, *slot);
            *slot = NULL;
        } else {
            const uint32_t n = w.low + (x >> 8) % w.span;
            void* const p = item == WRAPPER ? outer_get(n) : get(item, count, n);
            touch(p, n);
            *slot = p;
            sum += n;
        }
    }
    return sum ^ ((uint64_t)x << 32);
}

static void drain(void) {
    for (int i = 0; i < WORKING_SET; i++) {
        if (slots[i] != NULL) put(NONE, 0, slots[i]);
        slots[i] = NULL;
    }
}

// ---------------------------------------------------------------------------------------- the variants

// A layout: each function begins with so many instructions that do nothing, once a batch, so that its loop lies elsewhere
// against lines and fetch blocks. Layers stand once for each layout, wherever that puts them.
#define PAD(nops) __asm__ volatile(".rept " #nops "\n\tnop\n\t.endr")
#define EACH_LAYOUT(X) X(64) X(27) X(54) X(17) X(44) X(7) X(34) X(61) X(24) X(51) X(14) X(41)

// What comes after the call keeps it one: a jump at the end would be no layer.
#define LAYER(pad, here, get_inner, put_inner)                                                                  \
    static APART void* get_##here##_##pad(uint32_t n) {                                                         \
        void* p = get_inner;                                                                                    \
        __asm__ volatile("" : "+r"(p));                                                                         \
        return p;                                                                                               \
    }                                                                                                           \
    static APART void put_##here##_##pad(void* p) {                                                             \
        put_inner;                                                                                              \
        __asm__ volatile("" : : : "memory");                                                                    \
    }
#define LAYERS(pad)                                                                                             \
    LAYER(pad, 1, get(NONE, 0, n), put(NONE, 0, p))                                                             \
    LAYER(pad, 2, get_1_##pad(n), put_1_##pad(p))                                                               \
    LAYER(pad, 3, get_2_##pad(n), put_2_##pad(p))                                                               \
    LAYER(pad, 4, get_3_##pad(n), put_3_##pad(p))
EACH_LAYOUT(LAYERS)

#define VARIANT(pad, item, count)                                                                               \
    static APART __attribute__((aligned(64))) uint64_t run_##item##_##count##_##pad(const Batch* batch) {       \
        PAD(pad);                                                                                               \
        return loop(item, count, get_##count##_##pad, put_##count##_##pad, batch);                              \
    }
#define COUNTS(pad, item) VARIANT(pad, item, 1) VARIANT(pad, item, 2) VARIANT(pad, item, 4)
#define VARIANTS(pad)                                                                                           \
    VARIANT(pad, NONE, 1) COUNTS(pad, RELAXED_ADD) COUNTS(pad, SEQ_CST_ADD) COUNTS(pad, ACQUIRE_LOAD)           \
    COUNTS(pad, COMPARE_AND_SWAP) COUNTS(pad, THREAD_LOCAL) COUNTS(pad, GATE) COUNTS(pad, HEADER)               \
    COUNTS(pad, WRAPPER)
EACH_LAYOUT(VARIANTS)

typedef struct Layout { int pad; Run base, run[ITEMS][3]; } Layout;
#define ROW(pad, item) [item] = {run_##item##_1_##pad, run_##item##_2_##pad, run_##item##_4_##pad}
#define LAYOUT(number)                                                                                          \
    {.pad = number, .base = run_NONE_1_##number,                                                                \
     .run = {ROW(number, RELAXED_ADD), ROW(number, SEQ_CST_ADD), ROW(number, ACQUIRE_LOAD),                     \
             ROW(number, COMPARE_AND_SWAP), ROW(number, THREAD_LOCAL), ROW(number, GATE), ROW(number, HEADER),  \
             ROW(number, WRAPPER)}},
static const Layout layouts[] = {EACH_LAYOUT(LAYOUT)};
enum { LAYOUTS = sizeof layouts / sizeof layouts[0] };
static const int counts[3] = {1, 2, 4};

// ------------------------------------------------------------------------------------------- the clock

static uint64_t read_clock(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }
// What this thread has run: a batch is not longer because others had the core meanwhile.
static uint64_t ran(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

// Smallest step that two readings show.
static uint64_t clock_step(void) {
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 200; i++) {
        const uint64_t from = ran();
        uint64_t to = ran();
        while (to == from) to = ran();
        if (to - from < least) least = to - from;
    }
    return least;
}

static uint64_t timed(Run run, const Batch* batch, uint64_t* sum) {
    const uint64_t from = ran();
    *sum = run(batch);
    const uint64_t took = ran() - from;
    drain();
    return took > 0 ? took : 1;
}

// ---------------------------------------------------------------------------- the other thread and cores

static int cores[2] = {-1, -1};
static int stop_hammer;
static uint64_t hammered;

static void pin(int core) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    // Where it is not allowed the scheduler decides; `cores` says so.
    if (sched_setaffinity(0, sizeof set, &set) != 0) cores[0] = cores[1] = -1;
}

// Two cores of those allowed, the last for the loop: the first serves most of the interrupts.
static int choose_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int n = 0;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &set)) continue;
        if (n++ == 0) cores[1] = i;
        cores[0] = i;
    }
    if (n < 2) cores[1] = -1;
    return n;
}

static void* hammer(void* unused) {
    (void)unused;
    if (cores[1] >= 0) pin(cores[1]);
    uint64_t n = 0;
    while (!__atomic_load_n(&stop_hammer, __ATOMIC_RELAXED)) {
        for (int i = 0; i < MOST; i++) __atomic_fetch_add(&lines[i].value, 1, __ATOMIC_RELAXED);
        n++;
        if ((n & 1023) == 1) __atomic_store_n(&hammered, n, __ATOMIC_RELEASE);
    }
    return NULL;
}

// ---------------------------------------------------------------------------------------- the measuring

typedef struct Row {
    Item item;
    int which, contended;
    uint32_t operations, done;
    uint64_t blocks[BLOCKS][4];
} Row;
static Row* rows;
static uint32_t row_count;

static struct { uint32_t layout, seed, batch, budget, contended; } p = {0, 12345, 1000000, 1000, 1};

static Batch work(uint32_t operations, uint32_t seed) {
    // Read from memory, so that no variant knows them when it is compiled.
    static volatile uint32_t working_set = WORKING_SET, low = LEAST_SIZE, high = MOST_SIZE;
    return (Batch){operations, seed ? seed : 1, working_set, low, high - low + 1};
}

// Operations for which a batch of the base and one of the item take two batches' time together.
static uint32_t operations_for(Run base, Run run) {
    uint32_t operations = 1000;
    for (;;) {
        uint64_t took = UINT64_MAX;
        const Batch w = work(operations, p.seed);
        // The shortest of three: one may meet pages for the first time, or be disturbed.
        for (int i = 0; i < 3; i++) {
            uint64_t ignored;
            const uint64_t both = timed(base, &w, &ignored) + timed(run, &w, &ignored);
            if (both < took) took = both;
        }
        if (took * 4 >= p.batch || operations >= 1u << 28) {
            const double wanted = (double)operations * 2 * p.batch / (double)took;
            return wanted < 1000 ? 1000 : wanted > 1u << 28 ? 1u << 28 : (uint32_t)wanted;
        }
        operations *= 4;
    }
}

static void block(Row* row, uint32_t seed) {
    const Layout* l = &layouts[p.layout];
    const Run both[2] = {l->base, l->run[row->item][row->which]};
    const Batch w = work(row->operations, seed);
    // Written as base, item, item, base, whichever came first.
    const int flipped = row->done & 1;
    uint64_t sums[4], times[4];
    for (int i = 0; i < 4; i++) {
        const int side = (i == 1 || i == 2) ^ flipped;
        times[i] = timed(both[side], &w, &sums[i]);
    }
    if (sums[0] != sums[1] || sums[0] != sums[2] || sums[0] != sums[3]) die(3, "two batches did different work");
    uint64_t* out = row->blocks[row->done++];
    out[0] = times[flipped ? 1 : 0];
    out[1] = times[flipped ? 0 : 1];
    out[2] = times[flipped ? 3 : 2];
    out[3] = times[flipped ? 2 : 3];
}

static uint32_t next(uint32_t* x) {
    *x ^= *x << 13;
    *x ^= *x >> 17;
    return *x ^= *x << 5;
}

// Rounds over all rows from `from` on, each in an order of its own, until the time is up; two at least.
static void measure(uint32_t from, uint64_t nanoseconds) {
    const uint64_t start = now();
    uint32_t x = p.seed * 2654435761u + from + 1;
    if (x == 0) x = 1;
    const uint32_t n = row_count - from;
    for (uint32_t i = from; i < row_count; i++) {
        const Layout* l = &layouts[p.layout];
        rows[i].operations = operations_for(l->base, l->run[rows[i].item][rows[i].which]);
    }
    for (uint32_t round = 0; round < BLOCKS; round++) {
        if (round >= 2 && now() - start >= nanoseconds) break;
        uint32_t order[ITEMS * 3];
        for (uint32_t i = 0; i < n; i++) order[i] = from + i;
        for (uint32_t i = n - 1; i > 0; i--) {
            const uint32_t j = next(&x) % (i + 1), other = order[i];
            order[i] = order[j];
            order[j] = other;
        }
        for (uint32_t i = 0; i < n; i++) block(&rows[order[i]], next(&x));
    }
}

static void add_rows(int contended) {
    const int last = contended ? SHARED_ITEMS : ITEMS - 1;
    for (int item = 1; item <= last; item++) {
        for (int which = 0; which < 3; which++) {
            rows[row_count++] = (Row){.item = (Item)item, .which = which, .contended = contended};
        }
    }
}

static void set_field(const char* text) {
    const struct { const char* name; uint32_t* value; uint32_t low, high; } fields[] = {
        {"layout", &p.layout, 0, LAYOUTS - 1}, {"seed", &p.seed, 1, UINT32_MAX},
        {"batch", &p.batch, 1000, 1000000000}, {"budget", &p.budget, 1, 3600000}, {"contended", &p.contended, 0, 1},
    };
    const char* equals = strchr(text, '=');
    for (size_t i = 0; equals && i < sizeof fields / sizeof fields[0]; i++) {
        const size_t length = (size_t)(equals - text);
        if (strlen(fields[i].name) != length || memcmp(fields[i].name, text, length) != 0) continue;
        char* end;
        const unsigned long long v = strtoull(equals + 1, &end, 10);
        if (equals[1] < '0' || equals[1] > '9' || *end != 0 || v < fields[i].low || v > fields[i].high) {
            die(2, "%s: out of range", text);
        }
        *fields[i].value = (uint32_t)v;
        return;
    }
    die(2, "%s: no such parameter", text);
}

static void print(uint64_t step, long switches) {
#if defined(__clang__)
    printf("{\"costs\":1,\"compiler\":\"clang %d.%d.%d\"", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    printf("{\"costs\":1,\"compiler\":\"gcc %d.%d.%d\"", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    printf(",\"layouts\":%d,\"layout\":%u,\"pad\":%d,\"clockNs\":%llu,\"cores\":[%d,%d],\"switches\":%ld,\"hammered\":%llu",
           (int)LAYOUTS, p.layout, layouts[p.layout].pad, (unsigned long long)step, cores[0], cores[1], switches,
           (unsigned long long)hammered);
    printf(",\"rows\":[");
    for (uint32_t i = 0; i < row_count; i++) {
        const Row* r = &rows[i];
        printf("%s{\"name\":\"%s\",\"count\":%d,\"contended\":%s,\"operations\":%u,\"blocks\":[", i ? "," : "",
               names[r->item], counts[r->which], r->contended ? "true" : "false", r->operations);
        for (uint32_t b = 0; b < r->done; b++) {
            printf("%s[%llu,%llu,%llu,%llu]", b ? "," : "", (unsigned long long)r->blocks[b][0],
                   (unsigned long long)r->blocks[b][1], (unsigned long long)r->blocks[b][2],
                   (unsigned long long)r->blocks[b][3]);
        }
        printf("]}");
    }
    printf("]}\n");
}

int main(int argc, char** argv) {
    for (int i = 1; i < argc; i++) set_field(argv[i]);
    area = mmap(NULL, (size_t)UNITS << UNIT_BITS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    rows = calloc(ITEMS * 3 * 2, sizeof(Row));
    if (area == MAP_FAILED || rows == NULL) die(3, "no memory");
    for (int i = 0; i < MOST; i++) gates[i] = -1;
    const int allowed = choose_cores();
    if (cores[0] >= 0) pin(cores[0]);
    const uint64_t step = clock_step();
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    const int contended = p.contended && allowed >= 2;
    const uint64_t budget = (uint64_t)p.budget * 1000000u;
    add_rows(0);
    measure(0, contended ? budget * 6 / 10 : budget);
    if (contended) {
        const uint32_t from = row_count;
        pthread_t other;
        if (pthread_create(&other, NULL, hammer, NULL) != 0) die(3, "no second thread");
        // From here on it writes.
        while (__atomic_load_n(&hammered, __ATOMIC_ACQUIRE) == 0) sched_yield();
        add_rows(1);
        measure(from, budget * 4 / 10);
        __atomic_store_n(&stop_hammer, 1, __ATOMIC_RELAXED);
        pthread_join(other, NULL);
    }
    getrusage(RUSAGE_SELF, &after);
    print(step, after.ru_nivcsw - before.ru_nivcsw);
    return 0;
}
