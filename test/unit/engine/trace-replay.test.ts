import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EngineTarget } from '../../../engine/host/target.ts';
import type { BenchRequest, BenchResult } from '../../../extension/model.ts';
import { UserError } from '../../../extension/model.ts';
import { benchRequest, builtVariants, dist } from './engine.ts';
import { randomTrace, tinyTrace, traceHashes, writeTrace } from './traces.ts';

const target = new EngineTarget({ distDir: dist });
const folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const texts = {
  tiny: tinyTrace,
  one: randomTrace(1, 30_000, 3),
  two: randomTrace(2, 30_000, 4),
  five: randomTrace(5, 30_000, 5),
} as const;
const files = Object.fromEntries(
  Object.entries(texts).map(([name, text]) => [name, writeTrace(folder, name, text)]),
) as Readonly<Record<keyof typeof texts, string>>;

function replay(
  name: keyof typeof texts,
  flatten: boolean,
  overrides: Partial<BenchRequest> = {},
): Promise<BenchResult> {
  return target.run(
    benchRequest({
      ...{ workload: 'trace', trace: { file: files[name], flatten }, iterations: null, threads: null },
      ...overrides,
    }),
    {},
  );
}

describe('traces', () => {
  for (const variant of builtVariants) {
    it(`are replayed soundly on ${variant}, by their threads and by one`, async () => {
      for (const name of ['tiny', 'one', 'two', 'five'] as const) {
        for (const flatten of [false, true]) {
          const result = await replay(name, flatten, { variant, verify: true, passes: 3 });
          expect(result.hash).toEqual(traceHashes(texts[name], flatten));
          expect(result.workload).toBe(`trace:${name}${flatten ? ':flat' : ''}`);
          expect(result.threads).toBe(result.hash.length);
          expect(result.iterations).toBe(Number(/ops=(\d+)/.exec(texts[name])?.[1]));
          expect(result.runs[0]?.passes).toHaveLength(3);
        }
      }
    }, 120_000);
  }

  it('give the same hashes and account without --verify, where only one thread looks', async () => {
    const checked = await replay('five', false, { verify: true, passes: 1 });
    const plain = await replay('five', false, { passes: 1 });
    expect(plain.hash).toEqual(checked.hash);
    expect(plain.memory.requestedBytes).toBe(checked.memory.requestedBytes);
    expect(plain.memory.wasteByClass).toEqual(checked.memory.wasteByClass);
    const waste = Object.values(plain.memory.wasteByClass ?? {}).reduce((a, b) => a + b, 0);
    expect((plain.memory.liveBytes ?? 0) - (plain.memory.requestedBytes ?? 0)).toBe(waste);
  });

  it('know the bytes requested at the peak', async () => {
    // Live at the peak, after the last allocation: 100 -> 5000 of id 1, 300 of id 3, 70000 of id 0.
    expect((await replay('tiny', false, { passes: 1 })).memory.requestedBytes).toBe(75_300);
  });

  it('are repeated as often as their length says', async () => {
    expect((await replay('tiny', false)).runs[0]?.passes).toHaveLength(1000);
    expect((await replay('one', false)).runs[0]?.passes).toHaveLength(Math.ceil(20e6 / 30_000));
  }, 60_000);

  it('are counted exactly and sampled on one thread', async () => {
    const a = await replay('two', true, { counters: true, passes: 1 });
    const b = await replay('two', true, { counters: true, passes: 1, sample: true });
    expect(a.counters?.instructionsPerOp).toBeGreaterThan(10);
    expect(b.counters).toEqual(a.counters);
    expect(b.profile?.functions.find((f) => f.name === 'main')?.file).toBe('engine/workloads/trace.ts');
  }, 60_000);

  it('say clearly what cannot be', async () => {
    for (const [name, flatten, overrides, message] of [
      ['two', false, { counters: true }, /counters are exact on one thread: .*--flatten/],
      ['two', false, { sample: true }, /--sample looks at one thread: .*--flatten/],
      ['two', false, { variant: 'counted' }, /one thread/],
      ['two', false, { threads: 4 }, /a trace has its own threads/],
      ['two', false, { seed: 1, iterations: 5 }, /--iterations cannot change a trace/],
      ['two', false, { latency: true }, /--latency is measured with random_mixed/],
      ['two', false, { trace: { file: '/nonexistent.gz', flatten: false } }, /no such file/],
      ['two', false, { trace: null }, /--trace FILE/],
    ] as const) {
      const refused = replay(name, flatten, overrides);
      await expect(refused).rejects.toThrow(message);
      await expect(refused).rejects.toBeInstanceOf(UserError);
    }
  });

  it('end in every thread when memory runs out in one', async () => {
    const lines = Array.from({ length: 6 }, (_, i) => `a ${i} 1000000000`);
    const text = `# alloc-trace v1 huge objects=8 threads=2 ops=9\n${lines.join('\n')}\na 6 8\nt 1\na 7 8\nf 6\n`;
    const file = writeTrace(folder, 'huge', text);
    const run = replay('two', false, { trace: { file, flatten: false } });
    await expect(run).rejects.toThrow(/ran out of memory/);
  });
});

describe('a mutated engine', () => {
  it('fails --verify on every trace that is long enough', async () => {
    const flags = { ENGINE_TEST_DOUBLE_HANDOUT: '1' };
    for (const [name, flatten] of [
      ['one', false],
      ['two', true],
      ['two', false],
    ] as const) {
      // With threads the block in two hands may break the heap before its contents are looked at.
      const how = name === 'two' && !flatten ? /--verify failed|ran out of memory/ : /--verify failed/;
      await expect(replay(name, flatten, { flags, verify: true, passes: 1 })).rejects.toThrow(how);
    }
  }, 120_000);
});
