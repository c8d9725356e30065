import { describe, expect, it } from 'vitest';
import { loadModule } from '../../../bench/fuzz/session.ts';
import { fuzzThreads } from '../../../bench/fuzz/threads.ts';
import { builtVariants, dist } from './engine.ts';

/** Operations of a run that has to come to its end without a fault. */
async function run(variant: string, threads: number, seed: number): Promise<number> {
  return fuzzThreads(loadModule(dist, variant), seed, {
    ...{ threads, ops: 40_000, rounds: 2, slots: 1500, limit: 6 * 2 ** 20, judgeRounds: false },
  });
}

describe('threads that free and resize what others allocated, and end', () => {
  for (const variant of builtVariants) {
    it(`${variant}: 2 threads lose no block and get none twice`, async () => {
      expect(await run(variant, 2, 1)).toBeGreaterThan(20_000);
    });
  }

  it('fast: 4 threads', async () => {
    expect(await run('fast', 4, 2)).toBeGreaterThan(20_000);
  });

  it('fast-calls: 8 threads', async () => {
    expect(await run('fast-calls', 8, 3)).toBeGreaterThan(20_000);
  });
});
