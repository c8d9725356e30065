/** What gates switch: sites and functions, under the default environment, a given one, and a named profile. */
import { describe, expect, it } from 'vitest';
import type { Findings } from '../../../extension/model.ts';
import { findings } from './gates-support.ts';

const head = '#include <stdlib.h>\n#include <string.h>\n#include <stdatomic.h>\n#include <stdbool.h>\n';
const count = 'static _Atomic long n_hits;\n#define COUNT() atomic_fetch_add(&n_hits, 1)\n';

/** State and decider of the first site in a function. */
function at(f: Findings, name: string): string {
  const s = f.atomics.find((a) => a.function === name);
  return s === undefined ? 'no site' : `${s.activity.state} ${s.activity.decidedBy ?? '-'}`;
}

const flag = (name: string, variable: string, on: boolean): string =>
  `static int ${name}(void) { static int g = -1; if (g == -1) { const char* e = getenv("${variable}"); g = ${on ? "(!e || *e != '0')" : "(e && *e == '1')"}; } return g; }\n`;

describe('a site', () => {
  it.each([
    ['behind a gate that is off', 'if (lean()) COUNT();', {}, 'inactive LEAN'],
    ['behind the same gate, given', 'if (lean()) COUNT();', { LEAN: '1' }, 'active LEAN'],
    ['behind a gate that is on', 'if (fast()) COUNT();', {}, 'active -'],
    ['behind a gate that is given as off', 'if (fast()) COUNT();', { FAST: '0' }, 'inactive FAST'],
    ['behind a negated gate', 'if (!lean()) COUNT();', {}, 'active -'],
    ['behind both, one off', 'if (fast() && lean()) COUNT();', {}, 'inactive LEAN'],
    ['behind either', 'if (lean() || fast()) COUNT();', {}, 'active -'],
    ['behind either, both off', 'if (lean() || fast()) COUNT();', { FAST: '0' }, /^inactive (LEAN|FAST)$/],
    ['after an early return', 'if (!lean()) return 0; COUNT();', {}, 'inactive LEAN'],
    ['after an early return, given', 'if (!lean()) return 0; COUNT();', { LEAN: '1' }, 'active LEAN'],
    ['in the other branch', 'if (lean()) return 0; else COUNT();', { LEAN: '1' }, 'inactive LEAN'],
    ['in a conditional expression', 'return lean() ? (void*)COUNT() : 0;', {}, 'inactive LEAN'],
    ['behind a copy of the gate', 'bool on = lean(); if (on) COUNT();', {}, 'inactive LEAN'],
    ['behind a number', 'if (limit() > 10) COUNT();', {}, 'inactive LIMIT'],
    ['behind a number, given', 'if (limit() > 10) COUNT();', { LIMIT: '11' }, 'active LIMIT'],
    ['behind something unknown', 'if (size > 10 && fast()) COUNT();', {}, 'active -'],
    ['unknown, and a gate that is off', 'if (size > 10 && lean()) COUNT();', {}, 'inactive LEAN'],
  ] as const)('%s', async (_, body, env, expected) => {
    // biome-ignore format: a table
    const f = await findings(
      `${head}${count}${flag('lean', 'LEAN', false)}${flag('fast', 'FAST', true)}
static int limit(void) { static int g = -1; if (g < 0) { const char* e = getenv("LIMIT"); g = e ? atoi(e) : 5; } return g; }
void* malloc(size_t size) { ${body} return 0; }`,
      { env },
    );
    if (typeof expected === 'string') expect(at(f, 'malloc')).toBe(expected);
    else expect(at(f, 'malloc')).toMatch(expected);
  });

  it('behind a gate that is read through a pointer', async () => {
    const source = `${head}${count}${flag('lean', 'LEAN', false)}static int (*gate)(void) = lean;
void* malloc(size_t size) { if (gate()) COUNT(); return 0; }`;
    expect(at(await findings(source), 'malloc')).toBe('inactive LEAN');
    expect(at(await findings(source, { env: { LEAN: '1' } }), 'malloc')).toBe('active LEAN');
  });

  it('behind a snapshot', async () => {
    const source = `${head}${count}static struct { bool lean; bool fast; } snap;
__attribute__((constructor)) static void fill(void) { const char* e = getenv("LEAN"); snap.lean = e && *e == '1'; e = getenv("FAST"); snap.fast = !e || *e != '0'; }
void* malloc(size_t size) { if (snap.lean) COUNT(); return 0; }
void free(void* p) { if (snap.fast) COUNT(); }`;
    expect(at(await findings(source), 'malloc')).toBe('inactive LEAN');
    expect(at(await findings(source), 'free')).toBe('active -');
    expect(at(await findings(source, { env: { LEAN: '1', FAST: '0' } }), 'free')).toBe('inactive FAST');
  });

  it('behind an option of a table', async () => {
    const source = `${head}${count}#include <stdio.h>
enum { opt_lean, opt_fast, opt_last };
static struct opt { long value; const char* name; } options[opt_last] = { { 0, "lean" }, { 1, "fast" } };
static void opt_init(struct opt* o) { char b[32]; snprintf(b, sizeof b, "heap_%s", o->name); const char* e = getenv(b); if (e) o->value = strtol(e, 0, 10); }
long opt_get(int i) { struct opt* o = &options[i]; opt_init(o); return o->value; }
bool opt_on(int i) { return opt_get(i) != 0; }
void* malloc(size_t size) { if (opt_on(opt_lean)) COUNT(); return 0; }
void free(void* p) { if (opt_get(opt_fast)) COUNT(); }`;
    expect(at(await findings(source), 'malloc')).toBe('inactive heap_lean');
    expect(at(await findings(source), 'free')).toBe('active -');
    expect(at(await findings(source, { env: { heap_lean: '1' } }), 'malloc')).toBe('active heap_lean');
    expect(at(await findings(source, { env: { heap_fast: '0' } }), 'free')).toBe('inactive heap_fast');
  });
});

describe('what a gate guards', () => {
  it('is the sites behind it and the functions that only it reaches', async () => {
    const f = await findings(`${head}${count}${flag('lean', 'LEAN', false)}
static void slow_part(void) { COUNT(); }
static void part(void) { slow_part(); }
void* malloc(size_t size) { if (lean()) part(); return 0; }`);
    const gate = f.gates.find((g) => g.name === 'LEAN');
    const names = (gate?.guards ?? []).map((id) => f.functions.find((x) => x.id === id)?.name ?? 'site');
    expect(names).toEqual(expect.arrayContaining(['part', 'slow_part', 'site']));
    expect(names).not.toContain('malloc');
    expect(at(f, 'slow_part')).toBe('inactive LEAN');
  });
});

describe('a compile flag around a gate', () => {
  const source = `${head}${count}#ifndef STATS
#define STATS 0
#endif
${flag('lean', 'LEAN', false)}void* malloc(size_t size) {
#if STATS
  if (lean()) COUNT();
#endif
  return 0; }`;
  it.each([
    [{}, {}, 'inactive STATS'],
    [{}, { LEAN: '1' }, 'inactive STATS'],
    [{ STATS: '1' }, {}, 'inactive LEAN'],
    [{ STATS: '1' }, { LEAN: '1' }, 'active LEAN'],
  ])('%j %j', async (defines, env, expected) => {
    expect(
      at(
        await findings(source, {
          defines: defines as Record<string, string>,
          env: env as Record<string, string>,
        }),
        'malloc',
      ),
    ).toBe(expected);
  });

  it('may be written #if !defined', async () => {
    const other = source.replace('#ifndef STATS', '#if !defined(STATS)');
    expect(at(await findings(other), 'malloc')).toBe('inactive STATS');
    expect((await findings(other)).gates.find((g) => g.name === 'STATS')?.default).toBe('off');
  });
});

describe('a named profile', () => {
  const gated = `${flag('lean', 'LEAN', false)}void* malloc(size_t size) { if (lean()) COUNT(); return 0; }\n`;
  it.each([
    [
      'is a function that sets variables',
      'static void profile(void) { const char* p = getenv("PROFILE"); if (p && strcmp(p, "small") == 0) { setenv("LEAN", "1", 0); } }',
    ],
    [
      'may set them through a helper',
      'static void preset(const char* n, const char* v) { if (!getenv(n)) setenv(n, v, 1); }\nstatic void profile(void) { const char* p = getenv("PROFILE"); if (!p) return; if (strcmp(p, "small") == 0) { preset("LEAN", "1"); preset("OTHER", "0"); } }',
    ],
    [
      'may be told its name',
      'static void use(const char* p) { if (p && !strcmp(p, "small")) setenv("LEAN", "1", 0); }\nstatic void profile(void) { use(getenv("PROFILE")); }',
    ],
    [
      'may stand in a table',
      'struct pair { const char* n; const char* v; };\nstatic const struct pair small[] = { { "LEAN", "1" }, { "X", "2" } };\nstatic void profile(void) { const char* p = getenv("PROFILE"); if (p && strcmp(p, "small") == 0) for (int i = 0; i < 2; i++) setenv(small[i].n, small[i].v, 0); }',
    ],
  ])('%s', async (_, profile) => {
    // biome-ignore format: a table
    const source = `${head}${count}${profile}\n__attribute__((constructor)) static void start(void) { profile(); }\n${gated}`;
    expect(at(await findings(source), 'malloc')).toBe('inactive LEAN');
    expect(at(await findings(source, { env: { PROFILE: 'other' } }), 'malloc')).toBe('inactive LEAN');
    expect(at(await findings(source, { env: { PROFILE: 'small' } }), 'malloc')).toBe('active LEAN');
    expect(at(await findings(source, { env: { PROFILE: 'small', LEAN: '0' } }), 'malloc')).toBe(
      'inactive LEAN',
    );
  });

  it('may be a row of a table that gates take their defaults from', async () => {
    const source = `${head}${count}typedef struct { const char* name; int lean; } preset_t;
static const preset_t presets[] = { { "big", 0 }, { "small", 1 } };
static const preset_t none = { "none", 0 };
static const preset_t* preset(void) { static const preset_t* p; if (!p) { const char* e = getenv("PROFILE"); p = &none; for (size_t i = 0; e && i < sizeof presets / sizeof presets[0]; i++) if (!strcmp(e, presets[i].name)) p = &presets[i]; } return p; }
static int lean(void) { static int g = -1; if (g == -1) { const char* e = getenv("LEAN"); g = e ? *e == '1' : preset()->lean; } return g; }
void* malloc(size_t size) { if (lean()) COUNT(); return 0; }`;
    expect(at(await findings(source), 'malloc')).toMatch(/^inactive/);
    expect(at(await findings(source, { env: { PROFILE: 'small' } }), 'malloc')).toMatch(/^active/);
    expect(at(await findings(source, { env: { PROFILE: 'small', LEAN: '0' } }), 'malloc')).toMatch(
      /^inactive/,
    );
  });
});

describe('a path chosen at the start', () => {
  it('is open, not inactive', async () => {
    const source = `${head}${count}static void* plain(size_t n) { return 0; }
static void* counting(size_t n) { COUNT(); return 0; }
static void* (*impl)(size_t) = plain;
__attribute__((constructor)) static void start(void) { if (getenv("COUNTING")) impl = counting; }
void* malloc(size_t size) { return impl(size); }`;
    const f = await findings(source);
    const gate = f.gates.find((g) => g.name === 'COUNTING');
    expect(gate?.read).toBe('constructor');
    expect(at(f, 'counting')).not.toBe('active -');
  });
});
