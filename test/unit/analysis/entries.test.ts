import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';

async function entriesOf(source: string): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-entries-'));
  try {
    writeFileSync(path.join(folder, 'a.c'), source);
    const found = await analyzePaths([folder], { grammarDir: path.resolve('dist/grammars') });
    return found.configuration.entries;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.each([
  ['malloc alone', 'void *malloc(unsigned long n) { return 0; }', ['malloc']],
  ['free alone', 'void free(void *p) {}', ['free']],
  [
    'a prefix with malloc and free',
    'void *xy_malloc(int n) { return 0; } void xy_free(void *p) {}',
    ['xy_free', 'xy_malloc'],
  ],
  ['a prefix with malloc alone', 'void *xy_malloc(int n) { return 0; }', ['xy_malloc']],
  ['no allocator', 'void release_free(void *p) {} int main(void) { return 0; }', []],
])('entry points: %s', async (_, source, expected) => {
  expect(await entriesOf(source)).toEqual(expected);
});
