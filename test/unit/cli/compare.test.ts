/** `compare-allocators` with targets of its own: rounds, ratios, failures, and the shape of its JSON. */
import { describe, expect, it } from 'vitest';
import { runCompare } from '../../../extension/cli/compare.ts';
import type { Services } from '../../../extension/cli/services.ts';
import {
  type BenchRequest,
  type BenchResult,
  type CompareResult,
  type Target,
  UserError,
} from '../../../extension/model.ts';
import { run as benchResult } from '../report/fixtures.ts';
import { fakeServices } from './fake-services.ts';
import { schemaProblems } from './run-cli.ts';

interface Ran {
  readonly order: string[];
  readonly printed: string[];
  readonly services: Services;
}

/** Speeds of each target's runs, in order; a target without any fails. */
function setup(speeds: Readonly<Record<string, readonly number[]>>, hash = 'a'): Ran {
  const order: string[] = [];
  const counts = new Map<string, number>();
  const counted: Readonly<Record<string, number>> = { system: 0.25, jemalloc: 0.5 };
  const target = (name: string): Target => ({
    name,
    variants: name === 'engine' ? ['fast', 'fast-calls'] : ['native'],
    run: async (request: BenchRequest): Promise<BenchResult> => {
      const key = request.variant === 'native' ? name : `${name}:${request.variant}`;
      order.push(key);
      const n = counts.get(key) ?? 0;
      counts.set(key, n + 1);
      const median = speeds[key]?.[n];
      if (median === undefined) throw new UserError(`${key} is broken`, 3);
      const memory = {
        ...benchResult().memory,
        peakBytes: 1000 * n,
        pageFaults: 10 * n,
        systemCallsPerOp: 0.125,
      };
      const digits = (key === 'jemalloc' ? hash : 'a').repeat(16);
      return { ...benchResult(), median, firstOpsPerSecond: median / 2, memory, hash: [digits] };
    },
    ...(counted[name] === undefined ? {} : { systemCallsPerOp: async () => counted[name] ?? null }),
  });
  const { services, printed } = fakeServices({ target, installed: async () => ['jemalloc'] });
  return { order, printed, services };
}

const speeds = {
  'engine:fast': [200, 100, 300],
  'engine:fast-calls': [100, 100, 100],
  system: [50, 100, 90],
  jemalloc: [400, 50, 300],
};

describe('compare-allocators', () => {
  it('runs the engine, the system and all that is installed, every other round backwards', async () => {
    const { order, printed, services } = setup(speeds);
    expect(await runCompare(services, undefined, { format: 'json' })).toBe(0);
    const names = Object.keys(speeds);
    expect(order).toEqual([...names, ...[...names].reverse(), ...names]);
    const result = JSON.parse(printed[0] ?? '') as CompareResult;
    expect(schemaProblems('compare-allocators', result)).toEqual([]);
    expect(result).toMatchObject({ workload: 'random_mixed', rounds: 3, hash: ['a'.repeat(16)] });
    expect(result.rows[0]).toMatchObject({ target: 'engine', variant: 'fast', median: 200, ratio: null });
    // Inside the rounds 2, 0.5 and 1, although the medians are 200 and 300.
    expect(result.rows[3]).toMatchObject({ median: 300, min: 50, max: 400, firstOpsPerSecond: 150 });
    expect(result.rows[3]?.ratio).toEqual({ median: 1, min: 0.5, max: 2 });
    expect(result.rows[3]?.peakBytes).toBe(2000);
  });

  it('gives spread, page faults and system calls, counted where the target can, else its own', async () => {
    const { printed, services } = setup(speeds);
    expect(await runCompare(services, undefined, { format: 'json' })).toBe(0);
    const { rows } = JSON.parse(printed[0] ?? '') as CompareResult;
    expect(rows.map((r) => r.systemCallsPerOp)).toEqual([0.125, 0.125, 0.25, 0.5]);
    expect(rows.map((r) => r.pageFaults)).toEqual([10, 10, 10, 10]);
    // 200, 100 and 300: a standard deviation of 100 over a mean of 200.
    expect(rows[0]?.cv).toBeCloseTo(50, 6);
    expect(rows.map((r) => r.ratioToMimalloc)).toEqual([null, null, null, null]);
  });

  it('sets all against mimalloc where it is among them', async () => {
    const { printed, services } = setup({ system: [10, 30], mimalloc: [20, 20] });
    const flags = { targets: 'system,mimalloc', runs: '2' };
    expect(await runCompare(services, undefined, { ...flags, format: 'json' })).toBe(0);
    const { rows } = JSON.parse(printed[0] ?? '') as CompareResult;
    expect(rows[0]?.ratioToMimalloc).toEqual({ median: 1, min: 0.5, max: 1.5 });
    expect(rows[1]).toMatchObject({ ratioToMimalloc: null, ratio: { median: 1.333_333_333_333_333_3 } });
    const text = setup({ system: [10, 30], mimalloc: [20, 20] });
    expect(await runCompare(text.services, undefined, { ...flags, format: 'text' })).toBe(0);
    expect(text.printed[0]).toMatch(/against mimalloc/);
    expect(text.printed[0]).toMatch(/system +20.0 ops.*1.00 .0.50 .. 1.50./);
  });

  it('a target that fails has its reason in its row, the others go on', async () => {
    const { printed, services } = setup({ system: [10, 20] });
    const flags = { targets: 'system,mimalloc', runs: '2', format: 'text' };
    expect(await runCompare(services, 'larson', flags)).toBe(3);
    expect(printed[0]).toContain('mimalloc: mimalloc is broken');
    expect(printed[0]).toMatch(/system +15/);
  });

  it('refuses to compare different operations', async () => {
    const { services } = setup(speeds, 'b');
    await expect(runCompare(services, undefined, { format: 'json' })).rejects.toThrow(/hashes differ/);
  });
});
