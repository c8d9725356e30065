/** Static temperatures of four real allocators against labels made by reading. Skipped where the cache has no corpus. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../extension/analysis/analyze.ts';
import type { FunctionInfo, Temperature } from '../../extension/model.ts';
import { corpus, corpusDir } from '../../scripts/corpus.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const grammarDir = path.resolve(here, '../../dist/grammars');
type Labels = Readonly<Record<'hot' | 'warm' | 'cold', readonly string[]>>;
const labels = JSON.parse(readFileSync(path.join(here, '../fixtures/temperature.json'), 'utf8')) as {
  readonly allocators: Readonly<Record<string, Labels>>;
};
const order: readonly Temperature[] = ['hot', 'warm', 'cold', 'unreached'];

describe.each(corpus)('$name', ({ name, scope }) => {
  const dir = corpusDir(name);
  if (dir === null) console.log(`skipped: ${name} is not in the cache (npm run corpus)`);
  const found = new Map<string, Temperature>();
  const wanted = labels.allocators[name] ?? { hot: [], warm: [], cold: [] };

  beforeAll(async () => {
    if (dir === null) return;
    const f = await analyzePaths([path.join(dir, scope)], { grammarDir, root: dir });
    const rows: readonly FunctionInfo[] = f.functions;
    for (const r of rows) {
      const known = found.get(r.name);
      if (known === undefined || order.indexOf(r.temperature) < order.indexOf(known))
        found.set(r.name, r.temperature);
    }
  }, 300_000);

  it.skipIf(dir === null)('has at least 25 labels, and agrees with at least 90 in 100', () => {
    const rows = (['hot', 'warm', 'cold'] as const).flatMap((t) => wanted[t].map((name_) => ({ t, name_ })));
    expect(rows.length).toBeGreaterThanOrEqual(25);
    const wrong = rows.filter(({ t, name_ }) => {
      const got = found.get(name_);
      return (got === 'unreached' ? 'cold' : got) !== t;
    });
    const said = wrong.map((r) => `${r.name_}: ${r.t}, found ${found.get(r.name_) ?? 'nothing'}`);
    expect(1 - wrong.length / rows.length, said.join('\n')).toBeGreaterThanOrEqual(0.9);
  });

  it.skipIf(dir === null)('never takes the fast path for cold, nor start-up and printing for hot', () => {
    expect(wanted.hot.filter((f) => !/hot|warm/.test(found.get(f) ?? ''))).toEqual([]);
    const loud = /init|boot|stat(s|_)|print|fork|conf|destroy|dump/i;
    expect(wanted.cold.filter((f) => loud.test(f) && found.get(f) === 'hot')).toEqual([]);
  });
});
