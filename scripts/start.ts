/**
 * `npm start`: the main job on `samples/hakmem`, through the built command line only. Prints the analysis, the engine's
 * hot functions and lines, a throughput table with the system's allocator beside it, and the path of a report.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchResult } from '../extension/model.ts';
import { percent, speed } from '../extension/report/format.ts';
import { textTable } from '../extension/report/table.ts';
import { benchText } from '../extension/report/text-bench.ts';
import { run, tail } from './process.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const cli = path.join(root, 'dist/cli.js');
const sample = 'samples/hakmem';
const out = path.join(root, 'out');

async function alloclens(args: readonly string[]): Promise<string> {
  const shown = `alloc-lens ${args.join(' ')}`;
  const result = await run(process.execPath, [cli, ...args], { cwd: root, timeoutMs: 10 * 60_000 });
  if (result.code !== 0) throw new Error(`${shown} ended with ${result.code}:\n${tail(result.output, 10)}`);
  return result.output;
}

/** The JSON line of a run; progress lines stand before it. */
function benchResult(output: string): BenchResult {
  const line = output.split('\n').find((l) => l.startsWith('{'));
  if (line === undefined) throw new Error(`bench printed no JSON:\n${tail(output, 5)}`);
  return JSON.parse(line) as BenchResult;
}

function sourceText(file: string, line: number): string | null {
  const at = path.join(root, file);
  return existsSync(at) ? (readFileSync(at, 'utf8').split('\n')[line - 1] ?? null) : null;
}

interface Arm {
  readonly name: string;
  readonly args: readonly string[];
  /** Needs a C compiler: left out with a word where it cannot run. */
  readonly optional: boolean;
}

const runs = ['--runs', '3'];
const arms: readonly Arm[] = [
  { name: 'engine fast', args: ['--variant', 'fast', '--sample'], optional: false },
  { name: 'engine fast-calls', args: ['--variant', 'fast-calls'], optional: false },
  { name: 'engine standard', args: ['--variant', 'standard'], optional: false },
  { name: 'system malloc', args: ['--target', 'system'], optional: true },
];

async function main(): Promise<void> {
  if (!existsSync(cli)) throw new Error('dist/cli.js is missing: npm run build');
  mkdirSync(out, { recursive: true });

  console.log(`\n== Analysis of ${sample}\n`);
  console.log((await alloclens(['analyze', sample])).trimEnd());

  console.log('\n== Benchmark random_mixed, profile mixed');
  const results: { readonly name: string; readonly result: BenchResult }[] = [];
  for (const arm of arms) {
    console.log(`running ${arm.name} …`);
    try {
      const output = await alloclens(['bench', 'random_mixed', ...arm.args, ...runs, '--format', 'json']);
      results.push({ name: arm.name, result: benchResult(output) });
    } catch (error) {
      if (!arm.optional) throw error;
      console.log(`left out: ${(error as Error).message.split('\n').at(-1) ?? ''}`);
    }
  }
  const [first] = results;
  if (first === undefined) throw new Error('no benchmark ran');
  console.log('');
  console.log(benchText(first.result, undefined, sourceText));
  console.log('\nThroughput, three processes each (one after the other: a first look, not a comparison)');
  const rows = textTable(
    [
      { title: 'target', cell: (r) => r.name },
      { title: 'median', cell: (r) => speed(r.result.median), align: 'right' },
      {
        title: 'cv',
        cell: (r) => (r.result.cv === null ? '-' : percent(100 * r.result.cv)),
        align: 'right',
      },
      { title: 'first pass', cell: (r) => speed(r.result.firstOpsPerSecond), align: 'right' },
    ],
    results,
  );
  console.log(rows.join('\n'));

  const files = results.map(({ name, result }) => {
    const file = path.join(out, `bench-${name.replaceAll(' ', '-')}.json`);
    writeFileSync(file, JSON.stringify(result));
    return file;
  });
  const report = path.join(out, 'hakmem-report.html');
  // The sampled run last: the report's header speaks of the newest.
  const included = [...files].reverse().flatMap((f) => ['--run', f]);
  await alloclens(['report', sample, '--out', report, ...included]);
  console.log(`\n== Report: ${report}`);
}

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
