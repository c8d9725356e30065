/** Functions of a real binary, and the table of gates that rests on them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatePresence } from '../../../extension/experiment/tables/top-rule.ts';
import { functionSymbols } from '../../../extension/native/symbols.ts';

const able = process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able) console.log('skipped: native targets need Linux and a C compiler named cc, which are not here');

const source = `
static __attribute__((noinline)) int tiny_guard_enabled(void) { return 1; }
static inline __attribute__((always_inline)) int lean_mode(void) { return 0; }
int g_data = 3;
int hak_stats_enabled(void) { return tiny_guard_enabled() + lean_mode(); }
`;

describe.skipIf(!able)('functionSymbols', () => {
  let dir = '';
  let library = '';
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-symbols-'));
    library = path.join(dir, '-lib $(touch x).so');
    writeFileSync(path.join(dir, 'a.c'), source);
    execFileSync('cc', ['-O1', '-fPIC', '-shared', '-o', library, path.join(dir, 'a.c')]);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('lists local and exported functions, no data, of a file with any name', async () => {
    const names = await functionSymbols(library, undefined);
    expect(names).toContain('tiny_guard_enabled');
    expect(names).toContain('hak_stats_enabled');
    expect(names).not.toContain('g_data');
    expect(names).not.toContain('lean_mode');
  });

  it('a stripped library still names what it exports', async () => {
    const stripped = path.join(dir, 'stripped.so');
    execFileSync('strip', ['-o', stripped, library]);
    const names = await functionSymbols(stripped, undefined);
    expect(names).toContain('hak_stats_enabled');
    expect(names).not.toContain('tiny_guard_enabled');
  });

  it.each([
    ['no file', () => path.join(dir, 'none.so')],
    ['no binary', () => path.join(dir, 'a.c')],
  ])('%s is one clear line', async (_what, file) => {
    await expect(functionSymbols(file(), undefined)).rejects.toThrow(/its functions cannot be listed: \S/);
  });

  it('tells gates that were inlined from those that are functions, and both from the hot ones', async () => {
    const symbols = await functionSymbols(library, undefined);
    const rule = gatePresence(
      ['lean_mode', 'tiny_guard_enabled'],
      [...symbols, 'x_enabled.part.0'],
      [
        { name: 'tiny_guard_enabled', selfPercent: 1.5 },
        { name: 'malloc', selfPercent: 98.5 },
      ],
    );
    expect(rule.gates).toEqual([
      { name: 'tiny_guard_enabled', rank: 2, selfPercent: 1.5, state: 'hot', inBinary: true },
      { name: 'hak_stats_enabled', rank: null, selfPercent: null, state: 'not seen', inBinary: true },
      { name: 'lean_mode', rank: null, selfPercent: null, state: 'not seen', inBinary: false },
      { name: 'x_enabled', rank: null, selfPercent: null, state: 'not seen', inBinary: true },
    ]);
    expect(rule.verdict).toBe('INCONCLUSIVE');
  });
});
