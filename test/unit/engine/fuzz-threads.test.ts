import { describe, expect, it } from 'vitest';
import { loadModule } from '../../../bench/fuzz/session.ts';
import { fuzzThreads } from '../../../bench/fuzz/threads.ts';
import { backendGates, builtVariants, dist } from './engine.ts';

/** Operations of a run that has to come to its end without a fault. */
async function run(
  variant: string,
  threads: number,
  seed: number,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  const plan = { threads, ops: 40_000, rounds: 2, slots: 1500, limit: 6 * 2 ** 20 };
  const { done } = await fuzzThreads(loadModule(dist, variant), seed, plan, env);
  return done;
}

describe('threads that free and resize what others allocated, and end', () => {
  for (const variant of builtVariants) {
    it(`${variant}: 2 threads lose no block and get none twice`, async () => {
      expect(await run(variant, 2, 1)).toBeGreaterThan(10_000);
    });
  }

  for (const [name, env] of Object.entries(backendGates)) {
    it(`standard with ${name}: 3 threads`, async () => {
      expect(await run('standard', 3, 4, env)).toBeGreaterThan(20_000);
    });
  }

  it('fast: 4 threads', async () => {
    expect(await run('fast', 4, 2)).toBeGreaterThan(10_000);
  });

  it('fast-calls: 8 threads', async () => {
    expect(await run('fast-calls', 8, 3)).toBeGreaterThan(10_000);
  });
});
