/** What the engine's tests share: the built modules and the parameters of the workloads. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type EngineInstance, instantiate } from '../../../engine/host/instantiate.ts';
import { harnessBytes } from '../../../engine/host/workloads.ts';
import { type LoopParameters, workloadProfiles } from '../../../extension/profile/workloads.ts';
import type { BenchRequest } from '../../../extension/model.ts';

export const root = path.resolve(import.meta.dirname, '../../..');
export const dist = path.join(root, 'dist');
export const builtVariants = ['fast', 'fast-calls', 'sampled', 'standard', 'research'] as const;

export function modulePath(variant: string): string {
  return path.join(dist, 'engine', `${variant}.wasm`);
}

export function parametersFor(profile: string, iterations?: number): LoopParameters {
  const row = workloadProfiles.get(profile);
  if (row === undefined) throw new Error(`no profile ${profile}`);
  return { workload: 'random_mixed', seed: 12345, ...row, iterations: iterations ?? row.iterations };
}

export function engineFor(
  variant: string,
  p: LoopParameters,
  env: Readonly<Record<string, string>> = {},
): EngineInstance {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(modulePath(variant))));
  return instantiate(module, { env, harnessBytes: harnessBytes(p) });
}

export function benchRequest(overrides: Partial<BenchRequest>): BenchRequest {
  return {
    ...{ workload: 'random_mixed', profile: 'mixed', variant: 'fast', env: {}, flags: {} },
    ...{ iterations: 20_000, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
    ...{ sample: false, counters: false, latency: false, verify: false },
    ...overrides,
  };
}
