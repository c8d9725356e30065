// trace_load.c - the text of a trace, every rule of its format checked, to arrays by thread.
#define _GNU_SOURCE
#include "trace.h"
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

Trace trace;

enum { LIVE = 1, USED = 2, REUSED = 4, CROSSED = 8 };

// What is known of an id up to the line that is being read.
typedef struct Id {
    uint32_t last;  // index of the last op on it
    uint8_t state, thread;
} Id;

static const char *at, *text_end;
static uint64_t line = 1;

static void wrong(const char* what) __attribute__((noreturn));
static void wrong(const char* what) {
    die(2, "line %llu: %s", (unsigned long long)line, what);
}

static uint64_t number(uint64_t most, const char* what) {
    uint64_t v = 0;
    const char* from = at;
    while (at < text_end && *at >= '0' && *at <= '9' && at - from < 18) v = v * 10 + (uint64_t)(*at++ - '0');
    if (at == from || v > most) wrong(what);
    return v;
}

static void blank(void) {
    if (at >= text_end || *at != ' ') wrong("expected a blank and a number");
    at++;
}

static void expect(const char* word) {
    size_t n = strlen(word);
    if ((size_t)(text_end - at) < n || memcmp(at, word, n) != 0) {
        wrong("not the first line of a trace (# alloc-trace v1 PROGRAM objects=N threads=T ops=M)");
    }
    at += n;
}

// The line's end, or the text's.
static void end_line(void) {
    if (at < text_end && *at != '\n') wrong("more on the line than its kind has");
    if (at < text_end) at++;
}

static void header(void) {
    expect("# alloc-trace v1 ");
    while (at < text_end && *at > ' ') at++;
    expect(" objects=");
    trace.objects = (uint32_t)number(UINT32_MAX, "objects is not a number below 2^32");
    expect(" threads=");
    trace.recorded_threads = (uint32_t)number(MAX_T, "threads is not a number from 1 to 256");
    expect(" ops=");
    trace.operations = number(UINT32_MAX, "ops is not a number below 2^32");
    end_line();
    // The shortest line has four characters, so that a false header cannot make us map more than the file's own size.
    if (trace.recorded_threads == 0 || trace.operations == 0) wrong("a trace has at least one thread and one op");
    if (trace.operations > ((uint64_t)(text_end - at) + 1) / 4) wrong("the header promises more ops than the file has");
    if (trace.objects == 0 || trace.objects > trace.operations) wrong("the header promises more objects than ops");
}

static void allocates(Id* id, uint32_t thread) {
    if (id->state & LIVE) wrong("this object is live already");
    if (id->state & USED) {
        if (id->state & CROSSED) wrong("this id was handed over to another thread and may not be used again");
        if (id->thread != thread) wrong("this id was used by another thread before");
        id->state |= REUSED;
    }
    id->state |= USED | LIVE;
    id->thread = (uint8_t)thread;
}

static void uses(Id* id, uint32_t index, uint32_t thread, Op* all) {
    if (!(id->state & LIVE)) wrong("this object is not live");
    if (id->thread == thread) return;
    if (id->state & CROSSED) wrong("an object may be handed over once only");
    if (id->state & REUSED) wrong("an object with a reused id may not be handed over");
    id->state |= CROSSED;
    id->thread = (uint8_t)thread;
    all[index].flags |= OP_WAIT;
    all[id->last].flags |= OP_PUB;
}

static void operation(Op* all, Id* ids, uint32_t index, uint32_t thread) {
    Op* op = &all[index];
    op->kind = *at++;
    op->thread = (uint8_t)thread;
    blank();
    op->id = (uint32_t)number(trace.objects - 1, "the id is not one of the header's objects");
    if (op->kind != 'f') {
        blank();
        op->size = (uint32_t)number(UINT32_MAX, "the size is not a number below 2^32");
    }
    if (op->kind == 'm') {
        blank();
        uint64_t align = number(1u << 30, "the alignment is not a power of two up to 2^30");
        if (align == 0 || (align & (align - 1))) wrong("the alignment is not a power of two up to 2^30");
        op->align_log2 = (uint8_t)__builtin_ctzll(align);
    }
    if (op->kind == 'r' && op->size == 0) wrong("realloc to no bytes");
    end_line();
    Id* id = &ids[op->id];
    if (op->kind == 'f' || op->kind == 'r') uses(id, index, thread, all);
    else allocates(id, thread);
    if (op->kind == 'f') id->state &= ~LIVE;
    id->last = index;
}

static uint32_t read_operations(Op* all, Id* ids) {
    uint32_t thread = 0, done = 0;
    for (line = 2; at < text_end; line++) {
        const char kind = *at;
        if (kind == 't') {
            at++;
            blank();
            thread = (uint32_t)number(trace.recorded_threads - 1, "the thread is not one of the header's");
            if (parameters.flatten) thread = 0;
            end_line();
            continue;
        }
        if (kind != 'a' && kind != 'c' && kind != 'm' && kind != 'r' && kind != 'f') wrong("not an op of a trace");
        if (done == trace.operations) wrong("more ops than the header promises");
        operation(all, ids, done++, thread);
    }
    return done;
}

static void by_thread(const Op* all, const Id* ids) {
    for (uint64_t i = 0; i < trace.operations; i++) trace.threads[all[i].thread].count++;
    for (uint32_t i = 0; i < trace.objects; i++) {
        if (ids[i].state & LIVE) trace.threads[ids[i].thread].live++;
    }
    uint32_t at_op[MAX_T] = {0}, at_left[MAX_T] = {0};
    for (uint32_t t = 0; t < parameters.threads; t++) {
        if (trace.threads[t].count == 0) die(2, "thread %u has no op", t);
        trace.threads[t].ops = map(trace.threads[t].count * sizeof(Op));
        trace.threads[t].left = map((trace.threads[t].live + 1) * sizeof(uint32_t));
    }
    for (uint64_t i = 0; i < trace.operations; i++) {
        TraceThread* t = &trace.threads[all[i].thread];
        t->ops[at_op[all[i].thread]++] = all[i];
    }
    for (uint32_t i = 0; i < trace.objects; i++) {
        if (!(ids[i].state & USED)) die(2, "id %u is never used", i);
        if (ids[i].state & LIVE) trace.threads[ids[i].thread].left[at_left[ids[i].thread]++] = i;
    }
}

void load_trace(void) {
    int fd = open(parameters.trace, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) die(2, "it cannot be opened");
    if (st.st_size == 0) die(2, "it is empty");
    const char* text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    if (text == MAP_FAILED) die(2, "it cannot be read");
    at = text;
    text_end = text + st.st_size;
    header();
    parameters.threads = parameters.flatten ? 1 : trace.recorded_threads;
    Op* all = map(trace.operations * sizeof(Op));
    Id* ids = map((size_t)trace.objects * sizeof(Id));
    if (read_operations(all, ids) != trace.operations) die(2, "it ends before the ops that its header promises");
    by_thread(all, ids);
    munmap(all, trace.operations * sizeof(Op));
    munmap(ids, (size_t)trace.objects * sizeof(Id));
    munmap((void*)text, (size_t)st.st_size);
}
