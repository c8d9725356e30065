/**
 * Scores the analysis against the oracle of four public allocators (`npm run bench:oracle`): one table each and one
 * pooled. Needs the corpus in the cache (`npx tsx scripts/corpus.ts`), python3, and the oracle folder beside the
 * checkout; says so and stops where one is absent.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyzePaths } from '../extension/analysis/analyze.ts';
import { corpus, corpusDir } from './corpus.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const oracle = path.resolve(root, '../shared/oracle');

interface Kind {
  readonly oracle_lines: number;
  readonly found: number;
  readonly tool_tp?: number;
  readonly tool_fp?: number;
}

const percent = (a: number, b: number): string =>
  b === 0 ? '  n/a' : ((100 * a) / b).toFixed(1).padStart(5);

async function main(): Promise<number> {
  const scorer = path.join(oracle, 'score.py');
  if (!existsSync(scorer)) {
    console.log(`skipped: no oracle at ${path.relative(root, oracle)}`);
    return 0;
  }
  const present = corpus.filter((c) => corpusDir(c.name) !== null);
  if (present.length === 0) {
    console.log('skipped: no corpus in the cache; fetch it with npx tsx scripts/corpus.ts');
    return 0;
  }
  const work = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-oracle-'));
  const pooled = new Map<string, { lines: number; found: number; tp: number; fp: number }>();
  try {
    for (const entry of present) {
      const dir = corpusDir(entry.name);
      const truth = path.join(oracle, `deb-${entry.name}.json`);
      if (dir === null || !existsSync(truth)) continue;
      const findings = await analyzePaths([path.join(dir, entry.scope)], {
        grammarDir: path.join(root, 'dist/grammars'),
        root: dir,
      });
      const file = path.join(work, `${entry.name}.json`);
      writeFileSync(file, JSON.stringify(findings));
      const text = spawnSync('python3', [scorer, truth, file, '--show', '10'], { encoding: 'utf8' });
      if (text.error !== undefined) {
        console.log(`skipped: python3 is needed to score (${text.error.message})`);
        return 0;
      }
      console.log(text.stdout);
      const json = spawnSync('python3', [scorer, truth, file, '--json'], { encoding: 'utf8' });
      const { kinds } = JSON.parse(json.stdout) as { kinds: Record<string, Kind> };
      for (const [name, k] of Object.entries(kinds)) {
        const sum = pooled.get(name) ?? { lines: 0, found: 0, tp: 0, fp: 0 };
        sum.lines += k.oracle_lines;
        sum.found += k.found;
        sum.tp += k.tool_tp ?? 0;
        sum.fp += k.tool_fp ?? 0;
        pooled.set(name, sum);
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(`pooled over ${present.map((c) => c.name).join(', ')}`);
  console.log('kind            oracle  found  recall%    tp    fp  precision%');
  for (const [name, s] of pooled) {
    const scored = name === 'primitive' || name === 'wrapper_call' || name === 'env';
    console.log(
      `${name.padEnd(14)} ${String(s.lines).padStart(7)} ${String(s.found).padStart(6)} ${percent(s.found, s.lines).padStart(8)} ` +
        (scored
          ? `${String(s.tp).padStart(5)} ${String(s.fp).padStart(5)} ${percent(s.tp, s.tp + s.fp).padStart(11)}`
          : ''),
    );
  }
  return 0;
}

process.exitCode = await main();
