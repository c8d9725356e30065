import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { outOfMemorySeed, reuseSeed } from '../../../bench/fuzz/reuse.ts';
import { FuzzFailure, fuzzSeed, loadModule, moduleOf, planOf } from '../../../bench/fuzz/session.ts';
import { compileCached } from '../../../engine/host/compile.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import { flagsOf, variants } from '../../../engine/host/variants.ts';
import { builtVariants, dist, root } from './engine.ts';

describe('the shadow-model fuzzer in the module', () => {
  for (const variant of builtVariants) {
    it(`${variant}: several hundred thousand operations of several seeds without a fault`, () => {
      const fuzzed = loadModule(dist, variant);
      const done = [1, 2, 6, 7].map((seed) => fuzzSeed(fuzzed, seed, 100_000));
      expect(done.reduce((a, b) => a + b)).toBeGreaterThan(100_000);
    });

    it(`${variant}: other sizes are served from the memory of those before`, () => {
      expect(reuseSeed(loadModule(dist, variant), 1, 3 * 2 ** 20, 4).done).toBeGreaterThan(10_000);
    });

    it(`${variant}: memory runs out cleanly, and what is freed can be had again`, () => {
      expect(outOfMemorySeed(loadModule(dist, variant), 3, 5000)).toBeGreaterThanOrEqual(5000);
    });
  }

  it('runs the bytes that are timed', () => {
    for (const { variant, sha256 } of readManifest(dist).modules) {
      expect(loadModule(dist, variant).sha256).toBe(sha256);
    }
  });

  it('covers every kind of size over its seeds', () => {
    const profiles = Array.from({ length: 25 }, (_, i) => planOf(i + 1, 1000).rounds.flat()).flat();
    expect(new Set(profiles.map((p) => p.profile)).size).toBe(6);
  });

  it('finds a block that is handed out twice, and says how to see it again', async () => {
    const fast = variants.find((v) => v.name === 'fast');
    if (fast === undefined) throw new Error('no variant fast');
    const flags = flagsOf(fast, { ENGINE_TEST_DOUBLE_HANDOUT: 1 });
    const { file } = await compileCached(root, path.join(dist, 'engine-cache'), fast, flags);
    const broken = moduleOf('fast', readFileSync(file));
    let failure: unknown;
    try {
      fuzzSeed(broken, 1, 100_000);
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof FuzzFailure)) throw new Error(`no fault was found: ${failure}`);
    expect(failure.what).toMatch(/overlaps memory that is handed out: address 0x[0-9a-f]+, size \d+/);
    expect(failure.replay).toBe('npm run bench:fuzz -- --variant fast --seed 1 --ops 100000');
  });
});
