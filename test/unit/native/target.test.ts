/** The native target: the same operations as the workloads' definition, the intended allocator, honest failures. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BenchProgress, type BenchRequest, UserError } from '../../../extension/model.ts';
import { discoverAllocators } from '../../../extension/native/discover.ts';
import { harnessFiles } from '../../../extension/native/harness.ts';
import { NativeTarget } from '../../../extension/native/target.ts';
import { benchRequest } from '../fixtures/requests.ts';
import { canRunNative, harness, nativeTargets } from './toy.ts';

const able = canRunNative();

const base = benchRequest({ variant: 'native', iterations: 1000 });

/** The message of the `UserError` that `run` rejects with. */
async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error instanceof UserError ? error.message : '';
  }
  throw new Error('it was not refused');
}

describe.skipIf(!able)('NativeTarget', () => {
  let dir = '';
  let cacheDir = '';
  let toy = '';
  let system: NativeTarget;
  let toyTarget: NativeTarget;

  beforeAll(() => {
    ({ dir, cacheDir, library: toy, system, toy: toyTarget } = nativeTargets());
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['mixed', '4f8522de81e06661'],
    ['tiny', 'ef7db95fda7a75f1'],
    ['c6heavy', '89e294fb6ba0c051'],
    ['c7heavy', '40a374c1cca94151'],
    ['mid', '529e545e38fa3c16'],
    ['large', 'b23d04b131a1af34'],
  ])('random_mixed:%s does the defined operations', async (profile, hash) => {
    const result = await system.run({ ...base, profile, verify: true }, {});
    expect(result.hash).toEqual([hash]);
    const floor = await system.run({ ...base, profile, workload: 'floor' }, {});
    expect(floor.hash).toEqual([hash]);
  });

  it('does the defined operations at full length', async () => {
    const result = await system.run({ ...base, iterations: null }, {});
    expect(result.hash).toEqual(['e66e779432636d08']);
    expect(result.iterations).toBe(4_000_000);
  });

  it('fills the result: one run a process, five passes each, statistics over the medians', async () => {
    const seen: BenchProgress[] = [];
    const request = { ...base, iterations: 50_000, runs: 3, latency: true };
    const result = await system.run(request, { onProgress: (p) => seen.push(p) });
    expect(result).toMatchObject({
      schemaVersion: 1,
      workload: 'random_mixed',
      target: 'system',
      variant: 'native',
      threads: 1,
      iterations: 50_000,
      counters: null,
      profile: null,
    });
    expect(result.runs).toHaveLength(3);
    for (const run of result.runs) {
      expect(run.passes).toHaveLength(5);
      expect([...run.passes].sort((a, b) => a - b)[2]).toBe(run.median);
      expect(run.first).toBe(run.passes[0]);
    }
    const medians = result.runs.map((r) => r.median).sort((a, b) => a - b);
    expect([result.min, result.median, result.max]).toEqual(medians);
    expect(result.stdev).toBeGreaterThanOrEqual(0);
    expect(result.latency?.p50).toBeLessThanOrEqual(result.latency?.p999 ?? 0);
    // At most 400 objects of at most 1040 bytes are held, and on average half of the slots.
    expect(result.memory.requestedBytes).toBeGreaterThan(50_000);
    expect(result.memory.requestedBytes).toBeLessThan(400 * 1040);
    expect(result.memory.liveBytes).toBeGreaterThanOrEqual(result.memory.requestedBytes ?? 0);
    expect(result.moduleSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(seen.filter((p) => p.message.includes('pass 5 of 5'))).toHaveLength(3);
    const fractions = seen.map((p) => p.fraction);
    expect([...fractions].sort((a, b) => a - b)).toEqual(fractions);
    expect(fractions.at(-1)).toBe(1);
  });

  it('explicit parameters and the seed change the sequence', async () => {
    const plain = await system.run(base, {});
    for (const change of [{ seed: 1 }, { min: 17 }, { max: 100 }, { workingSet: 7 }, { iterations: 999 }]) {
      const other = await system.run({ ...base, ...change }, {});
      expect(other.hash).not.toEqual(plain.hash);
    }
  });

  it('runs a preloaded library and says which', async () => {
    const result = await toyTarget.run({ ...base, verify: true, env: { TOY_FAULT: 'none' } }, {});
    expect(result.target).toBe('toy');
    expect(result.hash).toEqual(['4f8522de81e06661']);
    const sha256 = createHash('sha256').update(readFileSync(toy)).digest('hex');
    expect(result.moduleSha256).toBe(sha256);
  });

  it('every installed allocator answers under its own name', async () => {
    for (const { name, path: file } of await discoverAllocators()) {
      const target = new NativeTarget({ name, preload: file, cacheDir, harness });
      const result = await target.run({ ...base, verify: true }, {});
      expect([result.target, ...result.hash]).toEqual([name, '4f8522de81e06661']);
    }
  });

  it.each([
    ['abort', 'toy crashed with SIGABRT in random_mixed'],
    ['null', 'toy failed in random_mixed with exit status 3: malloc returned NULL'],
    ['twice', 'objects with wrong contents'],
    ['skew', 'misaligned'],
    ['dirty', 'not zeroed by calloc'],
  ])('notices the fault %s', async (kind, words) => {
    const message = await refusal(toyTarget.run({ ...base, verify: true, env: { TOY_FAULT: kind } }, {}));
    expect(message).toContain(words);
    expect(message).not.toContain('\n');
  });

  it('compiles once for a cache and leaves nothing else in it', async () => {
    const own = path.join(dir, 'own-cache');
    const target = (name: string): NativeTarget =>
      new NativeTarget({ name, preload: null, cacheDir: own, harness });
    await target('once').run(base, {});
    const files = readdirSync(own);
    expect(files).toHaveLength(1);
    const before = statSync(path.join(own, files[0] ?? '')).mtimeMs;
    await target('again').run(base, {});
    expect(readdirSync(own)).toEqual(files);
    expect(statSync(path.join(own, files[0] ?? '')).mtimeMs).toBe(before);
  });

  it('two processes at once may fill the same cache', async () => {
    const fresh = path.join(dir, 'shared-cache');
    const targets = [1, 2, 3].map(
      (n) => new NativeTarget({ name: `n${n}`, preload: null, cacheDir: fresh, harness }),
    );
    const results = await Promise.all(targets.map((t) => t.run(base, {})));
    expect(new Set(results.flatMap((r) => r.hash))).toEqual(new Set(['4f8522de81e06661']));
    expect(readdirSync(fresh)).toHaveLength(1);
  });

  it('is cancelled at once, in a run and before it', async () => {
    const controller = new AbortController();
    const running = system.run(
      { ...base, iterations: 0xffffffff },
      { signal: controller.signal, onProgress: () => setTimeout(() => controller.abort(), 50) },
    );
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await expect(system.run(base, { signal: controller.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  });

  it('says what is wrong with a library', async () => {
    const named = (preload: string): NativeTarget =>
      new NativeTarget({ name: 'it', preload, cacheDir, harness });
    expect(await refusal(named(path.join(dir, 'none.so')).run(base, {}))).toContain('does not exist');

    const text = path.join(dir, 'text.so');
    writeFileSync(text, 'not a library');
    expect(await refusal(named(text).run(base, {}))).toMatch(/did not answer.*cannot be preloaded/);

    const source = path.join(dir, 'empty.c');
    const empty = path.join(dir, 'libempty.so');
    writeFileSync(source, 'int unrelated_symbol = 1;\n');
    execFileSync('cc', ['-fPIC', '-shared', '-o', empty, source]);
    expect(await refusal(named(empty).run(base, {}))).toMatch(/did not answer, malloc came from .*libc/);

    const blank = path.join(dir, 'with blank.so');
    writeFileSync(blank, readFileSync(toy));
    expect(await refusal(named(blank).run(base, {}))).toContain('without blanks and colons');
  });

  it('says what is missing to compile', async () => {
    const target = (options: { compiler?: string; source?: string; cache?: string }): NativeTarget =>
      new NativeTarget({
        name: 'system',
        preload: null,
        cacheDir: options.cache ?? cacheDir,
        harness: options.source ?? harness,
        compiler: options.compiler ?? 'cc',
      });
    expect(await refusal(target({ compiler: 'no-such-compiler' }).run(base, {}))).toMatch(
      /need a C compiler and `no-such-compiler` cannot be started \(ENOENT\): install gcc or clang/,
    );
    expect(await refusal(target({ source: path.join(dir, 'gone.c') }).run(base, {}))).toContain(
      'run `npm run build`',
    );
    const broken = path.join(dir, 'broken');
    mkdirSync(broken);
    for (const name of [...harnessFiles.sources, ...harnessFiles.headers]) {
      copyFileSync(path.join(path.dirname(harness), name), path.join(broken, name));
    }
    writeFileSync(path.join(broken, 'larson.c'), 'int broken(void) { return undeclared; }\n');
    expect(await refusal(target({ source: path.join(broken, 'harness.c') }).run(base, {}))).toMatch(
      /cannot compile the native harness: .*undeclared/,
    );
    const file = path.join(dir, 'a-file');
    writeFileSync(file, '');
    expect(await refusal(target({ cache: path.join(file, 'below') }).run(base, {}))).toContain(
      'cannot keep the native harness',
    );
  });

  it('refuses requests that it cannot run', async () => {
    const say = (change: Partial<BenchRequest>): Promise<string> =>
      refusal(system.run({ ...base, ...change }, {}));
    expect(await say({ profile: 'huge' })).toContain('mixed, tiny, c6heavy, c7heavy, mid, large');
    expect(await say({ threads: 2 })).toContain('one thread');
    expect(await say({ runs: 0 })).toContain('--runs');
    expect(await say({ seed: 0 })).toContain('--seed');
    expect(await say({ min: 100, max: 99 })).toContain('--max');
    expect(await say({ iterations: 1.5 })).toContain('--iterations');
    expect(await say({ flags: { HAKMEM_BENCH_MINIMAL: '1' } })).toContain('compile flag');
  });
});
