/** A compilation database: flags of each file, and what they make of conditions in sources and shared headers. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import { agreement, flagsOf, readCommands, splitCommand } from '../../../extension/analysis/commands.ts';
import type { Findings } from '../../../extension/model.ts';
import type { SyntaxParser } from '../../../grammars/syntax.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');
let dir: string;
let parser: SyntaxParser;
let count = 0;

beforeAll(async () => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-commands-'));
  parser = await loadWasmParser(grammarDir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Entry {
  readonly file: string;
  readonly command?: string;
  readonly arguments?: readonly string[];
}

async function analyse(
  files: Readonly<Record<string, string>>,
  entries: readonly Entry[],
  defines: Record<string, string> = {},
): Promise<Findings> {
  const root = path.join(dir, String(count++));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  const commands = path.join(root, 'compile_commands.json');
  writeFileSync(commands, JSON.stringify(entries.map((e) => ({ directory: root, ...e }))));
  return analyzePaths([root], { grammarDir, parser, compileCommands: commands, defines });
}

const at = (f: Findings, name: string): string => {
  const s = f.atomics.find((a) => a.function === name);
  return s === undefined ? 'no site' : `${s.activity.state} ${s.activity.decidedBy ?? '-'}`;
};

const stats = (name: string): string =>
  `#include "stats.h"\nvoid ${name}(void) {\n#if STATS\n  __atomic_fetch_add(&hits, 1, 0);\n#endif\n  bump_${name[0]}();\n}\n`;

const header = `#ifndef STATS_H
#define STATS_H
extern long hits;
static inline void bump(void) {
#if STATS
  __atomic_fetch_add(&hits, 1, 0);
#endif
}
#endif
`;

describe('flags', () => {
  it('are read from an argument vector, the last of a name wins', () => {
    const f = flagsOf(
      ['cc', '-DA', '-D', 'B=2', '-DC=1', '-UC', '-DD=1', '-DD=2', '-I', 'include', '-Isrc', '-include', 'config.h', '-std=gnu++14', '-c', 'a.cc', '-o', '-DX'],
      '/p',
    ); // biome-ignore format: one command
    expect(Object.fromEntries(f.defines)).toEqual({ A: '1', B: '2', C: null, D: '2', __cplusplus: '201402' });
    expect(f.includeDirs).toEqual(['/p/include', '/p/src']);
    expect(f.forced).toEqual(['config.h']);
  });

  it('follow the standard, the optimiser and the sanitizers', () => {
    const f = flagsOf(['cc', '-std=c99', '-O0', '-fsanitize=address,undefined', '-c', 'a.c'], '/p');
    expect(Object.fromEntries(f.defines)).toEqual({
      __STDC_VERSION__: '199901',
      __OPTIMIZE__: null,
      __SANITIZE_ADDRESS__: '1',
    });
  });

  it('are split as a shell does', () => {
    expect(splitCommand(`cc "-DNAME=\\"a b\\"" '-DX=(1 + 2)' -DY=a\\ b -c a.c`)).toEqual([
      'cc', '-DNAME="a b"', '-DX=(1 + 2)', '-DY=a b', '-c', 'a.c',
    ]); // biome-ignore format: one command
  });

  it('that differ are unknown', () => {
    const a = flagsOf(['cc', '-DA=1', '-DB=1', '-UC'], '/');
    const b = flagsOf(['cc', '-DA=1', '-DB=2', '-UC'], '/');
    const all = agreement([a, b]);
    expect(all.defines).toEqual({ A: '1' });
    expect([...all.unknown]).toEqual(['B']);
    expect([...all.undefined]).toEqual(['C']);
  });

  it('come from `arguments` where both are there', () => {
    const file = path.join(dir, 'both.json');
    writeFileSync(
      file,
      JSON.stringify([
        { directory: '/p', file: 'a.c', command: 'cc -DOLD a.c', arguments: ['cc', '-DNEW', 'a.c'] },
      ]),
    );
    const [only] = readCommands(file);
    expect(only?.file).toBe('/p/a.c');
    expect([...(only?.defines.keys() ?? [])]).toEqual(['NEW']);
  });
});

describe('each file', () => {
  it('has its own defines', async () => {
    const f = await analyse({ 'stats.h': header, 'a.c': stats('a_fn'), 'b.c': stats('b_fn') }, [
      { file: 'a.c', command: 'cc -DSTATS=1 -c a.c' },
      { file: 'b.c', arguments: ['cc', '-DSTATS=0', '-c', 'b.c'] },
    ]);
    expect(at(f, 'a_fn')).toBe('active STATS');
    expect(at(f, 'b_fn')).toBe('inactive STATS');
  });

  it('that they share is conditional where they differ, and a diagnostic names the define', async () => {
    const sources = { 'stats.h': header, 'a.c': stats('a_fn'), 'b.c': stats('b_fn') };
    const entries = [
      { file: 'a.c', command: 'cc -DSTATS=1 -c a.c' },
      { file: 'b.c', command: 'cc -c b.c' },
    ];
    const f = await analyse(sources, entries);
    expect(at(f, 'bump')).toBe('conditional STATS');
    expect(f.diagnostics.find((d) => d.code === 'defines-differ')?.message).toContain('STATS');
    const settled = await analyse(sources, entries, { STATS: '1' });
    expect(at(settled, 'bump')).toBe('active STATS');
    expect(settled.diagnostics.find((d) => d.code === 'defines-differ')).toBeUndefined();
  });

  it('gives a header what the only file that includes it has', async () => {
    const f = await analyse({ 'stats.h': header, 'a.c': stats('a_fn'), 'b.c': 'void b_fn(void) {}\n' }, [
      { file: 'a.c', command: 'cc -DSTATS=1 -c a.c' },
      { file: 'b.c', command: 'cc -DSTATS=0 -c b.c' },
    ]);
    expect(at(f, 'bump')).toBe('active STATS');
  });

  it('may be built twice', async () => {
    const f = await analyse({ 'stats.h': header, 'a.c': stats('a_fn') }, [
      { file: 'a.c', command: 'cc -DSTATS=1 -c a.c -o a1.o' },
      { file: 'a.c', command: 'cc -DSTATS=0 -c a.c -o a2.o' },
    ]);
    expect(at(f, 'a_fn')).toBe('conditional STATS');
  });

  it('undefines what a configure step would leave open', async () => {
    const sources = { 'config.h.in': '#undef STATS\n', 'stats.h': header, 'a.c': stats('a_fn') };
    expect(at(await analyse(sources, [{ file: 'a.c', command: 'cc -c a.c' }]), 'a_fn')).toBe(
      'conditional STATS',
    );
    expect(at(await analyse(sources, [{ file: 'a.c', command: 'cc -USTATS -c a.c' }]), 'a_fn')).toBe(
      'inactive STATS',
    );
  });

  it('finds headers where its command searches', async () => {
    const sources = {
      'x/op.h': '#define OP(p) ((void)(p))\n',
      'y/op.h': '#define OP(p) __atomic_store_n(p, 1, 0)\n',
      'src/a.c': '#include "op.h"\nextern long hits;\nvoid a_fn(void) { OP(&hits); }\n',
    };
    const with_ = async (folder: string): Promise<number> =>
      (await analyse(sources, [{ file: 'src/a.c', command: `cc -I${folder} -c src/a.c` }])).atomics.filter(
        (a) => a.function === 'a_fn',
      ).length;
    expect(await with_('x')).toBe(0);
    expect(await with_('y')).toBe(1);
  });

  it('tells when the commands are for other sources', async () => {
    const f = await analyse({ 'a.c': 'void a_fn(void) {}\n' }, [
      { file: '/elsewhere/b.c', command: 'cc -c b.c' },
    ]);
    expect(f.diagnostics.map((d) => d.code)).toContain('commands-elsewhere');
  });

  it('keeps in the configuration what all agree on', async () => {
    const f = await analyse({ 'a.c': 'void a(void) {}\n', 'b.c': 'void b(void) {}\n' }, [
      { file: 'a.c', command: 'cc -DNDEBUG -DA=1 -O0 -c a.c' },
      { file: 'b.c', command: 'cc -DNDEBUG -DA=2 -O0 -c b.c' },
    ]);
    expect(f.configuration.defines).toEqual({ NDEBUG: '1' });
  });
});
