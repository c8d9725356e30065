/** Counters and profiles of every workload: the timed passes are found in whatever the compiler made of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchRequest } from '../../../extension/model.ts';
import { NativeTarget } from '../../../extension/native/target.ts';
import { harness, lacking } from './profile-fixtures.ts';

const missing = lacking('cc', 'valgrind');
if (missing.length > 0) console.log(`skipped: exact counters need ${missing.join(', ')}`);

const base: BenchRequest = {
  ...{ workload: 'random_mixed', profile: 'mixed', variant: 'native', env: {}, flags: {} },
  ...{
    iterations: 20_000,
    workingSet: null,
    min: null,
    max: null,
    seed: 12345,
    threads: null,
    runs: 1,
    passes: 1,
  },
  ...{ sample: false, counters: true, latency: false, verify: false },
};

describe.skipIf(missing.length > 0)('counters of the system allocator', { timeout: 240_000 }, () => {
  let dir = '';
  let target: NativeTarget;
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-counters-'));
    target = new NativeTarget({ name: 'system', preload: null, cacheDir: path.join(dir, 'cache'), harness });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['random_mixed', {}],
    ['floor', {}],
    ['larson', { iterations: 1, workingSet: 500, threads: 2 }],
    ['pc', { iterations: 2000, threads: 2 }],
    ['mstress', { iterations: 2, threads: 2 }],
  ] as const)('%s', async (workload, more) => {
    const { counters, profile } = await target.run({ ...base, workload, ...more }, {});
    expect(counters?.native?.source).toMatch(/callgrind|perf stat/);
    expect(counters?.instructionsPerOp).toBeGreaterThan(5);
    // Waiting for one another takes instructions too, thousands of them at most.
    expect(counters?.instructionsPerOp).toBeLessThan(100_000);
    expect(counters?.branchesPerOp).toBeGreaterThan(0.5);
    expect(profile).toBeNull();
  });

  it('cost more than the loop alone, and hardly differ from run to run', async () => {
    const per = async (workload: 'floor' | 'random_mixed') =>
      (await target.run({ ...base, workload }, {})).counters?.instructionsPerOp ?? 0;
    const [floor, one, two] = [await per('floor'), await per('random_mixed'), await per('random_mixed')];
    expect(one).toBeGreaterThan(floor + 10);
    expect(Math.abs(one - two) / one).toBeLessThan(0.01);
  });
});
