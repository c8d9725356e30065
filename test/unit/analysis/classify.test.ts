/**
 * Each mechanism of the classification on small made-up code: what is only observed is telemetry, and its near twin that
 * steers something is not.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadWorkspace } from '../../../extension/analysis/analyze.ts';
import { Build } from '../../../extension/analysis/build.ts';
import { discover } from '../../../extension/analysis/discover.ts';
import { type Target, fieldTarget, globalTarget } from '../../../extension/analysis/targets.ts';
import { Trees } from '../../../extension/analysis/trees.ts';
import { grammarDir, head, parser, variable, variables } from './classify-support.ts';

type Case = readonly [name: string, source: string];

describe('printers', () => {
  const only: Case[] = [
    [
      'an early return in a printer',
      'void show(void) { long n = atomic_load(&rides); if (n == 0) return; if (n > 1000) printf("%ldk", n / 1000); else printf("%ld", n); }',
    ],
    [
      'scaled units through helpers and buffers',
      `static void unit(char *to, size_t room, long n) { const char *u = n > 1024 ? "K" : " "; snprintf(to, room, "%ld%s", n, u[0] == ' ' ? "" : u); }
void show(void) { char b[32]; unit(b, sizeof b, atomic_load(&rides)); fputs(b, stderr); }`,
    ],
    [
      'text that goes to a registered output function',
      `typedef void out_fn(const char *text, void *arg);
static void line(out_fn *out, void *arg, const char *fmt, ...) { char b[64]; va_list v; va_start(v, fmt); vsnprintf(b, sizeof b, fmt, v); va_end(v); out(b, arg); }
void show(out_fn *out, void *arg) { long n = atomic_load(&rides); if (n < 0) { line(out, arg, "none"); return; } line(out, arg, "%ld", n); }`,
    ],
    [
      'a bar drawn by a loop',
      'void show(void) { long n = atomic_load(&rides); for (long i = 0; i < n; i++) fputc(61, stderr); while (n-- > 0) putchar(46); }',
    ],
    [
      'the largest of several',
      'static long other; void show(void) { long m = other; if (atomic_load(&rides) > m) m = atomic_load(&rides); printf("%ld", m); }',
    ],
    [
      'a printer behind a guard against itself',
      `static __thread int inside; static int enter(void) { if (inside) return 0; inside = 1; return 1; } static void leave(void) { inside = 0; }
static void say(const char *t) { if (!enter()) return; fputs(t, stderr); leave(); }
void show(void) { if (atomic_load(&rides) > 10) say("many"); }`,
    ],
    [
      'written with the system call by number',
      'void show(void) { char b[32]; int l = snprintf(b, sizeof b, "%ld", atomic_load(&rides)); syscall(SYS_write, 2, b, l); }',
    ],
    [
      'a local that is used again for something else',
      'void *grab(size_t n) { size_t v; v = atomic_load(&rides); printf("%zu", v); v = n + 16; return malloc(v); }',
    ],
    [
      'a choice of constants from a table',
      'static const char *const faces[] = { "low", "high" }; void show(void) { puts(faces[atomic_load(&rides) > 5]); }',
    ],
  ];
  it.each(only)('%s: telemetry', async (_, source) => {
    expect(await variable({ 'a.c': head + source }, 'rides')).toMatchObject({ class: 'telemetry' });
  });

  const more: Case[] = [
    [
      'a printer that also gives memory back',
      'static void *old; void show(void) { long n = atomic_load(&rides); if (n == 0) return; printf("%ld", n); give_back(old); }',
    ],
    [
      'a buffer whose text names a file',
      'void show(void) { char b[32]; snprintf(b, sizeof b, "/tmp/%ld", atomic_load(&rides)); FILE *f = fopen(b, "w"); fclose(f); give_back(b); }',
    ],
    [
      'a registered function that gets a number, not text',
      'typedef void tell_fn(long n, void *arg); void show(tell_fn *tell, void *arg) { if (atomic_load(&rides) > 3) tell(1, arg); }',
    ],
    [
      'a loop that releases as many as were counted',
      'static void *slots[64]; void show(void) { long n = atomic_load(&rides); for (long i = 0; i < n; i++) give_back(slots[i]); }',
    ],
    [
      'the largest of several, then a limit',
      'static long other; void trim(void) { long m = other; if (atomic_load(&rides) > m) m = atomic_load(&rides); if (m > 100) purge(); }',
    ],
    [
      'a guard that lets work through',
      `static __thread int inside; static int enter(void) { if (inside) return 0; inside = 1; return 1; }
void trim(void) { if (atomic_load(&rides) > 10) inside = 1; if (!enter()) return; purge(); }`,
    ],
    [
      'a local that is sometimes used again for something else',
      'void *grab(size_t n) { size_t v = atomic_load(&rides); printf("%zu", v); if (n > 8) v = n + 16; return malloc(v); }',
    ],
    [
      'a table of sizes',
      'static const size_t steps[] = { 16, 64 }; void *grab(void) { return malloc(steps[atomic_load(&rides) > 5]); }',
    ],
    [
      'a registered function that only ever gets fixed words',
      'typedef void tell_fn(const char *text); static tell_fn *on_low; void set(tell_fn *f) { on_low = f; } void trim(void) { if (atomic_load(&rides) > 3) on_low("low"); }',
    ],
    [
      'a struct that is handed out whole',
      'struct sums { long rode; long other; }; extern void govern(const struct sums *); void trim(void) { struct sums s; s.rode = atomic_load(&rides); s.other = 0; govern(&s); }',
    ],
    [
      'a time to sleep',
      'void rest(void) { struct timespec t; t.tv_sec = 0; t.tv_nsec = atomic_load(&rides); nanosleep(&t, 0); }',
    ],
  ];
  it.each(more)('%s: not telemetry', async (_, source) => {
    expect((await variable({ 'a.c': head + source }, 'rides')).class).not.toBe('telemetry');
  });
});

describe('limits on messages', () => {
  const say =
    'static void say(const char *fmt, ...) { va_list v; va_start(v, fmt); vfprintf(stderr, fmt, v); va_end(v); }\n';

  it('are diagnostics', async () => {
    const v = await variable(
      {
        'a.c': `${head}${say}static _Atomic long told; static long most = 16;
void complain(const char *why) { if (most >= 0 && atomic_fetch_add(&told, 1) > most) return; say("warning: %s", why); }`,
      },
      'told',
    );
    expect(v).toMatchObject({ class: 'telemetry', role: 'diagnostic' });
    expect(v.evidence[0]?.reason).toContain('Tested in');
  });

  it.each<Case>([
    ['when the program is stopped as well', 'say("%s", why); if (stop_on_error) abort();'],
    ['when a registered handler hears of it', 'say("%s", why); on_error(12, error_arg);'],
    ['when a lock is taken for it', 'hold(); say("%s", why);'],
  ])('decide %s', async (_, rest) => {
    const v = await variable(
      {
        'a.c': `${head}${say}static _Atomic long told; static int stop_on_error; extern void hold(void);
typedef void error_fn(int, void *); static error_fn *on_error; static void *error_arg;
void complain(const char *why) { if (atomic_fetch_add(&told, 1) > 16) return; ${rest} }`,
      },
      'told',
    );
    expect(v.class).toBe('correctness');
  });

  it('a flag that only gates a log is a diagnostic, checks of debug builds in the log do not change that', async () => {
    const source = (checks: string): string => `${head}${say}static _Atomic int talkative;
${checks}
static void note(const char *t) { if (checks) { if (t == 0) abort(); } say("%s", t); }
void set(int on) { atomic_store(&talkative, on != 0); }
void *grab(size_t n) { if (atomic_load(&talkative)) note("grab"); return malloc(n); }`;
    const calm = await variable({ 'a.c': source('static const int checks = 0;') }, 'talkative');
    expect(calm).toMatchObject({ class: 'telemetry', role: 'diagnostic' });
    const live = await variable({ 'a.c': source('int checks;') }, 'talkative');
    expect(live.class).toBe('correctness');
  });
});

describe('statistics that feed each other', () => {
  const stats = `struct tally { _Atomic long now; _Atomic long top; _Atomic long sum; };
static struct tally all;
static void raise_top(_Atomic long *p, long n) { long t = atomic_load(p); while (t < n && !atomic_compare_exchange_weak(p, &t, n)) {} }
void count(long n) { long c = atomic_fetch_add(&all.now, n); raise_top(&all.top, c + n); atomic_fetch_add(&all.sum, n); }
static void merge(struct tally *into, const struct tally *from) { if (from->now == 0 && from->sum == 0) return; atomic_fetch_add(&into->now, from->now); atomic_fetch_add(&into->sum, from->sum); if (from->top > into->top) into->top = from->top; }
void fold(struct tally *t) { merge(&all, t); }
void show(void) { printf("%ld %ld %ld", all.now, all.top, all.now + all.sum); }
`;

  it('current, peak and total are telemetry, in whatever order they are asked for', async () => {
    const rows = await variables({ 'a.c': head + stats });
    const of = (n: string): [string, string | null] => {
      const v = rows.find((r) => r.name === n && r.owner === 'tally');
      return [v?.class ?? '', v?.role ?? null];
    };
    expect(of('now')).toEqual(['telemetry', 'counter']);
    expect(of('sum')).toEqual(['telemetry', 'counter']);
    expect(of('top')).toEqual(['telemetry', 'peak']);
  });

  it('all of them steer as soon as one does that they feed', async () => {
    const rows = await variables({
      'a.c': `${head}${stats}void trim(void) { if (all.top > 1000) purge(); }`,
    });
    const class_ = (n: string): string | undefined =>
      rows.find((r) => r.name === n && r.owner === 'tally')?.class;
    expect(class_('top')).toBe('correctness');
    expect(class_('now')).toBe('correctness');
    expect(class_('sum')).toBe('correctness');
  });

  it('a struct of statistics that goes to a function out of sight is unknown', async () => {
    const rows = await variables({
      'a.c': `${head}struct sums { _Atomic long now; _Atomic long ever; }; static struct sums all; extern void govern(struct sums *);
void count(void) { atomic_fetch_add(&all.now, 1); } void trim(void) { govern(&all); }`,
    });
    expect(rows.find((r) => r.name === 'now')?.class).toBe('unknown');
  });

  it('a raised peak that sets something off is no peak loop', async () => {
    const v = await variable(
      {
        'a.c': `${head}static _Atomic long top; void mark(long n) { long t = atomic_load(&top); while (t < n && !atomic_compare_exchange_weak(&top, &t, n)) {} if (n > t) purge(); }`,
      },
      'top',
    );
    expect(v.class).toBe('correctness');
  });

  it.each<readonly [string, string, string]>([
    ['one in so many is printed', 'printf("%ld", atomic_load(&rides));', 'telemetry'],
    ['one in so many trims', 'purge();', 'correctness'],
  ])('%s', async (_, then, expected) => {
    const v = await variable(
      {
        'a.c': `${head}static _Atomic long turn; void tick(void) { if ((atomic_fetch_add(&turn, 1) & 1023) == 0) { ${then} } }`,
      },
      'turn',
    );
    expect(v.class).toBe(expected);
  });

  it('what is never read is telemetry, unless others could read it', async () => {
    const rows = await variables({
      'a.c': `${head}struct pool { _Atomic long hint; }; static struct pool p; _Atomic long shared_mark; static _Atomic long taken;
void mark(long n) { atomic_store(&p.hint, n); atomic_store(&shared_mark, n); atomic_store(&taken, n); give_back((void *)&taken); }`,
    });
    const class_ = (n: string): string | undefined => rows.find((r) => r.name === n)?.class;
    expect(class_('hint')).toBe('telemetry');
    expect(class_('shared_mark')).toBe('unknown');
    expect(class_('taken')).toBe('unknown');
  });
});

describe('ways on which a value steers', () => {
  it.each<Case>([
    [
      'through two functions',
      'static long get(void) { return atomic_load(&rides); } static long more(void) { return get() + 1; } void trim(void) { if (more() > 9) purge(); }',
    ],
    [
      'an out-parameter',
      'static void get(long *out) { *out = atomic_load(&rides); } void trim(void) { long n; get(&n); if (n > 9) purge(); }',
    ],
    [
      'a pointer to it',
      'static int big(_Atomic long *p) { return atomic_load(p) > 9; } void trim(void) { if (big(&rides)) purge(); }',
    ],
    ['an early failure', 'void *grab(size_t n) { if (atomic_load(&rides) > 9) return 0; return malloc(n); }'],
    [
      'a loop without a way out',
      'void stop(void) { if (atomic_load(&rides) > 9) while (1) { } printf("stopped\\n"); }',
    ],
    ['a jump', 'void trim(void) { again: purge(); if (atomic_load(&rides) > 9) goto again; }'],
    [
      'a loop that is left',
      'void trim(void) { for (int i = 0; i < 9; i++) { if (atomic_load(&rides) > 9) break; purge(); } }',
    ],
    [
      'a round that is left out',
      'void trim(void) { for (int i = 0; i < 9; i++) { if (atomic_load(&rides) > 9) continue; purge(); } }',
    ],
    [
      'a switch',
      'void trim(void) { switch (atomic_load(&rides) & 3) { case 0: printf("0"); break; default: purge(); } }',
    ],
    [
      'what is evaluated at all',
      'extern int reclaim(void); void trim(void) { if (atomic_load(&rides) > 9 && reclaim()) printf("x"); }',
    ],
    [
      'an assignment in a condition',
      'void trim(void) { long n; if ((n = atomic_load(&rides)) > 9) purge(); }',
    ],
    [
      'a flag that is set under it',
      'void trim(void) { int go = 0; if (atomic_load(&rides) > 9) go = 1; printf("%d", go); if (go) purge(); }',
    ],
    [
      'a copy of its own thread',
      'static __thread long last; void note(void) { last = atomic_load(&rides); } void trim(void) { if (last > 9) purge(); }',
    ],
    [
      'a copied struct',
      'struct s { long n; }; static struct s g; void note(void) { g.n = atomic_load(&rides); } void trim(void) { struct s t = g; if (t.n > 9) purge(); }',
    ],
    [
      'the function that is picked',
      'static void a(void) {} void trim(void) { void (*f)(void) = atomic_load(&rides) > 9 ? purge : a; f(); }',
    ],
    [
      'a wait that a break ends',
      'void rest(void) { for (;;) { if (atomic_load(&rides) > 9) break; __builtin_ia32_pause(); } }',
    ],
    [
      'a wait that a jump repeats',
      'void rest(void) { long n; again: n = atomic_load(&rides); if (n < 9) goto again; }',
    ],
    [
      'a wait on a plain copy',
      'static long get(void) { return atomic_load(&rides); } void rest(void) { long n; do { n = get(); } while (n < 9); }',
    ],
    [
      'what it is read into',
      'struct s { long n; }; static struct s g; void note(void) { __atomic_load(&rides, &g.n, 5); } void trim(void) { if (g.n > 9) purge(); }',
    ],
    [
      'what a wrapper makes of it',
      'static _Atomic long due; static void owe(_Atomic long *p, long by) { atomic_fetch_add(p, by * 2); } void note(void) { owe(&due, atomic_load(&rides)); } void trim(void) { if (atomic_load(&due) > 9) purge(); }',
    ],
    [
      'a lambda of a compiler extension',
      'void trim(void) { int n = ({ long v = atomic_load(&rides); v > 9; }); if (n) purge(); }',
    ],
  ])('%s', async (_, source) => {
    expect((await variable({ 'a.c': head + source }, 'rides')).class).toBe('correctness');
  });

  it('a helper that is called for this and for that answers each caller alone', async () => {
    const v = await variable(
      {
        'a.c': `${head}static long at_least(long n, long m) { return n < m ? m : n; }
void show(void) { printf("%ld", at_least(atomic_load(&rides), 1)); } void *grab(long n) { return malloc(at_least(n, 16)); }`,
      },
      'rides',
    );
    expect(v.class).toBe('telemetry');
  });

  it('static functions of one name in two files are two', async () => {
    const report = 'static void report(long n) { printf("%ld", n); }\n';
    const act =
      'extern void purge(void); static void report(long n) { if (n > 3) purge(); }\nvoid other(void) { report(7); }\n';
    const v = await variable(
      { 'a.c': `${head}${report}void show(void) { report(atomic_load(&rides)); }`, 'b.c': act },
      'rides',
    );
    expect(v.class).toBe('telemetry');
  });

  it('structs of one name in two files are two', async () => {
    const file =
      'struct mark { long n; }; extern void purge(void); static struct mark last; void look(void) { if (last.n > 3) purge(); }';
    const own = `${head}struct mark { long n; }; static struct mark last; void show(void) { last.n = atomic_load(&rides); printf("%ld", last.n); }`;
    expect((await variable({ 'a.c': own, 'b.c': file }, 'rides')).class).toBe('telemetry');
  });

  it('`new` is a name like any other in C', async () => {
    const v = await variable(
      {
        'a.c': `${head}static _Atomic long top; void mark(long n) { long new; new = atomic_fetch_add(&rides, n) + n; long t = atomic_load(&top); while (t < new && !atomic_compare_exchange_weak(&top, &t, new)) {} }
void show(void) { printf("%ld", atomic_load(&top)); }`,
      },
      'rides',
    );
    expect(v.class).toBe('telemetry');
  });
});

describe('evidence', () => {
  it('names every access that decided and where it leads', async () => {
    const v = await variable(
      {
        'a.c': `${head}static long get(void) { return atomic_load(&rides); }\nvoid trim(void) {\n  if (get() > 9) purge();\n}\nvoid last(void) {\n  if (atomic_load(&rides) == 1)\n    purge();\n}\n`,
      },
      'rides',
    );
    const lines = head.split('\n').length - 1;
    const at = v.evidence.map((e) => e.line - lines);
    expect(at).toEqual([1, 3, 6]);
    expect(v.evidence[0]?.reason).toBe(`What is read here goes to a.c:${lines + 3}.`);
    expect(v.evidence[1]?.reason).toBe('The condition "get() > 9" decides: purge is called.');
  });
});

it('a verdict is the same whichever variable is asked for first', async () => {
  const samples = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../samples/hakmem');
  const { workspace } = await loadWorkspace(discover([samples]), new Trees({ grammarDir, parser }), {});
  const ask = (arrange: (all: Target[]) => Target[]): string[] => {
    const { index, classifier } = new Build(workspace, { defines: {}, env: {}, entries: [] });
    const targets = [...index.fileOfGlobal.keys()].map((d) => globalTarget(index, d));
    for (const list of index.structs.values())
      for (const s of list) for (const f of s.fields) targets.push(fieldTarget(index, s, f));
    const out = new Map<string, string>();
    for (const t of arrange(targets)) {
      const v = classifier.verdict(t);
      const why = v.reasons.map((r) => `${r.file}:${r.token.start} ${r.reason}`);
      out.set(t.key, `${t.key} ${v.class} ${v.role} ${why.join('|')}`);
    }
    return [...out.keys()].sort().map((k) => out.get(k) ?? '');
  };
  const first = ask((all) => all);
  expect(first.length).toBeGreaterThan(100);
  expect(ask((all) => [...all].reverse())).toEqual(first);
  // Every third one, then the rest: neither order shares its beginnings with the others.
  expect(ask((all) => [...all.filter((_, i) => i % 3 === 1), ...all.filter((_, i) => i % 3 !== 1)])).toEqual(
    first,
  );
});
