/** How far functions lie from the entry points: every rule with a case that it must not catch. */
import { expect, it } from 'vitest';
import { temperaturesOf } from './sources.ts';

const head = '#include <stddef.h>\n#include <stdlib.h>\n#include <stdio.h>\n';
/** `malloc` with a body, and helpers that do some work. */
const c = (body: string, more = ''): string => `${head}
struct node { struct node *next; };
extern struct node *take(size_t);
static int work(size_t n) { return (int)n * 3 + 1; }
static void *helper(size_t n) { return take(n + 1); }
static void *other(size_t n) { return take(n + 2); }
${more}
void *malloc(size_t n) { ${body} }
void free(void *p) { (void)p; }
`;

async function of(body: string, more = '', name = 'helper'): Promise<string | undefined> {
  return (await temperaturesOf(c(body, more)))[name];
}

it.each([
  ['called straight away', 'return helper(n);', 'hot'],
  ['under an ordinary branch', 'if (n < 64) return helper(n); return other(n);', 'hot'],
  ['under __builtin_expect(x, 0)', 'if (__builtin_expect(n > 64, 0)) return helper(n); return 0;', 'warm'],
  ['under __builtin_expect(x, 1)', 'if (__builtin_expect(n > 64, 1)) return helper(n); return 0;', 'hot'],
  ['after a likely return', 'if (__builtin_expect(n < 64, 1)) return other(n); return helper(n);', 'warm'],
  [
    'after likely returns inside a likely branch',
    'if (__builtin_expect(n < 64, 1)) { if (__builtin_expect(n < 9, 1)) return other(n); if (__builtin_expect(n < 19, 1)) return other(n); } return helper(n);',
    'warm',
  ],
  [
    'where a pointer was not there',
    'struct node *p = take(n); if (p == NULL) return helper(n); return p;',
    'warm',
  ],
  [
    'where a pointer was there',
    'struct node *p = take(n); if (p != NULL) return helper(n); return 0;',
    'hot',
  ],
  [
    'behind two unlikely branches',
    'if (__builtin_expect(n > 64, 0)) if (__builtin_expect(n > 99, 0)) return helper(n); return 0;',
    'warm',
  ],
  [
    'behind three',
    'if (__builtin_expect(n > 64, 0)) if (__builtin_expect(n > 99, 0)) if (__builtin_expect(n > 199, 0)) return helper(n); return 0;',
    'cold',
  ],
  ['before abort', 'if (n == 7) { helper(n); abort(); } return 0;', 'cold'],
  [
    'with a message',
    'if (n == 7) { helper(n); fprintf(stderr, "out of memory: %zu\\n", n); } return 0;',
    'cold',
  ],
])('%s', async (_, body, wanted) => {
  expect(await of(body)).toBe(wanted);
});

it('knows a first time from a refill', async () => {
  const more = `static int ready; static struct node *list;
static void start(void) { ready = 1; }
static void fill(size_t n) { list = take(n); }`;
  const t = await temperaturesOf(
    c(
      'if (!ready) start(); if (list == NULL) fill(n); struct node *p = list; list = list->next; return p;',
      more,
    ),
  );
  expect([t.start, t.fill]).toEqual(['cold', 'warm']);
});

it('takes attributes: cold, noreturn, hot, constructor', async () => {
  const more = `__attribute__((cold)) void *slowly(size_t n) { return take(n); }
__attribute__((noreturn)) static void die(int n) { for (;;) exit(n); }
__attribute__((hot)) static void *refill_fast(size_t n) { return take(n); }
static void *refill(size_t n) { return take(n + 3); }
__attribute__((constructor)) static void boot(void) { work(1); }`;
  const t = await temperaturesOf(c('if (n == 3) die(3); slowly(n); refill_fast(n); return refill(n);', more));
  expect([t.slowly, t.die, t.refill_fast, t.refill, t.boot]).toEqual([
    'warm',
    'cold',
    'hot',
    'warm',
    'unreached',
  ]);
});

it('takes [[likely]] and [[unlikely]] branches of C++', async () => {
  const t = await temperaturesOf({
    'a.cc': `#include <cstddef>
static void *fast(size_t n) { return (void *)n; }
static void *far(size_t n) { return (void *)(n + 1); }
static void *last(size_t n) { return (void *)(n + 2); }
extern "C" void *malloc(size_t n) { if (n > 64) [[unlikely]] { return far(n); } if (n > 8) [[likely]] { return fast(n); } else { return last(n); } }
extern "C" void free(void *) {}`,
  });
  expect([t.fast, t.far, t.last]).toEqual(['hot', 'warm', 'warm']);
});

it('leaves what only assertions call, and what only asserts, in the cold', async () => {
  const t = await temperaturesOf(`#include <assert.h>
#define my_assert(x) ((x) ? (void)0 : fail(#x))
extern void fail(const char *);
static int is_valid(int n) { return n > 3; }
static void check_all(int n) { my_assert(n > 3); my_assert(n < 9); }
void *malloc(unsigned long n) { my_assert(is_valid(n)); check_all(n); return 0; }
void free(void *p) {}`);
  expect([t.is_valid, t.check_all]).toEqual(['cold', 'cold']);
});

it('follows pointers: tables, struct fields, hooks, arguments, virtual methods', async () => {
  const t = await temperaturesOf({
    'a.c': `typedef void *(*alloc_fn)(unsigned long);
static void *small(unsigned long n) { return (void *)n; }
static void *big(unsigned long n) { return (void *)(n + 1); }
static void *viaField(unsigned long n) { return (void *)(n + 2); }
static void *viaArg(unsigned long n) { return (void *)(n + 3); }
static void *never(unsigned long n) { return (void *)(n + 4); }
static void onExit(void) {}
extern int atexit(void (*)(void));
static alloc_fn table[] = { small, big };
struct ops { int kind; alloc_fn get; };
struct unused { alloc_fn get; };
static const struct ops ops = { 3, viaField };
static const struct unused nobody = { never };
static void *apply(alloc_fn f, unsigned long n) { return f(n); }
static void *pass(alloc_fn f, unsigned long n) { return apply(f, n); }
void *malloc(unsigned long n) { atexit(onExit); if (n < 4) return table[n & 1](n); if (n < 8) return ops.get(n); return pass(viaArg, n); }
void free(void *p) {}`,
    'b.cc': `struct Base { virtual void *get(unsigned long n) = 0; };
struct Derived : Base { void *get(unsigned long n) override { return (void *)n; } };
struct Stranger { void *get(unsigned long n) { return (void *)n; } };
extern Base *base;
extern "C" void *calloc(unsigned long n, unsigned long m) { return base->get(n * m); }`,
  });
  expect([t.small, t.big, t.viaField, t.viaArg]).toEqual(['hot', 'hot', 'hot', 'hot']);
  expect([t.never, t.onExit]).toEqual(['unreached', 'cold']);
  expect([t['Derived::get'], t['Stranger::get']]).toEqual(['hot', 'unreached']);
});

it('takes a checker that counts for one, and one that moves something on for work', async () => {
  const more = `#define my_assert(x) ((x) ? (void)0 : fail(#x))
extern void fail(const char *);
static struct node *first; static int moved;
static int move_on(void) { moved = 1; first = first->next; return 1; }
static void check_list(int n) {
  int seen = 0;
  for (struct node *p = first; p != 0; p = p->next) { seen++; if (p == p->next) { fprintf(stderr, "loop\\n"); abort(); } }
  my_assert(seen < n);
}
static void walk_list(int n) { my_assert(n > 0); int done; do { done = move_on(); } while (!done); }
static void count_calls(int n) { static int calls; my_assert(n > 0); calls++; }`;
  const t = await temperaturesOf(c('check_list(n); walk_list(n); count_calls(n); return helper(n);', more));
  expect([t.check_list, t.walk_list, t.count_calls]).toEqual(['cold', 'hot', 'hot']);
});

it('calls the system through a definition that stands in for it, and through a function behind a star', async () => {
  const t = await temperaturesOf({
    'a.c': c(
      'if (n > 64) return remap(n); return (*more)(n);',
      `extern void *mremap(void *, size_t, size_t, int);
extern void *sbrk(long);
static void *remap(size_t n) { return mremap(0, n, n * 2, 1); }
static void *more(size_t n) { return sbrk((long)n); }`,
    ),
    'preload.c': `typedef unsigned long size_t;
static void *(*real)(void *, size_t, size_t, int);
void *mremap(void *p, size_t a, size_t b, int f) { return real(p, a, b, f); }`,
  });
  expect([t.remap, t.more]).toEqual(['warm', 'warm']);
});

it('takes what is seldom called for hot itself, but not what it alone leads to', async () => {
  const more = `static void *aligned(size_t a, size_t n) { return take(a + n); }
void *memalign(size_t a, size_t n) { if (a < 16) return helper(n); return aligned(a, n); }`;
  const t = await temperaturesOf(c('return helper(n);', more));
  expect([t.memalign, t.aligned, t.helper]).toEqual(['hot', 'warm', 'hot']);
});
