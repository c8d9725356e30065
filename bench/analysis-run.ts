/**
 * One measured run in a process of its own (bench/analysis.ts starts it): `raw LIST`, tree-sitter alone over the files of
 * a list, or `analyze DIR ROOT`, the analysis as the command line does it. Prints one line of JSON.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { analyzePaths, loadWorkspace } from '../extension/analysis/analyze.ts';
import { discover, languageOf } from '../extension/analysis/discover.ts';
import { Trees } from '../extension/analysis/trees.ts';
import { loadWasmParser } from '../grammars/wasm.ts';

const [what = '', at = '', root = '', grammarDir = '', cacheFolder = ''] = process.argv.slice(2);
const parseWorker = path.join(grammarDir, '..', 'parse-worker.js');

/** Peak of the resident set in MB. */
function peak(): number {
  const m = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return m === null ? Number.NaN : Number(m[1]) / 1024;
}

if (what === 'files') {
  const { workspace } = await loadWorkspace(discover([at], root), new Trees({ grammarDir }), {});
  console.log(JSON.stringify([...workspace.project.units.keys()].map((f) => path.join(root, f))));
} else {
  const before = peak();
  const begun = performance.now();
  const cpu = process.cpuUsage();
  if (what === 'raw') {
    const parser = await loadWasmParser(grammarDir);
    for (const file of JSON.parse(readFileSync(at, 'utf8')) as string[]) {
      const text = readFileSync(file, 'utf8');
      parser.parse(text, languageOf(file, text))?.delete();
    }
  } else {
    await analyzePaths([at], {
      root,
      grammarDir,
      parseWorker,
      cache: { folder: cacheFolder, stamp: 'bench' },
    });
  }
  const ms = performance.now() - begun;
  const used = process.cpuUsage(cpu);
  console.log(JSON.stringify({ ms, cpuMs: (used.user + used.system) / 1000, mb: peak() - before }));
  process.exit();
}
