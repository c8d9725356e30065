/**
 * How far V8's sampler can be believed: self percentages of `random_mixed` on the `sampled` variant by the sampler and
 * by Linux perf, side by side, and executed instructions by function against perf as a check of the line heat.
 * Needs `perf` and a built dist/.   npm run bench:sampler
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { probeFlags } from '../engine/host/child.ts';
import { runCounted } from '../engine/host/counted-run.ts';
import { instantiate } from '../engine/host/instantiate.ts';
import { readManifest } from '../engine/host/manifest.ts';
import { EngineTarget } from '../engine/host/target.ts';
import { harnessBytes, runPass } from '../engine/host/workloads.ts';
import { type LoopParameters, workloadProfiles } from '../extension/profile/workloads.ts';
import type { BenchRequest } from '../extension/model.ts';
import { spearman } from './stats.ts';

const self = fileURLToPath(import.meta.url);
const dist = path.resolve(path.dirname(self), '../dist');
const sampled = path.join(dist, 'engine/sampled.wasm');
const perfPasses = 30;

function parameters(): LoopParameters {
  const row = workloadProfiles.get('mixed');
  if (row === undefined) throw new Error('no mixed profile');
  return { workload: 'random_mixed', seed: 12345, ...row };
}

/** What perf watches. */
function child(): void {
  const p = parameters();
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(sampled)));
  const engine = instantiate(module, { harnessBytes: harnessBytes(p) });
  for (let i = 0; i < perfPasses; i++) runPass(engine, p);
}

/** Self samples by function name from perf; `''` is code without a symbol: V8's jump table. */
async function perfSamples(names: ReadonlySet<string>): Promise<Map<string, number>> {
  const flags = await probeFlags({ distDir: dist, nodePath: process.execPath, extraEnv: {} });
  const dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-perf-'));
  try {
    const data = path.join(dir, 'perf.data');
    const node = [
      ...flags,
      '--perf-basic-prof',
      ...['--import', import.meta.resolve('tsx'), self, '--child'],
    ];
    const record = spawnSync(
      'perf',
      ['record', '-q', '-e', 'cpu-clock', '-F', '2000', '-o', data, '--', process.execPath, ...node],
      { cwd: dir, encoding: 'utf8' },
    );
    if (record.status !== 0) throw new Error(`perf record failed: ${record.error?.message ?? record.stderr}`);
    const script = spawnSync('perf', ['script', '-i', data, '-F', 'ip,sym,dso'], {
      encoding: 'utf8',
      maxBuffer: 2 ** 30,
    });
    if (script.status !== 0) throw new Error(`perf script failed: ${script.stderr}`);
    const out = new Map<string, number>();
    const add = (name: string): void => void out.set(name, (out.get(name) ?? 0) + 1);
    for (const line of script.stdout.split('\n')) {
      const known = /JS:(\w+)-\d+-turbofan/.exec(line)?.[1];
      if (known !== undefined && names.has(known)) add(known);
      else if (/\[unknown\] \((\[JIT\].*|\/\/anon|.*perf-\d+\.map|\[unknown\])\)/.test(line)) add('');
    }
    return out;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function compare(): Promise<void> {
  const request: BenchRequest = {
    ...{ workload: 'random_mixed', profile: 'mixed', variant: 'fast', env: {}, flags: {} },
    ...{ iterations: null, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
    ...{ sample: true, counters: false, latency: false, verify: false },
  };
  const result = await new EngineTarget({ distDir: dist }).run(request, {});
  const functions = result.profile?.functions ?? [];
  const names = new Set(readManifest(dist).functions.map((f) => f.name));
  const perf = await perfSamples(names);
  const total = [...perf.values()].reduce((a, b) => a + b, 0);
  const perfShare = (name: string): number => (100 * (perf.get(name) ?? 0)) / total;
  const counted = runCounted(sampled, {}, parameters()).byLine;
  const instructions = (name: string): number =>
    counted.filter((l) => l.function === name).reduce((sum, l) => sum + l.instructions, 0);
  const all = counted.reduce((sum, l) => sum + l.instructions, 0);

  console.log(`${'function'.padEnd(32)} sampler   perf  difference  instructions`);
  let worst = 0;
  const rows: { perf: number; counted: number }[] = [];
  for (const f of functions) {
    const symbol = f.name === 'main' ? 'random_mixed' : f.name === '(runtime)' ? '' : f.name;
    const other = perfShare(symbol);
    const share = (100 * instructions(symbol)) / all;
    if (symbol !== '') {
      worst = Math.max(worst, Math.abs(f.selfPercent - other));
      rows.push({ perf: other, counted: share });
    }
    console.log(
      `${f.name.padEnd(32)} ${f.selfPercent.toFixed(2).padStart(7)} ${other.toFixed(2).padStart(6)} ${(f.selfPercent - other).toFixed(2).padStart(11)} ${share.toFixed(2).padStart(13)}`,
    );
  }
  const rho = spearman(
    rows.map((r) => r.perf),
    rows.map((r) => r.counted),
  );
  console.log(`\nsamples: sampler ${result.profile?.samples ?? 0}, perf ${total}`);
  console.log(`sum of the sampler's shares: ${functions.reduce((s, f) => s + f.selfPercent, 0).toFixed(2)}`);
  console.log(`largest difference of a function: ${worst.toFixed(2)} points`);
  console.log(`rank correlation of executed instructions and perf, by function: ${rho.toFixed(3)}`);
}

if (process.argv.includes('--child')) child();
else await compare();
