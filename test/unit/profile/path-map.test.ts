import { describe, expect, it } from 'vitest';
import type { Profile, ProfileFunction } from '../../../extension/model.ts';
import {
  localBinary,
  mapEntry,
  mapPaths,
  normalPath,
  PathMapper,
  withSourceMap,
} from '../../../extension/profile/path-map.ts';
import { importedProfile } from './fixtures.ts';

const files = [
  'core/alloc.c',
  'core/box/front.h',
  'core/box/stats.h',
  'bench/main.c',
  'tests/main.c',
  'util.c',
  'win/heap.c',
];
const map = (recorded: string, entries: Record<string, string> = {}, foreign = false): string | null =>
  new PathMapper({ root: '/home/me/hak', files, map: entries }).map(recorded, foreign);

describe('a recorded path onto the files of a workspace', () => {
  it.each([
    ['absolute, inside the root', '/home/me/hak/core/alloc.c', 'core/alloc.c'],
    ['relative as the workspace has it', 'core/box/front.h', 'core/box/front.h'],
    ['relative with a detour', './core/../core/alloc.c', 'core/alloc.c'],
    ['of another machine, by its end', '/build/hak-1.2/core/alloc.c', 'core/alloc.c'],
    ['with a common base name alone, where it is the only one', '/elsewhere/src/alloc.c', 'core/alloc.c'],
    ['several of one base name, one folder decides', '/ci/x/bench/main.c', 'bench/main.c'],
    ['written with backslashes', 'C:\\work\\hak\\core\\box\\stats.h', 'core/box/stats.h'],
    ['Windows does not tell cases apart', 'D:\\HAK\\WIN\\Heap.C', 'win/heap.c'],
    ['a file URL', 'file:///home/me/hak/util.c', 'util.c'],
    ['in a sandbox of bazel', '/proc/self/cwd/core/alloc.c', 'core/alloc.c'],
  ])('%s', (_, recorded, expected) => {
    expect(map(recorded)).toBe(expected);
  });

  it.each([
    ['no file of that name', '/build/hak/core/other.c'],
    ['two files that fit equally well', '/elsewhere/main.c'],
    ['a folder that is similar only', '/x/mybench/main.c'],
    ['case matters outside Windows', '/build/core/ALLOC.C'],
    ['nothing at all', ''],
  ])('is left alone: %s', (_, recorded) => {
    expect(map(recorded)).toBeNull();
  });

  it("takes the user's map first, its longest prefix, at folders' ends", () => {
    const entries = { '/b': 'tests', '/b/deep': 'bench', '/opt/ext': '/srv/ext' };
    expect(map('/b/main.c', entries)).toBe('tests/main.c');
    expect(map('/b/deep/main.c', entries)).toBe('bench/main.c');
    expect(map('/bb/main.c', entries)).toBeNull();
    expect(map('/opt/ext/lib/x.c', entries)).toBe('/srv/ext/lib/x.c');
    expect(map('C:\\B\\main.c', { 'c:\\b': 'tests' })).toBe('tests/main.c');
    // The map wins over an exact file.
    expect(map('/home/me/hak/bench/main.c', { '/home/me/hak/bench': 'tests' })).toBe('tests/main.c');
  });

  it('asks more of the code of libraries: a base name is not enough', () => {
    expect(map('./malloc/util.c', {}, true)).toBeNull();
    expect(map('/build/core/alloc.c', {}, true)).toBe('core/alloc.c');
  });

  it('offers what a user may choose from, the likeliest first', () => {
    const mapper = new PathMapper({ root: '/r', files, map: {} });
    expect(mapper.candidates('/ci/tests/main.c')).toEqual(['tests/main.c', 'bench/main.c']);
    expect(mapEntry('/build/hak-1.2/core/alloc.c', 'core/alloc.c')).toEqual({
      from: '/build/hak-1.2',
      to: '.',
    });
    expect(mapEntry('/ci/x/main.c', 'tests/main.c')).toEqual({ from: '/ci/x', to: 'tests' });
    const { from, to } = mapEntry('/ci/x/main.c', 'tests/main.c');
    expect(map('/ci/x/main.c', { [from]: to })).toBe('tests/main.c');
  });

  it('writes paths one way', () => {
    expect(normalPath('/a//b/./c/../d')).toBe('/a/b/d');
    expect(normalPath('../x')).toBe('../x');
    expect(normalPath('/../x')).toBe('/x');
    expect(normalPath('C:\\..\\x')).toBe('C:/../x');
  });
});

describe('mapPaths', () => {
  const functions: ProfileFunction[] = [
    { name: 'a', category: 'core', selfPercent: 40, file: '/ci/hak/core/alloc.c', line: 3 },
    { name: 'm', category: 'core', selfPercent: 25, file: '/ci/main.c', line: null },
    { name: 'k', category: 'kernel', selfPercent: 20, file: '/linux/util.c', line: null },
    { name: 'u', category: 'core', selfPercent: 15, file: null, line: null },
  ];
  const profile: Profile = importedProfile({
    functions,
    lines: [
      { file: '/ci/hak/core/alloc.c', line: 7, percent: 10, callSitePercent: 1 },
      { file: 'core/alloc.c', line: 7, percent: 5, callSitePercent: 2 },
      { file: '/ci/main.c', line: 2, percent: 24 },
    ],
  });
  const options = { root: '/home/me/hak', files, map: {} };

  it('maps functions and lines, joins lines that became one, and lists the rest with its share', () => {
    const mapped = mapPaths(profile, options);
    expect(mapped.functions.map((f) => f.file)).toEqual([
      'core/alloc.c',
      '/ci/main.c',
      '/linux/util.c',
      null,
    ]);
    expect(mapped.lines).toEqual([
      { file: 'core/alloc.c', line: 7, percent: 15, callSitePercent: 3 },
      { file: '/ci/main.c', line: 2, percent: 24 },
    ]);
    expect(mapped.details?.unmapped).toEqual([
      { file: '/ci/main.c', percent: 24 },
      { file: '/linux/util.c', percent: 20 },
    ]);
  });

  it('changes nothing when done again, and takes an entry for what was left', () => {
    const once = mapPaths(profile, options);
    expect(mapPaths(once, options)).toEqual(once);
    const more = mapPaths(once, { ...options, map: { '/ci': 'bench' } });
    expect(more.details?.unmapped).toEqual([{ file: '/linux/util.c', percent: 20 }]);
    expect(more.lines[1]?.file).toBe('bench/main.c');
  });

  it("leaves the engine's own files alone", () => {
    const engine = { ...profile, target: { ...profile.target, kind: 'engine' as const } };
    expect(mapPaths(engine, options)).toBe(engine);
  });
});

describe("a target's own map", () => {
  const place = (file: string) => {
    const { target, lines } = importedProfile();
    const one = { ...importedProfile(), target: target.name, variant: 'native' };
    const mapped = withSourceMap(
      { ...one, functions: [], lines: [{ file, line: 1, percent: lines[0]?.percent ?? 1 }] },
      { '/build': 'core', '/build/deep': '/opt/deep' },
      '/home/me/hak',
    );
    return mapped.lines[0]?.file;
  };

  it('takes the longest prefix, relative to the folder, and leaves other paths', () => {
    expect(place('/build/a.c')).toBe('/home/me/hak/core/a.c');
    expect(place('/build/./x/../a.c')).toBe('/home/me/hak/core/a.c');
    expect(place('/build/deep/b.c')).toBe('/opt/deep/b.c');
    expect(place('/builder/a.c')).toBe('/builder/a.c');
  });
});

describe('a recorded object among local binaries', () => {
  const binaries = [
    { path: '/old/libhak.so', buildId: 'aa11' },
    { path: '/new/libhak.so', buildId: 'BB22' },
    { path: '/usr/bin/tool', buildId: null },
  ];

  it('is decided by the build id where it is known', () => {
    expect(localBinary('/old/libhak.so', { '/old/libhak.so': 'bb22' }, binaries)?.path).toBe(
      '/new/libhak.so',
    );
    expect(localBinary('/old/libhak.so', { '/old/libhak.so': 'cc33' }, binaries)).toBeNull();
  });

  it('is the same path without one, else the only one of its name', () => {
    expect(localBinary('/new/libhak.so', {}, binaries)?.path).toBe('/new/libhak.so');
    expect(localBinary('/elsewhere/tool', {}, binaries)?.path).toBe('/usr/bin/tool');
    expect(localBinary('/elsewhere/libhak.so', {}, binaries)).toBeNull();
  });
});
