// harness.c - one workload over whatever allocator the process has, in a fresh process.
//
//   harness WORKLOAD [NAME=NUMBER]... [trace=FILE] [control=FOLDER]
//
// WORKLOAD is random_mixed, floor, larson, pc, mstress or trace. Every parameter is a run-time value. Tables and decoded
// traces come from mmap, so the allocator under test sees the workload's calls and nothing else between two readings of
// the clock. `control` is the folder of the FIFOs through which perf is told to record timed passes only. Prints one line of JSON on stdout; `pass N` lines on stderr tell how far it is.
// Exit status: 0 done, 2 bad arguments or a bad trace, 3 the allocator failed a request.
#define _GNU_SOURCE
#include "harness.h"
#include "mark.h"
#include "trace.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

Parameters parameters;
Worker* workers;
static const Workload* workload;
static uint64_t* took;
static int64_t peak_bytes = -1;
static long switches;
static long page_faults;

void say(int fd, const char* format, ...) {
    char text[8192];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (int done = 0; done < n && done < (int)sizeof text - 1;) {
        ssize_t wrote = write(fd, text + done, (size_t)(n - done));
        if (wrote <= 0) return;
        done += (int)wrote;
    }
}

void die(int status, const char* format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    say(2, "harness: %s\n", text);
    _exit(status);
}

void* map(size_t bytes) {
    void* p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (p == MAP_FAILED) die(2, "not enough memory for the workload's own tables");
    return p;
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
    const char* found = strstr(text, key);
    return found ? (int64_t)strtoll(found + strlen(key), NULL, 10) * 1024 : -1;
}

static int reset_peak(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    int ok = write(fd, "5", 1) == 1;
    close(fd);
    return ok;
}

static void before_passes(void) {
    struct rusage usage;
    peak_bytes = reset_peak() ? status_bytes("VmRSS:") : -1;
    const int known = getrusage(RUSAGE_SELF, &usage) == 0;
    switches = known ? usage.ru_nivcsw : 0;
    page_faults = known ? usage.ru_minflt + usage.ru_majflt : 0;
    syscall(SYS_prctl, MARK_OPTION, MARK_BEGIN, 0, 0, 0);
}

static void after_passes(void) {
    struct rusage usage;
    syscall(SYS_prctl, MARK_OPTION, MARK_END, 0, 0, 0);
    const int known = getrusage(RUSAGE_SELF, &usage) == 0;
    int64_t top = status_bytes("VmHWM:");
    peak_bytes = peak_bytes >= 0 && top >= peak_bytes ? top - peak_bytes : -1;
    switches = known ? usage.ru_nivcsw - switches : 0;
    page_faults = known ? usage.ru_minflt + usage.ru_majflt - page_faults : -1;
}

// ---------------------------------------------------------------------------------------------- passes

// From the earliest thread's start to the latest one's end.
static uint64_t pass_time(void) {
    uint64_t from = UINT64_MAX, to = 0;
    for (uint32_t t = 0; t < parameters.threads; t++) {
        if (workers[t].start < from) from = workers[t].start;
        if (workers[t].end > to) to = workers[t].end;
    }
    return to - from;
}

static void all_passes(Worker* w) {
    const int first = w->index == 0;
    barrier();
    if (first) before_passes();
    for (uint32_t i = 0; i < parameters.passes; i++) {
        if (first) perf_control(1);
        barrier();
        w->start = now();
        workload->pass[TIMED](w);
        w->end = now();
        barrier();
        if (first) perf_control(0);
        workload->drain[TIMED](w);
        if (!first) continue;
        took[i] = pass_time();
        say(2, "pass %u of %u\n", i + 1, parameters.passes);
    }
    barrier();
    if (first) after_passes();
    barrier();
    workload->pass[CHECKED](w);
    barrier();
    workload->drain[CHECKED](w);
    if (parameters.latency == 0) return;
    barrier();
    workload->pass[CLOCKED](w);
    barrier();
    workload->drain[CLOCKED](w);
}

static void all_larson_passes(void) {
    before_passes();
    for (uint32_t i = 0; i < parameters.passes; i++) {
        perf_control(1);
        took[i] = larson_pass(TIMED);
        perf_control(0);
        say(2, "pass %u of %u\n", i + 1, parameters.passes);
    }
    after_passes();
    larson_pass(CHECKED);
    if (parameters.latency > 0) larson_pass(CLOCKED);
}

// --------------------------------------------------------------------------------------------- latency

static int by_value(const void* a, const void* b) {
    uint32_t x = *(const uint32_t*)a, y = *(const uint32_t*)b;
    return x < y ? -1 : x > y;
}

// Median cost of reading the clock.
static uint32_t clock_cost(void) {
    enum { COUNT = 100000 };
    Worker probe = {.times = map(COUNT * sizeof(uint32_t)), .room = COUNT};
    for (uint32_t i = 0; i < COUNT; i++) {
        uint64_t start = now();
        clocked(&probe, start, now());
    }
    qsort(probe.times, COUNT, sizeof(uint32_t), by_value);
    uint32_t median = probe.times[COUNT / 2];
    munmap(probe.times, COUNT * sizeof(uint32_t));
    return median;
}

// Nanoseconds of single operations of all threads, less the cost of reading the clock: p50, p99, p999, max.
static void quantiles(uint32_t out[4]) {
    uint64_t count = 0;
    for (uint32_t t = 0; t < parameters.threads; t++) count += workers[t].timed;
    if (count == 0) return;
    uint32_t* all = map(count * sizeof(uint32_t));
    uint64_t filled = 0;
    for (uint32_t t = 0; t < parameters.threads; t++) {
        memcpy(all + filled, workers[t].times, workers[t].timed * sizeof(uint32_t));
        filled += workers[t].timed;
    }
    qsort(all, count, sizeof(uint32_t), by_value);
    const uint32_t cost = clock_cost();
    const uint64_t per_mille[4] = {500, 990, 999, 1000};
    for (int i = 0; i < 4; i++) {
        uint64_t place = per_mille[i] * count / 1000;
        uint32_t t = all[place < count ? place : count - 1];
        out[i] = t > cost ? t - cost : 0;
    }
}

// ------------------------------------------------------------------------------------------- arguments

static const struct {
    const char* name;
    uint32_t* value;
    uint32_t low, high;
} fields[] = {
    {"iterations", &parameters.iterations, 1, UINT32_MAX}, {"ws", &parameters.working_set, 1, 1u << 27},
    {"min", &parameters.min, 1, 1u << 30},                 {"max", &parameters.max, 1, 1u << 30},
    {"seed", &parameters.seed, 1, UINT32_MAX},             {"threads", &parameters.threads, 1, MAX_T},
    {"passes", &parameters.passes, 0, 1000},               {"verify", &parameters.verify, 0, 1},
    {"latency", &parameters.latency, 0, 1u << 24},         {"flatten", &parameters.flatten, 0, 1},
    {"chunks", &parameters.chunks, 1, 1u << 24},           {"rounds", &parameters.rounds, 1, 1u << 20},
    {"gens", &parameters.gens, 1, 64},                     {"items", &parameters.items, 1, UINT32_MAX},
    {"ring", &parameters.ring, 1, 1u << 24},               {"phases", &parameters.phases, 1, 1u << 20},
    {"n", &parameters.n, 1, 1u << 24},                     {"ret", &parameters.ret, 1, 1u << 24},
    {"trans", &parameters.trans, 1, 1u << 24},
};

static void set_field(const char* text) {
    const char* equals = strchr(text, '=');
    if (!equals) die(2, "%s is not NAME=NUMBER", text);
    const size_t length = (size_t)(equals - text);
    if (length == 5 && memcmp(text, "trace", 5) == 0) {
        parameters.trace = equals + 1;
        return;
    }
    if (length == 7 && memcmp(text, "control", 7) == 0) {
        parameters.control = equals + 1;
        return;
    }
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (strlen(fields[i].name) != length || memcmp(fields[i].name, text, length) != 0) continue;
        char* end;
        unsigned long long v = strtoull(equals + 1, &end, 10);
        if (equals[1] < '0' || equals[1] > '9' || *end != 0 || v < fields[i].low || v > fields[i].high) {
            die(2, "%s: out of range", text);
        }
        *fields[i].value = (uint32_t)v;
        return;
    }
    die(2, "%s: no such parameter", text);
}

// The workload's definition, as far as nothing else was given.
static void defaults(void) {
    parameters = (Parameters){
        .iterations = 4000000, .working_set = 400, .min = 16, .max = 1040, .seed = 12345, .threads = 1, .passes = 0,
        .chunks = 20000, .rounds = 4, .gens = 8, .items = 1000000, .ring = 1024,
        .phases = 100, .n = 10000, .ret = 4000, .trans = 4000,
    };
}

static void choose(void) {
    Parameters* p = &parameters;
    const char* name = p->workload;
    uint32_t passes = 9;
    if (strcmp(name, "trace") == 0) {
        if (!p->trace) die(2, "trace=FILE is missing");
        load_trace();
        workload = &trace_workload;
        uint64_t wanted = (20000000 + trace.operations - 1) / trace.operations;
        passes = wanted < 5 ? 5 : wanted > 1000 ? 1000 : (uint32_t)wanted;
    } else if (strcmp(name, "random_mixed") == 0 || strcmp(name, "floor") == 0) {
        workload = *name == 'f' ? &floor_workload : &random_mixed_workload;
        if (p->threads != 1) die(2, "random_mixed and floor have one thread");
        passes = 5;
    } else if (strcmp(name, "pc") == 0) {
        workload = &pc_workload;
        if (p->threads % 2 != 0) die(2, "pc needs an even number of threads");
        if ((p->ring & (p->ring - 1)) != 0) die(2, "ring has to be a power of two");
    } else if (strcmp(name, "mstress") == 0) {
        workload = &mstress_workload;
    } else if (strcmp(name, "larson") != 0) {
        die(2, "unknown workload");
    }
    if (p->max < p->min) die(2, "max is below min");
    if (p->passes == 0) p->passes = passes;
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

static void print(const char* path) {
    const uint32_t threads = parameters.threads;
    Faults faults = {0};
    uint64_t operations = 0;
    uint32_t latency[4] = {0};
    for (uint32_t t = 0; t < threads; t++) {
        operations += workers[t].operations;
        faults.contents += workers[t].faults.contents;
        faults.alignment += workers[t].faults.alignment;
        faults.zero += workers[t].faults.zero;
    }
    if (parameters.latency > 0) quantiles(latency);
    say(1, "{\"allocator\":\"%s\",\"operations\":%llu,\"threads\":%u,\"passesNs\":[", path,
        (unsigned long long)operations, threads);
    for (uint32_t i = 0; i < parameters.passes; i++) say(1, "%s%llu", i ? "," : "", (unsigned long long)took[i]);
    say(1, "],\"hash\":[");
    // Consumers have no sequence of their own.
    const uint32_t hashes = workload == &pc_workload ? threads / 2 : threads;
    for (uint32_t t = 0; t < hashes; t++) {
        say(1, "%s\"%016llx\"", t ? "," : "", (unsigned long long)workers[t].hash);
    }
    say(1, "],\"peakBytes\":%lld,\"requestedBytes\":%llu,\"liveBytes\":%llu,\"switches\":%ld,\"pageFaults\":%ld",
        (long long)peak_bytes, (unsigned long long)peak_requested(), (unsigned long long)peak_live(), switches,
        page_faults);
    say(1, ",\"faults\":[%llu,%llu,%llu],\"latency\":[%u,%u,%u,%u]}\n", (unsigned long long)faults.contents,
        (unsigned long long)faults.alignment, (unsigned long long)faults.zero, latency[0], latency[1], latency[2],
        latency[3]);
}

int main(int argc, char** argv) {
    if (argc < 2) die(2, "which workload?");
    defaults();
    parameters.workload = argv[1];
    for (int i = 2; i < argc; i++) set_field(argv[i]);
    choose();
    char path[4096];
    allocator_path(path, sizeof path);
    took = map(parameters.passes * sizeof(uint64_t));
    workers = map(parameters.threads * sizeof(Worker));
    for (uint32_t t = 0; t < parameters.threads; t++) {
        workers[t].index = t;
        workers[t].hash = 0xcbf29ce484222325u;
        workers[t].room = parameters.latency;
        if (parameters.latency > 0) workers[t].times = map((size_t)parameters.latency * sizeof(uint32_t));
    }
    if (workload) {
        workload->setup();
        run_threads(all_passes);
    } else {
        larson_setup();
        all_larson_passes();
    }
    print(path);
    return 0;
}
