/** Objects behind references and pointers that a class keeps, and what members are initialised with. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Findings } from '../../../extension/model.ts';
import { Bench } from './annotated.ts';

const bench = new Bench();
afterAll(() => bench.close());

const head = '#include <atomic>\nvoid *pool;\n';

async function classOf(source: string, name: string): Promise<string | undefined> {
  const found = await bench.findings({ 'a.cpp': head + source });
  return found.variables.find((v) => v.name === name)?.class;
}

const spin = `class spin {
  std::atomic_flag f_;
 public:
  void lock() { while (f_.test_and_set(std::memory_order_acquire)) {} }
  void unlock() { f_.clear(std::memory_order_release); }
};
`;

describe('guards that keep a lock', () => {
  it.each([
    [
      'a reference in a template',
      `${spin}template <class M> class scoped {
  M& m_;
 public:
  scoped(M& m) : m_(m) { m_.lock(); }
  ~scoped() { m_.unlock(); }
};
spin word;
void take() { scoped<spin> g(word); pool = 0; }`,
    ],
    [
      'a pointer that is set later',
      `${spin}class guard {
  spin *s_;
 public:
  guard() : s_(nullptr) {}
  void acquire(spin &s) { s_ = &s; s_->lock(); }
  void release() { s_->unlock(); }
  ~guard() { if (s_) release(); }
};
spin word;
void take() { guard g; g.acquire(word); pool = 0; }`,
    ],
    [
      'an atomic itself',
      `std::atomic<unsigned> word;
class hold {
  std::atomic<unsigned>& w_;
 public:
  hold(std::atomic<unsigned>& w) : w_{w} { while (w_.exchange(1)) {} }
  ~hold() { w_.store(0); }
};
void take() { hold h(word); pool = 0; }`,
    ],
    [
      'a base that keeps it',
      `std::atomic<unsigned> word;
class hold {
  std::atomic<unsigned>& w_;
 public:
  hold(std::atomic<unsigned>& w) : w_(w) { while (w_.exchange(1)) {} }
  ~hold() { w_.store(0); }
};
class longer : hold { public: longer(std::atomic<unsigned>& w) : hold(w) {} };
void take() { longer h(word); pool = 0; }`,
    ],
  ])('%s', async (_, source) => expect(await classOf(source, 'word')).toBe('correctness'));

  it('a counter behind a kept reference stays telemetry', async () => {
    const source = `std::atomic<long> word;
class count {
  std::atomic<long>& n_;
 public:
  count(std::atomic<long>& n) : n_(n) { n_.fetch_add(1); }
};
void take() { count c(word); pool = 0; }`;
    expect(await classOf(source, 'word')).toBe('telemetry');
    expect(await classOf(source, 'n_')).toBe('telemetry');
  });
});

describe('a kept reference by itself', () => {
  const holder = (rest: string): string => `std::atomic<int> word;
class inside {
  std::atomic<int>* n_;
 public:
  inside(std::atomic<int>* n) : n_{n} { n_->fetch_add(1); }
  ~inside() { n_->fetch_sub(1); }
};
${rest}`;
  it('is as serious as what it stands for', async () => {
    const source = holder(
      'void f() { inside g(&word); pool = 0; }\nvoid wait() { while (word.load() > 0) {} }',
    );
    expect(await classOf(source, 'n_')).toBe('correctness');
  });
  it('is unknown when nobody is seen to bind it', async () => {
    expect(await classOf(holder(''), 'n_')).toBe('unknown');
  });
});

it.each([
  [
    'a list of initialisers',
    'struct node { long id_; node() : id_(next.fetch_add(1)) {} long id() { return id_; } };',
  ],
  ['a default', 'struct node { long id_ = next.fetch_add(1); long id() { return id_; } };'],
])('a result that %s keeps is not discarded', async (_, source) => {
  const use =
    'extern void purge();\nint pick(node *a, node *b) { if (a->id() < b->id()) purge(); return 0; }';
  expect(await classOf(`std::atomic<long> next;\n${source}\n${use}`, 'next')).toBe('correctness');
});

describe('functions that macros write', () => {
  let found: Findings;
  beforeAll(async () => {
    found = await bench.findings({
      'i.h': `#if defined(__APPLE__)
# define INTERCEPTOR(ret, func, ...) ret wrap_##func(__VA_ARGS__)
#else
# define INTERCEPTOR(ret, func, ...) typedef ret (*func##_type)(__VA_ARGS__); extern "C" ret interceptor_##func(__VA_ARGS__)
#endif
#if OPEN
# define DEFINE_FN(x) static void x##_open(int)
#else
# define DEFINE_FN(x) static void x##_shut(void)
#endif
`,
      'a.cpp': `#include <atomic>
#include "i.h"
std::atomic<int> hits;
INTERCEPTOR(void *, malloc, unsigned long n) { hits++; return 0; }
INTERCEPTOR(void, free, void *p) { hits--; }
DEFINE_FN(one) { hits = 1; }
DEFINE_FN(two) { hits = 2; }
UNSEEN(int, three, int k) { hits = k; return k; }
UNSEEN_TEST(Suite, four) { hits = 4; }
int UNSEEN_NAME(five)(int k) { hits = k; return k; }
struct number {
  std::atomic<long> v;
  bool operator==(const number& o) const { return v.load() == o.v.load(); }
  number& operator++() { v.fetch_add(1); return *this; }
  long operator()(int x) { return v.load() + x; }
  operator long() const { return v.load(); }
};
void *operator new[](unsigned long n) { hits = 6; return 0; }
`,
    });
  });
  it('are functions of their own, by the name that comes out or that is written', () => {
    const lines = found.functions.filter((f) => f.line < 11).map((f) => f.name);
    expect(lines).toEqual([
      'interceptor_malloc',
      'interceptor_free',
      'one_shut',
      'two_shut',
      'three',
      'four',
      'five',
    ]);
  });
  it('operators have their whole names', () => {
    expect(found.functions.filter((f) => f.line > 11).map((f) => f.name)).toEqual([
      'number::operator==',
      'number::operator++',
      'number::operator()',
      'number::operator long',
      'operator new[]',
    ]);
  });
});

it('a macro around a function of its own name counts only where it is on', async () => {
  const files = {
    'a.c': `#include <stdatomic.h>
#include <stdlib.h>
#if MEM_STATS
#define malloc(n) ({ static _Atomic long calls; atomic_fetch_add(&calls, 1); malloc(n); })
#endif
void *get(void) { return malloc(8); }
`,
  };
  const rows = async (defines: Record<string, string>): Promise<string[]> =>
    (await bench.findings(files, defines)).atomics.filter((a) => a.line === 6).map((a) => a.activity.state);
  expect(await rows({ MEM_STATS: '0' })).toEqual([]);
  expect(await rows({ MEM_STATS: '1' })).toEqual(['active']);
});

it('a wrapper with an atomic branch and a plain one has the order of the atomic one', async () => {
  const { atomics } = await bench.findings({
    'config.h.in': '#undef HAVE_PLAIN\n',
    'a.c': `#include <stdatomic.h>
#include "config.h"
static _Atomic long hits;
static inline void add(_Atomic long *p) {
#ifdef HAVE_PLAIN
  *p += 1;
#else
  atomic_fetch_add_explicit(p, 1, memory_order_relaxed);
#endif
}
void f(void) { add(&hits); }
`,
  });
  expect(atomics.filter((a) => a.line === 11).map((a) => a.order)).toEqual(['relaxed']);
});
