/**
 * Scores the classification against hand-made labels (`npm run bench:labels -- LABELS.json TREE [SCOPE]`): how many
 * verdicts agree, and each that does not. `TREE` is the unpacked source package that the labels name their paths in,
 * `SCOPE` the folder below it to analyse. Without arguments, the labels of the corpus, with the held-out ones.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyzePaths } from '../extension/analysis/analyze.ts';
import { corpus, corpusDir } from '../scripts/corpus.ts';
import { hasRole, isRight, judge } from '../scripts/labels.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const labels = path.join(root, 'test/fixtures/classification');

async function score(file: string, tree: string, scope: string): Promise<void> {
  const { variables } = await analyzePaths([path.join(tree, scope)], {
    root: tree,
    grammarDir: path.join(root, 'dist/grammars'),
    parseWorker: path.join(root, 'dist/parse-worker.js'),
  });
  const judged = judge(file, variables);
  const right = judged.filter(isRight);
  const wrong = judged.filter((j) => !isRight(j));
  for (const { label: l, row } of wrong) {
    const why = row?.evidence[0];
    console.log(
      `  ${l.id} ${l.file}:${l.line}: ${l.class} ${l.role}, got ${row?.class ?? 'no row'}${why === undefined ? '' : `: ${why.file}:${why.line} ${why.reason}`}`,
    );
  }
  const dangerous = wrong.filter((j) => j.row?.class === 'telemetry').length;
  console.log(
    `${path.relative(labels, file)}: ${right.length} of ${judged.length} right (${right.filter(hasRole).length} with their role), ${dangerous} wrongly telemetry`,
  );
}

const [file, tree, scope = ''] = process.argv.slice(2);
if (file !== undefined && tree !== undefined) await score(path.resolve(file), path.resolve(tree), scope);
else
  for (const c of corpus) {
    const dir = corpusDir(c.name);
    if (dir === null) {
      console.log(`skipped ${c.name}: not in the cache; fetch it with npm run corpus`);
      continue;
    }
    for (const part of ['', 'held-out']) {
      const at = path.join(labels, part, `${c.name}.json`);
      if (existsSync(at)) await score(at, dir, c.scope);
    }
  }
