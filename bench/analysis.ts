/**
 * What the analysis costs beside raw parsing (`npm run bench:analysis`): tree-sitter alone in one thread, a cold
 * analysis, a warm one that takes what is kept on disk, and one-character edits in a 4,000-line file of a project of
 * 100,000 lines. All on the same files (the sources and the headers that they include), in one run, in turns; ratios
 * with their spread.
 *
 * Cold, warm and raw parsing are whole runs in fresh processes without their start-up (the clock starts when the modules
 * are loaded), which is what somebody who opens a folder waits for. Memory is the resident set's peak over what the
 * process had before.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { AnalysisClient as Client } from '../extension/analysis/client.ts';
import { corpus, corpusDir } from '../scripts/corpus.ts';
import { median } from '../extension/profile/percentiles.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const outdir = path.join(dist, 'bench');
const grammarDir = path.join(dist, 'grammars');

interface Subject {
  readonly name: string;
  readonly dir: string;
  /** Headers of a larger tree are read from here. */
  readonly root: string;
  readonly lines: number;
}

/** The measured programs, bundled as the product's own are. */
async function bundle(): Promise<void> {
  await build({
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    outdir,
    entryPoints: [path.join(root, 'bench/analysis-run.ts'), path.join(root, 'extension/analysis/client.ts')],
    entryNames: '[name]',
    logLevel: 'warning',
    external: ['tree-sitter', 'tree-sitter-c', 'tree-sitter-cpp'],
    banner: {
      js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
    },
  });
}

const sources = /\.(c|h|cc|cpp|hpp|inc)$/;

function linesBelow(dir: string): number {
  let lines = 0;
  for (const e of readdirSync(dir, { withFileTypes: true })) {
    const at = path.join(dir, e.name);
    if (e.isDirectory()) lines += linesBelow(at);
    else if (e.isFile() && sources.test(e.name)) lines += readFileSync(at, 'latin1').split('\n').length - 1;
  }
  return lines;
}

interface Measured {
  readonly ms: number;
  readonly cpuMs: number;
  /** Peak resident set minus that before the work, in MB. */
  readonly mb: number;
}

/** One run in a fresh process. */
function run(what: 'raw' | 'analyze' | 'files', at: string, below: string, cache = ''): unknown {
  const done = spawnSync(
    process.execPath,
    [path.join(outdir, 'analysis-run.js'), what, at, below, grammarDir, cache],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  if (done.status !== 0) throw new Error(`${what} ${at}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

const range = (xs: readonly number[], digits = 2): string =>
  `${median(xs).toFixed(digits)} (${Math.min(...xs).toFixed(digits)}-${Math.max(...xs).toFixed(digits)})`;

function compare(subject: Subject, rounds: number, work: string): void {
  const raw: Measured[] = [];
  const cold: Measured[] = [];
  const warm: Measured[] = [];
  const { name, dir, root: below } = subject;
  const list = path.join(work, `${name}.json`);
  writeFileSync(list, JSON.stringify(run('files', dir, below)));
  for (let i = 0; i < rounds; i++) {
    const cache = path.join(work, `${name}-${i}`);
    raw.push(run('raw', list, below) as Measured);
    cold.push(run('analyze', dir, below, cache) as Measured);
    warm.push(run('analyze', dir, below, cache) as Measured);
  }
  const ratios = (a: readonly Measured[], b: readonly Measured[]): number[] =>
    a.map((x, i) => x.ms / (b[i]?.ms ?? Number.NaN));
  console.log(
    [
      name.padEnd(18),
      String(subject.lines).padStart(7),
      median(raw.map((x) => x.ms))
        .toFixed(0)
        .padStart(8),
      median(cold.map((x) => x.ms))
        .toFixed(0)
        .padStart(8),
      median(warm.map((x) => x.ms))
        .toFixed(0)
        .padStart(8),
      range(ratios(cold, raw)).padStart(19),
      range(ratios(warm, cold)).padStart(19),
      median(cold.map((x) => x.mb))
        .toFixed(0)
        .padStart(8),
      ((median(cold.map((x) => x.mb)) / subject.lines) * 100_000).toFixed(0).padStart(8),
    ].join(' '),
  );
}

/** A project of 100,000 lines with a file of 4,000, made of real ones. */
function bigProject(
  subjects: readonly Subject[],
  work: string,
): { dir: string; file: string; lines: number } {
  const dir = path.join(work, 'project');
  mkdirSync(dir);
  for (const s of subjects) cpSync(s.dir, path.join(dir, s.name), { recursive: true });
  // The file nearest to 4,000 lines.
  let file = '';
  let best = Number.POSITIVE_INFINITY;
  const look = (at: string): void => {
    for (const e of readdirSync(path.join(dir, at), { withFileTypes: true })) {
      const p = path.join(at, e.name);
      if (e.isDirectory()) look(p);
      else if (/\.(c|cc)$/.test(e.name) && statSync(path.join(dir, p)).size > 60_000) {
        const n = readFileSync(path.join(dir, p), 'latin1').split('\n').length;
        if (Math.abs(n - 4000) < best) {
          best = Math.abs(n - 4000);
          file = p;
        }
      }
    }
  };
  look('');
  return { dir, file: file.split(path.sep).join('/'), lines: linesBelow(dir) };
}

/** A small generator with a seed, so that a run can be repeated. */
function random(seed: number): () => number {
  let s = seed >>> 0;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

async function edits(project: { dir: string; file: string; lines: number }, count: number): Promise<void> {
  const { AnalysisClient } = (await import(pathToFileURL(path.join(outdir, 'client.js')).href)) as {
    AnalysisClient: typeof Client;
  };
  const client = new AnalysisClient({
    workerPath: path.join(dist, 'analysis-worker.js'),
    grammarDir,
    parseWorker: path.join(dist, 'parse-worker.js'),
  });
  const config = { defines: {}, env: {}, entries: [] };
  await client.analyze(project.dir, config, {});
  const original = readFileSync(path.join(project.dir, project.file), 'utf8');
  const next = random(1);
  const letters = 'aeinrst_ 0123456789(){};,=+-*&\n';
  const times: number[] = [];
  const settled: number[] = [];
  let differ = 0;
  for (let i = 0; i < count; i++) {
    const at = Math.floor(next() * original.length);
    const letter = letters[Math.floor(next() * letters.length)] ?? 'x';
    const text =
      next() < 0.5
        ? original.slice(0, at) + letter + original.slice(at)
        : original.slice(0, at) + original.slice(at + 1);
    const begun = performance.now();
    const quick = await client.update(project.dir, project.file, text);
    times.push(performance.now() - begun);
    if (i % 80 === 0) {
      const from = performance.now();
      const whole = await client.settle(project.dir);
      settled.push(performance.now() - from);
      const rows = whole.atomics.filter((a) => a.file === project.file);
      const shown = (list: typeof rows): string =>
        JSON.stringify(list.map((a) => [a.id, a.line, a.column, a.class]));
      if (shown(rows) !== shown([...quick.atomics])) differ++;
      // Back to the start, so that every edit is one character away from what is settled.
      await client.update(project.dir, project.file, original);
      await client.settle(project.dir);
    }
  }
  client.dispose();
  times.sort((a, b) => a - b);
  const q = (p: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * p))] ?? 0).toFixed(1);
  const lines = original.split('\n').length - 1;
  console.log(
    `\n${count} edits of one character in ${project.file} (${lines} lines) of ${project.lines} lines`,
  );
  console.log(`its rows were there after ms: median ${q(0.5)}, p90 ${q(0.9)}, p95 ${q(0.95)}, max ${q(1)}`);
  console.log(
    `the whole project was settled after ms: ${range(settled, 0)}; the first answer differed in ${differ} of ${settled.length}`,
  );
}

async function main(): Promise<void> {
  const rounds = Number(process.argv[2] ?? 5);
  const present = corpus.flatMap((c): Subject[] => {
    const tree = corpusDir(c.name);
    if (tree === null) return [];
    const dir = path.join(tree, c.scope);
    return [{ name: c.name, dir, root: tree, lines: linesBelow(dir) }];
  });
  if (present.length === 0) {
    console.log('skipped: no corpus in the cache; fetch it with npm run corpus');
    return;
  }
  if (!existsSync(path.join(dist, 'parse-worker.js'))) throw new Error('not built: npm run build');
  await bundle();
  const work = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-bench-'));
  try {
    console.log(
      `${os.cpus().length} cores, Node ${process.version}, ${rounds} rounds; times in ms, medians (range of ratios)`,
    );
    console.log(
      'project              lines      raw     cold     warm      cold/raw          warm/cold            MB MB/100k',
    );
    if (rounds > 0) for (const s of present) compare(s, rounds, work);
    await edits(
      bigProject(
        present.filter((s) => s.name !== 'google-perftools'),
        work,
      ),
      400,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
