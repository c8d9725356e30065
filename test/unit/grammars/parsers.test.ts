/** The two parsers behind the one interface: queries, edits, bounds. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadNativeParser } from '../../../grammars/native.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const grammarDir = path.join(root, 'dist/grammars');
let wasm: SyntaxParser;

beforeAll(async () => {
  wasm = await loadWasmParser(grammarDir);
});

describe('the WebAssembly parser', () => {
  it('gives offsets in UTF-16 units', () => {
    const text = '/* é𝄞 */ int f(void) { return g(1); }';
    const tree = wasm.parse(text, 'c');
    const call = tree?.captures('outline').find((c) => c.name === 'callee');
    expect(text.slice(call?.start, call?.end)).toBe('g');
    const body = tree?.captures('outline').find((c) => c.name === 'body');
    expect(text.slice(body?.start, body?.end)).toBe('{ return g(1); }');
    tree?.delete();
  });

  it('names errors and parses C++ by its own grammar', () => {
    const broken = wasm.parse('int f( { ] }', 'c');
    const names = broken?.captures('outline').map((c) => c.name);
    expect(names?.some((n) => n === 'error' || n === 'missing')).toBe(true);
    broken?.delete();
    const text = 'namespace a { template <class T> struct S { T get() { return x.load(); } }; }';
    const tree = wasm.parse(text, 'cpp');
    expect(tree?.captures('outline').filter((c) => c.name !== 'declarator' && c.name !== 'body')).toEqual([]);
    expect(tree?.captures('outline').some((c) => c.name === 'body')).toBe(true);
    tree?.delete();
  });

  it('gives the same tree after an edit as afresh', () => {
    const before = 'int a;\nint f(void) { return a; }\n';
    const after = 'int a;\nint f(void) { return a + 1; }\n';
    const old = wasm.parse(before, 'c');
    expect(old).not.toBeNull();
    if (old === null) return;
    const start = before.indexOf('; }');
    const point = { row: 1, column: start - 7 };
    old.edit({
      start,
      oldEnd: start,
      newEnd: start + 4,
      startPoint: point,
      oldEndPoint: point,
      newEndPoint: { row: 1, column: point.column + 4 },
    });
    const walk = (tree: NonNullable<ReturnType<SyntaxParser['parse']>>): string[] => {
      const out: string[] = [];
      tree.walk((n) => out.push(`${n.depth} ${n.type} ${n.start}-${n.end}`));
      return out;
    };
    const edited = wasm.parse(after, 'c', { previous: old });
    const fresh = wasm.parse(after, 'c');
    expect(edited !== null && fresh !== null && walk(edited)).toEqual(fresh === null ? null : walk(fresh));
  });

  it('gives up at its time bound', () => {
    expect(wasm.parse('int x = ('.repeat(200_000), 'c', { timeoutMs: 1 })).toBeNull();
    expect(wasm.parse('int x;', 'c')?.captures('outline')).toEqual([]);
  });
});

describe('the native parser', () => {
  it('loads, or says why not in one line', () => {
    const load = loadNativeParser(grammarDir, root);
    if ('reason' in load) expect(load.reason).toMatch(/^[^\n]+$/);
    else expect(load.parser.kind).toBe('native');
  });

  it('says so where there is none', () => {
    expect(loadNativeParser(grammarDir, '/nonexistent')).toHaveProperty('reason');
  });
});
