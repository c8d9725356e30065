import { describe, expect, it } from 'vitest';
import type { Profile, ProfileFunction } from '../../../extension/model.ts';
import { UserError } from '../../../extension/model.ts';
import { differenceInterval, diffProfiles } from '../../../extension/profile/diff.ts';
import { details, importedProfile } from './fixtures.ts';

const f = (name: string, selfPercent: number, more: Partial<ProfileFunction> = {}): ProfileFunction => ({
  name,
  category: 'core',
  selfPercent,
  file: `${name}.c`,
  line: 1,
  ...more,
});

describe('the interval of a difference', () => {
  it('is that of the published examples', () => {
    // Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10 and 5/56 - 0/29.
    const cases = [
      [48, 80, 56, 70, 0.0524, 0.3339],
      [3, 10, 9, 10, 0.1705, 0.809],
      [0, 29, 5, 56, -0.0381, 0.1926],
      [0, 10, 10, 10, 0.6075, 1],
    ] as const;
    for (const [x2, n2, x1, n1, low, high] of cases) {
      const interval = differenceInterval((100 * x2) / n2, n2, (100 * x1) / n1, n1);
      expect(interval?.[0]).toBeCloseTo(100 * low, 1);
      expect(interval?.[1]).toBeCloseTo(100 * high, 1);
    }
  });

  it('holds the truth 95 times of 100', () => {
    // 400 pairs of recordings of 300 and 500 samples, whose true shares are 4% and 7%.
    let state = 12345;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const draw = (n: number, p: number): number =>
      Array.from({ length: n }, random).filter((r) => r < p).length;
    let held = 0;
    for (let i = 0; i < 400; i++) {
      const interval = differenceInterval(
        (100 * draw(300, 0.04)) / 300,
        300,
        (100 * draw(500, 0.07)) / 500,
        500,
      );
      if (interval !== null && interval[0] <= 3 && 3 <= interval[1]) held++;
    }
    expect(held).toBeGreaterThan(400 * 0.92);
    expect(held).toBeLessThan(400 * 0.985);
  });

  it('is none where a count is unknown', () => {
    expect(differenceInterval(1, 0, 2, 100)).toBeNull();
  });
});

describe('two profiles', () => {
  const before = importedProfile({
    functions: [f('a', 50), f('b', 30), f('gone', 20)],
    lines: [
      { file: 'a.c', line: 4, percent: 30 },
      { file: 'a.c', line: 5, percent: 20 },
    ],
  });
  const after = importedProfile({
    functions: [f('a', 45), f('b', 30), f('new', 25)],
    lines: [
      { file: 'a.c', line: 4, percent: 45 },
      { file: 'n.c', line: 1, percent: 3 },
    ],
  });

  it('are compared by function, largest difference first', () => {
    const diff = diffProfiles(before, after);
    expect(diff.functions.map(({ name, before: b, after: a, delta }) => [name, b, a, delta])).toEqual([
      ['new', null, 25, 25],
      ['gone', 20, null, -20],
      ['a', 50, 45, -5],
      ['b', 30, 30, 0],
    ]);
    const a = diff.functions.find((d) => d.name === 'a');
    expect(a?.interval?.[0]).toBeLessThan(-9);
    expect(a?.interval?.[1]).toBeLessThan(0);
    expect(diff.functions.at(-1)?.interval?.[0]).toBeLessThan(-3);
    expect(diff.notes).toEqual([]);
  });

  it('and by line', () => {
    expect(diffProfiles(before, after).lines.map(({ name, delta }) => [name, delta])).toEqual([
      ['a.c:5', -20],
      ['a.c:4', 15],
      ['n.c:1', 3],
    ]);
  });

  it('are the same when they are', () => {
    const diff = diffProfiles(before, before);
    expect([...diff.functions, ...diff.lines].every((d) => d.delta === 0)).toBe(true);
  });

  it('of different units are not compared', () => {
    const bytes = { ...after, unit: 'bytes' as const };
    expect(() => diffProfiles(before, bytes)).toThrow(UserError);
    expect(() => diffProfiles(before, bytes)).toThrow(/counts samples, the other bytes/);
  });

  it('pair functions of another folder, of a file that is unknown, but not of other objects', () => {
    const left = importedProfile({
      functions: [
        f('moved', 10, { object: '/a/libhak.so', file: '/a/src/m.c' }),
        f('bare', 20, { object: '/a/libhak.so', file: null }),
        f('malloc', 30, { object: '/lib/libc.so.6', file: null }),
        f('twice', 5, { file: '/x/one.c' }),
        f('twice', 6, { file: '/x/two.c' }),
      ],
    });
    const right = importedProfile({
      functions: [
        f('moved', 11, { object: '/b/libhak.so', file: '/b/src/m.c' }),
        f('bare', 22, { object: '/b/libhak.so', file: 'bare.c' }),
        f('malloc', 33, { object: '/b/libhak.so', file: null }),
        f('twice', 9, { file: '/y/three.c' }),
      ],
    });
    const rows = diffProfiles(left, right).functions.map(({ name, before: b, after: a }) => [name, b, a]);
    expect(rows).toContainEqual(['moved', 10, 11]);
    expect(rows).toContainEqual(['bare', 20, 22]);
    expect(rows).toContainEqual(['malloc', 30, null]);
    expect(rows).toContainEqual(['malloc', null, 33]);
    expect(rows).toContainEqual(['twice', null, 9]);
  });

  it('say what else is different', () => {
    const other: Profile = {
      ...after,
      target: { ...after.target, kind: 'native', name: 'libother.so' },
      workload: 'larson',
      samples: 120,
      details: {
        ...details,
        event: { ...details.event, name: 'cycles' },
        buildIds: { '/b/libhak.so': 'bb' },
      },
    };
    const first: Profile = {
      ...before,
      target: { ...before.target, kind: 'native', name: 'libhak.so' },
      workload: 'random_mixed',
      details: { ...details, buildIds: { '/a/libhak.so': 'aa' } },
    };
    expect(diffProfiles(first, other).notes).toEqual([
      'Different events: cpu-clock before, cycles after.',
      'Different targets: libhak.so before, libother.so after.',
      'Different workloads: random_mixed before, larson after.',
      'Built anew between the recordings: libhak.so. Where its source changed, line numbers are not the same lines.',
      'Only 120 samples: record for longer.',
    ]);
  });

  it('that were counted exactly have no error of sampling', () => {
    const exact = (p: Profile): Profile => ({ ...p, details: { ...details, format: 'callgrind' } });
    const diff = diffProfiles(exact(before), exact(after));
    expect([...diff.functions, ...diff.lines].every((d) => d.interval === null)).toBe(true);
    expect(diff.notes.join()).toMatch(/counted exactly/);
    const counted: Profile = { ...before, origin: { ...before.origin, lines: 'counted instructions' } };
    const mixed = diffProfiles(counted, counted);
    expect(mixed.functions.every((d) => d.interval !== null)).toBe(true);
    expect(mixed.lines.every((d) => d.interval === null)).toBe(true);
  });

  it('without counts have no intervals, and say so', () => {
    const diff = diffProfiles({ ...before, samples: 0 }, after);
    expect(diff.functions.every((d) => d.interval === null)).toBe(true);
    expect(diff.notes.join()).toMatch(/no intervals/);
  });
});
