/** What an object is and where its readers stand: classes, declarations, tests, code that is left out. */
import { describe, expect, it } from 'vitest';
import type { Variable } from '../../../extension/model.ts';
import { head, headPlus, variable, variables } from './classify-support.ts';

describe('registered functions and their arguments', () => {
  it('both steer: the function is called, the address is handed on', async () => {
    const rows = await variables({
      'a.c': `${head}typedef void end_fn(int force, void *arg); static end_fn *_Atomic at_end; static _Atomic(void *) end_arg;
void on_end(end_fn *f, void *arg) { atomic_store(&at_end, f); atomic_store(&end_arg, arg); }
void finish(void) { end_fn *f = atomic_load(&at_end); if (f) f(1, atomic_load(&end_arg)); }`,
    });
    for (const name of ['at_end', 'end_arg']) {
      const v = rows.find((r) => r.name === name);
      expect(v?.class, name).toBe('correctness');
      expect(['publication', 'config'], name).toContain(v?.role);
    }
  });
});

describe('tests', () => {
  const test = '#include "a.h"\nvoid check(void) { if (current() > 3) abort(); }\n';
  const source = `${head}long current(void) { return atomic_load(&rides); }\n`;

  it('do not decide what a variable is for', async () => {
    const v = await variable(
      { 'src/a.c': source, 'src/a.h': 'long current(void);', 'test/a_test.c': test },
      'rides',
    );
    expect(v.class).toBe('telemetry');
    expect(v.evidence.some((e) => e.reason.includes('only tests call'))).toBe(true);
  });

  it('decide for what is their own', async () => {
    const v = await variable(
      {
        'test/stop.c':
          '#include <stdatomic.h>\nextern void go(void); static _Atomic int stop; void end(void) { atomic_store(&stop, 1); } void work(void) { while (!atomic_load(&stop)) go(); }',
      },
      'stop',
    );
    expect(v.class).toBe('correctness');
  });
});

describe('code that is left out', () => {
  it('says nothing when it is never compiled, and is marked when another platform compiles it', async () => {
    const read = 'void trim(void) { if (atomic_load(&rides) > 9) purge(); }';
    const never = await variable({ 'a.c': `${head}#if 0\n${read}\n#endif\n` }, 'rides');
    expect(never.class).toBe('telemetry');
    expect(never.evidence.some((e) => e.reason === 'Read in code that is never compiled only.')).toBe(true);
    const elsewhere = await variable({ 'a.c': `${head}#ifdef _WIN32\n${read}\n#endif\n` }, 'rides');
    expect(elsewhere.class).toBe('correctness');
    expect(elsewhere.evidence[0]?.reason).toContain('This platform leaves that code out.');
  });
});

describe('classes around one word', () => {
  const latch = `${headPlus}class Latch { public: void Take() { if (word_.exchange(1, std::memory_order_acquire) != 0) Wait(); } void Drop() { word_.store(0, std::memory_order_release); }
 private: void Wait() { while (word_.exchange(1) != 0) {} } std::atomic<int> word_{0}; };
class Holder { public: explicit Holder(Latch *l) : l_(l) { l->Take(); } ~Holder() { l_->Drop(); } private: Latch *l_; };
static Latch table_latch; struct Pool { Latch latch; int n; }; static Pool pool;
int size() { Holder h(&table_latch); return 3; } int more() { pool.latch.Take(); int n = pool.n; pool.latch.Drop(); return n; }
`;

  it('every instance of a lock has a row of its own', async () => {
    const rows = await variables({ 'a.cc': latch });
    for (const name of ['table_latch', 'latch', 'word_'])
      expect(
        rows.find((r) => r.name === name),
        name,
      ).toMatchObject({ class: 'correctness', role: 'lock' });
  });

  it('what only refers to a lock is no statistic', async () => {
    const rows = await variables({
      'a.cc': `${headPlus}class Latch { public: void Take() { while (word_.exchange(1) != 0) {} } void Drop() { word_.store(0); } private: std::atomic<int> word_{0}; };
class Scope { public: explicit Scope(Latch &l) : latch_(l) { latch_.Take(); } ~Scope() { latch_.Drop(); } private: Latch &latch_; };
static Latch top; int size() { Scope s(top); return 3; }`,
    });
    for (const v of rows) expect(v.class, v.name).not.toBe('telemetry');
  });

  it('what a constructor keeps is not lost sight of', async () => {
    const v = await variable(
      {
        'a.cc': `${headPlus}static std::atomic<long> rides; void ride() { rides++; }
class Policy { public: explicit Policy(long n) : most_(n) {} bool full() const { return most_ > 9; } private: long most_; };
void trim() { Policy p(rides.load()); if (p.full()) purge(); }`,
      },
      'rides',
    );
    expect(v.class).not.toBe('telemetry');
  });

  it('instances are told apart by what is done with each', async () => {
    const rows = await variables({
      'a.cc': `${headPlus}class Meter { public: void add(long n) { v_.fetch_add(n); } long get() const { long r = v_.load(); return r; } private: std::atomic<long> v_{0}; };
static Meter seen; static Meter live; void use() { seen.add(1); live.add(1); } void show() { printf("%ld", seen.get()); } void trim() { if (live.get() > 100) purge(); }`,
    });
    expect(rows.find((r) => r.name === 'seen')?.class).toBe('telemetry');
    expect(rows.find((r) => r.name === 'live')?.class).toBe('correctness');
  });

  it('text in a string stream is followed', async () => {
    const of = (end: string): Promise<Variable> =>
      variable(
        {
          'a.cc': `${headPlus}static std::atomic<long> rides; void ride() { rides++; } void show() { std::ostringstream s; s << "n=" << rides.load(); std::string t = s.str(); ${end} }`,
        },
        'rides',
      );
    expect((await of('fputs(t.c_str(), stderr);')).class).toBe('telemetry');
    expect((await of('open_file(t.c_str());')).class).not.toBe('telemetry');
  });

  it('a reference hands the object on', async () => {
    const v = await variable(
      {
        'a.cc': `${headPlus}static std::atomic<long> rides; void ride() { rides++; } static bool full(std::atomic<long> &c) { return c.load() > 9; } void trim() { if (full(rides)) purge(); }`,
      },
      'rides',
    );
    expect(v.class).toBe('correctness');
  });
});

describe('words behind pointers to volatile', () => {
  const ops =
    'typedef long word_t; static inline long quiet_load(volatile const word_t *p) { return *p; } static inline void quiet_store(volatile word_t *p, long v) { *p = v; }\n';

  it('have a row, and are followed through their accessors', async () => {
    const rows = await variables({
      'a.c': `${head}${ops}static word_t seed; static word_t shown; static long spin(void) { long r = quiet_load(&seed); r = r * 5 + 1; quiet_store(&seed, r); return r >> 4; }
void wait(void) { usleep(spin()); } void show(void) { quiet_store(&shown, quiet_load(&shown) + 1); printf("%ld", quiet_load(&shown)); }`,
    });
    expect(rows.find((r) => r.name === 'seed')?.class).toBe('correctness');
    expect(rows.find((r) => r.name === 'shown')?.class).toBe('telemetry');
  });
});

describe('declarations', () => {
  it('a field of a wrapper type is found through the wrapper', async () => {
    const v = await variable(
      {
        'a.c': `${head}typedef struct cell_s cell_t; struct cell_s { _Atomic long v; };
_Pragma("GCC diagnostic push") typedef struct row_s row_t; struct row_s { cell_t fills; };
static void cell_add(int lock, cell_t *c, long n) { (void)lock; atomic_store(&c->v, atomic_load(&c->v) + n); }
void fill(row_t *rows, int i) { cell_add(0, &rows[i].fills, 3); } void show(row_t *r) { printf("%ld", atomic_load(&r->fills.v)); }`,
      },
      'fills',
    );
    expect(v).toMatchObject({ class: 'telemetry', owner: 'row_s' });
  });

  it('a cast to a type with several definitions is a cast', async () => {
    const v = await variable(
      {
        'a.c': `#if defined(__cplusplus)\n#define Word(t) std::atomic<t>\n#elif defined(_MSC_VER)\n#define Word(t) t\n#endif
#include <stdatomic.h>\n#include <stdio.h>\nstruct sums { long n; }; static struct sums all;
#ifdef _WIN32\nvoid count(void) { atomic_fetch_add((Word(long) *)&all.n, 1); } void show(void) { printf("%ld", atomic_load((Word(long) *)&all.n)); }\n#endif\n`,
      },
      'n',
    );
    expect(v.class).toBe('telemetry');
  });

  it('a field that a macro declares lies in the macro, its name in the use if it came from there', async () => {
    const rows = await variables({
      'a.h':
        '#include <stdatomic.h>\n#define RING(name) struct name { \\\n  _Atomic long tail; \\\n}\n#define FIELD(n) _Atomic long n\n',
      'a.c':
        '#include "a.h"\n#include <stdio.h>\nRING(ring);\nstruct two {\n  FIELD(head);\n};\nvoid f(struct ring *r, struct two *t) { printf("%ld %ld", atomic_load(&r->tail), atomic_load(&t->head)); }\n',
    });
    expect(rows.find((r) => r.name === 'tail')).toMatchObject({ file: 'a.h', line: 3 });
    expect(rows.find((r) => r.name === 'head')).toMatchObject({ file: 'a.c', line: 5 });
  });
});
