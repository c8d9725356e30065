import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EngineTarget } from '../../../engine/host/target.ts';
import { ThreadTeam } from '../../../engine/host/thread-team.ts';
import { UserError } from '../../../extension/model.ts';
import { benchRequest, builtVariants, dist } from './engine.ts';

const target = new EngineTarget({ distDir: dist });
const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-threads-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The workloads' definition. */
const documented = [
  ['larson', null, 2_600_000, ['14e790684a1ced71', '82e98f39926d4a2b']],
  ['pc', null, 2_000_000, ['0f4ba9c95d50bb65']],
  ['pc', 4, 4_000_000, ['0f4ba9c95d50bb65', 'c034f3f46ce8bda5']],
  ['mstress', null, 3_986_954, ['c8590a2e59b4d517', '3105a26947462607']],
] as const;

describe('the workloads with threads', () => {
  for (const [workload, threads, operations, hash] of documented) {
    it(`do the documented sequence: ${workload}, ${threads ?? 2} threads`, async () => {
      const result = await target.run(
        benchRequest({ workload, threads, iterations: null, passes: 2, variant: 'fast' }),
        {},
      );
      expect(result).toMatchObject({ workload, threads: threads ?? 2, iterations: operations, hash });
      expect(result.runs[0]?.passes).toHaveLength(2);
      expect(result.memory.peakBytes).toBeGreaterThan(0);
      expect(result.memory.liveBytes).toBeGreaterThanOrEqual(result.memory.requestedBytes ?? 0);
      expect(result.moduleSha256).toMatch(/^[0-9a-f]{64}$/);
    }, 30_000);
  }

  for (const variant of builtVariants) {
    it(`leave sound memory behind on ${variant}`, async () => {
      for (const [workload, iterations] of [
        ['larson', 1],
        ['pc', 20_000],
        ['mstress', 3],
      ] as const) {
        const small = { workload, iterations, workingSet: workload === 'pc' ? 64 : 1000 };
        const request = benchRequest({ ...small, variant, threads: null, passes: 1, verify: true });
        const { hash, threads } = await target.run(request, {});
        expect(threads).toBe(2);
        expect(hash).toHaveLength(workload === 'pc' ? 1 : 2);
      }
    }, 30_000);
  }

  it('takes other sizes and numbers of threads', async () => {
    const result = await target.run(
      benchRequest({
        workload: 'larson',
        threads: 3,
        iterations: 2,
        workingSet: 50,
        min: 64,
        max: 64,
        verify: true,
      }),
      {},
    );
    expect(result).toMatchObject({
      workload: 'larson:custom',
      threads: 3,
      iterations: 3 * 50 * (1 + 2 * 8 * 2),
    });
    expect(new Set(result.hash).size).toBe(1);
    expect(result.runs[0]?.passes).toHaveLength(9);
  });

  it('refuse what they cannot do', async () => {
    for (const [overrides, message] of [
      [{ workload: 'larson', sample: true }, /--sample looks at one thread, and larson has several/],
      [{ workload: 'pc', counters: true }, /--counters looks at one thread/],
      [{ workload: 'mstress', variant: 'counted' }, /--variant counted looks at one thread/],
      [{ workload: 'mstress', latency: true }, /--latency is measured with random_mixed/],
      [{ workload: 'mstress', min: 16 }, /draws its own sizes/],
      [{ workload: 'pc', threads: 3 }, /has to be even, not 3/],
      [{ workload: 'pc', workingSet: 1000 }, /power of two/],
      [{ workload: 'larson', threads: 65 }, /--threads has to be a whole number from 1 to 64/],
      [{ workload: 'larson', profile: 'tiny' }, /larson has no profiles/],
      [{ workload: 'larson', workingSet: 0x400000, threads: 64 }, /tables above 1 GiB/],
      [{ passes: 0 }, /--passes/],
    ] as const) {
      const refused = target.run(benchRequest({ threads: null, iterations: null, ...overrides }), {});
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(UserError);
    }
  });

  it('end together when memory runs out in one of them', async () => {
    for (const [workload, sizes] of [
      ['larson', { min: 0x100000, max: 0x200000, iterations: 1 }],
      ['pc', { min: 0x1000000, max: 0x2000000, iterations: 10_000 }],
    ] as const) {
      const run = target.run(benchRequest({ workload, threads: null, passes: 1, ...sizes }), {});
      await expect(run).rejects.toThrow(/ran out of memory/);
    }
  }, 30_000);

  it('cancel while they run', async () => {
    const controller = new AbortController();
    const run = target.run(benchRequest({ workload: 'pc', threads: 4, iterations: 0x1000000 }), {
      signal: controller.signal,
      onProgress: ({ message }) => {
        if (/4 threads|pass 1/.test(message)) controller.abort();
      },
    });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('a mutated engine', () => {
  it('fails --verify on every workload with threads', async () => {
    for (const workload of ['larson', 'pc', 'mstress'] as const) {
      const flags = { ENGINE_TEST_DOUBLE_HANDOUT: '1' };
      const iterations = { larson: 1, pc: 50_000, mstress: 5 }[workload];
      const run = target.run(
        benchRequest({ workload, flags, iterations, threads: null, passes: 1, verify: true }),
        {},
      );
      await expect(run).rejects.toThrow(/--verify failed/);
    }
  }, 120_000);
});

describe('ThreadTeam', () => {
  /** A thread that answers, dies, traps or waits, as its call says. */
  const source = `
import { parentPort, workerData } from 'node:worker_threads';
const cells = new Int32Array(workerData.memory);
parentPort.on('message', ({ name, args: [value] }) => {
  if (name === 'act' && value === 0) Atomics.wait(cells, 0, 0);
  if (name === 'act' && value === 1) process.exit(3);
  if (name === 'act' && value === 2) throw new Error('broken');
  if (name === 'act' && value === 3) return parentPort.postMessage({ type: 'trap', message: 'unreachable' });
  parentPort.postMessage({ type: 'done', faults: { contents: value, alignment: 0, zero: 0 } });
});
parentPort.postMessage({ type: 'ready' });
`;
  const entry = path.join(folder, 'thread.mjs');
  writeFileSync(entry, source);

  async function withTeam(body: (team: ThreadTeam, failures: () => number) => Promise<void>): Promise<void> {
    const memory = new SharedArrayBuffer(64);
    let failures = 0;
    const cells = new Int32Array(memory);
    const data = { module: null, memory } as unknown as Parameters<typeof ThreadTeam.start>[1];
    const team = await ThreadTeam.start(entry, data, 3, () => {
      failures++;
      Atomics.store(cells, 0, 1);
      Atomics.notify(cells, 0);
    });
    try {
      await body(team, () => failures);
    } finally {
      await team.end();
    }
  }

  it('adds up what the threads found', async () => {
    await withTeam(async (team) => {
      const faults = { contents: 6, alignment: 0, zero: 0 };
      expect(await team.all('add', (t) => [t + 1])).toEqual(faults);
      expect(await team.first('add', [9])).toEqual({ ...faults, contents: 9 });
    });
  });

  it.each([
    ['exit', 1, /thread 1 of the workload died \(it ended\)/],
    ['exception', 2, /thread 1 of the workload died \(broken\)/],
    ['trap', 3, /the engine trapped in thread 1 \(unreachable\)/],
  ] as const)('wakes the others when one of them ends by %s', async (_, way, message) => {
    await withTeam(async (team, failures) => {
      // The others sleep until somebody fails: the call comes back only because they are woken.
      const call = team.all('act', (thread) => [thread === 1 ? way : 0]);
      await expect(call).rejects.toThrow(message);
      await expect(call).rejects.toBeInstanceOf(UserError);
      expect(failures()).toBe(1);
    });
  });
});
