import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import Ajv from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../../extension/model.ts';
import { toPprof } from '../../../../extension/profile/export/pprof.ts';
import { toSpeedscope } from '../../../../extension/profile/export/speedscope.ts';
import { StackTable } from '../../../../extension/profile/import/stack-table.ts';
import { stacksOfProfile } from '../../../../extension/profile/profile-stacks.ts';
import { importedProfile, linesOf, profileOf, sharesOf } from '../fixtures.ts';
import { read } from '../import/reading.ts';

const again = async (content: string | Uint8Array): Promise<Profile> => profileOf(await read(content));
const speedscope = (profile: Profile): string => JSON.stringify(toSpeedscope(profile, 'alloc-lens 1.0').file);

/** Stacks with recursion, several lines a function, and many too light to be kept in a profile's tree. */
function recorded(): Profile {
  const table = new StackTable();
  const frame = (name: string, line: number | null, definedAt: number): number =>
    table.frame({
      name,
      file: `${name}.c`,
      line,
      object: '/opt/x',
      address: null,
      inlined: false,
      definedAt,
    });
  const main = table.child(table.root, frame('main', 12, 10));
  const alloc = table.child(main, frame('alloc', 33, 30));
  table.add(alloc, 400);
  table.add(table.child(main, frame('alloc', 35, 30)), 200);
  table.add(table.child(alloc, frame('slow', 55, 50)), 150);
  const rec = table.child(table.child(alloc, frame('alloc', 34, 30)), frame('slow', 51, 50));
  table.add(rec, 100);
  table.add(main, 50);
  for (let i = 0; i < 200; i++) {
    table.add(table.child(table.child(main, frame(`way${i}`, 2, 1)), frame(`light${i % 7}`, 3, 1)), 0.5);
  }
  return profileOf({
    format: 'perf-script',
    event: { name: 'cpu-clock', unit: 'samples', samples: 1000, weight: 1000 },
    events: [{ name: 'cpu-clock', unit: 'samples', samples: 1000, weight: 1000 }],
    ...table.done(),
    threads: [{ name: 'x', pid: 1, tid: 1, weight: 1000 }],
    stacks: true,
    skipped: null,
    buildIds: { '/opt/x': 'abcdef0123456789' },
    notes: ['recorded by hand'],
  });
}

describe('a profile exported and imported again', () => {
  const profile = recorded();
  const shares = sharesOf(profile);

  it('rests on a tree that leaves light stacks out', () => {
    expect(profile.details?.tree?.dropped).toBeGreaterThan(9);
    expect(shares.alloc).toEqual([60, 85]);
  });

  it.each([
    ['speedscope', speedscope],
    ['pprof', (p: Profile) => gzipSync(toPprof(p).file)],
  ])('%s: the same shares, and totals but for what the tree left out', async (_, write) => {
    const back = await again(write(profile));
    const own = sharesOf(back);
    expect(Object.keys(own).filter((n) => (own[n]?.[0] ?? 0) > 0)).toEqual(
      Object.keys(shares).filter((n) => (shares[n]?.[0] ?? 0) > 0),
    );
    for (const [name, [self, total]] of Object.entries(shares)) {
      if (self === 0) continue;
      expect(own[name]?.[0]).toBeCloseTo(self, 4);
      expect(own[name]?.[1]).toBeCloseTo(total ?? -1, 4);
    }
    expect(own.main?.[1]).toBeCloseTo(100, 4);
    expect(back.functions.find((f) => f.name === 'alloc')).toMatchObject({ file: 'alloc.c', line: 30 });
  });

  it('pprof keeps lines, samples, build ids and objects', async () => {
    const raw = await read(toPprof(profile).file);
    const back = profileOf(raw);
    for (const [place, percent] of Object.entries(linesOf(profile))) {
      expect(linesOf(back)[place] ?? 0).toBeCloseTo(percent, 3);
    }
    expect(back.samples).toBe(1000);
    expect(raw.event.weight).toBeCloseTo(1000);
    expect(raw.event).toMatchObject({ name: 'cpu-clock', unit: 'samples' });
    expect(raw.buildIds).toEqual({ '/opt/x': 'abcdef0123456789' });
    expect(back.functions.find((f) => f.name === 'alloc')?.object).toBe('/opt/x');
  });

  it('says what is lost', () => {
    expect(toSpeedscope(profile, 'x').notes.join(' ')).toMatch(/too light.*lines are left out/);
    expect(toPprof(profile).notes.join(' ')).toMatch(/too light/);
    expect(toPprof(profile).notes.join(' ')).not.toMatch(/by hand/);
  });

  it('without a tree every function stands alone', async () => {
    const flat = importedProfile({
      functions: [
        { name: 'a', category: 'core', selfPercent: 60, file: 'a.c', line: 3 },
        { name: 'b', category: 'core', selfPercent: 40, file: null, line: null },
      ],
      lines: [{ file: 'a.c', line: 4, percent: 45 }],
    });
    const expected = { a: [60, 60], b: [40, 40] };
    expect(sharesOf(await again(speedscope(flat)))).toEqual(expected);
    const back = await again(toPprof(flat).file);
    expect(sharesOf(back)).toEqual(expected);
    expect(linesOf(back)).toEqual({ 'a.c:4': 45 });
    expect(toPprof(flat).notes).toEqual([
      'The profile has no call tree: every function stands alone, without callers.',
    ]);
  });

  it('lines of functions whose place is not known are kept where only one of the file has samples', async () => {
    const functions = [
      { name: 'hot', category: 'core' as const, selfPercent: 90, file: 'a.c', line: null },
      { name: 'main', category: 'core' as const, selfPercent: 0, totalPercent: 90, file: 'a.c', line: null },
      { name: 'x', category: 'core' as const, selfPercent: 6, file: 'b.c', line: null },
      { name: 'y', category: 'core' as const, selfPercent: 4, file: 'b.c', line: null },
    ];
    const lines = [
      { file: 'a.c', line: 3, percent: 90 },
      { file: 'b.c', line: 7, percent: 10 },
    ];
    const { file, notes } = toPprof(importedProfile({ functions, lines }));
    expect(linesOf(await again(file))).toEqual({ 'a.c:3': 90 });
    expect(notes.join(' ')).toMatch(/10\.00% lie on lines whose function/);
  });

  it('functions of one name in two objects keep their shares', () => {
    const tree = {
      names: ['f'],
      categories: ['core' as const],
      parent: [-1, 0],
      function: [-1, 0],
      self: [0, 100],
      total: [100, 100],
      dropped: 0,
    };
    const base = importedProfile();
    const two = importedProfile({
      functions: [
        { name: 'f', category: 'core', selfPercent: 70, file: 'x.c', line: 1, object: 'x' },
        { name: 'f', category: 'core', selfPercent: 30, file: 'y.c', line: 1, object: 'y' },
      ],
      ...(base.details === undefined ? {} : { details: { ...base.details, tree } }),
    });
    const back = profileOf(stacksOfProfile(two));
    expect(back.functions.map((f) => [f.object, Math.round(f.selfPercent)])).toEqual([
      ['x', 70],
      ['y', 30],
    ]);
  });

  it("speedscope's own schema accepts it", () => {
    const require = createRequire(import.meta.url);
    const folder = path.dirname(require.resolve('speedscope/package.json'));
    const schema = JSON.parse(
      readFileSync(path.join(folder, 'dist/release/file-format-schema.json'), 'utf8'),
    ) as object;
    const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
    validate(JSON.parse(speedscope(profile)));
    expect(validate.errors).toBeNull();
    validate({ ...JSON.parse(speedscope(profile)), profiles: [{ type: 'sampled' }] });
    expect(validate.errors).not.toBeNull();
  });
});
