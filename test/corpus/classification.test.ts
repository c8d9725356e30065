/**
 * The classes of the hand-labelled variables of four real allocators (test/fixtures/classification): how many are right,
 * how many that steer the allocator are called telemetry (none may be), how many stay unknown. Every disagreement is
 * printed. Skipped where the cache has no corpus.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { analyzePaths } from '../../extension/analysis/analyze.ts';
import { corpus, corpusDir } from '../../scripts/corpus.ts';
import { type Judged, hasRole, isRight, judge } from '../../scripts/labels.ts';

const here = path.dirname(fileURLToPath(import.meta.url));
const grammarDir = path.resolve(here, '../../dist/grammars');
const fixtures = path.resolve(here, '../fixtures/classification');
const missing = corpus.filter((c) => corpusDir(c.name) === null).map((c) => c.name);
if (missing.length > 0)
  console.log(
    `skipped: ${missing.join(', ')} not in the cache, so the labels cannot be compared (npm run corpus)`,
  );

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)}%`;

describe.skipIf(missing.length > 0)('labelled variables of four allocators', () => {
  const judged: Judged[] = [];

  beforeAll(async () => {
    for (const entry of corpus) {
      const dir = corpusDir(entry.name);
      if (dir === null) continue;
      const found = await analyzePaths([path.join(dir, entry.scope)], { grammarDir, root: dir });
      judged.push(...judge(path.join(fixtures, `${entry.name}.json`), found.variables));
    }
    const wrong = judged.filter((j) => !isRight(j));
    for (const { label, row } of wrong) {
      console.log(
        `${label.id} (${label.file}:${label.line}): labelled ${label.class}, got ${row?.class ?? 'no row'}; ` +
          `label: ${label.deciding.file}:${label.deciding.line} ${label.deciding.text}; ` +
          `analysis: ${(row?.evidence ?? [])
            .slice(0, 2)
            .map((e) => `${e.file}:${e.line} ${e.reason}`)
            .join(' | ')}`,
      );
    }
    const roles = judged.filter((j) => isRight(j) && !hasRole(j));
    for (const { label, row } of roles)
      console.log(`${label.id}: role ${label.role}, got ${row?.role ?? 'none'}`);
    console.log(
      `${judged.length} labels: ${percent(judged.length - wrong.length, judged.length)} right, ` +
        `${judged.filter(({ row }) => row?.class === 'unknown').length} unknown, ${roles.length} other roles`,
    );
  }, 600_000);

  it('has a row for every one', () => {
    expect(judged.filter(({ row }) => row === undefined).map(({ label }) => label.id)).toEqual([]);
  });

  it('agrees with at least 95%', () => {
    const right = judged.filter(isRight).length;
    expect(right / judged.length).toBeGreaterThanOrEqual(0.95);
  });

  it('calls at most 1% of those that steer the allocator telemetry', () => {
    const steering = judged.filter(({ label }) => label.class === 'correctness');
    const wrong = steering.filter(({ row }) => row?.class === 'telemetry').map(({ label }) => label.id);
    expect(wrong.length / steering.length, wrong.join(', ')).toBeLessThanOrEqual(0.01);
  });

  it('leaves at most 10% unknown', () => {
    const unknown = judged.filter(({ row }) => row === undefined || row.class === 'unknown').length;
    expect(unknown / judged.length).toBeLessThanOrEqual(0.1);
  });

  it('says for every verdict what it rests on', () => {
    const bare = judged.filter(({ row }) => row !== undefined && row.evidence.length === 0);
    expect(bare.map(({ label }) => label.id)).toEqual([]);
  });
});
