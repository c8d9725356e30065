/** Edits of a project under analysis: what comes at once, and what it settles at. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stampOf } from '../../../extension/analysis/cache.ts';
import { changeOf } from '../../../extension/analysis/edit.ts';
import { preprocess } from '../../../extension/analysis/preprocess.ts';
import { withUpdate } from '../../../extension/analysis/provisional.ts';
import { Session } from '../../../extension/analysis/session.ts';
import { TextMap } from '../../../extension/analysis/text-map.ts';
import { lineStarts } from '../../../extension/analysis/tokens.ts';
import { Trees } from '../../../extension/analysis/trees.ts';
import { Workspace } from '../../../extension/analysis/workspace.ts';
import type { AtomicSite, Findings } from '../../../extension/model.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const grammarDir = path.join(root, 'dist/grammars');
const options = { defines: {}, env: {}, entries: [] };
const edited = ['core/hakmem_tiny_bg_spill.c', 'core/hakmem_shared_pool_acquire.c', 'core/hakmem_pool.c'];

/** A small generator with a seed. */
function random(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

const untimed = (f: Findings): Findings => ({ ...f, timing: null as never });
const place = (a: AtomicSite): unknown[] => [
  a.id,
  a.line,
  a.column,
  a.endLine,
  a.operation,
  a.order,
  a.target,
];

describe('a map of places', () => {
  it('moves what stands behind a change and leaves what stands before it', () => {
    const before = 'a b c\nd e f\ng\n';
    const after = 'a b X\nY c\nd e f\ng\n';
    const map = new TextMap(before, lineStarts(before), after, lineStarts(after));
    expect(map.place(1, 3)).toEqual({ line: 1, column: 3 });
    expect(map.place(1, 5)).toEqual({ line: 2, column: 3 });
    expect(map.place(3, 1)).toEqual({ line: 4, column: 1 });
    expect([1, 2, 3].map((l) => map.line(l))).toEqual([1, 3, 4]);
  });
});

describe('what an edit touches', () => {
  const lowered = (text: string): ReturnType<Workspace['project']['lower']> => {
    const w = new Workspace('/', null);
    w.add('a.c', text, 'c', true);
    w.linkAll();
    return w.project.lower('a.c');
  };
  const kind = (before: string, after: string): string =>
    changeOf(preprocess('a.c', before), preprocess('a.c', after), lowered(before)).kind;
  const text = '#define N 3\nint g;\nint f(int x) {\n  return x + N;\n}\nint h(void) { return 1; }\n';

  it.each([
    ['a comment', 'return x', '/* why */ return x', 'nothing'],
    ['space and lines', '{\n  return', '{\n\n\n     return', 'nothing'],
    ['a body', 'x + N', 'x * 2 + N', 'function'],
    ['a call in a body', 'x + N', 'g2(x)[1] + N', 'function'],
    ['a macro', 'N 3', 'N 4', 'file'],
    ['a declaration', 'int g', 'long g', 'file'],
    ['a parameter', 'int x', 'int y', 'file'],
    ['an open bracket', 'x + N', '(x + N', 'file'],
    ['a closing brace', 'return x + N', 'return x; } int k(void) { return N', 'file'],
    ['a local type', 'return x', 'struct s { int a; } v; return x', 'file'],
    ['a condition', 'return x', '\n#if X\n  x++;\n#endif\n  return x', 'file'],
  ])('%s', (_name, part, other, want) => {
    expect(kind(text, text.replace(part, other))).toBe(want);
  });
});

describe('a session', () => {
  let dir: string;
  let session: Session;
  const trees = new Trees({ grammarDir });
  const read = (file: string): string => readFileSync(path.join(dir, file), 'utf8');
  const fresh = async (): Promise<Findings> => new Session(trees).analyze(dir, options, {});

  beforeAll(async () => {
    dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-session-'));
    cpSync(path.join(root, 'samples/hakmem/core'), path.join(dir, 'core'), { recursive: true });
    session = new Session(trees);
    await session.analyze(dir, options, {});
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'settles at exactly what a fresh analysis gives (seed %i)',
    async (seed) => {
      const next = random(seed);
      const originals = new Map(edited.map((f) => [f, read(f)]));
      try {
        for (let i = 0; i < 6; i++) {
          const file = edited[Math.floor(next() * edited.length)] ?? '';
          const text = read(file);
          const at = Math.floor(next() * text.length);
          const put = ['x', ' ', '\n', ';', '(', '}', '/* c */', 'atomic_load(&g_x);', '#define Q 1\n', '0'];
          const inserted = put[Math.floor(next() * put.length)] ?? '';
          const removed = next() < 0.4 ? Math.floor(next() * 12) : 0;
          const changed = text.slice(0, at) + inserted + text.slice(at + removed);
          const update = await session.update(file, changed);
          expect(update.atomics.every((a) => a.file === file)).toBe(true);
          writeFileSync(path.join(dir, file), changed);
        }
        expect(untimed(await session.settle())).toEqual(untimed(await fresh()));
      } finally {
        for (const [file, text] of originals) {
          writeFileSync(path.join(dir, file), text);
          await session.update(file, text);
        }
        await session.settle();
      }
    },
    60_000,
  );

  it('gives at once the places and operations that the whole analysis gives', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const original = read(file);
    const next = random(7);
    let compared = 0;
    for (let i = 0; i < 25; i++) {
      const at = Math.floor(next() * original.length);
      const changed = original.slice(0, at) + (next() < 0.5 ? ' ' : '1') + original.slice(at);
      const quick = await session.update(file, changed);
      const whole = await session.settle();
      expect(quick.atomics.map(place)).toEqual(whole.atomics.filter((a) => a.file === file).map(place));
      compared += quick.atomics.length;
      await session.update(file, original);
      await session.settle();
    }
    expect(compared).toBeGreaterThan(40);
  }, 60_000);

  it('keeps what is known of a site in a function that is typed in', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const original = read(file);
    const before = await session.settle();
    const sites = before.atomics.filter((a) => a.file === file);
    const first = sites[0];
    expect(first).toBeDefined();
    const f = before.functions.find((x) => x.file === file && x.name === first?.function);
    const lines = original.split('\n');
    lines[(first?.line ?? 1) - 1] = `  /* typed */ ${lines[(first?.line ?? 1) - 1]?.trimStart()}`;
    const update = await session.update(file, lines.join('\n').replace(/return/, 'return 0 +'));
    expect(update.atomics.map((a) => [a.id, a.class])).toEqual(sites.map((a) => [a.id, a.class]));
    expect(update.functions.find((x) => x.name === f?.name)?.line).toBe(f?.line);
    const merged = withUpdate(before, update);
    expect(merged.atomics.map((a) => a.id)).toEqual(before.atomics.map((a) => a.id));
    await session.update(file, original);
    await session.settle();
  });

  it('gives way when told to, and loses nothing', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const original = read(file);
    await session.update(file, `${original}\n_Atomic int g_late;\n`);
    let looks = 0;
    await expect(
      session.settle(() => {
        if (++looks > 20) throw new Error('somebody waits');
      }),
    ).rejects.toThrow('somebody waits');
    expect(session.unsettled).toBe(true);
    expect((await session.settle()).variables.some((v) => v.name === 'g_late')).toBe(true);
    expect(session.unsettled).toBe(false);
    await session.update(file, original);
    await session.settle();
  });

  it('says what it refuses, and keeps the rows it had', async () => {
    const file = 'core/hakmem_tiny_bg_spill.c';
    const original = read(file);
    const update = await session.update(file, 'int x\0;');
    expect(update.diagnostics.map((d) => d.code)).toEqual(['binary-file']);
    expect(update.atomics.length).toBeGreaterThan(0);
    await session.update(file, original);
    await session.settle();
  });

  describe('with results kept on disk', () => {
    let cache: string;
    let kept: { folder: string; stamp: string };
    const begin = (): Session => new Session(new Trees({ grammarDir }), kept);
    const isKept = (f: Findings): boolean => f.timing.linkMs === 0;

    beforeAll(() => {
      cache = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-kept-'));
      kept = { folder: cache, stamp: stampOf(fileURLToPath(import.meta.url), grammarDir) };
    });
    afterAll(() => rmSync(cache, { recursive: true, force: true }));

    it('takes the findings of the same texts, and answers edits all the same', async () => {
      const cold = await begin().analyze(dir, options, {});
      expect(isKept(cold)).toBe(false);
      const again = begin();
      const warm = await again.analyze(dir, options, {});
      expect(isKept(warm)).toBe(true);
      expect(untimed(warm)).toEqual(untimed(cold));
      const file = edited[0] ?? '';
      const update = await again.update(file, `\n${read(file)}`);
      const old = cold.atomics.filter((a) => a.file === file);
      expect(update.atomics.map((a) => a.line)).toEqual(old.map((a) => a.line + 1));
    });

    it('does not when a text, a configuration or the program is another', async () => {
      await begin().analyze(dir, options, {});
      const file = path.join(dir, 'core/new_file.c');
      writeFileSync(file, 'int fresh_file;\n');
      expect(isKept(await begin().analyze(dir, options, {}))).toBe(false);
      rmSync(file);
      await begin().analyze(dir, options, {});
      expect(isKept(await begin().analyze(dir, { ...options, env: { HAKMEM_X: '1' } }, {}))).toBe(false);
      await begin().analyze(dir, options, {});
      const other = new Session(new Trees({ grammarDir }), { ...kept, stamp: 'another' });
      expect(isKept(await other.analyze(dir, options, {}))).toBe(false);
    });

    it('takes a broken file for none', async () => {
      const { readdirSync } = await import('node:fs');
      await begin().analyze(dir, options, {});
      for (const broken of [
        '',
        '{',
        '{"stamp":1}',
        `{"stamp":${JSON.stringify(kept.stamp)},"findings":{}}`,
      ]) {
        for (const name of readdirSync(cache)) writeFileSync(path.join(cache, name), broken);
        const f = await begin().analyze(dir, options, {});
        expect(isKept(f)).toBe(false);
        expect(f.atomics.length).toBeGreaterThan(100);
      }
    });
  });
});
