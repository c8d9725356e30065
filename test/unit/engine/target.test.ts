import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { probeFlags, runJob } from '../../../engine/host/child.ts';
import { compileCached } from '../../../engine/host/compile.ts';
import { flipsArchive, flipsIndex } from '../../../engine/host/flips.ts';
import { readManifest } from '../../../engine/host/manifest.ts';
import type { Job } from '../../../engine/host/protocol.ts';
import { EngineTarget } from '../../../engine/host/target.ts';
import { flagsOf, variants } from '../../../engine/host/variants.ts';
import { type BenchProgress, UserError } from '../../../extension/model.ts';
import { packFlips } from '../../../scripts/build-flips.ts';
import { benchRequest, builtVariants, dist, modulePath, parametersFor, root } from './engine.ts';

const target = new EngineTarget({ distDir: dist });

describe('EngineTarget', () => {
  it('runs a workload in fresh processes and reports every pass', async () => {
    const progress: BenchProgress[] = [];
    const result = await target.run(benchRequest({ runs: 2, latency: true }), {
      onProgress: (p) => void progress.push(p),
    });
    expect(result).toMatchObject({
      ...{ schemaVersion: 1, workload: 'random_mixed', target: 'engine', variant: 'fast' },
      ...{ threads: 1, iterations: 20_000, counters: null, profile: null },
    });
    expect(result.runs).toHaveLength(2);
    for (const run of result.runs) {
      expect(run.passes).toHaveLength(5);
      expect(run.first).toBe(run.passes[0]);
      expect([...run.passes].sort((a, b) => a - b)[2]).toBe(run.median);
    }
    expect(result.mean).toBeCloseTo((result.min + result.max) / 2, 3);
    expect(result.hash).toHaveLength(1);
    expect(result.moduleSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(result.memory.peakBytes).toBeGreaterThan(result.memory.requestedBytes ?? 0);
    expect(result.memory.liveBytes).toBeGreaterThanOrEqual(result.memory.requestedBytes ?? 0);
    expect(result.latency?.p99).toBeGreaterThanOrEqual(result.latency?.p50 ?? 0);
    expect(progress.at(-1)).toEqual({ message: 'done', fraction: 1 });
    const fractions = progress.map((p) => p.fraction);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
  });

  it('gives one hash on every variant, floor none', async () => {
    const hashes = await Promise.all(
      [...builtVariants, 'counted'].map(
        async (variant) => (await target.run(benchRequest({ variant }), {})).hash,
      ),
    );
    expect(new Set(hashes.map(String)).size).toBe(1);
    expect((await target.run(benchRequest({ workload: 'floor' }), {})).hash).toEqual([]);
  });

  it('takes explicit parameters over the profile', async () => {
    const result = await target.run(
      benchRequest({ iterations: 1000, workingSet: 400, min: 8, max: 128, profile: 'large' }),
      {},
    );
    expect(result.hash).toEqual(['ef7db95fda7a75f1']);
  });

  it('counts on request, the same every time, and always for `counted`', async () => {
    const [a, b, c] = await Promise.all([
      target.run(benchRequest({ counters: true }), {}),
      target.run(benchRequest({ counters: true }), {}),
      target.run(benchRequest({ variant: 'counted' }), {}),
    ]);
    expect(a?.counters?.unit).toBe('wasm');
    expect(a?.counters?.instructionsPerOp).toBeGreaterThan(20);
    expect(b?.counters).toEqual(a?.counters);
    expect(c?.counters).toEqual(a?.counters);
  });

  it('samples: at least eight boxes, shares that sum to 100, lines of the engine', async () => {
    const { profile } = await target.run(benchRequest({ sample: true, iterations: 1_000_000 }), {});
    expect(profile).toMatchObject({ target: 'engine', variant: 'sampled' });
    expect(profile?.speedAgainstFast).toBeGreaterThan(0.02);
    const functions = profile?.functions ?? [];
    expect(functions.reduce((s, f) => s + f.selfPercent, 0)).toBeCloseTo(100, 6);
    const boxes = functions.filter((f) => f.file?.startsWith('engine/allocator/') && f.selfPercent > 0);
    expect(boxes.length).toBeGreaterThanOrEqual(8);
    expect(functions).toContainEqual(
      expect.objectContaining({
        name: 'main',
        category: 'benchmark',
        file: 'engine/workloads/random_mixed.ts',
      }),
    );
    for (const f of boxes) {
      const text = readFileSync(path.join(root, f.file ?? ''), 'utf8').split('\n')[(f.line ?? 0) - 1];
      expect(text).toContain(`function ${f.name}(`);
    }
    const lines = profile?.lines ?? [];
    expect(lines.length).toBeGreaterThan(30);
    const sum = lines.reduce((s, l) => s + l.percent, 0);
    expect(sum).toBeGreaterThan(80);
    expect(sum).toBeLessThanOrEqual(100.001);
    for (const { file, line } of lines) {
      expect(readFileSync(path.join(root, file), 'utf8').split('\n')[line - 1]?.trim()).not.toBe('');
    }
  });

  it('refuses what it does not know, in one line that names what it does', async () => {
    const refusals: [Parameters<typeof benchRequest>[0], RegExp][] = [
      [{ variant: 'turbo' }, /unknown variant turbo: .*fast-calls/],
      [{ flags: { HAKMEM_NO_SUCH: '1' } }, /unknown compile flag HAKMEM_NO_SUCH: .*BENCH_MINIMAL/],
      [{ flags: { HAKMEM_TINY_HEADER: 'x' } }, /takes a whole number/],
      [{ variant: 'standard', env: { HAKMEM_NO_SUCH: '1' } }, /unknown environment gate HAKMEM_NO_SUCH/],
      [{ env: { HAKMEM_MID_V3_ENABLED: '0' } }, /fixed at compile time.*--variant standard/],
      [{ profile: 'huge' }, /unknown workload profile huge: .*c7heavy/],
      [{ workload: 'nonsense' as 'floor' }, /unknown workload nonsense: use one of random_mixed.*mstress/],
      [{ threads: 2 }, /one thread/],
      [{ iterations: 0 }, /--iterations/],
      [{ min: 100, max: 10 }, /--max/],
      [{ seed: 0 }, /--seed/],
      [{ runs: 0 }, /--runs/],
    ];
    for (const [overrides, message] of refusals) {
      const refusal = target.run(benchRequest(overrides), {});
      await expect(refusal).rejects.toThrow(message);
      await expect(refusal).rejects.toBeInstanceOf(UserError);
      await expect(refusal).rejects.not.toThrow(/\n/);
    }
  });

  it('says what to do when memory runs out', async () => {
    const run = target.run(benchRequest({ min: 0x3fffffff, max: 0x3fffffff, iterations: 1000 }), {});
    await expect(run).rejects.toThrow(/ran out of memory after \d+ of 1000 operations: lower/);
  });

  it('says what to do when it was not built', async () => {
    const run = new EngineTarget({ distDir: '/nonexistent' }).run(benchRequest({}), {});
    await expect(run).rejects.toThrow(/npm run build/);
  });

  it('cancels at once, before and during a run', async () => {
    const before = target.run(benchRequest({}), { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const during = target.run(benchRequest({ iterations: 0xffffffff }), {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(during).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('other flags', () => {
  it('are compiled where asc is found, and a mutated engine fails --verify', async () => {
    const flags = { ENGINE_TEST_DOUBLE_HANDOUT: '1' };
    const mutated = target.run(benchRequest({ flags, verify: true, iterations: 100_000 }), {});
    await expect(mutated).rejects.toThrow(/--verify failed: 1 object with wrong contents/);
    const sound = await target.run(benchRequest({ verify: true, iterations: 100_000 }), {});
    expect(sound.hash).toHaveLength(1);
  });

  it('change the module: headers cost instructions in `fast`', async () => {
    const plain = await target.run(benchRequest({ counters: true }), {});
    const headers = await target.run(
      benchRequest({ counters: true, verify: true, flags: { HAKMEM_TINY_HEADER: '1' } }),
      {},
    );
    expect(headers.moduleSha256).not.toBe(plain.moduleSha256);
    expect(headers.hash).toEqual(plain.hash);
    expect(headers.counters?.instructionsPerOp).toBeGreaterThan(plain.counters?.instructionsPerOp ?? 0);
  });
});

describe('an installed extension', () => {
  it('runs the shipped modules, those with a changed flag too, and says in one line what other flags need', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-installed-'));
    try {
      cpSync(path.join(dist, 'engine'), path.join(folder, 'dist/engine'), { recursive: true });
      cpSync(path.join(dist, 'engine-runner.js'), path.join(folder, 'dist/engine-runner.js'));
      // As the package has it: the runner is an ES module.
      writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
      const flags = { HAKMEM_TINY_HEADER: 1 };
      const fast = variants.find((v) => v.name === 'fast');
      if (fast === undefined) throw new Error('no fast');
      const compiled = await compileCached(root, path.join(dist, 'engine-cache'), fast, flagsOf(fast, flags));
      const { archive, index } = packFlips(readManifest(dist).inputs, [
        {
          ...{ variant: 'fast', flags, wasm: readFileSync(compiled.file) },
          map: readFileSync(`${compiled.file}.map`),
        },
      ]);
      writeFileSync(path.join(folder, 'dist/engine', flipsArchive), archive);
      writeFileSync(path.join(folder, 'dist/engine', flipsIndex), JSON.stringify(index));
      const cacheDir = path.join(folder, 'storage');
      const installed = new EngineTarget({ distDir: path.join(folder, 'dist'), cacheDir });
      expect((await installed.run(benchRequest({}), {})).hash).toHaveLength(1);
      expect(existsSync(cacheDir)).toBe(false);
      const one = await installed.run(benchRequest({ flags: { HAKMEM_TINY_HEADER: '1' } }), {});
      expect([one.moduleSha256, one.hash.length]).toEqual([compiled.sha256, 1]);
      expect(readdirSync(cacheDir)).toHaveLength(2);
      const several = { HAKMEM_TINY_HEADER: '1', HAKMEM_FRONT_STATS_COMPILED: '1' };
      const other = installed.run(benchRequest({ flags: several }), {});
      await expect(other).rejects.toThrow(/run from a checkout/);
      await expect(other).rejects.toBeInstanceOf(UserError);
      await expect(other).rejects.not.toThrow(/\n/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the child process', () => {
  it('that ends early gives one clear error', async () => {
    const options = { distDir: dist, nodePath: process.execPath, extraEnv: {} };
    const base = { module: modulePath('fast'), parameters: parametersFor('mixed', 1000), env: {} };
    const job: Job = { ...base, kind: 'passes', passes: null, instrumented: false, latency: false };
    const hooks = { onProgress: () => {}, signal: undefined };
    const missing = runJob({ ...job, module: '/nonexistent.wasm' }, { ...options, nodeFlags: [] }, hooks);
    await expect(missing).rejects.toThrow(/nonexistent/);
    const dies = runJob(job, { ...options, nodeFlags: ['--no-such-flag'] }, hooks);
    await expect(dies).rejects.toThrow(/process ended with status \d+ before its result/);
    await expect(dies).rejects.toBeInstanceOf(UserError);
    const absent = runJob(job, { ...options, nodePath: '/nonexistent/node', nodeFlags: [] }, hooks);
    await expect(absent).rejects.toThrow(/could not start/);
  });

  it('takes the flags that pin the optimising tier on this Node', async () => {
    const flags = await probeFlags({ distDir: dist, nodePath: process.execPath, extraEnv: {} });
    expect(flags).toContain('--no-liftoff');
  });
});
