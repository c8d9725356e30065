/** Operations behind macros, functions, templates and classes, and which of several definitions count. */
import { describe, expect, it } from 'vitest';
import { sourceChecks } from './annotated.ts';

const { bench, c, cpp, check } = sourceChecks();

describe('wrappers', () => {
  c(
    'orders through parameters, wrappers of wrappers, token pasting',
    `typedef struct { unsigned long v; } cell_t;
static inline void cell_add(cell_t *c, unsigned long n, int mo) { __atomic_fetch_add(&c->v, n, mo); } //= fetch_add
static inline void cell_inc(cell_t *c) { cell_add(c, 1, __ATOMIC_RELAXED); } //= call-fetch_add:relaxed
#define COUNT(kind) cell_inc(&stats_##kind)
static cell_t stats_hit;
void f(void) {
  COUNT(hit); //= call-fetch_add:relaxed
}`,
  );
  cpp(
    'a class around one member, static members with a scope that is an alias, templates over a cell',
    `class Count { std::atomic<long> n_; public: void inc() { n_.fetch_add(1, std::memory_order_relaxed); } }; //= fetch_add:relaxed
template <class T> struct tagged {
  static void put(std::atomic<unsigned long> &at, T *v, std::memory_order mo) { at.store((unsigned long)v, mo); } //= store
};
using tag = tagged<int>;
struct Node { std::atomic<unsigned long> next; Count hits; };
struct a32 { unsigned Val; }; struct a64 { unsigned long Val; };
template <class T> unsigned long ld(const volatile T *A, int MO) { return __atomic_load_n(&A->Val, MO); } //= load
void f(Node *n, int *p, a32 *s) {
  n->hits.inc(); //= call-fetch_add:relaxed
  tag::put(n->next, p, std::memory_order_release); //= call-store:release
  ld(s, __ATOMIC_ACQUIRE); //= call-load:acquire
}`,
  );
  cpp(
    'an overload for atomic objects is no wrapper for plain ones',
    `template <class T> void poison(T *&p) { p = nullptr; }
template <class T> void poison(std::atomic<T *> &p) { p.store(nullptr, std::memory_order_relaxed); } //= store
struct S { int *plain; std::atomic<int *> shared; };
void f(S *s) {
  poison(s->plain);
  poison(s->shared); //= call-store
}`,
  );
  c(
    'a function that does more than fence is no fence',
    `static int waiters; static void wake(int n) { waiters -= n; }
static void full(void) { atomic_thread_fence(memory_order_seq_cst); } //= fence
static void notify(int n) { full(); wake(n); } //= fence
void f(void) {
  full(); //= fence
  notify(1);
}`,
  );
});

describe('several definitions', () => {
  const arch = `#if defined(__x86_64__)
#define ARCH_X86 1
#elif defined(__powerpc__)
#define ARCH_PPC 1
#endif
#if defined(ARCH_X86)
#include "x86.h"
#elif defined(ARCH_PPC)
#include "ppc.h"
#endif
`;
  check('names derived from the platform choose the header', {
    'arch.h': arch,
    'x86.h':
      '#define full_barrier() __asm__ __volatile__("mfence" ::: "memory")\n#define write_barrier() __asm__ __volatile__("" ::: "memory")\n',
    'ppc.h':
      '#define full_barrier() __sync_synchronize() //= fence\n#define write_barrier() __sync_synchronize() //= fence\n',
    'a.c': '#include "arch.h"\nvoid f(void) {\n  write_barrier();\n  full_barrier(); //= asm-fence\n}\n',
  });
  check('a function with the same name in a file that is not included is another one', {
    'one/atomic.h':
      'static inline void put(volatile int *p, int v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); } //= store\n',
    'two/atomic.h': 'static inline void put(volatile int *p, int v) { *p = v; }\n',
    'one/a.c': '#include "atomic.h"\nint x; void f(void) { put(&x, 1); } //= call-store\n',
    'two/b.c': '#include "atomic.h"\nint y; void g(void) { put(&y, 1); }\n',
  });
  check('a macro of an unrelated source file is none here', {
    'test/t.c':
      '#define lock(p) __sync_lock_test_and_set(p, 1)\nint a; void t(void) { lock(&a); } //= exchange\n',
    'src/a.c': 'void lock(int *p);\nint b; void f(void) { lock(&b); }\n',
  });
  check('attributes that depend on the configuration do not hide what they stand before', {
    'defs.h':
      '#ifdef HAVE_ATTR\n#define ATTR(s) __attribute__((s))\n#else\n#define ATTR(s)\n#endif\n#define ALWAYS_INLINE ATTR(always_inline) static inline\n',
    'a.c':
      '#include "defs.h"\nALWAYS_INLINE void inc(long *p) { __atomic_fetch_add(p, 1, 0); } //= fetch_add\nlong n; void f(void) { inc(&n); } //= call-fetch_add:relaxed\n',
  });
  check('a definition in the folder of another system does not decide', {
    'freebsd/md.h': '#define SINGLE_CPU 1\n',
    'a.h':
      '#ifdef SINGLE_CPU\n#define LOCKED\n#else\n#define LOCKED "lock "\n#endif\nstatic inline void inc(int *p) { __asm__ __volatile__(LOCKED "incl %0" : "+m"(*p)); } //= asm-fetch_add\n',
    'a.c': '#include "a.h"\nint n; void f(void) { inc(&n); } //= call-fetch_add\n',
  });
  it('a flag that is off leaves its sites inactive, not absent', async () => {
    const f = await bench.findings({
      'a.c':
        '#ifndef STATS\n#define STATS 0\n#endif\n#if STATS\n#define COUNT(x) __sync_fetch_and_add(&x, 1)\n#else\n#define COUNT(x) ((void)0)\n#endif\nlong n; void f(void) {\n  COUNT(n);\n}\n',
    });
    expect(f.atomics.map((a) => [a.line, a.activity.state])).toEqual([[10, 'inactive']]);
  });
});

describe('the shape of the text', () => {
  c(
    'statement expressions, continuations, K&R heads, heads that differ by #if, raw fragments',
    `static atomic_int n; static long k;
int knr(p, v) int *p; int v; { return __sync_fetch_and_add(p, v); } //= fetch_add
#ifdef WIDE
long head(long a)
#else
int head(int a)
#endif
{
  n++; //= fetch_add
  return ({ int r = atomic_load(&n); r + a; }); //= load
}
__attribute__((noinline)) __declspec(noalias) int odd(void) __attribute__((cold));
int odd(void) { return atomic_exch\\
ange(&n, 2); }`.replace('int odd(void) { return', 'int odd(void) { return'),
  );
  cpp(
    'extern "C" blocks split by #ifdef, literals, raw strings',
    `#ifdef __cplusplus
extern "C" {
#endif
static std::atomic<int> n;
int f() { const char *s = R"x(n.store(1) " )x"; auto k = 1'000'000; n.store(k); return s != nullptr; } //= store
#ifdef __cplusplus
}
#endif
long double operator""_kb(unsigned long long v) { n++; return v; } //= fetch_add`,
  );
});

describe('diagnostics', () => {
  it('names the quoted includes that are not there, once for each file', async () => {
    const f = await bench.findings({
      'a.c':
        '#include <stdio.h>\n#include "string.h"\n#include "internal/cell.h"\n#include "gone.h"\n#ifdef _WIN32\n#include "win.h"\n#endif\nvoid *malloc(unsigned long n) { return 0; }\n',
      'b.c': '#include "here.h"\n#include "config.h"\nvoid free(void *p) {}\n',
      'here.h': '#define X 1\n',
      'config.h.in': '#undef HAVE_X\n',
    });
    const rows = f.diagnostics.filter((d) => d.code === 'missing-include');
    expect(rows.map((d) => [d.file, d.line, d.severity])).toEqual([['a.c', 3, 'information']]);
    expect(rows[0]?.message).toContain('"internal/cell.h", "gone.h"');
    expect(rows[0]?.message).not.toContain('win.h');
  });
});

describe('variables', () => {
  it('has a row for every declared atomic object, at its declaration', async () => {
    const f = await bench.findings({
      'a.cpp':
        '#include <atomic>\nusing count_t = std::atomic<long>;\nstatic std::atomic<int> g{1};\nstruct S {\n  count_t hits;\n  std::atomic<bool> many[4];\n  static std::atomic<int> shared;\n};\nstd::atomic<int> S::shared(0);\nlong plain;\nvoid f() { __atomic_fetch_add(&plain, 1, 0); }\n',
    });
    const rows = f.variables.map((v) => `${v.owner ?? ''}.${v.name}:${v.line}`);
    for (const row of ['.g:3', 'S.hits:5', 'S.many:6', '.plain:10']) expect(rows).toContain(row);
    expect(f.variables.some((v) => v.name === 'shared')).toBe(true);
  });
});
