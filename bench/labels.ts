/**
 * Scores the classification against hand-made labels (`npm run bench:labels -- LABELS.json TREE [SCOPE]`): how many
 * verdicts agree, and each that does not. `TREE` is the unpacked source package that the labels name their paths in,
 * `SCOPE` the folder below it to analyse. Without arguments, the labels of the corpus, with the held-out ones.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyzePaths } from '../extension/analysis/analyze.ts';
import { corpus, corpusDir } from '../scripts/corpus.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const labels = path.join(root, 'test/fixtures/classification');

interface Label {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly alsoAt?: readonly string[];
  readonly class: string;
  readonly role: string;
  readonly alsoRole?: readonly string[];
}

async function score(file: string, tree: string, scope: string): Promise<void> {
  const wanted = JSON.parse(readFileSync(file, 'utf8')) as readonly Label[];
  const { variables } = await analyzePaths([path.join(tree, scope)], {
    root: tree,
    grammarDir: path.join(root, 'dist/grammars'),
    parseWorker: path.join(root, 'dist/parse-worker.js'),
  });
  let right = 0;
  let roles = 0;
  let dangerous = 0;
  for (const l of wanted) {
    const places = new Set([`${l.file}:${l.line}`, ...(l.alsoAt ?? [])]);
    const v = variables.find((x) => x.name === l.name && places.has(`${x.file}:${x.line}`));
    const got = v?.class ?? 'no row';
    if (got === l.class) {
      right++;
      if (v?.role === l.role || (v !== undefined && l.alsoRole?.includes(v.role ?? '') === true)) roles++;
      continue;
    }
    if (got === 'telemetry') dangerous++;
    const why = v?.evidence[0];
    console.log(
      `  ${l.id} ${l.file}:${l.line}: ${l.class} ${l.role}, got ${got}${why === undefined ? '' : `: ${why.file}:${why.line} ${why.reason}`}`,
    );
  }
  console.log(
    `${path.relative(labels, file)}: ${right} of ${wanted.length} right (${roles} with their role), ${dangerous} wrongly telemetry`,
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
