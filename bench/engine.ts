/**
 * The engine beside native allocators, `fast` and `fast-calls` beside mimalloc and glibc by preload, on random_mixed:
 * rounds of fresh processes, the arms of a round one after the other so that they share the machine's minutes. Ratios
 * are formed inside each round; the table gives their median and range.   npm run bench:engine [-- ROUNDS [PROFILE...]]
 */
import { existsSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineTarget } from '../engine/host/target.ts';
import type { BenchRequest, Target } from '../extension/model.ts';
import { NativeTarget } from '../extension/native/target.ts';
import { median, range } from './stats.ts';

interface Arm {
  readonly label: string;
  readonly target: Target;
  readonly workload: 'random_mixed' | 'floor';
  readonly variant: string;
  readonly flags?: Readonly<Record<string, string>>;
}

const dist = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../dist');
const rounds = Number(process.argv[2] ?? 7);
const profileNames =
  process.argv.length > 3 ? process.argv.slice(3) : ['mixed', 'tiny', 'c6heavy', 'c7heavy'];
const cacheDir = path.join(tmpdir(), 'alloc-lens-bench');
const harness = path.resolve(dist, '../extension/native/harness.c');

function preload(name: string, files: readonly string[]): Arm[] {
  const file = files.find((f) => existsSync(f));
  if (file === undefined) {
    console.log(`${name}: not installed (${files.join(', ')}), left out`);
    return [];
  }
  const target = new NativeTarget({ name, preload: file, cacheDir, harness });
  return [{ label: `${name} (preload)`, target, workload: 'random_mixed', variant: 'native' }];
}

function arms(): Arm[] {
  const engine = new EngineTarget({ distDir: dist });
  const glibc = new NativeTarget({ name: 'system', preload: null, cacheDir, harness });
  const lib = '/usr/lib/x86_64-linux-gnu';
  return [
    { label: 'engine fast', target: engine, workload: 'random_mixed', variant: 'fast' },
    ...preload('mimalloc', [`${lib}/libmimalloc.so.2`, `${lib}/libmimalloc.so.2.0`]),
    { label: 'engine fast-calls', target: engine, workload: 'random_mixed', variant: 'fast-calls' },
    { label: 'glibc', target: glibc, workload: 'random_mixed', variant: 'native' },
    { label: 'engine standard', target: engine, workload: 'random_mixed', variant: 'standard' },
    {
      // The header mode that `fast` does not use: a magic byte with the class before every block.
      ...{ label: 'engine fast, headers', target: engine, workload: 'random_mixed', variant: 'fast' },
      flags: { HAKMEM_TINY_HEADER: '1' },
    },
    { label: 'engine floor', target: engine, workload: 'floor', variant: 'fast' },
    { label: 'native floor', target: glibc, workload: 'floor', variant: 'native' },
  ];
}

function request(arm: Arm, profile: string): BenchRequest {
  return {
    ...{ workload: arm.workload, profile, variant: arm.variant, env: {}, flags: arm.flags ?? {} },
    ...{ iterations: null, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
    ...{ sample: false, counters: false, latency: false, verify: false },
  };
}

async function profileTable(all: readonly Arm[], profile: string): Promise<void> {
  const speeds = new Map<Arm, number[]>(all.map((a) => [a, []]));
  for (let round = 0; round < rounds; round++) {
    // Every other round runs backwards: what follows what must not decide.
    for (const arm of round % 2 === 0 ? all : [...all].reverse()) {
      const result = await arm.target.run(request(arm, profile), {});
      speeds.get(arm)?.push(result.median / 1e6);
    }
  }
  console.log(`\nrandom_mixed ${profile}, ${rounds} rounds, median pass in million operations a second`);
  const baseline = all.find((a) => a.label.startsWith('mimalloc'));
  for (const arm of all) {
    const values = speeds.get(arm) ?? [];
    const [low, high] = range(values);
    let against = '';
    if (baseline !== undefined && arm !== baseline) {
      const base = speeds.get(baseline) ?? [];
      const ratios = values.map((v, i) => v / (base[i] ?? Number.NaN));
      const [rLow, rHigh] = range(ratios);
      against = `   ${median(ratios).toFixed(2)} x mimalloc (${rLow.toFixed(2)} .. ${rHigh.toFixed(2)})`;
    }
    console.log(
      `  ${arm.label.padEnd(22)} ${median(values).toFixed(1).padStart(6)} (${low.toFixed(1)} .. ${high.toFixed(1)})${against}`,
    );
  }
}

console.log(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, load ${loadavg()[0]?.toFixed(2)}`,
);
const all = arms();
for (const profile of profileNames) await profileTable(all, profile);
