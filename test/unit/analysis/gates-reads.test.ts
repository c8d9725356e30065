/** How often a variable is read, and on which paths; names that are composed; keys of option strings. */
import { describe, expect, it } from 'vitest';
import { brief, gates } from './gates-support.ts';

const head = '#include <stdlib.h>\n#include <string.h>\n#include <pthread.h>\n';
const cpp = '#include <cstdlib>\n#include <mutex>\n#include <string>\n';

describe('how it is read', () => {
  it.each([
    [
      'on every allocation',
      'void *malloc(size_t n) { if (getenv("X")) return 0; return (void*)n; }',
      'per-call hot',
    ],
    [
      'on every call of a cold function',
      'void *malloc(size_t n) { return (void*)n; } __attribute__((cold)) void report(void) { if (getenv("X")) abort(); }',
      'per-call',
    ],
    [
      'behind a cached static',
      'static int gate(void) { static int g = -1; if (g == -1) g = getenv("X") != 0; return g; } void *malloc(size_t n) { return gate() ? 0 : (void*)n; }',
      'once',
    ],
    [
      'behind an early return',
      'static int g = -1; static int gate(void) { if (g >= 0) return g; g = getenv("X") != 0; return g; } void *malloc(size_t n) { return gate() ? 0 : (void*)n; }',
      'once',
    ],
    [
      'in a helper behind a cached static',
      'static int read_x(void) { const char* e = getenv("X"); return e && *e == \'1\'; } static int g = -1; void *malloc(size_t n) { if (g < 0) g = read_x(); return g ? 0 : (void*)n; }',
      'once',
    ],
    [
      'in a function that the first call reaches',
      'static int ready; static int mode; static void init(void) { mode = getenv("X") != 0; ready = 1; } void *malloc(size_t n) { if (!ready) init(); return mode ? 0 : (void*)n; }',
      'once',
    ],
    [
      'an unrelated condition before it',
      'static int count; void *malloc(size_t n) { if (n > 8) count++; if (getenv("X")) return 0; return (void*)n; }',
      'per-call hot',
    ],
    [
      'a thread-local cache',
      'static _Thread_local int g = -1; void *malloc(size_t n) { if (g == -1) g = getenv("X") != 0; return g ? 0 : (void*)n; }',
      'per-thread',
    ],
    [
      'a thread-local initialiser of a pointer',
      'static __thread const char* g; void *malloc(size_t n) { if (!g) { g = getenv("X"); if (!g) g = ""; } return *g ? 0 : (void*)n; }',
      'per-thread',
    ],
    [
      'a constructor',
      'static int g; __attribute__((constructor)) static void start(void) { g = getenv("X") != 0; } void *malloc(size_t n) { return g ? 0 : (void*)n; }',
      'constructor',
    ],
    [
      'called from a constructor',
      'static int g; static void read_all(void) { g = getenv("X") != 0; } __attribute__((constructor)) static void start(void) { read_all(); } void *malloc(size_t n) { return g ? 0 : (void*)n; }',
      'constructor',
    ],
    [
      'pthread_once',
      'static int g; static pthread_once_t o = PTHREAD_ONCE_INIT; static void init(void) { g = getenv("X") != 0; } void *malloc(size_t n) { pthread_once(&o, init); return g ? 0 : (void*)n; }',
      'once',
    ],
    [
      'an atomic cache',
      '#include <stdatomic.h>\nstatic _Atomic int g = -1; void *malloc(size_t n) { int v = atomic_load_explicit(&g, memory_order_relaxed); if (v < 0) { v = getenv("X") != 0; atomic_store(&g, v); } return v ? 0 : (void*)n; }',
      'once',
    ],
    [
      'an init section',
      'static int g; static void init(void) { g = getenv("X") != 0; } __attribute__((section(".init_array"))) static void (*const p)(void) = init; void *malloc(size_t n) { return g ? 0 : (void*)n; }',
      'constructor',
    ],
  ] as const)('%s: %s', async (_, source, read) => {
    // biome-ignore format: a table
    expect(brief(await gates(head + source)).map((b) => b.split(' ').slice(1).join(' '))).toEqual([read]);
  });

  it.each([
    ['a static initialiser', 'static bool g = std::getenv("X") != nullptr;', 'constructor'],
    ['a static local', 'bool g() { static bool v = std::getenv("X") != nullptr; return v; }', 'once'],
    [
      'a thread_local',
      'bool g() { thread_local bool v = std::getenv("X") != nullptr; return v; }',
      'per-thread',
    ],
    [
      'the constructor of a static object',
      'struct A { bool v; A() { v = std::getenv("X") != nullptr; } };\nstatic A a;',
      'constructor',
    ],
    [
      'its destructor',
      'struct A { bool v; ~A() { v = std::getenv("X") != nullptr; } };\nstatic A a;',
      'once',
    ],
    [
      'call_once',
      'static std::once_flag f; static bool v; bool g() { std::call_once(f, [] { v = std::getenv("X") != nullptr; }); return v; }',
      'once',
    ],
    [
      'handed to a static object',
      'struct Init { Init(void (*f)()) { f(); } };\nstatic bool v; static void read() { v = std::getenv("X") != nullptr; }\nstatic Init init{read};',
      'constructor',
    ],
  ] as const)('%s', async (_, source, read) => {
    // biome-ignore format: a table
    const found = await gates({ 'a.cc': cpp + source });
    expect(found.map((g) => g.read)).toEqual([read]);
  });
});

describe('names', () => {
  it('are composed from a prefix and a table, one row each', async () => {
    const found = await gates(`${head}
typedef struct opt_s { long value; const char* name; } opt_t;
#define OPTION(o) #o
static opt_t options[] = {
  { 1, OPTION(eager) },
#ifdef _WIN32
  { 9, OPTION(delay) },
#else
  { 25, OPTION(delay) },
#endif
};
static void opt_init(opt_t* o) {
  char buf[64];
  strcpy(buf, "heap_");
  strcat(buf, o->name);
  const char* e = getenv(buf);
  if (e) o->value = strtol(e, 0, 10);
}
long opt_get(int i) { opt_t* o = &options[i]; opt_init(o); return o->value; }`);
    expect(found.map((g) => [g.name, g.default])).toEqual([
      ['heap_eager', '1'],
      ['heap_delay', '25'],
    ]);
    expect(new Set(found.map((g) => g.line)).size).toBe(1);
    expect(new Set(found.map((g) => g.id)).size).toBe(2);
  });

  it('stand in both cases where the lookup does not mind', async () => {
    const found = await gates(`${head}#include <strings.h>
extern char** environ;
static const char* find(const char* n) { size_t l = strlen(n); for (char** p = environ; *p; p++) if (strncasecmp(*p, n, l) == 0 && (*p)[l] == '=') return *p + l + 1; return 0; }
static const char* const names[] = { "a", "b" };
static int on[2];
void init(void) { for (int i = 0; i < 2; i++) { char buf[32]; snprintf(buf, sizeof buf, "heap_%s", names[i]); on[i] = find(buf) != 0; } }`);
    expect(found.map((g) => g.name)).toEqual(
      expect.arrayContaining(['heap_a', 'HEAP_A', 'heap_b', 'HEAP_B']),
    );
  });

  it('are composed inside a wrapper', async () => {
    const found = await gates(`${head}#include <stdio.h>
static const char* option(const char* key) { char buf[64]; snprintf(buf, sizeof(buf), "HEAP_%s", key); return getenv(buf); }
int g(void) { const char* e = option("LIMIT"); return e ? atoi(e) : 5; }
int h(void) { return option("LEAN") != 0; }`);
    expect(brief(found.filter((g) => g.name !== null))).toEqual([
      'HEAP_LEAN=off per-call',
      'HEAP_LIMIT=5 per-call',
    ]);
  });

  it('are composed of strings', async () => {
    const found = await gates({
      'a.cc': `${cpp}static const char* Option(const std::string& key) { std::string name = "HEAP_" + key; return std::getenv(name.c_str()); }
int g() { const char* e = Option("LIMIT"); return e ? atoi(e) : 5; }`,
    });
    expect(found.map((g) => g.name)).toContain('HEAP_LIMIT');
  });

  it('may be compared with the entries of the environment', async () => {
    const walk = `${head}extern char** environ;
static int lean;
void init(void) { for (char** p = environ; *p; p++) if (strncmp(*p, "HEAP_LEAN=", 10) == 0) lean = (*p)[10] == '1'; }
static char** next(char** envp, char** name, char** value);
static int is_name(const char* a, const char* b);
void start(char** envp) { char *n, *v; while ((envp = next(envp, &n, &v)) != 0) if (is_name("HEAP_CONF", n)) lean = *v == '1'; }
static char* after(char*** at) { for (char** p = *at; *p; p++) if ((*p)[0] == 'H' && (*p)[1] == '_') { *at = p + 1; return &(*p)[2]; } return 0; }
void rest(void) { char** run = environ; char* line; while ((line = after(&run)) != 0) if (memcmp(line, "TOP", 3) == 0) lean = 1; }
int other(char** argv) { return strcmp(argv[0], "HELP") == 0; }`;
    expect((await gates(walk)).map((g) => [g.name, g.default])).toEqual([
      ['HEAP_LEAN', null],
      ['HEAP_CONF', null],
      ['H_TOP', null],
    ]);
  });

  it('may stand in the branches of #if', async () => {
    const found = await gates(`${head}const char* g(void) { const char* name =
#ifdef PREFIX
 PREFIX"CONF"
#else
 "CONF"
#endif
 ; return getenv(name); }`);
    expect(found.map((g) => g.name)).toEqual(['CONF']);
  });
});

describe('keys of an option string', () => {
  const parser = `${head}#include <stdbool.h>
static bool opt_lean = false; static long opt_decay = 100; static bool opt_tcache = true;
static int next(const char** opts, const char** k, size_t* kl, const char** v, size_t* vl);
`;
  it('are rows of their own where the variable is read', async () => {
    const found = await gates(`${parser}#define MATCH(n) (sizeof(n) - 1 == kl && strncmp(n, k, kl) == 0)
#define BOOL(o, n) if (MATCH(n)) { if (strncmp("true", v, vl) == 0) o = true; else o = false; continue; }
void init(void) {
  const char* opts = getenv("HEAP_CONF");
  const char *k, *v; size_t kl, vl;
  if (opts == 0) return;
  while (*opts && !next(&opts, &k, &kl, &v, &vl)) {
    BOOL(opt_lean, "lean")
    BOOL(opt_tcache, "tcache")
    if (MATCH("decay")) { opt_decay = strtol(v, 0, 10); continue; }
  }
}`);
    const names = found.map((g) => g.name);
    expect(names).toEqual(['HEAP_CONF', 'HEAP_CONF:lean', 'HEAP_CONF:tcache', 'HEAP_CONF:decay']);
    expect(new Set(found.map((g) => g.line)).size).toBe(1);
    const by = Object.fromEntries(found.map((g) => [g.name, g.default]));
    expect(by).toMatchObject({ 'HEAP_CONF:lean': 'off', 'HEAP_CONF:tcache': 'on' });
  });

  it('come out of strtok', async () => {
    const found = await gates(`${parser}void init(void) {
  char buf[256]; const char* e = getenv("HEAP_CONF"); if (!e) return; strncpy(buf, e, sizeof buf);
  for (char* t = strtok(buf, ","); t; t = strtok(0, ",")) {
    if (strcmp(t, "lean") == 0) opt_lean = true;
    else if (strncmp(t, "decay=", 6) == 0) opt_decay = atol(t + 6);
  }
}`);
    expect(found.map((g) => g.name)).toEqual(['HEAP_CONF', 'HEAP_CONF:lean', 'HEAP_CONF:decay=']);
  });

  it('are not the values of a variable that is compared as a whole', async () => {
    const found = await gates(
      `${head}int g(void) { const char* e = getenv("MODE"); if (!e) return 0; if (!strcmp(e, "fast")) return 1; if (!strcmp(e, "safe")) return 2; return 0; }`,
    );
    expect(found.map((g) => g.name)).toEqual(['MODE']);
  });
});
