/** Real files, damaged at random from a fixed seed: never an exception, never more work than a bound allows. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findingsOf } from '../../../extension/analysis/findings.ts';
import { lex } from '../../../extension/analysis/lex.ts';
import { Workspace } from '../../../extension/analysis/workspace.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';
import { corpusDir } from '../../../scripts/corpus.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const grammarDir = path.resolve(here, '../../../dist/grammars');
let parser: SyntaxParser;
beforeAll(async () => {
  parser = await loadWasmParser(grammarDir);
});
afterAll(() => undefined);

function sources(dir: string, limit: number): { name: string; text: string }[] {
  const out: { name: string; text: string }[] = [];
  const visit = (at: string): void => {
    for (const e of readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (e.isDirectory()) visit(path.join(at, e.name));
      else if (/\.(c|cc|cpp|h)$/.test(e.name))
        out.push({ name: e.name, text: readFileSync(path.join(at, e.name), 'utf8') });
    }
  };
  visit(dir);
  return out.filter((f) => f.text.length < 60_000).slice(0, limit);
}

const sample = sources(path.resolve(here, '../../../samples/hakmem'), 30);
const corpus = ['mimalloc', 'jemalloc', 'google-perftools'].flatMap((name) => {
  const dir = corpusDir(name);
  return dir === null ? [] : sources(path.join(dir, name === 'jemalloc' ? 'include' : 'src'), 12);
});
const files = [...sample, ...corpus];
const pieces = ['(', ')', '{', '}', '[', '#if', '\n#define M(x) M(x) M(x)\n', '\n#else\n', '\n#endif\n', '"', "'", '/*', '\\\n', '<', '<<', 'template <', 'R"(', '##', ';', 'operator', '::', 'atomic_', '_Atomic(', 'asm(', '\u0000', '\u{1f600}', '=', 'case', 'struct {', ',']; // biome-ignore format: a list

interface Damage {
  readonly file: number;
  readonly at: number;
  readonly kind: 'truncate' | 'delete' | 'insert' | 'repeat';
  readonly length: number;
  readonly piece: number;
}

function damaged(text: string, d: Damage): string {
  const at = Math.floor(d.at * text.length);
  switch (d.kind) {
    case 'truncate':
      return text.slice(0, at);
    case 'delete':
      return text.slice(0, at) + text.slice(at + d.length);
    case 'insert':
      return text.slice(0, at) + (pieces[d.piece % pieces.length] ?? '') + text.slice(at);
    case 'repeat':
      return text.slice(0, at) + (pieces[d.piece % pieces.length] ?? '').repeat(d.length) + text.slice(at);
  }
}

const damage = fc.record({
  file: fc.nat(files.length - 1),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom('truncate', 'delete', 'insert', 'repeat' as const),
  length: fc.integer({ min: 1, max: 400 }),
  piece: fc.nat(pieces.length - 1),
});

const analyze = (text: string, cpp: boolean): ReturnType<typeof findingsOf>['findings'] => {
  const w = new Workspace('/', parser);
  w.add(cpp ? 'a.cpp' : 'a.c', text, cpp ? 'cpp' : 'c', true);
  w.linkAll();
  return findingsOf(w, { defines: {}, env: {}, entries: [] }, []).findings;
};

it('answers for every damaged file, with places inside it', () => {
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (list) => {
      const first = list[0];
      const file = files[first?.file ?? 0];
      if (file === undefined) return;
      let text = file.text;
      for (const d of list) text = damaged(text, d);
      const lines = text.split('\n').length;
      const f = analyze(text, /\.(cc|cpp)$/.test(file.name));
      for (const a of f.atomics) {
        expect(a.line).toBeGreaterThan(0);
        expect(a.line).toBeLessThanOrEqual(lines);
      }
    }),
    { numRuns: 150, seed: 20261121 },
  );
}, 300_000);

it('covers every character of a damaged text with tokens in order', () => {
  fc.assert(
    fc.property(damage, (d) => {
      const text = damaged(files[d.file]?.text ?? '', d);
      let at = 0;
      for (const t of lex(text)) {
        expect(t.start).toBeGreaterThanOrEqual(at);
        expect(t.end).toBeGreaterThan(t.start);
        at = t.end;
      }
      expect(at).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 300, seed: 7 },
  );
}, 120_000);

it.each([
  [
    'macros that double',
    (n: number) =>
      `${Array.from({ length: n }, (_, i) => `#define M${i + 1}(x) M${i}(x) M${i}(x)`).join('\n')}\n#define M0(x) x++;\nint a; void f(void) { M${n}(a) }\n`,
    40,
  ],
  [
    'macros with two definitions that nest',
    (n: number) =>
      `${Array.from({ length: n }, (_, i) => `#ifdef A${i}\n#define M${i + 1}(x) M${i}(x)\n#else\n#define M${i + 1}(x) (M${i}(x) + 1)\n#endif`).join('\n')}\n#define M0(x) x\nint a; int f(void) { return M${n}(a); }\n`,
    40,
  ],
  [
    'an argument that is used twice at every level',
    (n: number) =>
      `${Array.from({ length: n }, (_, i) => `#define M${i + 1}(x) M${i}((x) + (x))`).join('\n')}\n#define M0(x) x\nint a; int f(void) { return M${n}(a); }\n`,
    40,
  ],
] as const)(
  '%s: bounded, and said',
  (_name, make, n) => {
    const f = analyze(make(n), false);
    expect(f.diagnostics.map((d) => d.code)).toContain('expansion-bound');
  },
  120_000,
);

it.each([
  ['open parentheses', '('],
  ['open braces', '{'],
  ['open angles', 'a<'],
  ['conditionals', '\n#if A\n'],
  ['casts', '(int)'],
  ['templates', 'template<class T>'],
  ['quotes', '"'],
  ['declarators', 'int (*'],
  ['member chains', 'a->b.'],
  ['ternaries', 'a?b:'],
  ['statements in branches', '\n#if X\nif(a){\n#else\nif(b){\n#endif\n'],
])(
  'many %s are read in little more than linear work',
  (_name, piece) => {
    // Time is not asserted: quadratic work on this size would run into the test's own limit.
    const f = analyze(`void f(void) { ${piece.repeat(20_000)} }`, true);
    expect(f.atomics).toEqual([]);
  },
  60_000,
);
