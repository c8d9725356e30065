// checks.c - what a checked pass does with every object: hash, accounting, and with `verify` alignment, zeroes, contents.
#include "harness.h"
#include <malloc.h>
#include <stdatomic.h>
#include <string.h>

#define WHOLE (64u << 10)  // above this only both ends of an object are filled and compared
#define END   (32u << 10)

static _Atomic int64_t held_requested, held_live, top_requested, top_live;

uint64_t peak_requested(void) {
    return (uint64_t)atomic_load(&top_requested);
}

uint64_t peak_live(void) {
    return (uint64_t)atomic_load(&top_live);
}

static void hold(_Atomic int64_t* held, _Atomic int64_t* top, int64_t bytes) {
    int64_t sum = atomic_fetch_add(held, bytes) + bytes;
    int64_t seen = atomic_load(top);
    while (sum > seen && !atomic_compare_exchange_weak(top, &seen, sum)) {
    }
}

static void account(const void* p, uint32_t n, int sign) {
    hold(&held_requested, &top_requested, sign * (int64_t)n);
    hold(&held_live, &top_live, sign * (int64_t)malloc_usable_size((void*)p));
}

void hash_in(Worker* w, uint64_t v) {
    w->hash = (w->hash ^ v) * 0x100000001b3u;
    w->operations++;
}

static void fill_part(uint8_t* at, size_t n, uint32_t id) {
    memset(at, (int)(id * 167u + 13u), n);
    memcpy(at, &id, n < sizeof id ? n : sizeof id);
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

static void fill(uint8_t* p, const Tag* tag) {
    if (tag->size <= WHOLE) {
        fill_part(p, tag->size, tag->id);
    } else {
        fill_part(p, END, tag->id);
        fill_part(p + tag->size - END, END, tag->id);
    }
}

// Whether the first `n` bytes (at most the object's own) are as `fill` left them; unfilled middles do not count.
static int holds(const uint8_t* p, const Tag* tag, uint32_t n) {
    if (n > tag->size) n = tag->size;
    if (tag->size <= WHOLE) return part_holds(p, n, tag->id);
    if (!part_holds(p, n < END ? n : END, tag->id)) return 0;
    return n < tag->size || part_holds(p + tag->size - END, END, tag->id);
}

static void check_alignment(Worker* w, const void* p, uint32_t n, uint32_t align) {
    uintptr_t want = align ? align : n >= 16 ? 16 : n >= 8 ? 8 : 1;
    if ((uintptr_t)p % want) w->faults.alignment++;
}

// A new object's tag and bytes.
static void enter(void* p, uint32_t n, Tag* tag) {
    tag->size = n;
    if (parameters.verify) fill(p, tag);
    else if (n > 0) touch(p, n);
    account(p, n, 1);
}

static void name_object(Worker* w, Tag* tag) {
    tag->id = w->index << 24 ^ w->next_id++;
}

void* checked_typed(Worker* w, char kind, uint32_t n, uint32_t align, Tag* tag) {
    name_object(w, tag);
    void* p = NULL;
    if (kind == 'c') p = calloc(1, n);
    else if (kind == 'a') p = malloc(n);
    else if (posix_memalign(&p, align, n) != 0) p = NULL;
    need(p);
    check_alignment(w, p, n, kind == 'm' ? align : 0);
    if (kind == 'c' && parameters.verify) {
        for (uint32_t i = 0; i < n; i++) {
            if (((uint8_t*)p)[i]) {
                w->faults.zero++;
                break;
            }
        }
    }
    enter(p, n, tag);
    hash_in(w, n);
    return p;
}

void* checked_obtain(Worker* w, uint32_t n, Tag* tag) {
    // Every eighth object of a verifying pass comes from calloc.
    return checked_typed(w, parameters.verify && w->next_id % 8 == 0 ? 'c' : 'a', n, 0, tag);
}

void* checked_resize(Worker* w, void* old, uint32_t n, Tag* tag) {
    if (parameters.verify && !holds(old, tag, tag->size)) w->faults.contents++;
    account(old, tag->size, -1);
    void* p = realloc(old, n);
    need(p);
    check_alignment(w, p, n, 0);
    if (parameters.verify && !holds(p, tag, n)) w->faults.contents++;
    enter(p, n, tag);
    hash_in(w, 0x40000000u + (uint64_t)n);
    return p;
}

void checked_forget(Worker* w, void* p, Tag* tag) {
    if (parameters.verify && !holds(p, tag, tag->size)) w->faults.contents++;
    account(p, tag->size, -1);
    free(p);
}

void checked_release(Worker* w, void* p, Tag* tag) {
    hash_in(w, 0x80000000u + (uint64_t)tag->size);
    checked_forget(w, p, tag);
}
