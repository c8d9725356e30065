/**
 * The engine beside native allocators and other WebAssembly heaps: every workload and every trace of a folder, in one
 * run of interleaved rounds of fresh processes.
 *
 *   npm run bench:allocators [-- --rounds N] [--traces DIR] [--only PATTERN] [--arms PATTERN] [--quick] [--write]
 *
 * A table a work as it is done, then memory, latency and the targets. Ratios of medians, with the range of the ratios
 * formed inside the rounds. `--only` and `--arms` are regular expressions over the names shown; `--quick` is one round
 * of one pass, to see everything work; `--write` leaves the tables in docs/performance.md.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cacheRoot } from '../scripts/cache.ts';
import { allWorks, type Arm, type Work } from './arms/arm.ts';
import { engineArms } from './arms/engine.ts';
import { preloadArms, staticArms } from './arms/native.ts';
import { wasmArms } from './arms/wasm.ts';
import { machineLines } from './machine.ts';
import { Measurement, type MeasureOptions } from './measure.ts';
import {
  asMarkdown,
  asText,
  latencyTable,
  memoryTable,
  type TextTable,
  targetTable,
  workTable,
} from './tables.ts';
import { type Measured, targetLines } from './targets.ts';
import { tracesIn } from './traces.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const say = (line: string): void => console.log(line);

interface Options {
  readonly rounds: number;
  readonly quick: boolean;
  readonly write: boolean;
  readonly traces: string | null;
  readonly only: RegExp;
  readonly arms: RegExp;
}

function pattern(name: string, text: string | undefined): RegExp {
  try {
    return new RegExp(text ?? '');
  } catch {
    throw new Error(`--${name} is not a regular expression`);
  }
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      traces: { type: 'string' },
      only: { type: 'string' },
      arms: { type: 'string' },
      quick: { type: 'boolean' },
      write: { type: 'boolean' },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick === true ? 1 : 7));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds has to be a whole number from 1');
  return {
    rounds,
    quick: values.quick === true,
    write: values.write === true,
    traces: values.traces ?? null,
    only: pattern('only', values.only),
    arms: pattern('arms', values.arms),
  };
}

async function allArms(): Promise<Arm[]> {
  const dist = path.join(root, 'dist');
  const native = {
    cacheDir: path.join(cacheRoot(), 'bench'),
    harness: path.join(root, 'extension/native/harness.c'),
    log: say,
  };
  return [
    ...engineArms(dist),
    ...(await preloadArms(native)),
    ...(await staticArms(native)),
    ...(await wasmArms({ root, cacheDir: native.cacheDir, log: say })),
  ];
}

async function chosenWorks(options: Options): Promise<Work[]> {
  if (options.traces === null) say('traces: left out, give their folder with --traces DIR');
  const works = allWorks(options.traces === null ? [] : await tracesIn(options.traces));
  const wanted = works.filter((w) => options.only.test(w.name));
  // random_mixed without its floor has no net time.
  const profiles = new Set(wanted.filter((w) => w.kind === 'micro').map((w) => w.profile));
  return works.filter((w) => wanted.includes(w) || (w.kind === 'floor' && profiles.has(w.profile)));
}

/** Prints a table and keeps it for the page. */
function show(table: TextTable, kept: TextTable[]): void {
  kept.push(table);
  say(`\n${asText(table)}`);
}

function page(facts: readonly string[], tables: readonly TextTable[], targets: TextTable): string {
  return [
    '# Performance',
    '',
    'One run of `npm run bench:allocators -- --write --traces DIR` (bench/allocators.ts): interleaved rounds of fresh',
    'processes, every other round backwards. Speeds are median passes in million operations a second, over the rounds',
    'their median; a ratio is one of medians, in parentheses the range of the ratios formed inside each round. `*`: some',
    'run stayed disturbed by other processes after three tries. `engine fast` is inlined into the workload, as a static',
    'library with link-time optimisation is; `engine fast-calls` is called, as a preloaded library is. The net time of',
    "`random_mixed` is 1/speed less 1/speed of the same harness's own floor.",
    '',
    ...facts.map((f) => `- ${f}`),
    '',
    asMarkdown(targets).replace('###', '##'),
    '',
    '## All works',
    '',
    ...tables.flatMap((t) => [asMarkdown(t), '']),
  ].join('\n');
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const facts = [
    ...machineLines(),
    `${options.rounds} rounds${options.quick ? ', one pass each (--quick)' : ''}`,
  ];
  facts.forEach(say);
  const arms = (await allArms()).filter((a) => options.arms.test(a.label));
  const works = await chosenWorks(options);
  const base: Omit<MeasureOptions, 'passes' | 'latency'> = {
    rounds: options.rounds,
    patience: options.quick ? 0 : 300,
    log: say,
  };
  const kept: TextTable[] = [];
  const speed = new Measurement();
  for (const work of works) {
    const rows = await speed.work(work, arms, { ...base, passes: options.quick ? 1 : null, latency: false });
    if (work.kind !== 'floor') show(workTable(work, rows, speed.table), kept);
  }
  const memory = new Measurement();
  const once = { ...base, rounds: Math.min(3, options.rounds) };
  for (const work of works.filter((w) => w.trace !== null)) {
    await memory.work(work, arms, { ...once, passes: 1, latency: false });
  }
  const latency = new Measurement();
  for (const work of works.filter((w) => w.kind === 'micro')) {
    await latency.work(work, arms, { ...once, passes: 1, latency: true });
  }
  const measured: Measured = {
    ...{ speed: speed.table, memory: memory.table, latency: latency.table },
    ...{ works, arms: arms.map((a) => a.label) },
  };
  if (memory.table.size > 0) show(memoryTable(measured), kept);
  if (latency.table.size > 0) show(latencyTable(measured), kept);
  const targets = targetTable(targetLines(measured));
  say(`\n${asText(targets)}`);
  const modules = [...speed.modules].map(([arm, sha256]) => `${arm}: module sha256 ${sha256}`);
  modules.forEach(say);
  if (options.write) {
    writeFileSync(
      path.join(root, 'docs/performance.md'),
      `${page([...facts, ...modules], kept, targets).trimEnd()}\n`,
    );
  }
  const failures = [...speed.failures, ...memory.failures, ...latency.failures];
  if (failures.length > 0) say(`${failures.length} failures, said above`);
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
