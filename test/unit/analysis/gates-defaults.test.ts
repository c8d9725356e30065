/** What a variable comes to when it is not set: made-up code of every kind that parses one. */
import { describe, expect, it } from 'vitest';
import { gates } from './gates-support.ts';

const head = '#include <stdlib.h>\n#include <string.h>\n#include <stdbool.h>\n';

const c: readonly (readonly [what: string, source: string, expected: Readonly<Record<string, string | null>>])[] = [
  ['on only for a non-zero text', 'int g(void) { const char* e = getenv("X"); return (e && *e && *e != \'0\') ? 1 : 0; }', { X: 'off' }],
  ['on unless told otherwise', 'int g(void) { const char* e = getenv("X"); return (!e || *e != \'0\') ? 1 : 0; }', { X: 'on' }],
  ['a number', 'int g(void) { char* e = getenv("X"); return e ? atoi(e) : 16; }', { X: '16' }],
  ['a number that is one', 'int g(void) { char* e = getenv("X"); return e ? atoi(e) : 1; }', { X: '1' }],
  ['constants by presence', 'int g(void) { return getenv("X") ? 3 : 7; }', { X: '7' }],
  ['presence', 'bool g(void) { return getenv("X") != NULL; }', { X: 'off' }],
  ['absence', 'bool g(void) { return getenv("DISABLE_X") == NULL; }', { DISABLE_X: 'on' }],
  ['double negation', 'bool g(void) { return !!getenv("X"); }', { X: 'off' }],
  ['a text', 'const char* g(void) { const char* e = getenv("X"); return e ? e : "/var/heap"; }', { X: '/var/heap' }],
  ['a text by an elvis', 'const char* g(void) { return getenv("X") ?: "fast"; }', { X: 'fast' }],
  ['the first character of an elvis', 'static int lazy; void init(void) { lazy = *(getenv("BIND") ?: "") == 0; }', { BIND: 'on' }],
  ['a text without another', 'const char* g(void) { return getenv("X"); }', { X: null }],
  ['a text that is replaced and opened', 'int open(const char*); static int fd; void init(void) { const char* p = getenv("X"); if (!p) p = "/tmp/log"; fd = open(p); }', { X: '/tmp/log' }],
  ['two statements', 'static int g = 3; void init(void) { const char* e = getenv("X"); if (e) g = atoi(e); }', { X: '3' }],
  ['a default set before', 'static long g; void init(void) { g = 4096; const char* e = getenv("X"); if (e != NULL && *e) g = strtol(e, NULL, 0); }', { X: '4096' }],
  ['an end pointer', 'static unsigned long g = 65536; void init(void) { char* end; const char* e = getenv("X"); if (!e) return; unsigned long v = strtoul(e, &end, 10); if (*end == \'k\') v <<= 10; g = v; }', { X: '65536' }],
  ['a switch', 'int g(void) { const char* e = getenv("X"); switch (e ? e[0] : \'n\') { case \'y\': case \'1\': return 1; case \'n\': return 0; default: return 2; } }', { X: 'off' }],
  ['a switch on the kind of value', 'enum mode { none, slow = 5, fast }; static int parse(const char* e) { if (!e) return fast; return none; } int g(void) { int m = 0; switch (parse(getenv("X"))) { case none: m = 10; break; case fast: m = 30; break; default: m = 20; } return m; }', { X: '30' }],
  ['a chain of comparisons', 'int g(void) { const char* e = getenv("X"); if (!e) return 2; if (!strcmp(e, "fast")) return 1; if (!strcasecmp(e, "slow")) return 3; return 0; }', { X: '2' }],
  ['a helper with a default', 'static int env_int(const char* n, int d) { const char* e = getenv(n); return e ? atoi(e) : d; } static int a, b; void init(void) { a = env_int("A", 10); b = env_int("B", 0); }', { A: '10', B: '0' }],
  ['a helper for truths', 'static bool env_bool(const char* n, bool d) { const char* e = getenv(n); if (!e) return d; return e[0] == \'1\'; } static bool a, b; void init(void) { a = env_bool("A", true); b = env_bool("B", false); }', { A: 'on', B: 'off' }],
  ['a helper two deep', 'static const char* env(const char* n) { return secure_getenv(n); } static int env_int(const char* n, int d) { const char* e = env(n); return e ? atoi(e) : d; } static int a; void init(void) { a = env_int("A", 10); }', { A: '10' }],
  ['an out-parameter', 'static bool env_size(const char* n, size_t* out) { const char* e = getenv(n); if (!e) return false; *out = strtoul(e, 0, 0); return true; } static size_t a; void init(void) { size_t v = 777; env_size("A", &v); a = v; }', { A: '777' }],
  ['a buffer', 'int getenv_safe(const char* n, char* buf, int len) { const char* e = getenv(n); if (!e) return 0; strncpy(buf, e, len); return 1; } static int level = 5; void init(void) { char b[32]; if (getenv_safe("A", b, sizeof b)) level = atoi(b); }', { A: '5' }],
  ['a size with a suffix', 'static size_t parse(const char* s) { char* end; size_t v = strtoul(s, &end, 10); switch (*end) { case \'g\': v <<= 10; case \'m\': v <<= 10; case \'k\': v <<= 10; } return v; } static size_t limit; void init(void) { const char* e = getenv("X"); limit = parse(e ? e : "64k"); }', { X: '65536' }],
  ['an enumerator', 'enum { kSmall = 4, kLarge }; int g(void) { const char* e = getenv("X"); return e ? atoi(e) : kLarge; }', { X: '5' }],
  ['a size of a type', 'int g(void) { const char* e = getenv("X"); return e ? atoi(e) : (int)sizeof(void*); }', { X: '8' }],
  ['unknown code', 'int cpus(void); int g(void) { const char* e = getenv("X"); return e ? atoi(e) : cpus(); }', { X: null }],
  ['two variables in one function', 'static int a, b; void init(void) { const char* e = getenv("A"); a = e ? atoi(e) : 4; e = getenv("B"); b = (e && *e == \'1\'); }', { A: '4', B: 'off' }],
  ['one variable over another', 'int g(void) { const char* e = getenv("A"); if (!e) e = getenv("B"); return e ? atoi(e) : 12; }', { A: '12', B: '12' }],
  ['a cached static written in two places', 'static int g = -1; void set(int v) { g = v; } int get(void) { if (g == -1) { const char* e = getenv("X"); g = (e && *e == \'0\') ? 0 : 1; } return g; }', { X: 'on' }],
  ['a default that depends on another gate', 'static int lean(void) { static int g = -1; if (g < 0) { const char* e = getenv("LEAN"); g = e && *e == \'1\'; } return g; } int cap(void) { const char* e = getenv("CAP"); return e ? atoi(e) : (lean() ? 16 : 256); }', { LEAN: 'off', CAP: '256' }],
  ['behind another variable', 'int open(const char*); static int size; void init(void) { const char* out = getenv("OUT"); if (out != NULL && out[0]) { int fd = open(out); if (fd >= 0) { size = 32768; const char* e = getenv("SIZE"); if (e) { size = atoi(e); if (size == 0) size = 32768; } } } }', { OUT: 'off', SIZE: '32768' }],
  ['a value that is clamped', 'int g(void) { const char* e = getenv("X"); int v = e ? atoi(e) : 500; if (v > 64) v = 64; return v; }', { X: '64' }],
  ['an atomic cache', '#include <stdatomic.h>\nstatic _Atomic int g = -1; int get(void) { int v = atomic_load(&g); if (v < 0) { const char* e = getenv("X"); v = (!e || *e != \'0\'); atomic_store(&g, v); } return v; }', { X: 'on' }],
  ['negated gate', 'static int enabled = 1; void init(void) { if (getenv("NO_CACHE")) enabled = 0; }', { NO_CACHE: 'on' }],
  ['a table of options', 'struct opt { const char* name; long value; }; static struct opt opts[] = { { "APP_A", 5 }, { "APP_B", -1 }, { 0, 0 } }; void init(void) { for (struct opt* o = opts; o->name; o++) { const char* e = getenv(o->name); if (e) o->value = strtol(e, 0, 10); } }', { APP_A: '5', APP_B: '-1' }],
  ['a static in a branch of #if', '#ifdef SMALL\nstatic int def = 1;\n#else\nstatic int def = 8;\n#endif\nint g(void) { const char* e = getenv("X"); return e ? atoi(e) : def; }', { X: '8' }],
  ['a local in a branch of #if', 'int g(void) {\n#ifdef SMALL\n const int def = 1;\n#else\n const int def = 8;\n#endif\n const char* e = getenv("X"); return e ? atoi(e) : def; }', { X: '8' }],
  ['an initialiser in branches of #if', 'int def =\n#ifdef SMALL\n 1\n#else\n 8\n#endif\n;\nint g(void) { const char* e = getenv("X"); return e ? atoi(e) : def; }', { X: '8' }],
  ['three constants', 'static int mode; void init(void) { const char* e = getenv("X"); if (e && !strcmp(e, "a")) mode = 1; else if (e && !strcmp(e, "b")) mode = 2; else mode = 3; }', { X: '3' }],
  ['a field through a parameter', 'struct cfg { int a; }; void init(struct cfg* c) { const char* e = getenv("X"); c->a = 12; if (e) c->a = atoi(e); }', { X: '12' }],
  ['what the system says', 'int cpus(void); static int n; void init(void) { const char* e = getenv("X"); n = cpus(); if (e) n = atoi(e); }', { X: null }],
  ['a reader that is declared elsewhere', 'const char* thread_safe_getenv(const char*); int g(void) { const char* e = thread_safe_getenv("X"); return e ? atoi(e) : 5; }', { X: '5' }],
  ['a setter', 'static long cap = 99; void set_cap(long v) { if (v < 1) v = 1; cap = v; } void init(void) { const char* e = getenv("X"); if (e) set_cap(strtol(e, 0, 10)); }', { X: '99' }],
  ['through a pointer to the reader', 'static int read_it(void) { const char* e = getenv("X"); return e ? atoi(e) : 9; } static int (*reader)(void) = read_it; static int g; void init(void) { g = reader(); }', { X: '9' }],
  ['walking environ', 'extern char** environ; static const char* find(const char* n) { size_t l = strlen(n); for (char** p = environ; *p; p++) if (!strncmp(*p, n, l) && (*p)[l] == \'=\') return *p + l + 1; return 0; } int g(void) { const char* e = find("X"); return e ? atoi(e) : 11; }', { X: '11' }],
]; // biome-ignore format: a table

const cpp: typeof c = [
  ['std::getenv', 'int g() { const char* e = std::getenv("X"); return e ? std::atoi(e) : 16; }', { X: '16' }],
  ['a static initialiser', 'static const bool enabled = std::getenv("X") == nullptr;', { X: 'on' }],
  ['a static initialiser of a number', 'static int EnvToInt(const char* n, int d) { const char* e = getenv(n); return e ? strtol(e, nullptr, 10) : d; }\nstatic int limit = EnvToInt("X", 0);', { X: '0' }],
  ['an object of static duration', 'struct Options { int size; bool lean; Options() { const char* e = getenv("X"); size = e ? atoi(e) : 7; lean = getenv("LEAN") != nullptr; } };\nstatic Options options;', { X: '7', LEAN: 'off' }],
  ['a constructor\'s list', 'struct S { int v; int w; S() : w(1), v(getenv("X") ? atoi(getenv("X")) : 9) {} };\nstatic S s;', { X: '9' }],
  ['a lambda at file scope', 'static const bool on = []() -> bool { const char* e = std::getenv("X"); return e == nullptr || *e != \'0\'; }();', { X: 'on' }],
  ['a member with a value in the class', 'struct R { void set(long v) { p_ = v; } long p_ = 100; };\nR& rt();\nvoid init() { char* e = getenv("X"); if (e) { long p = strtol(e, nullptr, 10); rt().set(p); } }', { X: '100' }],
  ['a lambda', 'static int g() { static const int v = [] { const char* e = getenv("X"); return e ? atoi(e) : 3; }(); return v; }', { X: '3' }],
  ['std::string', 'std::string path() { const char* e = std::getenv("X"); return e ? std::string(e) : std::string("/opt"); }', { X: '/opt' }],
  ['string_view', 'int mode() { std::string_view v = getenv("X") ? getenv("X") : "slow"; if (v == "fast") return 2; return 4; }', { X: '4' }],
  ['a wrapper that takes a string_view', 'static const char* Lookup(std::string_view n) { return std::getenv(n.data()); }\nint g() { const char* e = Lookup("X"); return e ? atoi(e) : 21; }', { X: '21' }],
  ['a wrapper that takes a string', 'static bool Flag(const std::string& n, bool d) { const char* e = std::getenv(n.c_str()); if (e == nullptr) return d; return std::string(e) == "1"; }\nstatic bool a = Flag("A", true); static bool b = Flag("B", false);', { A: 'on', B: 'off' }],
  ['a wrapper that gives an optional', 'static std::optional<std::string> Get(const char* n) { if (const char* e = std::getenv(n)) return std::string(e); return std::nullopt; }\nint g() { auto v = Get("X"); if (!v.has_value()) return 33; return atoi(v->c_str()); }', { X: '33' }],
  ['a constant of the class', 'struct S { static const int kDefault = 100; int f; S(); };\nconst int S::kDefault;\nS::S() { const char* e = getenv("X"); if (e) f = atoi(e); else f = kDefault; }\nstatic S s;', { X: '100' }],
]; // biome-ignore format: a table

const by = (rows: Awaited<ReturnType<typeof gates>>): Record<string, string | null> =>
  Object.fromEntries(rows.filter((g) => g.name !== null).map((g) => [g.name, g.default]));

describe('the default in C', () => {
  it.each(c)('%s', async (_, source, expected) => {
    expect(by(await gates(head + source))).toEqual(expected);
  });
});

describe('the default in C++', () => {
  it.each(cpp)('%s', async (_, source, expected) => {
    expect(by(await gates({ 'a.cc': `#include <cstdlib>\n#include <string>\n${source}` }))).toEqual(expected);
  });
});

describe('the default under a configuration', () => {
  const source = `${head}#ifndef SMALL
#define SMALL 0
#endif
#if SMALL
enum { def = 1 };
static int kept = 1;
#else
static int kept = 8;
#endif
int g(void) { const char* e = getenv("X"); return e ? atoi(e) : kept; }`;
  it('is the one that the defines give', async () => {
    expect(by(await gates(source))).toEqual({ X: '8' });
    expect(by(await gates(source, { defines: { SMALL: '1' } }))).toEqual({ X: '1' });
  });

  it('stays the default when the variable is given', async () => {
    expect(by(await gates(source, { env: { X: '77' } }))).toEqual({ X: '8' });
  });
});

describe('Windows', () => {
  it.each([
    ['_dupenv_s', 'int g(void) { char* v; size_t n; _dupenv_s(&v, &n, "X"); return v ? atoi(v) : 6; }'],
    [
      'getenv_s',
      'int g(void) { char b[32]; size_t n; getenv_s(&n, b, sizeof b, "X"); return n ? atoi(b) : 6; }',
    ],
    ['_wgetenv', 'int g(void) { const wchar_t* e = _wgetenv(L"X"); return e ? 1 : 6; }'],
    [
      'GetEnvironmentVariableA',
      'int g(void) { char b[32]; unsigned n = GetEnvironmentVariableA("X", b, 32); return n > 0 ? atoi(b) : 6; }',
    ],
  ] as const)('%s', async (_, source) => {
    // biome-ignore format: a table
    expect(by(await gates(head + source))).toEqual({ X: '6' });
  });
});
