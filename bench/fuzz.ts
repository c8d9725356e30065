/**
 * The engine's variants against the shadow model: one thread, memory used again, memory running out, 2, 4 and 8
 * threads.   npm run bench:fuzz [-- --ops N] [--seeds K] [--seed S] [--variant V] [--threads T]
 *            [--only single|reuse|memory|threads]
 * N is about the operations of one seed and variant; the defaults come to more than 100 million. Exits 1 when a check did not hold, and says what replays it.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { variants } from '../engine/host/variants.ts';
import { outOfMemorySeed, reuseSeed } from './fuzz/reuse.ts';
import { FuzzFailure, type FuzzModule, fuzzSeed, loadModule } from './fuzz/session.ts';
import { fuzzThreads, threadedPlan } from './fuzz/threads.ts';

const { values } = parseArgs({
  options: {
    ops: { type: 'string' },
    seeds: { type: 'string' },
    seed: { type: 'string' },
    variant: { type: 'string' },
    threads: { type: 'string' },
    only: { type: 'string' },
  },
});

function whole(text: string | undefined, fallback: number, name: string): number {
  const n = text === undefined ? fallback : Number(text);
  if (!Number.isInteger(n) || n < 1) throw new Error(`--${name} takes a whole number above 0, not ${text}`);
  return n;
}

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist');
const kinds = ['single', 'reuse', 'memory', 'threads'] as const;
type Kind = (typeof kinds)[number];
if (values.only !== undefined && !kinds.includes(values.only as Kind)) {
  throw new Error(`--only takes ${kinds.join(', ')}, not ${values.only}`);
}
const wanted = kinds.filter((k) => values.only === undefined || values.only === k);
const names = variants.map((v) => v.name).filter((v) => values.variant === undefined || v === values.variant);
if (names.length === 0) throw new Error(`no variant ${values.variant}`);
const ops = whole(values.ops, 2_000_000, 'ops');
const first = values.seed === undefined ? 1 : whole(values.seed, 1, 'seed');
const seedCount = values.seed === undefined ? whole(values.seeds, 25, 'seeds') : 1;
const seeds = Array.from({ length: seedCount }, (_, i) => first + i);
const threadCounts = values.threads === undefined ? [2, 4, 8] : [whole(values.threads, 2, 'threads')];

/** Largest growth of the heap over rounds of threads that have the same live bytes. */
let growth = 1;

/** Runs of one kind and seed, each with the operations it does. */
function runsOf(kind: Kind, fuzzed: FuzzModule, seed: number): (() => number | Promise<number>)[] {
  if (kind === 'single') return [() => fuzzSeed(fuzzed, seed, ops)];
  if (kind === 'memory') return [() => outOfMemorySeed(fuzzed, seed, Math.min(ops, 50_000))];
  if (kind === 'reuse') {
    return [() => reuseSeed(fuzzed, seed).done];
  }
  return threadCounts.map((threads) => async () => {
    const plan = threadedPlan(seed, threads, Math.min(ops, 300_000));
    const result = await fuzzThreads(fuzzed, seed, plan);
    growth = Math.max(growth, result.growth);
    return result.done;
  });
}

let total = 0;
// All read at once: a build meanwhile does not mix two engines.
for (const fuzzed of names.map((name) => loadModule(dist, name))) {
  console.log(`${fuzzed.variant}  sha256 ${fuzzed.sha256}`);
  for (const kind of wanted) {
    // The dear kinds take fewer seeds.
    const some = kind === 'single' ? seeds : seeds.slice(0, Math.max(1, Math.ceil(seeds.length / 3)));
    const start = performance.now();
    let done = 0;
    let failed = 0;
    growth = 1;
    for (const run of some.flatMap((seed) => runsOf(kind, fuzzed, seed))) {
      try {
        done += await run();
      } catch (error) {
        if (!(error instanceof FuzzFailure)) throw error;
        console.log(`  FAILED ${error.message}`);
        failed++;
      }
    }
    total += done;
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    const verdict = failed === 0 ? 'no fault' : `${failed} runs FAILED`;
    console.log(
      `  ${kind.padEnd(8)} seeds ${some[0]}..${some.at(-1)}  ${done.toLocaleString('en')} operations  ${seconds} s  ${verdict}`,
    );
    if (kind === 'threads')
      console.log(`           largest growth of the heap over rounds: x ${growth.toFixed(2)}`);
    if (failed > 0) process.exitCode = 1;
  }
}
console.log(`${total.toLocaleString('en')} operations in all`);
