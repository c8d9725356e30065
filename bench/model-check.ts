/**
 * The engine's lock-free code and its lock over all interleavings of small scenarios, on the engine's own sources; then
 * the same with deliberate errors, which have to be found.   npm run bench:model-check [-- VARIANT...]
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileModel, type Mutation } from '../engine/host/model-check/compile.ts';
import { type Exploration, exploreScenario, scenariosOf } from '../engine/host/model-check/explore.ts';
import { variants } from '../engine/host/variants.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const wanted = process.argv.length > 2 ? process.argv.slice(2) : ['fast', 'standard'];

const spillFile = 'tiny_bg_spill.ts';
const mutations: readonly Mutation[] = [
  ...(existsSync(path.join(root, 'engine/allocator', spillFile))
    ? [
        { file: spillFile, kind: 'as_store' as const },
        { file: spillFile, kind: 'once' as const },
      ]
    : []),
  { file: 'remote_target.ts', kind: 'as_store' },
  { file: 'remote_target.ts', kind: 'once' },
  { file: 'lock.ts', kind: 'as_store' },
  { file: 'lock.ts', kind: 'once' },
];

function firstViolation(module: WebAssembly.Module): Exploration | undefined {
  for (const scenario of scenariosOf(module)) {
    const exploration = exploreScenario(module, scenario, 20_000);
    if (exploration.violation !== null) return exploration;
  }
  return undefined;
}

for (const name of wanted) {
  const variant = variants.find((v) => v.name === name);
  if (variant === undefined) throw new Error(`no variant ${name}`);
  console.log(name);
  const module = await compileModel(root, variant);
  for (const scenario of scenariosOf(module)) {
    const start = performance.now();
    const { states, interleavings, complete, violation } = exploreScenario(module, scenario);
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const extent = complete ? 'complete' : 'bounded';
    console.log(
      `  ${scenario.name}: ${interleavings} interleavings, ${states} states, ${extent}, ${seconds} s`,
    );
    if (violation !== null) {
      console.log(`    FAILED ${violation}`);
      process.exitCode = 1;
    }
  }
  for (const mutation of mutations) {
    const broken = await compileModel(root, variant, mutation);
    const found = firstViolation(broken);
    console.log(
      `  error put into ${mutation.file} (cmpxchg ${mutation.kind}): ${found === undefined ? 'NOT FOUND' : `found by "${found.scenario}"`}`,
    );
    if (found === undefined) process.exitCode = 1;
  }
}
