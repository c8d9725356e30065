import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchRequest, UserError } from '../../../extension/model.ts';
import { discoverAllocators } from '../../../extension/native/discover.ts';
import { NativeTarget } from '../../../extension/native/target.ts';
import { benchRequest } from '../fixtures/requests.ts';
import { canRunNative, harness, nativeTargets } from './toy.ts';

const able = canRunNative();

const base = benchRequest({ workload: 'larson', variant: 'native', threads: null, passes: 1 });

describe.skipIf(!able)('NativeTarget, several threads', () => {
  let dir = '';
  let system: NativeTarget;
  let toy: NativeTarget;

  beforeAll(() => {
    ({ dir, system, toy } = nativeTargets());
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['larson', null, 2_600_000, ['14e790684a1ced71', '82e98f39926d4a2b']],
    ['pc', null, 2_000_000, ['0f4ba9c95d50bb65']],
    ['pc', 4, 4_000_000, ['0f4ba9c95d50bb65', 'c034f3f46ce8bda5']],
    ['mstress', null, 3_986_954, ['c8590a2e59b4d517', '3105a26947462607']],
  ] as const)(
    '%s with %s threads does the defined operations',
    async (workload, threads, operations, hash) => {
      const result = await system.run({ ...base, workload, threads }, {});
      expect(result.hash).toEqual(hash);
      expect(result.iterations).toBe(operations);
      expect(result.threads).toBe(threads ?? 2);
      expect(result.runs[0]?.passes).toHaveLength(1);
      expect(result.memory.requestedBytes).toBeGreaterThan(0);
      expect(result.memory.liveBytes).toBeGreaterThanOrEqual(result.memory.requestedBytes ?? 0);
    },
    60_000,
  );

  it('each has nine passes by its definition', async () => {
    for (const workload of ['larson', 'pc', 'mstress'] as const) {
      const small = { ...base, workload, iterations: 3, workingSet: 64, passes: null };
      expect((await system.run(small, {})).runs[0]?.passes).toHaveLength(9);
    }
  });

  it('one thread does the same as the first of two', async () => {
    for (const workload of ['larson', 'mstress'] as const) {
      const small = { ...base, workload, iterations: 1, workingSet: 512 };
      const one = await system.run({ ...small, threads: 1 }, {});
      const two = await system.run({ ...small, threads: 2 }, {});
      expect(one.hash).toEqual(two.hash.slice(0, 1));
    }
  });

  it('every installed allocator does them, contents checked', async () => {
    const cacheDir = path.join(dir, 'cache');
    for (const { name, path: file } of await discoverAllocators()) {
      const target = new NativeTarget({ name, preload: file, cacheDir, harness });
      for (const workload of ['larson', 'pc', 'mstress'] as const) {
        const small = { ...base, workload, iterations: 4, workingSet: 1024, verify: true };
        const result = await target.run(small, {});
        expect([name, ...result.hash]).toEqual([name, ...(await system.run(small, {})).hash]);
      }
    }
  }, 20_000);

  it('notices a block that is given out twice', async () => {
    const small = { ...base, iterations: 1, workingSet: 200, threads: 1, verify: true };
    const run = toy.run({ ...small, env: { TOY_FAULT: 'twice' } }, {});
    await expect(run).rejects.toThrow(/objects with wrong contents/);
    await expect(toy.run({ ...small, env: { TOY_FAULT: 'none' } }, {})).resolves.toBeDefined();
  });

  it('times single operations of each', async () => {
    for (const workload of ['larson', 'pc', 'mstress'] as const) {
      const small = { ...base, workload, iterations: 4, workingSet: 64, latency: true };
      const { latency } = await system.run(small, {});
      expect(latency?.max).toBeGreaterThanOrEqual(latency?.p50 ?? Number.POSITIVE_INFINITY);
      expect(latency?.max).toBeGreaterThan(0);
    }
  });

  it('refuses what a workload cannot be', async () => {
    const say = async (change: Partial<BenchRequest>): Promise<string> => {
      try {
        await system.run({ ...base, ...change }, {});
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        return error instanceof UserError ? error.message : '';
      }
      return '';
    };
    expect(await say({ workload: 'pc', threads: 3 })).toContain('even');
    expect(await say({ workload: 'pc', workingSet: 3 })).toContain('power of two');
    expect(await say({ passes: 0 })).toContain('--passes');
    expect(await say({ threads: 0 })).toContain('--threads');
  });
});
