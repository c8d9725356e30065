/** Inputs that are wrong, huge, looped or cut: a clear answer each, and never an exception. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import { findingsOf } from '../../../extension/analysis/findings.ts';
import { Workspace } from '../../../extension/analysis/workspace.ts';
import type { Findings } from '../../../extension/model.ts';
import { UserError } from '../../../extension/model.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');
let dir: string;
let parser: SyntaxParser;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-hostile-'));
  parser = await loadWasmParser(grammarDir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function folder(name: string, files: Record<string, string | Buffer>): string {
  const at = path.join(dir, name);
  mkdirSync(at, { recursive: true });
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(at, file), content);
  return at;
}

const analyze = (at: string): Promise<Findings> => analyzePaths([at], { grammarDir, parser });
const codes = (f: Findings): string[] => f.diagnostics.map((d) => d.code);

const counter = `#include <stdatomic.h>
#include <stdio.h>
static _Atomic unsigned long hits;
void *malloc(unsigned long n) { atomic_fetch_add_explicit(&hits, 1, memory_order_relaxed); return 0; }
void free(void *p) {}
void dump(void) { printf("%lu", atomic_load(&hits)); }
`;

describe('bad input', () => {
  it('finds the sites of a file that does not parse, and says that it does not', async () => {
    const f = await analyze(folder('broken', { 'a.c': `${counter}\nint f( { if while ( [ } ) ;; ??? \n` }));
    expect(f.atomics.map((a) => a.operation)).toEqual(['fetch_add', 'load']);
    expect(codes(f)).toContain('parse-errors');
  });

  it('says that an empty folder holds no source', async () => {
    const f = await analyze(folder('empty', {}));
    expect(codes(f)).toEqual(['no-sources']);
    expect(f.files).toEqual([]);
  });

  it('leaves out a binary file with a source name', async () => {
    const f = await analyze(
      folder('binary', { 'a.c': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 1, 2]), 'b.c': counter }),
    );
    expect(f.diagnostics.find((d) => d.code === 'binary-file')?.file).toBe('a.c');
    expect(f.atomics).toHaveLength(2);
  });

  it('names a generated file above the bound and goes on', async () => {
    const line = 'static int table_entry_of_a_generated_file[] = { 1, 2, 3, 4, 5, 6, 7, 8 };\n';
    const f = await analyze(
      folder('huge', { 'gen.c': line.repeat(Math.ceil(10_500_000 / line.length)), 'b.c': counter }),
    );
    const d = f.diagnostics.find((x) => x.code === 'file-too-large');
    expect(d?.file).toBe('gen.c');
    expect(d?.message).toMatch(/10\.\d MB .* 4 MB/);
    expect(f.atomics).toHaveLength(2);
  });

  it('stops at symlink loops, of folders and of files', async () => {
    const at = folder('loop', { 'b.c': counter });
    symlinkSync(at, path.join(at, 'again'));
    symlinkSync(path.join(at, 'self.c'), path.join(at, 'self.c'));
    const f = await analyze(at);
    expect(f.files.map((x) => x.path)).toEqual(['b.c']);
    expect(codes(f).filter((c) => c === 'symlink-loop')).toHaveLength(2);
  });

  it('says that a project without allocator code has none', async () => {
    const f = await analyze(folder('plain', { 'main.c': 'int main(void) { return 0; }\n' }));
    expect(codes(f)).toContain('no-allocator');
  });

  it('rejects a path that is not there with one line', async () => {
    await expect(analyze(path.join(dir, 'nowhere'))).rejects.toThrow(UserError);
    await expect(analyze(path.join(dir, 'nowhere'))).rejects.toThrow(/no such file or folder/);
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(
      analyzePaths([folder('cancel', { 'b.c': counter })], { grammarDir, parser, signal: abort.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('survives macros that call themselves, grow without end and never close', async () => {
    const grow = Array.from({ length: 24 }, (_, i) => `#define M${i + 1}(x) M${i}(x) + M${i}(x)`).join('\n');
    const text = `#define LOOP(x) LOOP(x) + 1\n#define A B\n#define B A\n#define M0(x) x\n${grow}\n#if 1\n${counter}\nint f(void) { return LOOP(A) + M24(1); }\nint g = LOOP(((;\n`;
    const f = await analyze(folder('macros', { 'a.c': text }));
    expect(f.atomics).toHaveLength(2);
    expect(codes(f)).toContain('expansion-bound');
    expect(codes(f)).toContain('unbalanced-conditional');
  });

  it('survives deep nesting', async () => {
    const deep = `int x = ${'('.repeat(20_000)}1${')'.repeat(20_000)};\nint f(void) { ${'if (x) {'.repeat(3_000)} ${'}'.repeat(3_000)} return ${'-'.repeat(5_000)}1; }\n`;
    const f = await analyze(folder('deep', { 'a.c': counter + deep }));
    expect(f.atomics).toHaveLength(2);
  });
});

describe('damaged text', () => {
  const seed = `${counter}
#define STAT_INC(f) atomic_fetch_add_explicit(&g_stats.f, 1, memory_order_relaxed)
#if FLAG
# define GATED(x) STAT_INC(x)
#else
# define GATED(x) ((void)0)
#endif
typedef struct stats { _Atomic(long) a, b; int (*fn)(void*); union { int i; float f; }; } stats_t;
static stats_t g_stats = { .a = 1, .b = 2 };
template_like<int> thing;
static inline int gate(void) { static int g = -1; if (__builtin_expect(g == -1, 0)) { const char* e = getenv("X_GATE"); g = (e && *e && *e != '0') ? 1 : 0; } return g; }
void* calloc(unsigned long a, unsigned long b) {
  if (gate()) { GATED(a); }
#ifdef OTHER
  else
#endif
  for (int i = 0; i < 3; i++) { switch (i) { case 1: STAT_INC(b); break; default: continue; } }
  __asm__ volatile ("lock; xaddl %0,%1" : "+r"(a), "+m"(*(int*)b) : : "memory");
  do { long v = atomic_load(&g_stats.a); if (v > 3 && !atomic_compare_exchange_weak(&g_stats.a, &v, v + 1)) goto out; } while (0);
out: return ({ void* r = malloc(a * b); r; });
}
`;

  function analyzeText(text: string, name = 'a.c'): Findings {
    const workspace = new Workspace('/', parser);
    workspace.add(name, text, name.endsWith('.c') ? 'c' : 'cpp', true);
    workspace.linkAll();
    return findingsOf(workspace, { defines: {}, env: {}, entries: [] }, []).findings;
  }

  it('is analysed whole to begin with', () => {
    expect(analyzeText(seed).atomics.length).toBeGreaterThanOrEqual(7);
  });

  it('never throws, whatever was cut out or put in', () => {
    const edit = fc.record({
      at: fc.nat(seed.length),
      remove: fc.nat(60),
      insert: fc.oneof(
        fc.constantFrom(
          '',
          '{',
          '}',
          '(',
          ')',
          '#if X\n',
          '#endif\n',
          '"',
          "'",
          '/*',
          '\\\n',
          '::',
          '<',
          '##',
          '\0',
        ),
        fc.string({ maxLength: 8 }),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('a.c', 'a.cc'),
        (edits, name) => {
          let text = seed;
          for (const e of edits) text = text.slice(0, e.at) + e.insert + text.slice(e.at + e.remove);
          const f = analyzeText(text, name);
          for (const a of f.atomics) {
            // A site is never misplaced: it lies inside the text, and ends behind its start.
            expect(a.line).toBeGreaterThanOrEqual(1);
            expect(a.line).toBeLessThanOrEqual(text.split('\n').length);
            expect(a.endLine).toBeGreaterThanOrEqual(a.line);
          }
        },
      ),
      { numRuns: 150, seed: 20261120 },
    );
  });

  it('is the same after an edit as when read afresh', () => {
    fc.assert(
      fc.property(
        fc.nat(seed.length),
        fc.nat(40),
        fc.constantFrom('', '\n', ' int y;', '#define Z 1\n', 'hits', '}'),
        (at, remove, insert) => {
          const text = seed.slice(0, at) + insert + seed.slice(at + remove);
          const other = '#include "a.c"\nlong both(void) { STAT_INC(a); return atomic_load(&g_stats.b); }\n';
          const fresh = new Workspace('/', parser);
          fresh.add('a.c', text, 'c', true);
          fresh.add('b.c', other, 'c', true);
          fresh.linkAll();
          const edited = new Workspace('/', parser);
          edited.add('a.c', seed, 'c', true);
          edited.add('b.c', other, 'c', true);
          edited.linkAll();
          findingsOf(edited, { defines: {}, env: {}, entries: [] }, []);
          edited.update('a.c', text, 'c');
          const options = { defines: {}, env: {}, entries: [] };
          const a = { ...findingsOf(fresh, options, []).findings, timing: null };
          const b = { ...findingsOf(edited, options, []).findings, timing: null };
          expect(b).toEqual(a);
        },
      ),
      { numRuns: 60, seed: 20261120 },
    );
  });
});
