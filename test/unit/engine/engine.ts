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

/** Gates under which other backends than the default's serve, by what they do. */
export const backendGates: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Pool v1': { HAKMEM_MID_V3_ENABLED: '0' },
  'Pool v2': { HAKMEM_POOL_V2_ENABLED: '1' },
  'MID v3 lanes, checked and counted': { HAKMEM_MID_V3_DEBUG: '1', HAKMEM_MID_V3_INUSE: '1' },
  'MID v3 and Pool v1 by class': { HAKMEM_MID_V3_CLASSES: '0x55555555', HAKMEM_FASTLANE_DIRECT: '0' },
  'spill queues': { HAKMEM_BG_SPILL: '1' },
  'spill queues, layered, short': {
    ...{ HAKMEM_BG_SPILL: '1', HAKMEM_BG_SPILL_TARGET: '40', HAKMEM_FASTLANE_DIRECT: '0' },
    ...{ HAKMEM_TINY_C7_ULTRA: '0', HAKMEM_MID_V3_INUSE: '1' },
  },
  'remote target length': { HAKMEM_REMOTE_TARGET_LEN: '8' },
  learner: { HAKMEM_LEARN: '1' },
  'size profile': { HAKMEM_ALLOC_ROUTING: '20', HAKMEM_LEARN: '1' },
  'forced baseline': { HAKMEM_FORCE_LIBC_ALLOC: '1' },
  'all at once': {
    ...{ HAKMEM_POOL_V2_ENABLED: '1', HAKMEM_BG_SPILL: '1', HAKMEM_REMOTE_TARGET_LEN: '2' },
    ...{ HAKMEM_LEARN: '1', HAKMEM_ALLOC_ROUTING: '5', HAKMEM_MID_V3_INUSE: '1' },
  },
};

export function modulePath(variant: string): string {
  return path.join(dist, 'engine', `${variant}.wasm`);
}

export function parametersFor(profile: string, iterations?: number): LoopParameters {
  const row = workloadProfiles.get(profile);
  if (row === undefined) throw new Error(`no profile ${profile}`);
  return { workload: 'random_mixed', seed: 12345, ...row, iterations: iterations ?? row.iterations };
}

export function engineModule(variant: string): WebAssembly.Module {
  return new WebAssembly.Module(new Uint8Array(readFileSync(modulePath(variant))));
}

export function engineFor(
  variant: string,
  p: LoopParameters,
  env: Readonly<Record<string, string>> = {},
): EngineInstance {
  return instantiate(engineModule(variant), { env, harnessBytes: harnessBytes(p) });
}

export function benchRequest(overrides: Partial<BenchRequest>): BenchRequest {
  return {
    ...{ workload: 'random_mixed', profile: 'mixed', variant: 'fast', env: {}, flags: {} },
    ...{ iterations: 20_000, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
    ...{ sample: false, counters: false, latency: false, verify: false },
    ...overrides,
  };
}
