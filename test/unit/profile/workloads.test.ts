import { describe, expect, it } from 'vitest';
import type { BenchRequest } from '../../../extension/model.ts';
import { benchRun, summarizeRuns } from '../../../extension/profile/run-statistics.ts';
import {
  defaultPasses,
  operationsOf,
  parametersOf,
  requestedPasses,
  traceOf,
  workloadName,
} from '../../../extension/profile/workloads.ts';
import { benchRequest } from '../fixtures/requests.ts';

const request = benchRequest();

describe('workload parameters', () => {
  it('take the row of the profile and the explicit values over it', () => {
    expect(parametersOf({ ...request, profile: 'large', iterations: 10 })).toEqual({
      workload: 'random_mixed',
      iterations: 10,
      workingSet: 64,
      min: 32768,
      max: 1048576,
      seed: 12345,
    });
  });

  it.each([
    [{ profile: 'huge' }, /unknown workload profile huge: use one of mixed/],
    [{ min: 0 }, /--min has to be a whole number from 1/],
    [{ min: 10, max: 9 }, /--max has to be a whole number from 10/],
    [{ iterations: Number.NaN }, /--iterations/],
    [{ threads: 2 }, /runs with one thread, not 2/],
    [{ workload: 'floor', workingSet: 4096, max: 1_048_576 }, /below 2 GiB/],
  ] as const)('refuse %o', (bad, message) => {
    expect(() => parametersOf({ ...request, ...bad })).toThrow(message);
  });

  it('have the documented rows of the workloads with threads, and their number of operations', () => {
    const of = (workload: BenchRequest['workload'], threads: number | null = null) =>
      parametersOf({ ...request, workload, threads });
    expect(of('larson')).toMatchObject({ threads: 2, generations: 8, workingSet: 20_000, min: 8, max: 1000 });
    expect(of('mstress')).toMatchObject({ threads: 2, iterations: 100, batch: 10_000, transfers: 4000 });
    expect(operationsOf(of('larson'))).toBe(2_600_000);
    expect(operationsOf(of('pc', 4))).toBe(4_000_000);
    expect(operationsOf(of('mstress'))).toBeNull();
    expect(operationsOf(of('random_mixed'))).toBe(4_000_000);
  });

  it('repeat a pass as often as the definition says', () => {
    expect(defaultPasses('floor', 4_000_000)).toBe(5);
    expect(defaultPasses('pc', 2_000_000)).toBe(9);
    expect([239, 2_011_706, 2_945_830, 50_000_000].map((n) => defaultPasses('trace', n))).toEqual([
      1000, 10, 7, 5,
    ]);
    expect(requestedPasses(request)).toBeNull();
    expect(requestedPasses({ ...request, passes: 3 })).toBe(3);
  });

  it('name a trace by its file, and leave it as it is', () => {
    const trace = { file: 'C:\\traces\\sqlite.trace.gz', flatten: true };
    const replay: BenchRequest = { ...request, workload: 'trace', trace };
    expect(workloadName(replay)).toBe('trace:sqlite:flat');
    expect(workloadName({ ...replay, trace: { file: '/a/b.c/x', flatten: false } })).toBe('trace:x');
    expect(traceOf(replay)).toEqual({ workload: 'trace', ...trace });
    expect(() => traceOf({ ...replay, max: 5 })).toThrow(/--max cannot change a trace/);
  });

  it('name the work: the default profile unspelled, changed sizes as custom', () => {
    expect(workloadName(request)).toBe('random_mixed');
    expect(workloadName({ ...request, profile: 'tiny' })).toBe('random_mixed:tiny');
    expect(workloadName({ ...request, profile: 'tiny', max: 64 })).toBe('random_mixed:custom');
    expect(workloadName({ ...request, iterations: 5 })).toBe('random_mixed');
  });
});

describe('run statistics', () => {
  it('come from the medians of the runs', () => {
    const runs = [benchRun([1e9, 5e8, 2.5e8], 1000), benchRun([1e9, 1e9], 1000)];
    expect(runs[0]).toEqual({ passes: [1000, 2000, 4000], median: 2000, first: 1000 });
    const s = summarizeRuns(runs);
    expect(s).toMatchObject({ mean: 1500, median: 1500, min: 1000, max: 2000, firstOpsPerSecond: 1000 });
    expect(s.stdev).toBeCloseTo(Math.SQRT1_2 * 1000, 9);
    expect(s.cv).toBeCloseTo(Math.SQRT1_2 / 1.5, 9);
  });

  it('have no spread with one run, and survive a pass below the clock', () => {
    expect(summarizeRuns([benchRun([0], 7)])).toMatchObject({ stdev: null, cv: null, mean: 7e9 });
  });
});
