/** Values that reach a decision on a roundabout way: never telemetry. Each has a counterpart that stays telemetry. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');
let dir: string;
let parser: SyntaxParser;
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-traps-'));
  parser = await loadWasmParser(grammarDir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const c = `#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
extern void purge(void);
extern int open_arena(const char *);
static _Atomic unsigned long hits;
`;
const add = 'void *malloc(unsigned long n) { atomic_fetch_add(&hits, 1); return 0; }\n';
const cpp = '#include <atomic>\n#include <cstdio>\nextern void purge();\n';

async function classes(source: string, file = 'a.c'): Promise<string[]> {
  const at = path.join(dir, String(count++));
  mkdirSync(at);
  writeFileSync(path.join(at, file), source);
  const f = await analyzePaths([at], { grammarDir, parser });
  return f.atomics.map((a) => a.class);
}

it.each([
  [
    'a path',
    `${c}${add}static char path[64];
int arena(void) { snprintf(path, sizeof path, "/dev/shm/a%lu", atomic_load(&hits)); return open_arena(path); }`,
  ],
  [
    'a text that is compared',
    `${c}void *malloc(unsigned long n) { char b[32]; sprintf(b, "%lu", atomic_fetch_add(&hits, 1)); if (!strcmp(b, "100")) purge(); return 0; }`,
  ],
  ['an id', `${c}int alloc_id(void) { return hits++; }`],
  ['an id through a local', `${c}int alloc_id(void) { int v = atomic_fetch_add(&hits, 1); return v; }`],
  ['a predicate', `${c}${add}int full(void) { return atomic_load(&hits) > 10; }`],
  [
    'the result of a print',
    `${c}void *malloc(unsigned long n) { int w = printf("%lu", atomic_fetch_add(&hits, 1)); if (w > 3) purge(); return 0; }`,
  ],
])('%s in C is not telemetry', async (_, source) => {
  const found = await classes(source);
  expect(found.length).toBeGreaterThan(0);
  expect(found).not.toContain('telemetry');
});

it.each([
  [
    'a conversion operator',
    `${cpp}struct Ctr { std::atomic<long> v{0}; Ctr& operator++() { v.fetch_add(1); return *this; } operator long() const { return v.load(); } };
static Ctr steer;
extern "C" void *malloc(unsigned long n) { ++steer; if (steer > 10) purge(); return nullptr; }`,
  ],
  [
    'an atomic_ref',
    `${cpp}static int refd;
extern "C" void *malloc(unsigned long n) { std::atomic_ref<int> r(refd); r.fetch_add(1); if (refd > 3) purge(); return nullptr; }`,
  ],
])('%s in C++ is not telemetry', async (_, source) => {
  const found = await classes(source, 'a.cc');
  expect(found.length).toBeGreaterThan(0);
  expect(found).not.toContain('telemetry');
});

it.each([
  ['printed', `${c}${add}void dump(void) { printf("%lu", atomic_load(&hits)); }`],
  [
    'printed into a buffer that is written out',
    `${c}${add}void dump(void) { char b[64]; snprintf(b, sizeof b, "%lu", atomic_load(&hits)); fputs(b, stderr); }`,
  ],
  ['returned by a getter', `${c}${add}unsigned long get(void) { return atomic_load(&hits); }`],
])('%s is telemetry', async (_, source) => {
  expect(new Set(await classes(source))).toEqual(new Set(['telemetry']));
});
