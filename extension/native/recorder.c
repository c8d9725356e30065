// recorder.c - preloaded into a program, writes down every allocation that it makes.
//
// One file a program of a process, in the folder that ALLOC_LENS_RECORD names: PID-N.rec. It is a sequence of chunks of CHUNK bytes, each
// of one thread, mapped shared: what was written is in the file whatever ends the process, `_exit` and SIGKILL included.
//
//   chunk   | magic 8 | thread 4 | count 4 | process 4 | flags 4 | name 40 | event * count ... |
//   event   | sequence 8 | address 8 | size 8 | kind 4 | log2 alignment 4 |            (little-endian, as the machine has them)
//
// The sequence is one real order: an allocation takes its number after the allocator gave the address, a free before the
// allocator gets it back, so that an address is never given twice without a free between. A realloc has two events, for
// it does both. A process that forks goes on in a file of its own: MADV_WIPEONFORK tells it, whoever called clone.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define TLS static __thread __attribute__((tls_model("initial-exec")))

enum { CHUNK = 1 << 16, EVENT_LIMIT_DEFAULT = 50000000 };
enum Kind { MALLOC, CALLOC, ALIGNED, FREE, REALLOC_FROM, REALLOC_TO, REALLOC_FAILED };
enum { STOPPED_AT_LIMIT = 1, STOPPED_BY_DISK = 2 };

typedef struct {
    uint64_t sequence, address, size;
    uint32_t kind, align;
} Event;

typedef struct {
    char magic[8];
    uint32_t thread;
    _Atomic uint32_t count;
    uint32_t process;
    _Atomic uint32_t flags;
    char program[40];
} Chunk;

enum { EVENTS = (CHUNK - sizeof(Chunk)) / sizeof(Event) };
_Static_assert(sizeof(Event) == 32 && sizeof(Chunk) == 64, "the reader expects these sizes");

static struct {
    void* (*malloc)(size_t);
    void (*free)(void*);
    void* (*calloc)(size_t, size_t);
    void* (*realloc)(void*, size_t);
    void* (*memalign)(size_t, size_t);
    void* (*aligned_alloc)(size_t, size_t);
    int (*posix_memalign)(void**, size_t, size_t);
} real;

// One page that a forked child finds empty.
typedef struct {
    _Atomic uint32_t alive;
    int fd;
    _Atomic uint32_t threads;
    _Atomic uint64_t chunks, sequence;
    _Atomic uint32_t stopped;
} Process;

static Process* process;
static uint64_t limit = EVENT_LIMIT_DEFAULT;
static char folder[3072];
static _Atomic uint32_t opening;
// What an allocator asks for while it is being looked up.
static _Alignas(16) char early[1 << 16];
static _Atomic size_t early_used;

TLS Chunk* chunk;
TLS uint32_t chunk_owner;  // process id that the chunk belongs to
TLS uint32_t thread;       // number in this process, from 1
TLS int depth;             // inside the recorder or the allocator: nothing more is written down

static int is_early(const void* p) { return (const char*)p >= early && (const char*)p < early + sizeof early; }

static void* early_alloc(size_t size, size_t align) {
    size_t at = atomic_fetch_add(&early_used, size + align + 16);
    at = (at + align + 15) & ~(size_t)(align > 16 ? align - 1 : 15);
    return at + size <= sizeof early ? early + at : NULL;
}

static void start(void);

static void look_up(void) {
    depth++;
    real.malloc = dlsym(RTLD_NEXT, "malloc");
    real.free = dlsym(RTLD_NEXT, "free");
    real.calloc = dlsym(RTLD_NEXT, "calloc");
    real.realloc = dlsym(RTLD_NEXT, "realloc");
    real.memalign = dlsym(RTLD_NEXT, "memalign");
    real.aligned_alloc = dlsym(RTLD_NEXT, "aligned_alloc");
    real.posix_memalign = dlsym(RTLD_NEXT, "posix_memalign");
    // Not in a constructor: those of other libraries may run, and allocate, before ours.
    start();
    depth--;
}

// --------------------------------------------------------------------------------------------- the file

static void program_name(char* out, size_t room) {
    char path[512];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    const char* base = strrchr(path, '/');
    snprintf(out, room, "%s", base ? base + 1 : path);
}

static void open_file(void) {
    char name[4096];
    process->fd = -1;
    // A process that became another program by exec has the same number: each program gets a file of its own.
    for (int program = 0; process->fd < 0 && program < 1000; program++) {
        snprintf(name, sizeof name, "%s/%ld-%d.rec", folder, (long)getpid(), program);
        process->fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (process->fd < 0 && errno != EEXIST) break;
    }
    if (process->fd >= 0) {
        // Out of the way of programs that close or count the small ones.
        int high = fcntl(process->fd, F_DUPFD_CLOEXEC, 700);
        if (high >= 0) {
            close(process->fd);
            process->fd = high;
        }
    }
    process->threads = 0;
    process->chunks = 0;
    process->sequence = 0;
    process->stopped = 0;
    atomic_store_explicit(&process->alive, 1, memory_order_release);
}

static int ready(void) {
    if (!process) return 0;
    if (atomic_load_explicit(&process->alive, memory_order_acquire)) return process->fd >= 0;
    while (atomic_exchange(&opening, 1)) {
    }
    if (!atomic_load_explicit(&process->alive, memory_order_acquire)) open_file();
    atomic_store(&opening, 0);
    return process->fd >= 0;
}

static void start(void) {
    if (process) return;
    const char* where = getenv("ALLOC_LENS_RECORD");
    if (!where || strlen(where) >= sizeof folder) return;
    depth++;
    strcpy(folder, where);
    const char* most = getenv("ALLOC_LENS_RECORD_LIMIT");
    if (most) limit = strtoull(most, NULL, 10);
    void* page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED && madvise(page, 4096, MADV_WIPEONFORK) == 0) process = page;
    depth--;
}

static Chunk* new_chunk(void) {
    const uint64_t index = atomic_fetch_add(&process->chunks, 1);
    const off_t at = (off_t)(index * CHUNK);
    // A hole in a shared mapping that the disk has no room for would kill the program.
    if (posix_fallocate(process->fd, at, CHUNK) != 0) return NULL;
    Chunk* c = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, process->fd, at);
    if (c == MAP_FAILED) return NULL;
    if (thread == 0 || chunk_owner != (uint32_t)getpid()) thread = 1 + atomic_fetch_add(&process->threads, 1);
    chunk_owner = (uint32_t)getpid();
    c->thread = thread;
    c->process = chunk_owner;
    program_name(c->program, sizeof c->program);
    memcpy(c->magic, "alrec 1\n", 8);
    return c;
}

static void stop(uint32_t why) {
    atomic_store(&process->stopped, why);
    if (chunk) atomic_fetch_or(&chunk->flags, why);
}

static void record(uint32_t kind, const void* address, size_t size, uint32_t align) {
    if (!ready()) return;
    const int error = errno;
    // A forked child has its parent's chunk still mapped, and must not write there: `threads` is 0 in a fresh file.
    if (chunk && (atomic_load(&process->threads) == 0 || thread == 0)) {
        munmap(chunk, CHUNK);
        chunk = NULL;
        thread = 0;
    }
    if (atomic_load_explicit(&process->stopped, memory_order_relaxed)) return;
    if (!chunk || atomic_load_explicit(&chunk->count, memory_order_relaxed) == EVENTS) {
        Chunk* next = new_chunk();
        if (!next) {
            stop(STOPPED_BY_DISK);
            errno = error;
            return;
        }
        if (chunk) munmap(chunk, CHUNK);
        chunk = next;
    }
    const uint64_t sequence = atomic_fetch_add(&process->sequence, 1);
    if (sequence >= limit) {
        stop(STOPPED_AT_LIMIT);
        errno = error;
        return;
    }
    const uint32_t n = atomic_load_explicit(&chunk->count, memory_order_relaxed);
    Event* e = (Event*)(chunk + 1) + n;
    *e = (Event){sequence, (uintptr_t)address, size, kind, align};
    atomic_store_explicit(&chunk->count, n + 1, memory_order_release);
    errno = error;
}

static uint32_t log2_of(size_t align) { return align > 1 ? 63u - (uint32_t)__builtin_clzll(align) : 0; }

// -------------------------------------------------------------------------------------------- the calls

EXPORT void* malloc(size_t size) {
    if (!real.malloc) {
        if (depth) return early_alloc(size, 16);
        look_up();
    }
    if (depth) return real.malloc(size);
    depth++;
    void* p = real.malloc(size);
    if (p) record(MALLOC, p, size, 0);
    depth--;
    return p;
}

EXPORT void free(void* p) {
    if (!p || is_early(p)) return;
    if (!real.free) look_up();
    if (depth) {
        real.free(p);
        return;
    }
    depth++;
    record(FREE, p, 0, 0);
    real.free(p);
    depth--;
}

EXPORT void* calloc(size_t count, size_t size) {
    size_t bytes;
    if (!real.calloc) {
        if (depth) return __builtin_mul_overflow(count, size, &bytes) ? NULL : early_alloc(bytes, 16);
        look_up();
    }
    if (depth) return real.calloc(count, size);
    depth++;
    void* p = real.calloc(count, size);
    if (p) record(CALLOC, p, count * size, 0);
    depth--;
    return p;
}

EXPORT void* realloc(void* old, size_t size) {
    if (!real.realloc) {
        if (depth) return old ? NULL : early_alloc(size, 16);
        look_up();
    }
    if (is_early(old)) {
        // Its size is not known; nothing behind it in the buffer belongs to anyone else yet that is not as large.
        void* p = malloc(size);
        size_t there = (size_t)(early + sizeof early - (char*)old);
        if (p) memcpy(p, old, size < there ? size : there);
        return p;
    }
    if (depth) return real.realloc(old, size);
    depth++;
    if (old) record(REALLOC_FROM, old, 0, 0);
    void* p = real.realloc(old, size);
    if (!old) {
        if (p) record(MALLOC, p, size, 0);
    } else if (p || size == 0) {
        record(REALLOC_TO, p, size, 0);
    } else {
        record(REALLOC_FAILED, old, 0, 0);
    }
    depth--;
    return p;
}

EXPORT void* reallocarray(void* old, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, bytes);
}

EXPORT int posix_memalign(void** out, size_t align, size_t size) {
    if (!real.posix_memalign) {
        if (depth) return (*out = early_alloc(size, align)) ? 0 : ENOMEM;
        look_up();
    }
    if (depth) return real.posix_memalign(out, align, size);
    depth++;
    const int status = real.posix_memalign(out, align, size);
    if (status == 0 && *out) record(ALIGNED, *out, size, log2_of(align));
    depth--;
    return status;
}

EXPORT void* aligned_alloc(size_t align, size_t size) {
    if (!real.aligned_alloc) {
        if (depth) return early_alloc(size, align);
        look_up();
    }
    if (depth) return real.aligned_alloc(align, size);
    depth++;
    void* p = real.aligned_alloc(align, size);
    if (p) record(ALIGNED, p, size, log2_of(align));
    depth--;
    return p;
}

EXPORT void* memalign(size_t align, size_t size) {
    if (!real.memalign) {
        if (depth) return early_alloc(size, align);
        look_up();
    }
    // Not every allocator has it.
    if (!real.memalign) return aligned_alloc(align, size);
    if (depth) return real.memalign(align, size);
    depth++;
    void* p = real.memalign(align, size);
    if (p) record(ALIGNED, p, size, log2_of(align));
    depth--;
    return p;
}

EXPORT void* valloc(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }

EXPORT void* pvalloc(size_t size) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return memalign(page, (size + page - 1) & ~(page - 1));
}
