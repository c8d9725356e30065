import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildProfile } from '../../../../extension/profile/import/build-profile.ts';
import { StackTable } from '../../../../extension/profile/import/stack-table.ts';
import type { Profile } from '../../../../extension/model.ts';
import type { RawFrame, RawProfile } from '../../../../extension/model-profile.ts';

type Short = Partial<RawFrame> & { readonly name: string };
const frame = (f: Short): RawFrame => ({
  ...{ file: null, line: null, object: null, address: null, inlined: false },
  ...f,
});

/** Stacks outermost frame first, with their weights. */
function recording(
  stacks: readonly (readonly [readonly Short[], number])[],
  more: Partial<RawProfile> = {},
): RawProfile {
  const table = new StackTable();
  let weight = 0;
  for (const [frames, w] of stacks) {
    let node = table.root;
    for (const f of frames) node = table.child(node, table.frame(frame(f)));
    table.add(node, w);
    weight += w;
  }
  const event = { name: 'cycles', unit: 'samples' as const, samples: stacks.length, weight };
  return {
    ...{ format: 'perf-script', event, events: [event], ...table.done(), threads: [], stacks: true },
    ...{ skipped: null, buildIds: {}, notes: [] },
    ...more,
  };
}

const build = (raw: RawProfile, name = 'lib.so'): Profile =>
  buildProfile(raw, {
    target: { kind: 'native', name, variant: null, sha256: null },
    workload: 'random_mixed',
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
const row = (profile: Profile, name: string): Profile['functions'][number] | undefined =>
  profile.functions.find((f) => f.name === name);

describe('shares by function', () => {
  test('self is the innermost frame, total every stack with the function, once for recursion', () => {
    const main = { name: 'main' };
    const again = { name: 'again' };
    const profile = build(
      recording([
        [[main, again, again, again], 30],
        [[main, again], 10],
        [[main, { name: 'other' }, again], 20],
        [[main, { name: 'other' }], 40],
      ]),
    );
    expect(row(profile, 'again')).toMatchObject({ selfPercent: 60, totalPercent: 60 });
    expect(row(profile, 'other')).toMatchObject({ selfPercent: 40, totalPercent: 60 });
    expect(row(profile, 'main')).toMatchObject({ selfPercent: 0, totalPercent: 100 });
  });

  test('recursion through another function counts once, siblings each', () => {
    const a = { name: 'a' };
    const b = { name: 'b' };
    const profile = build(
      recording([
        [[a, b, a, b], 1],
        [[a, b], 1],
        [[b, a], 1],
        [[{ name: 'c' }], 1],
      ]),
    );
    expect(row(profile, 'a')?.totalPercent).toBe(75);
    expect(row(profile, 'b')?.totalPercent).toBe(75);
  });

  test('agrees with counting each sample by itself, whatever the stacks', () => {
    const frameOf = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      line: fc.integer({ min: 1, max: 3 }),
      inlined: fc.boolean(),
    });
    const stack = fc.tuple(fc.array(frameOf, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(stack, { minLength: 1, maxLength: 30 }), (stacks) => {
        const all = stacks.reduce((sum, [, w]) => sum + w, 0);
        const profile = build(
          recording(stacks.map(([frames, w]) => [frames.map((f) => ({ ...f, file: 'x.c' })), w])),
        );
        const share = (has: (frames: (typeof stacks)[number][0]) => boolean): number =>
          stacks.reduce((sum, [frames, w]) => sum + (has(frames) ? (100 * w) / all : 0), 0);
        for (const f of profile.functions) {
          expect(f.selfPercent).toBeCloseTo(
            share((s) => s.at(-1)?.name === f.name),
            9,
          );
          expect(f.totalPercent).toBeCloseTo(
            share((s) => s.some((g) => g.name === f.name)),
            9,
          );
        }
        /** Lines of the frames that the innermost one was inlined into, one after the other. */
        const sites = (s: (typeof stacks)[number][0]): number[] => {
          let first = s.length - 1;
          while (first > 0 && s[first]?.inlined === true) first--;
          return s.slice(first, -1).map((g) => g.line);
        };
        for (const l of profile.lines) {
          expect(l.percent).toBeCloseTo(
            share((s) => s.at(-1)?.line === l.line),
            9,
          );
          const expected = share((s) => s.at(-1)?.line !== l.line && sites(s).includes(l.line));
          expect(l.callSitePercent ?? 0).toBeCloseTo(expected, 9);
        }
      }),
    );
  });

  test('one name in two objects is two functions; the sum is 100', () => {
    const profile = build(
      recording([
        [[{ name: 'init', object: '/a.so' }], 1],
        [[{ name: 'init', object: '/b.so' }], 2],
        [[{ name: '[unknown]' }], 4],
      ]),
    );
    expect(profile.functions.map((f) => f.object)).toEqual([undefined, '/b.so', '/a.so']);
    expect(profile.functions.reduce((s, f) => s + f.selfPercent, 0)).toBeCloseTo(100, 9);
    expect(profile.details?.notes.at(-1)).toContain('57.1 % of the samples have no symbol');
  });

  test('the file is the one with most samples, the line only where the definition is known', () => {
    const profile = build(
      recording([
        [[{ name: 'f', file: 'a.h', line: 3 }], 1],
        [[{ name: 'f', file: 'f.c', line: 9, definedAt: 7 }], 2],
        [[{ name: 'g', file: 'g.c', line: 2 }], 2],
      ]),
    );
    expect(row(profile, 'f')).toMatchObject({ file: 'f.c', line: 7 });
    expect(row(profile, 'g')).toMatchObject({ file: 'g.c', line: null });
  });

  test('without stacks there are no totals, unless the format gives them', () => {
    const flat = recording([[[{ name: 'f' }], 3]], { stacks: false });
    expect(row(build(flat), 'f')).not.toHaveProperty('totalPercent');
    const given = { ...flat, totals: [2] };
    // Never below its own samples.
    expect(row(build(given), 'f')?.totalPercent).toBe(100);
    expect(build(flat).details?.tree).toBeNull();
  });

  test('a recording without weight is refused', () => {
    expect(() => build(recording([[[{ name: 'f' }], 0]]))).toThrow(/no samples of cycles/);
  });
});

describe('shares by line', () => {
  test('own lines are the innermost inlined frame’s; the lines it was inlined at count as call sites', () => {
    const outer = { name: 'f', file: 'f.c', line: 10, address: 64, object: 'lib.so' };
    const middle = { name: 'g', file: 'f.h', line: 5, inlined: true, address: 64, object: 'lib.so' };
    const leaf = { name: 'h', file: 'f.h', line: 2, inlined: true, address: 64, object: 'lib.so' };
    const profile = build(
      recording([
        [[{ name: 'main', file: 'm.c', line: 1 }, outer, middle, leaf], 3],
        [[{ name: 'main', file: 'm.c', line: 1 }, outer], 1],
      ]),
    );
    expect(profile.lines).toEqual([
      { file: 'f.h', line: 2, percent: 75 },
      { file: 'f.c', line: 10, percent: 25, callSitePercent: 75 },
      { file: 'f.h', line: 5, percent: 0, callSitePercent: 75 },
    ]);
    expect(profile.details?.addresses).toEqual([{ object: 'lib.so', buildId: null, points: [[64, 100]] }]);
  });

  test('code inlined into its own line is no call site', () => {
    const f = { name: 'f', file: 'f.c', line: 10 };
    const profile = build(recording([[[f, { ...f, name: 'macro', inlined: true }], 1]]));
    expect(profile.lines).toEqual([{ file: 'f.c', line: 10, percent: 100 }]);
  });

  test('instructions that the recording shows are with their line, hottest first', () => {
    const at = (address: number, instruction: string): Short => ({
      name: 'f',
      file: 'f.c',
      line: 1,
      address,
      instruction,
    });
    const profile = build(
      recording(
        [
          [[at(16, 'nop')], 1],
          [[at(20, 'ret')], 3],
        ],
        { stacks: false },
      ),
    );
    expect(profile.lines[0]?.instructions).toEqual([
      { address: '14', text: 'ret', percent: 75, function: 'f' },
      { address: '10', text: 'nop', percent: 25, function: 'f' },
    ]);
  });
});

describe('categories', () => {
  const objects = (name: string, object: string | null, target = '/w/libhakmem.so'): string | undefined =>
    row(
      build(
        recording([
          [[{ name, object }], 1],
          [[{ name: 'x', object: '/w/libhakmem.so' }], 1],
        ]),
        target,
      ),
      name,
    )?.category;

  test.each([
    ['page_fault', '[kernel.kallsyms]', 'kernel'],
    ['x_init', '[nf_tables]', 'kernel'],
    ['malloc', '/usr/lib/x86_64-linux-gnu/libc.so.6', 'library'],
    ['clock_gettime', '[vdso]', 'library'],
    ['malloc', '/w/libhakmem.so', 'wrapper'],
    ['hak_alloc', '/w/libhakmem.so', 'core'],
    ['anything', '/cache/harness', 'benchmark'],
    ['other', '/opt/x/libother.so.1', 'library'],
    ['main', null, 'benchmark'],
  ])('%s of %s is %s', (name, object, category) => {
    expect(objects(name, object)).toBe(category);
  });

  test('with the system’s allocator as target, its functions are its own and the rest of libc is not', () => {
    expect(objects('_int_malloc', '/lib/libc.so.6', 'system')).toBe('core');
    expect(objects('malloc', '/lib/libc.so.6', 'system')).toBe('wrapper');
    expect(objects('memcpy', '/lib/libc.so.6', 'system')).toBe('library');
  });

  test('whoever ran the program may know better', () => {
    const raw = recording([[[{ name: 'f' }], 1]]);
    const target = { kind: 'native' as const, name: 't', variant: null, sha256: null };
    const profile = buildProfile(raw, { target, workload: '', recordedAt: '', categoryOf: () => 'env' });
    expect(profile.functions[0]?.category).toBe('env');
  });
});

describe('the call tree', () => {
  test('merges frames of one function, heaviest child first', () => {
    const f = (line: number): Short => ({ name: 'f', file: 'f.c', line });
    const tree = build(
      recording([
        [[{ name: 'main' }, { name: 'light' }], 1],
        [[{ name: 'main' }, f(1), { name: 'leaf' }], 2],
        [[{ name: 'main' }, f(2)], 1],
      ]),
    ).details?.tree;
    expect(tree?.function.map((i) => tree.names[i])).toEqual([undefined, 'main', 'f', 'light', 'leaf']);
    expect(tree?.parent).toEqual([-1, 0, 1, 1, 2]);
    expect(tree?.total).toEqual([100, 100, 75, 25, 50]);
    expect(tree?.self).toEqual([0, 0, 25, 25, 50]);
    expect(tree?.dropped).toBe(0);
  });

  test('what is below 0.1 % is dropped, and says how much', () => {
    const stacks: [Short[], number][] = [[[{ name: 'hot' }], 9990]];
    for (let i = 0; i < 10; i++) stacks.push([[{ name: `cold${i}` }], 1]);
    const profile = build(recording(stacks));
    expect(profile.details?.tree?.names).toEqual(['hot']);
    expect(profile.details?.tree?.dropped).toBeCloseTo(0.1, 9);
    expect(profile.functions).toHaveLength(11);
  });

  test('keeps at most 4,000 nodes, the heaviest, each below its parent', () => {
    const stacks: [Short[], number][] = [];
    for (let i = 0; i < 200; i++) {
      stacks.push([Array.from({ length: 60 }, (_, d) => ({ name: d === 0 ? `top${i}` : `f${d}` })), 100 + i]);
    }
    const tree = build(recording(stacks)).details?.tree;
    expect(tree?.parent).toHaveLength(4000);
    tree?.parent.forEach((p, i) => {
      if (i > 0) expect(p >= 0 && p < i).toBe(true);
    });
    expect(tree?.dropped).toBeGreaterThan(50);
    expect((tree?.self.reduce((a, b) => a + b, 0) ?? 0) + (tree?.dropped ?? 0)).toBeCloseTo(100, 6);
  });

  test('stacks of any depth are walked', () => {
    const deep = Array.from({ length: 50_000 }, (_, i) => ({ name: `f${i % 7}` }));
    const profile = build(recording([[deep, 1]]));
    expect(row(profile, 'f3')?.totalPercent).toBe(100);
  });
});

test('threads have their share; event, format and notes are carried', () => {
  const threads = [
    { name: 'a', pid: 1, tid: 2, weight: 3 },
    { name: 'b', pid: 1, tid: 3, weight: 1 },
  ];
  const profile = build(
    recording([[[{ name: 'f' }], 4]], { threads, notes: ['a note'], buildIds: { 'lib.so': 'ab' } }),
  );
  expect(profile.details?.threads).toEqual([
    { name: 'a', tid: 2, percent: 75 },
    { name: 'b', tid: 3, percent: 25 },
  ]);
  expect(profile).toMatchObject({
    unit: 'samples',
    samples: 1,
    workload: 'random_mixed',
    origin: { functions: 'perf-script (cycles)', lines: 'perf-script (cycles)' },
    details: {
      format: 'perf-script',
      notes: ['a note'],
      unmapped: [],
      counters: null,
      buildIds: { 'lib.so': 'ab' },
    },
  });
});
