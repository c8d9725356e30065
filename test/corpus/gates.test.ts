/**
 * Environment reads of four real allocators against a table made by reading each of them before the tool's answer was
 * looked at (test/fixtures/gate-defaults.json). Skipped where the cache has no corpus.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../extension/analysis/analyze.ts';
import type { Gate } from '../../extension/model.ts';
import { corpus, corpusDir } from '../../scripts/corpus.ts';
import table from '../fixtures/gate-defaults.json' with { type: 'json' };

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../dist/grammars');

type Row = readonly [file: string, line: number, name: string | null, default_: string | null, read?: string];

const names = ['mimalloc', 'jemalloc', 'google-perftools', 'glibc'] as const;

describe.each(names)('environment of %s', (name) => {
  const dir = corpusDir(name);
  if (dir === null) console.log(`skipped: ${name} is not in the cache (npm run corpus)`);
  let gates: Gate[] = [];

  beforeAll(async () => {
    if (dir === null) return;
    const scope = corpus.find((c) => c.name === name)?.scope ?? '';
    const { gates: all } = await analyzePaths([path.join(dir, scope)], { grammarDir, root: dir });
    gates = all.filter((g) => g.kind === 'env');
  }, 600_000);

  it
    .skipIf(dir === null)
    .each(
      (table[name] as unknown as readonly Row[]).map((r) => [`${r[0]}:${r[1]} ${r[2] ?? ''}`, r] as const),
    )('%s', (_at, [file, line, variable, unset, read]) => {
    const here = gates.filter((g) => g.file === file && g.line === line);
    expect(here.map((g) => g.name)).toContain(variable);
    const row = here.find((g) => g.name === variable);
    expect(row?.default).toBe(unset);
    if (read !== undefined) expect(row?.read).toBe(read);
  });
});
