/** Candidates A to I on small sources, each beside one that looks like it and is none. */
import { expect, it } from 'vitest';
import type { Candidate } from '../../../extension/model.ts';
import { findingsOfText, rowsOf } from './sources.ts';

const head = `#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <time.h>
#include <sys/mman.h>
extern void *raw(unsigned long);
struct block { struct block *next; unsigned char tag; };
`;
const lines = head.split('\n').length - 1;

async function rows(letter: Candidate['letter'], source: string, file = 'a.c'): Promise<string[]> {
  const f = await findingsOfText({ [file]: `${head}${source}` });
  return rowsOf(f, letter).map((r) => {
    const at = r.lastIndexOf(':');
    return `${r.slice(0, at)}:${Number(r.slice(at + 1)) - lines}`;
  });
}

it('A: a layer that checks and hands on; not one that only forwards, nor one that works', async () => {
  const source = (body: string): string => `static int ready;
static void *work(unsigned long n) { struct block *b = raw(n); b->next = 0; b->tag = 1; if (n > 4) b->tag = 2; return b; }
static void *layer(unsigned long n) { ${body} }
void *malloc(unsigned long n) { void *p = layer(n); return p; }
void start(void) { ready = 1; }`;
  expect(await rows('A', source('if (!ready) return 0; if (n > 4096) return 0; return work(n);'))).toEqual([
    'layer:3',
  ]);
  expect(await rows('A', source('return work(n);'))).toEqual([]);
  expect(await rows('A', source('struct block *b = raw(n); if (b) { b->tag = 3; } return work(n);'))).toEqual(
    [],
  );
});

it('A: a call into another file costs one, in the same file it is inlined', async () => {
  const work =
    'void *work(unsigned long n) { char *b = raw(n); b[0] = 0; b[1] = 1; if (n > 4) b[2] = 2; return b; }';
  const layer = 'void *layer(unsigned long n) { return work(n); }';
  const malloc =
    'extern void *layer(unsigned long); void *malloc(unsigned long n) { void *p = layer(n); return p; }';
  const apart = await findingsOfText({
    'a.c': malloc,
    'b.c': `extern void *work(unsigned long);\n${layer}`,
    'c.c': `extern void *raw(unsigned long);\n${work}`,
  });
  expect(rowsOf(apart, 'A')).toEqual(['layer:2']);
  const together = await findingsOfText({
    'a.c': malloc,
    'b.c': `extern void *raw(unsigned long);\n${work}\n${layer}`,
  });
  expect(rowsOf(together, 'A')).toEqual([]);
});

it('B: one gate asked twice along a path, here and below; not in two branches', async () => {
  const gate = `static int on(void) { static int g = -1; if (__builtin_expect(g == -1, 0)) { const char *e = getenv("X_ON"); g = e && *e != '0'; } return g; }
`;
  expect(
    await rows(
      'B',
      `${gate}static void *inner(unsigned long n) { if (on()) n++; return raw(n); }
void *malloc(unsigned long n) { if (on()) n += 8; return inner(n); }`,
    ),
  ).toEqual(['malloc:3']);
  expect(
    await rows(
      'B',
      `${gate}void *malloc(unsigned long n) { if (n > 8) { if (on()) n += 8; } else { if (on()) n += 16; } return raw(n); }`,
    ),
  ).toEqual([]);
});

it('B: a shared snapshot loaded twice; not one that the path itself changes, nor in a loop', async () => {
  expect(
    await rows(
      'B',
      `static _Atomic unsigned version;
static int old(void) { return atomic_load(&version) > 3; }
void *malloc(unsigned long n) { unsigned v = atomic_load(&version); if (old()) n++; return raw(n + v); }
void change(void) { atomic_store(&version, 4); }`,
    ),
  ).toEqual(['malloc:3']);
  expect(
    await rows(
      'B',
      `static _Atomic unsigned top;
void *malloc(unsigned long n) { unsigned v = atomic_load(&top); if (v > atomic_load(&top)) n++; atomic_store(&top, v + 1); return raw(n + v); }`,
    ),
  ).toEqual([]);
});

it('C: telemetry that is updated on the hot path; not what is compiled out, cold, or steers', async () => {
  const report = '\nvoid report(void) { printf("%lu\\n", atomic_load(&calls)); }';
  expect(
    await rows(
      'C',
      `static _Atomic unsigned long calls;\nvoid *malloc(unsigned long n) { atomic_fetch_add(&calls, 1); return raw(n); }${report}`,
    ),
  ).toEqual(['malloc:2']);
  expect(
    await rows(
      'C',
      `#ifndef STATS\n#define STATS 0\n#endif\nstatic _Atomic unsigned long calls;\nvoid *malloc(unsigned long n) {\n#if STATS\natomic_fetch_add(&calls, 1);\n#endif\nreturn raw(n); }${report}`,
    ),
  ).toEqual([]);
  expect(
    await rows(
      'C',
      `static _Atomic unsigned long calls;\nvoid *malloc(unsigned long n) { return raw(n); }\nvoid reset(void) { atomic_fetch_add(&calls, 1); }${report}`,
    ),
  ).toEqual([]);
  expect(
    await rows(
      'C',
      'static _Atomic unsigned long calls;\nvoid *malloc(unsigned long n) { if (atomic_fetch_add(&calls, 1) > 9) return 0; return raw(n); }',
    ),
  ).toEqual([]);
});

it('D: a check of the same memory by caller and callee; not of other memory, nor after it was written', async () => {
  const source = (
    before: string,
    test: string,
  ): string => `static int inner(struct block *p) { if (p->tag != 7) return 0; p->next = 0; return 1; }
void free(void *v) { struct block *p = v; if (${test}) return; ${before} inner(p); }`;
  expect(await rows('D', source('', 'p->tag != 7'))).toEqual([]);
  const direct = (
    before: string,
    test: string,
  ): string => `static int inner(unsigned char *p) { if (*(p - 1) != 7) return 0; p[3] = 0; return 1; }
void free(void *v) { if (${test}) return; ${before} inner(v); }`;
  expect(await rows('D', direct('', '*((unsigned char *)v - 1) != 7'))).toEqual(['inner:1']);
  expect(await rows('D', direct('', '*((unsigned char *)v - 2) != 7'))).toEqual([]);
  expect(await rows('D', direct('*((unsigned char *)v - 1) = 7;', '*((unsigned char *)v - 1) != 7'))).toEqual(
    [],
  );
});

it('E: a route from flags that start-up fixes; not a plain table, nor from what the path writes', async () => {
  const source = (
    body: string,
    writes: string,
  ): string => `static int wide, deep; static unsigned char kinds[64]; static int depth;
void setup(int argc) { wide = argc > 1; deep = argc > 2; for (int i = 0; i < 64; i++) kinds[i] = i & 3; }
static int route(int c) { ${body} }
void *malloc(unsigned long n) { ${writes} return raw(route((int)n & 63)); }`;
  expect(
    await rows('E', source('if (wide && c < 4) return 1; if (deep) return 2; return kinds[c];', '')),
  ).toEqual(['route:3']);
  expect(await rows('E', source('if (c < 4) return 0; return kinds[c];', ''))).toEqual([]);
  expect(
    await rows(
      'E',
      source('if (wide && c < 4) return 1; if (depth > 3) return 2; return kinds[c];', 'depth++;'),
    ),
  ).toEqual([]);
});

it('F: telemetry with an order; not relaxed telemetry, nor a lock', async () => {
  const source = (order: string): string => `static _Atomic unsigned long calls; static _Atomic int lock;
void *malloc(unsigned long n) {
atomic_fetch_add_explicit(&calls, 1, ${order});
while (atomic_exchange_explicit(&lock, 1, memory_order_acquire)) { } void *p = raw(n); atomic_store(&lock, 0); return p; }
void report(void) { printf("%lu\\n", atomic_load(&calls)); }`;
  expect(await rows('F', source('memory_order_seq_cst'))).toEqual(['malloc:3']);
  expect(await rows('F', source('memory_order_acq_rel'))).toEqual(['malloc:3']);
  expect(await rows('F', source('memory_order_relaxed'))).toEqual([]);
});

it('F: not an operator on a member that another configuration declares without atomic', async () => {
  const source = (plain: string): string => `
#ifdef HAVE_ATOMIC64
struct cell { _Atomic unsigned long val; };
#else
struct cell { ${plain} val; };
#endif
static struct cell calls;
static void count(struct cell *c) {
#ifdef HAVE_ATOMIC64
atomic_fetch_add_explicit(&c->val, 1, memory_order_relaxed);
#else
c->val += 1;
#endif
}
void *malloc(unsigned long n) { count(&calls); return raw(n); }
void report(void) { printf("%lu\\n", (unsigned long)calls.val); }`;
  expect(await rows('F', source('unsigned long'))).toEqual([]);
  expect(await rows('F', source('_Atomic unsigned long'))).not.toEqual([]);
});

const add = (...what: string[]): string =>
  `void *malloc(unsigned long n) {\n${what.map((w) => `atomic_fetch_add_explicit(&${w}, 1, memory_order_relaxed);`).join('\n')}\nreturn raw(n); }`;
const show = (...what: string[]): string =>
  `\nvoid report(void) { ${what.map((w) => `printf("%lu", (unsigned long)atomic_load(&${w}));`).join(' ')} }`;

it('G: counters in one line; not padded ones, far ones, or those of a thread', async () => {
  const pair = (fields: string): string =>
    `static struct { ${fields} } s;\n${add('s.a', 's.b')}${show('s.a', 's.b')}`;
  expect(await rows('G', pair('_Atomic unsigned long a; _Atomic unsigned long b;'))).toHaveLength(1);
  expect(await rows('G', pair('_Atomic unsigned long a; char pad[56]; _Atomic unsigned long b;'))).toEqual(
    [],
  );
  expect(await rows('G', pair('_Atomic unsigned long a; _Alignas(64) _Atomic unsigned long b;'))).toEqual([]);
  expect(
    await rows(
      'G',
      pair('_Atomic unsigned long a; _Atomic unsigned long b;').replace(
        'static struct',
        'static _Thread_local struct',
      ),
    ),
  ).toEqual([]);
});

it('G: a counter beside what the hot path only reads', async () => {
  const source = (
    pad: string,
  ): string => `struct heap { unsigned long limit; ${pad} _Atomic unsigned long used; };
static struct heap h;
void *malloc(unsigned long n) { if (n > h.limit) n = 8; atomic_fetch_add_explicit(&h.used, n, memory_order_relaxed); return raw(n); }
void setup(void) { h.limit = 4096; }${show('h.used')}`;
  expect(await rows('G', source(''))).toEqual(['malloc:3']);
  expect(await rows('G', source('char pad[64];'))).toEqual([]);
});

it('G: arrays indexed by class, and neighbours among globals', async () => {
  expect(
    await rows('G', `static _Atomic unsigned long hits[16];\n${add('hits[n & 15]')}${show('hits[0]')}`),
  ).toHaveLength(1);
  expect(
    await rows(
      'G',
      `static struct { _Alignas(64) _Atomic unsigned long v; } hits[16];\n${add('hits[n & 15].v')}${show('hits[0].v')}`,
    ),
  ).toEqual([]);
  expect(
    await rows('G', `static _Atomic unsigned long a, b;\n${add('a', 'b')}${show('a', 'b')}`),
  ).toHaveLength(1);
  expect(
    await rows(
      'G',
      `static _Atomic unsigned long a; static char apart[64]; static _Atomic unsigned long b;\n${add('a', 'b')}${show('a', 'b')}`,
    ),
  ).toEqual([]);
});

it('H: locks of every kind on the hot path; not behind an unlikely branch, nor tried', async () => {
  const lock = 'static pthread_mutex_t m; static void enter_lock(void) { pthread_mutex_lock(&m); }\n';
  const source = (body: string): string => `${lock}void *malloc(unsigned long n) { ${body} return raw(n); }`;
  expect(await rows('H', source('pthread_mutex_lock(&m); n++; pthread_mutex_unlock(&m);'))).toEqual([
    'malloc:2',
  ]);
  expect(await rows('H', source('enter_lock(); n++; pthread_mutex_unlock(&m);'))).toEqual(['malloc:2']);
  expect(
    await rows(
      'H',
      source('if (__builtin_expect(n > 4096, 0)) { pthread_mutex_lock(&m); n++; pthread_mutex_unlock(&m); }'),
    ),
  ).toEqual([]);
  expect(
    await rows('H', source('if (pthread_mutex_trylock(&m) == 0) { n++; pthread_mutex_unlock(&m); }')),
  ).toEqual([]);
  expect(
    await rows(
      'H',
      'static _Atomic int busy;\nvoid *malloc(unsigned long n) { while (atomic_exchange(&busy, 1)) { } void *p = raw(n); atomic_store(&busy, 0); return p; }',
    ),
  ).toEqual(['malloc:2']);
  expect(
    await rows(
      'H',
      '#include <mutex>\nstatic std::mutex m;\nextern "C" void *malloc(unsigned long n) { std::lock_guard<std::mutex> g(m); return raw(n); }',
      'a.cc',
    ),
  ).toEqual(['malloc:3']);
});

it('H: a system call and a getenv per call; not a refill behind a failed try, nor a cached getenv', async () => {
  expect(await rows('H', 'void *malloc(unsigned long n) { return mmap(0, n, 3, 34, -1, 0); }')).toEqual([
    'malloc:1',
  ]);
  expect(
    await rows(
      'H',
      `static struct block *list;
static void *more(unsigned long n) { return mmap(0, n, 3, 34, -1, 0); }
void *malloc(unsigned long n) { struct block *b = list; if (b == 0) return more(n); list = b->next; return b; }`,
    ),
  ).toEqual([]);
  expect(
    await rows('H', 'void *malloc(unsigned long n) { if (getenv("X_TRACE")) n++; return raw(n); }'),
  ).toEqual(['malloc:1']);
  expect(
    await rows(
      'H',
      'static int on(void) { static int g = -1; if (g < 0) g = getenv("X_TRACE") != 0; return g; }\nvoid *malloc(unsigned long n) { if (on()) n++; return raw(n); }',
    ),
  ).toEqual([]);
});

it('I: a clock read or an update before the gate; not where the result is used anyway', async () => {
  const source = (
    body: string,
  ): string => `static int enabled; static unsigned long spent; static _Atomic unsigned long seq;
extern unsigned long __rdtsc(void);
static void note(unsigned long v) { spent += v; }
void setup(const char *e) { enabled = e != 0; }
void *malloc(unsigned long n) { ${body} return raw(n); }`;
  expect(await rows('I', source('unsigned long t = __rdtsc(); if (enabled) note(t);'))).toEqual(['malloc:5']);
  expect(await rows('I', source('unsigned long t = __rdtsc(); n += t; if (enabled) note(t);'))).toEqual([]);
  expect(await rows('I', source('if (enabled) { unsigned long t = __rdtsc(); note(t); }'))).toEqual([]);
  expect(
    await rows('I', source('unsigned long id = atomic_fetch_add(&seq, 1); if (enabled) note(id);')),
  ).toEqual(['malloc:5']);
  expect(
    await rows(
      'I',
      source('struct timespec ts; clock_gettime(CLOCK_MONOTONIC, &ts); if (enabled) note(ts.tv_nsec);'),
    ),
  ).toEqual(['malloc:5']);
  expect(
    await rows(
      'I',
      `static int enabled; extern unsigned long __rdtsc(void); static unsigned long spent;
static void note(unsigned long n) { unsigned long t = __rdtsc(); if (!enabled) return; spent += t * n; }
void setup(const char *e) { enabled = e != 0; }
void *malloc(unsigned long n) { note(n); return raw(n); }`,
    ),
  ).toEqual(['note:2']);
});

it('says what it can of the gain and never a throughput', async () => {
  const f = await findingsOfText(`${head}static _Atomic unsigned long calls;
void *malloc(unsigned long n) { atomic_fetch_add(&calls, 1); return raw(n); }
void report(void) { printf("%lu\\n", atomic_load(&calls)); }`);
  const c = f.candidates.find((x) => x.letter === 'C');
  expect(c?.estimate).toEqual({ instructionsPerOp: -1, branchesPerOp: 0, throughputPercent: null });
  for (const x of f.candidates) {
    expect(x.estimate.throughputPercent).toBeNull();
    expect(
      [x.reason, x.experiment].every((s) => s.endsWith('.') && s.length > 30),
      x.reason,
    ).toBe(true);
  }
});
