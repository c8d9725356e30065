import { describe, expect, it } from 'vitest';
import type { BenchProfile, BenchResult } from '../../../extension/model.ts';
import { profileFromBench } from '../../../extension/profile/from-bench.ts';

const profile: BenchProfile = {
  target: 'engine',
  variant: 'sampled',
  speedAgainstFast: 0.3,
  functions: [
    { name: 'malloc', category: 'wrapper', selfPercent: 100, file: 'engine/allocator/wrappers.ts', line: 9 },
  ],
  lines: [{ file: 'engine/allocator/wrappers.ts', line: 10, percent: 100 }],
  samples: 1234,
};

function result(overrides: Partial<BenchResult>): BenchResult {
  return {
    ...{ schemaVersion: 1, workload: 'random_mixed:mixed', target: 'engine', variant: 'fast', threads: 1 },
    ...{
      iterations: 10,
      runs: [{ passes: [1], median: 1, first: 1 }],
      mean: 1,
      median: 1,
      stdev: null,
      cv: null,
    },
    ...{ min: 1, max: 1, firstOpsPerSecond: 1, hash: [], moduleSha256: 'ab', counters: null, latency: null },
    memory: { peakBytes: null, liveBytes: null, requestedBytes: null, wasteByClass: null },
    profile,
    ...overrides,
  };
}

describe('profileFromBench', () => {
  it('is null without a profile', () => {
    expect(profileFromBench(result({ profile: null }), '2026-01-01T00:00:00Z')).toBeNull();
  });

  it('carries the identity of the variant that was sampled, not of the one that was timed', () => {
    const made = profileFromBench(result({}), '2026-01-01T00:00:00Z');
    expect(made).toEqual({
      target: { kind: 'engine', name: 'engine', variant: 'sampled', sha256: null },
      workload: 'random_mixed:mixed',
      origin: { functions: 'V8 sampler', lines: 'counted instructions' },
      unit: 'samples',
      samples: 1234,
      recordedAt: '2026-01-01T00:00:00Z',
      speedAgainstFast: 0.3,
      functions: profile.functions,
      lines: profile.lines,
    });
    const same = profileFromBench(result({ variant: 'sampled' }), '2026-01-01T00:00:00Z');
    expect(same?.target.sha256).toBe('ab');
  });

  it('names perf as the origin of native profiles', () => {
    const native = profileFromBench(
      result({ profile: { ...profile, target: 'system' } }),
      '2026-01-01T00:00:00Z',
    );
    expect(native?.target).toMatchObject({ kind: 'native', name: 'system' });
    expect(native?.origin).toEqual({ functions: 'perf', lines: 'perf' });
  });
});
