/** Every way to write an atomic operation: found at its line, with its operation and order, and nothing beside it. */
import { describe } from 'vitest';
import { sourceChecks } from './annotated.ts';

const { c, cpp } = sourceChecks();

describe('C11', () => {
  c(
    'operators on _Atomic objects, plain reads and writes',
    `_Atomic int x; _Atomic(long) y; atomic_int z; struct s { _Atomic unsigned n; _Atomic(void *) p; } g;
_Atomic(int) many[4]; _Atomic int *ptr; volatile atomic_size_t v;
int f(struct s *q, _Atomic int *a) {
  x++; //= fetch_add
  --x; //= fetch_sub
  x += 2; //= fetch_add
  y |= 1; //= fetch_or
  y &= ~1; //= fetch_and
  z ^= 3; //= fetch_xor
  x -= 1; //= fetch_sub
  x *= 2; //= compare_exchange
  x = 5; //= store
  int r = x; //= load
  if (y) r++; //= load
  while (!z) r++; //= load
  q->n++; //= fetch_add
  g.n = r; //= store
  many[1]++; //= fetch_add
  (*a)++; //= fetch_add
  *a = 1; //= store
  r += *ptr; //= load
  ptr[2] = 4; //= store
  void *w = q->p; //= load
  v++; //= fetch_add
  _Atomic int *same = &x;
  r = many[r]; //= load
  r = x ? 1 : y; //= load load
  (void)sizeof(x);
  return x; //= load
}`,
  );
  c(
    'generic functions, with and without orders',
    `static atomic_int x; static atomic_flag fl = ATOMIC_FLAG_INIT; atomic_uintptr_t u = ATOMIC_VAR_INIT(0);
int f(int e) {
  atomic_store(&x, 1); //= store:seq_cst
  atomic_store_explicit(&x, 1, memory_order_release); //= store:release
  int r = atomic_load_explicit(&x, memory_order_acquire); //= load:acquire
  r += atomic_fetch_add_explicit(&x, 1, memory_order_relaxed); //= fetch_add:relaxed
  r += atomic_fetch_sub(&x, 1); //= fetch_sub:seq_cst
  r += atomic_exchange(&x, 2); //= exchange:seq_cst
  r += atomic_compare_exchange_weak_explicit(&x, &e, 2, memory_order_acq_rel, memory_order_relaxed); //= compare_exchange:acq_rel
  r += atomic_compare_exchange_strong(&x, &e, 2); //= compare_exchange:seq_cst
  atomic_fetch_or(&u, 1); //= fetch_or:seq_cst
  if (atomic_flag_test_and_set_explicit(&fl, memory_order_acquire)) r++; //= test_and_set:acquire
  atomic_flag_clear(&fl); //= clear:seq_cst
  atomic_thread_fence(memory_order_release); //= fence:release
  atomic_signal_fence(memory_order_seq_cst); //= fence:seq_cst
  atomic_init(&x, 3);
  return r;
}`,
  );
  c(
    'what hides _Atomic: typedefs, unions, arrays of structs, nested members',
    `typedef _Atomic(unsigned long) counter_t; typedef struct { counter_t hits, misses; } stats_t;
union word { _Atomic long whole; struct { int lo, hi; } half; };
typedef struct pool { stats_t stats[8]; union word w; } pool_t; static pool_t pools[4];
void f(pool_t *p, int i) {
  p->stats[i].hits++; //= fetch_add
  pools[i].stats[0].misses += 2; //= fetch_add
  p->w.whole = 3; //= store
  p->w.half.lo = 3;
  atomic_fetch_add(&pools[i].stats[1].hits, 1); //= fetch_add
}`,
  );
});

describe('GNU builtins', () => {
  c(
    '__atomic_* on plain integers',
    `static unsigned long n; static unsigned char b; struct s { int k; };
unsigned long f(struct s *s, int e, unsigned long v, unsigned long o) {
  __atomic_store_n(&n, 1, __ATOMIC_RELEASE); //= store:release
  __atomic_store(&n, &v, __ATOMIC_RELAXED); //= store:relaxed
  __atomic_load(&n, &v, __ATOMIC_ACQUIRE); //= load:acquire
  v = __atomic_load_n(&s->k, __ATOMIC_CONSUME); //= load:consume
  __atomic_exchange(&n, &v, &o, __ATOMIC_ACQ_REL); //= exchange:acq_rel
  v += __atomic_exchange_n(&n, 1, __ATOMIC_SEQ_CST); //= exchange:seq_cst
  v += __atomic_compare_exchange_n(&s->k, &e, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED); //= compare_exchange:acquire
  v += __atomic_compare_exchange(&n, &v, &o, 1, 5, 0); //= compare_exchange:seq_cst
  v += __atomic_add_fetch(&n, 1, 0); //= fetch_add:relaxed
  v += __atomic_fetch_nand(&n, 1, __ATOMIC_RELAXED); //= fetch_and:relaxed
  v += __atomic_xor_fetch(&n, 1, __ATOMIC_RELAXED); //= fetch_xor:relaxed
  if (__atomic_test_and_set(&b, __ATOMIC_ACQUIRE)) __atomic_clear(&b, __ATOMIC_RELEASE); //= clear:release test_and_set:acquire
  __atomic_thread_fence(__ATOMIC_SEQ_CST); //= fence:seq_cst
  if (__atomic_always_lock_free(sizeof n, 0)) v++;
  return v;
}`,
  );
  c(
    '__sync_*',
    `static int n; static void *p;
int f(int v) {
  v += __sync_fetch_and_add(&n, 1); //= fetch_add
  v += __sync_sub_and_fetch(&n, 1); //= fetch_sub
  v += __sync_bool_compare_and_swap(&n, 1, 2); //= compare_exchange
  v += __sync_val_compare_and_swap_4(&n, 1, 2); //= compare_exchange
  v += __sync_lock_test_and_set(&n, 1); //= exchange:acquire
  __sync_lock_release(&n); //= store:release
  __sync_synchronize(); //= fence:seq_cst
  return v;
}`,
  );
});

describe('C++', () => {
  cpp(
    'members, operators and implicit conversions',
    `struct S { std::atomic<int> n{0}; std::atomic<void *> p; std::atomic<bool> many[4]; };
static std::atomic<unsigned long> g(0); std::atomic_flag fl = ATOMIC_FLAG_INIT; S s;
void take(long v); void ref(std::atomic<int> &r);
long f(S *q, std::atomic<int> &r, std::atomic<int> *a) {
  q->n.store(1, std::memory_order_release); //= store:release
  int e = r.load(std::memory_order::relaxed); //= load:relaxed
  r.fetch_add(1, std::memory_order_relaxed); //= fetch_add:relaxed
  a->compare_exchange_weak(e, 2, std::memory_order_acq_rel, std::memory_order_relaxed); //= compare_exchange:acq_rel
  a->compare_exchange_strong(e, 3); //= compare_exchange:seq_cst
  q->n++; //= fetch_add
  --r; //= fetch_sub
  (*a) += 4; //= fetch_add
  g |= 1; //= fetch_or
  g = 5; //= store
  long v = g; //= load
  if (q->many[1]) v++; //= load
  take(g); //= load
  ref(r);
  auto w = g.load(); //= load
  v += s.n; //= load
  while (!s.many[2]) v++; //= load
  void *t = q->p; //= load
  if (t == q->p) v++; //= load
  fl.test_and_set(std::memory_order_acquire); //= test_and_set:acquire
  fl.clear(); //= clear
  std::atomic<int> &alias = q->n;
  alias++; //= fetch_add
  std::atomic_ref<long> view(v);
  view.fetch_add(1); //= fetch_add
  std::atomic_thread_fence(std::memory_order_seq_cst); //= fence
  std::atomic_fetch_add_explicit(&g, 1, std::memory_order_relaxed); //= fetch_add:relaxed
  std::atomic_store(&g, 1ul); //= store
  return g; //= load
}`,
  );
  cpp(
    'typedefs, aliases, alias templates, inheritance, member arrays',
    `using counter = std::atomic<long>; typedef std::atomic<int> flag_t; template <class T> using A = std::atomic<T>;
struct Base { counter hits; }; struct Derived : Base { flag_t on; A<int> n; A<int *> slots[8]; };
void f(Derived *d, int i) {
  d->hits++; //= fetch_add
  d->on = 1; //= store
  d->n.fetch_sub(1); //= fetch_sub
  d->slots[i].store(nullptr); //= store
  int *p = d->slots[i]; //= load
}`,
  );
  cpp(
    'constructors, default initialisers, in-class bodies, lambdas, trailing returns, attributes',
    `#define GUARDED_BY(x) __attribute__((guarded_by(x)))
#define CONST_INIT [[clang::require_constant_initialization]]
namespace a { inline namespace v1 {
CONST_INIT static std::atomic<bool> ready(false);
static struct State { std::atomic<int> seq; long last GUARDED_BY(lock); } state;
class Pool {
 public:
  Pool() : copy_(source_.load(std::memory_order_relaxed)), n_(0) { n_ = 1; } //= load:relaxed store:seq_cst
  explicit Pool(int k) noexcept(true) : n_{k} { n_.store(k); } //= store
  ~Pool() { n_ -= 1; } //= fetch_sub
  auto get() const noexcept -> int { return n_; } //= load
  operator bool() const { return n_.load() != 0; } //= load
  [[nodiscard]] int next() { auto step = [this](int k) { return n_.fetch_add(k); }; return step(1); } //= fetch_add
  template <class F> requires true
  void each(F f) { f(n_.load()); } //= load
 private:
  static std::atomic<int> source_;
  int copy_ = source_.load(); //= load
  alignas(64) std::atomic<int> n_;
};
void f() {
  if (!ready.load(std::memory_order_acquire)) ready.store(true); //= load store
  state.seq.fetch_add(1); //= fetch_add
  state.seq++; //= fetch_add
}
} }`,
  );
  cpp(
    'operators whose results are plain values',
    `std::atomic<int> n; void take(int v);
int f() {
  auto k = (n += 2); //= fetch_add
  if (k == 0) return k;
  int j = n++; //= fetch_add
  take(j);
  return --n; //= fetch_sub
}`,
  );
  cpp(
    'calls through an atomic function pointer, and pointers to atomic members',
    `struct G { std::atomic<int> a; std::atomic<int> b; };
using fn = int (*)(int); std::atomic<fn> handler;
int f(G &g, G *q, std::atomic<int> G::*m) {
  int r = (*handler)(3); //= load
  r += (g.*m).load(std::memory_order_relaxed); //= load:relaxed
  (q->*m).store(1, std::memory_order_release); //= store:release
  return r;
}`,
  );
  cpp(
    'templates over the atomic type',
    `template <class T> class Cell { std::atomic<T> v_; public: void set(T t) { v_.store(t, std::memory_order_relaxed); } T get() { return v_; } }; //= load:seq_cst store:relaxed
template <class Op> struct Queue { std::atomic<Op *> head;
  void push(Op *op) { op->next.store(head.load(std::memory_order_relaxed), std::memory_order_relaxed); head = op; } }; //= load:relaxed store:relaxed store:seq_cst
template <class T> void raise(std::atomic<T> &a, T v) { T old = a; while (old < v && !a.compare_exchange_weak(old, v)) {} } //= compare_exchange load`,
  );
  cpp(
    'C++20 wait and notify are waits of the object, not operations on it',
    `std::atomic<int> n; void f() {
  n.store(1); //= store
  n.notify_one();
}`,
  );
});

describe('systems', () => {
  c(
    'Microsoft Interlocked*, with orders in the suffix',
    `static volatile long n; static void *volatile p; static long long w;
long f(void *x) {
  InterlockedIncrement(&n); //= fetch_add:seq_cst
  _InterlockedExchangeAdd64(&w, 2); //= fetch_add
  InterlockedCompareExchangePointer(&p, x, 0); //= compare_exchange
  InterlockedExchangeAcquire(&n, 1); //= exchange:acquire
  _InterlockedOr8((char *)&n, 1); //= fetch_or
  InterlockedAddNoFence64(&w, 1); //= fetch_add:relaxed
  _InterlockedCompareExchange128(&w, 0, 0, &w); //= compare_exchange
  InterlockedBitTestAndSet(&n, 1); //= fetch_or
  _interlockedbittestandreset(&n, 1); //= fetch_and
  MemoryBarrier(); //= fence
  return InterlockedDecrement(&n); //= fetch_sub
}`,
  );
  c(
    'Linux kernel style',
    `typedef struct { int counter; } atomic_t; static atomic_t n; static unsigned long w; static int k;
int f(atomic_t *a) {
  atomic_inc(a); //= fetch_add:relaxed
  atomic_add(2, &n); //= fetch_add
  if (atomic_dec_and_test(&n)) return 1; //= fetch_sub:seq_cst
  atomic_set(&n, 0); //= store
  atomic_long_add_return_relaxed(1, a); //= fetch_add:relaxed
  atomic_or(1, a); //= fetch_or
  atomic_fetch_andnot(1, a); //= fetch_and
  atomic_try_cmpxchg(a, &k, 2); //= compare_exchange
  cmpxchg(&w, 0, 1); //= compare_exchange
  xchg(&w, 1); //= exchange
  smp_store_release(&w, 1); //= store:release
  k = smp_load_acquire(&w); //= load:acquire
  smp_mb(); //= fence
  smp_mb__after_atomic(); //= fence
  return atomic_cmpxchg(&n, 0, 1) + atomic_read(&n); //= compare_exchange load
}`,
  );
  c(
    'inline assembly, GNU and Microsoft',
    `static int n; static long w;
int f(int v, int *p) {
  __asm__ __volatile__("lock; xaddl %0, %1" : "+r"(v), "+m"(*p) : : "memory"); //= asm-fetch_add
  asm volatile("lock cmpxchgq %2, %1" : "=a"(w), "+m"(w) : "r"(1L), "0"(0L)); //= asm-compare_exchange
  asm volatile("xchgl %0, %1" : "=r"(v), "+m"(n) : "0"(v)); //= asm-exchange
  asm volatile("mfence" ::: "memory"); //= asm-fence
  asm volatile("lock; orl $0, (%%rsp)" ::: "memory"); //= asm-fetch_or
  asm volatile("lock; notb %0" : "+m"(n)); //= asm-fetch_xor
  asm volatile("" ::: "memory");
  asm volatile("pause");
  asm volatile("cpuid; xchg %%rbx, %1" : "=a"(v), "=r"(w));
  __asm { lock inc n } //= asm-fetch_add
  _mm_mfence(); //= fence
  __builtin_ia32_mfence(); //= fence
  return v;
}`,
  );
});
