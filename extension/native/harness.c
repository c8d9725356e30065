// harness.c - one workload over whatever allocator the process has, in a fresh process.
//
//   harness WORKLOAD ITERATIONS WORKING_SET MIN MAX SEED PASSES VERIFY LATENCY_OPERATIONS
//
// WORKLOAD is random_mixed or floor. Every parameter is a run-time value. The tables come from mmap, so the
// allocator under test sees the workload's calls and nothing else between the two clock readings.
// Prints one line of JSON on stdout; `pass N` lines on stderr tell how far it is.
// Exit status: 0 done, 2 bad arguments, 3 the allocator failed a request.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef struct Parameters {
    uint32_t iterations, working_set, min, max, seed;
} Parameters;

static void say(int fd, const char* format, ...) __attribute__((format(printf, 2, 3)));
static void say(int fd, const char* format, ...) {
    char line[8192];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    for (int at = 0; at < n && at < (int)sizeof line - 1;) {
        ssize_t wrote = write(fd, line + at, (size_t)(n - at));
        if (wrote <= 0) return;
        at += (int)wrote;
    }
}

static void die(int status, const char* what) {
    say(2, "harness: %s\n", what);
    _exit(status);
}

static void* map(size_t bytes) {
    void* p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED) die(2, "not enough memory for the workload's own tables");
    return p;
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline uint32_t step(uint32_t x) {
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

static inline uint32_t size_of(uint32_t x, uint32_t lo, uint32_t hi) {
    return lo + (x >> 8) % (hi - lo + 1);
}

static inline void touch(void* p, uint32_t n) {
    ((volatile uint8_t*)p)[0] = 1;
    ((volatile uint8_t*)p)[n - 1] = 1;
}

// ---------------------------------------------------------------------------------------- timed loops

static __attribute__((noinline)) void random_mixed(Parameters p, void** slots) {
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < p.iterations; i++) {
        x = step(x);
        uint32_t idx = x % p.working_set;
        if (slots[idx]) {
            free(slots[idx]);
            slots[idx] = NULL;
        } else {
            uint32_t n = size_of(x, p.min, p.max);
            void* o = malloc(n);
            if (__builtin_expect(o == NULL, 0)) die(3, "malloc returned NULL");
            touch(o, n);
            slots[idx] = o;
        }
    }
}

// The same loop with the allocator replaced by address arithmetic.
static __attribute__((noinline)) void floor_loop(Parameters p, void** slots, uint8_t* area, size_t stride) {
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < p.iterations; i++) {
        x = step(x);
        uint32_t idx = x % p.working_set;
        if (slots[idx]) {
            slots[idx] = NULL;
        } else {
            uint32_t n = size_of(x, p.min, p.max);
            void* o = area + idx * stride;
            touch(o, n);
            slots[idx] = o;
        }
    }
}

static void drain(Parameters p, void** slots) {
    for (uint32_t i = 0; i < p.working_set; i++) {
        free(slots[i]);
        slots[i] = NULL;
    }
}

// -------------------------------------------------------------------------------------- checking pass

typedef struct Record {
    uint8_t* object;
    uint32_t size, id;
} Record;

typedef struct Checks {
    uint64_t hash, requested, live, peak_requested, peak_live;
    uint64_t bad_contents, bad_alignment, bad_zero;
} Checks;

#define WHOLE (64u << 10)  // above this only both ends of an object are filled and compared
#define END   (32u << 10)

static void fill_part(uint8_t* at, size_t n, uint32_t id) {
    memset(at, (int)(id * 167u + 13u), n);
    uint32_t tag = id;
    memcpy(at, &tag, n < sizeof tag ? n : sizeof tag);
}

static int part_holds(const uint8_t* at, size_t n, uint32_t id) {
    size_t head = n < sizeof id ? n : sizeof id;
    if (memcmp(at, &id, head) != 0) return 0;
    uint8_t want = (uint8_t)(id * 167u + 13u);
    for (size_t i = head; i < n; i++) {
        if (at[i] != want) return 0;
    }
    return 1;
}

static void fill(const Record* r) {
    if (r->size <= WHOLE) {
        fill_part(r->object, r->size, r->id);
    } else {
        fill_part(r->object, END, r->id);
        fill_part(r->object + r->size - END, END, r->id);
    }
}

static int holds(const Record* r) {
    if (r->size <= WHOLE) return part_holds(r->object, r->size, r->id);
    return part_holds(r->object, END, r->id) && part_holds(r->object + r->size - END, END, r->id);
}

static uint8_t* checked_allocate(Checks* c, uint32_t n, uint32_t id, int verify) {
    // Every eighth object of a verifying pass comes from calloc.
    int zeroed = verify && id % 8 == 0;
    uint8_t* o = zeroed ? calloc(1, n) : malloc(n);
    if (!o) die(3, "malloc returned NULL");
    uintptr_t align = n >= 16 ? 16 : n >= 8 ? 8 : 1;
    if ((uintptr_t)o % align) c->bad_alignment++;
    if (zeroed) {
        for (uint32_t i = 0; i < n; i++) {
            if (o[i]) {
                c->bad_zero++;
                break;
            }
        }
    }
    return o;
}

static void hash_in(Checks* c, uint64_t v) {
    c->hash = (c->hash ^ v) * 0x100000001b3u;
}

static void count_in(Checks* c, const Record* r) {
    c->requested += r->size;
    c->live += malloc_usable_size(r->object);
    if (c->requested > c->peak_requested) c->peak_requested = c->requested;
    if (c->live > c->peak_live) c->peak_live = c->live;
}

static void checked_free(Checks* c, Record* r, int verify) {
    if (verify && !holds(r)) c->bad_contents++;
    c->requested -= r->size;
    c->live -= malloc_usable_size(r->object);
    free(r->object);
    r->object = NULL;
}

// random_mixed once more, untimed: the hash of its sequence, what it held, and with `verify` every byte.
static Checks check_random_mixed(Parameters p, int verify) {
    Checks c = {.hash = 0xcbf29ce484222325u};
    Record* records = map(p.working_set * sizeof(Record));
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < p.iterations; i++) {
        x = step(x);
        Record* r = &records[x % p.working_set];
        if (r->object) {
            hash_in(&c, 0x80000000u + (uint64_t)r->size);
            checked_free(&c, r, verify);
        } else {
            r->size = size_of(x, p.min, p.max);
            r->id = i;
            r->object = checked_allocate(&c, r->size, i, verify);
            if (verify) fill(r);
            else touch(r->object, r->size);
            hash_in(&c, r->size);
            count_in(&c, r);
        }
    }
    for (uint32_t i = 0; i < p.working_set; i++) {
        if (records[i].object) checked_free(&c, &records[i], verify);
    }
    return c;
}

// Floor's sequence is the same; there is nothing to check.
static Checks check_floor(Parameters p) {
    Checks c = {.hash = 0xcbf29ce484222325u};
    uint32_t* sizes = map(p.working_set * sizeof(uint32_t));
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < p.iterations; i++) {
        x = step(x);
        uint32_t* held = &sizes[x % p.working_set];
        if (*held) {
            hash_in(&c, 0x80000000u + (uint64_t)*held);
            *held = 0;
        } else {
            *held = size_of(x, p.min, p.max);
            hash_in(&c, *held);
        }
    }
    return c;
}

// --------------------------------------------------------------------------------------------- latency

static int by_value(const void* a, const void* b) {
    uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
    return x < y ? -1 : x > y;
}

static uint32_t nanoseconds(uint64_t from, uint64_t to) {
    return to - from > UINT32_MAX ? UINT32_MAX : (uint32_t)(to - from);
}

// Nanoseconds of single operations, less the median cost of reading the clock: p50, p99, p999, max.
static void latency(Parameters p, void** slots, uint32_t count, uint32_t out[4]) {
    uint32_t* times = map((size_t)count * sizeof(uint32_t));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t start = now();
        times[i] = nanoseconds(start, now());
    }
    qsort(times, count, sizeof times[0], by_value);
    uint32_t clock_cost = times[count / 2];
    uint32_t x = p.seed;
    for (uint32_t i = 0; i < count; i++) {
        x = step(x);
        uint32_t idx = x % p.working_set;
        uint32_t n = size_of(x, p.min, p.max);
        void* old = slots[idx];
        void* o = NULL;
        uint64_t start = now();
        if (old) free(old);
        else o = malloc(n);
        times[i] = nanoseconds(start, now());
        if (!old && !o) die(3, "malloc returned NULL");
        if (o) touch(o, n);
        slots[idx] = o;
    }
    drain(p, slots);
    qsort(times, count, sizeof times[0], by_value);
    const uint64_t per_mille[4] = {500, 990, 999, 1000};
    for (int i = 0; i < 4; i++) {
        uint64_t at = per_mille[i] * count / 1000;
        uint32_t t = times[at < count ? at : count - 1];
        out[i] = t > clock_cost ? t - clock_cost : 0;
    }
}

// ---------------------------------------------------------------------------------------------- memory

// Value of a line such as `VmHWM:  1234 kB` of /proc/self/status in bytes, or -1.
static int64_t status_bytes(const char* key) {
    char text[8192];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return -1;
    text[n] = 0;
    const char* at = strstr(text, key);
    return at ? (int64_t)strtoll(at + strlen(key), NULL, 10) * 1024 : -1;
}

static int reset_peak(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    int ok = write(fd, "5", 1) == 1;
    close(fd);
    return ok;
}

// ------------------------------------------------------------------------------------------------ main

static uint32_t number(const char* text) {
    char* end;
    unsigned long long v = strtoull(text, &end, 10);
    if (*text == 0 || *end != 0 || v > UINT32_MAX) die(2, "a parameter is not a number below 2^32");
    return (uint32_t)v;
}

// Path of the object that defines malloc, with JSON's escapes.
static void allocator_path(char* out, size_t room) {
    Dl_info info;
    void* symbol = dlsym(RTLD_DEFAULT, "malloc");
    const char* name = symbol && dladdr(symbol, &info) && info.dli_fname ? info.dli_fname : "";
    size_t n = 0;
    for (; *name && n + 3 < room; name++) {
        if ((unsigned char)*name < ' ') continue;
        if (*name == '"' || *name == '\\') out[n++] = '\\';
        out[n++] = *name;
    }
    out[n] = 0;
}

int main(int argc, char** argv) {
    if (argc != 10) die(2, "expected 9 arguments");
    int is_floor = strcmp(argv[1], "floor") == 0;
    if (!is_floor && strcmp(argv[1], "random_mixed") != 0) die(2, "unknown workload");
    Parameters p = {number(argv[2]), number(argv[3]), number(argv[4]), number(argv[5]), number(argv[6])};
    uint32_t passes = number(argv[7]);
    uint32_t verify = number(argv[8]);
    uint32_t latency_operations = number(argv[9]);
    if (p.iterations == 0 || p.working_set == 0 || p.min == 0 || p.max < p.min || p.seed == 0) die(2, "bad parameters");
    if (passes == 0 || passes > 100 || latency_operations > p.iterations) die(2, "bad parameters");

    char path[4096];
    allocator_path(path, sizeof path);
    void** slots = map(p.working_set * sizeof(void*));
    size_t stride = ((size_t)p.max + 15) / 16 * 16 + 16;
    uint8_t* area = is_floor ? map(p.working_set * stride) : NULL;

    int peak_known = reset_peak();
    int64_t before = status_bytes("VmRSS:");
    uint64_t took[100];
    for (uint32_t i = 0; i < passes; i++) {
        uint64_t start = now();
        if (is_floor) floor_loop(p, slots, area, stride);
        else random_mixed(p, slots);
        took[i] = now() - start;
        if (is_floor) memset(slots, 0, p.working_set * sizeof(void*));
        else drain(p, slots);
        say(2, "pass %u\n", i + 1);
    }
    int64_t peak = status_bytes("VmHWM:");
    peak = peak_known && before >= 0 && peak >= before ? peak - before : -1;

    Checks c = is_floor ? check_floor(p) : check_random_mixed(p, verify != 0);
    uint32_t quantiles[4] = {0};
    if (latency_operations > 0 && !is_floor) latency(p, slots, latency_operations, quantiles);

    say(1, "{\"allocator\":\"%s\",\"passesNs\":[", path);
    for (uint32_t i = 0; i < passes; i++) say(1, "%s%llu", i ? "," : "", (unsigned long long)took[i]);
    say(1, "],\"hash\":\"%016llx\",\"peakBytes\":%lld,\"requestedBytes\":%llu,\"liveBytes\":%llu",
        (unsigned long long)c.hash, (long long)peak, (unsigned long long)c.peak_requested,
        (unsigned long long)c.peak_live);
    say(1, ",\"faults\":[%llu,%llu,%llu],\"latency\":[%u,%u,%u,%u]}\n", (unsigned long long)c.bad_contents,
        (unsigned long long)c.bad_alignment, (unsigned long long)c.bad_zero, quantiles[0], quantiles[1],
        quantiles[2], quantiles[3]);
    return 0;
}
