import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../../extension/model.ts';
import { UserError } from '../../../../extension/model.ts';
import { readProfile } from '../../../../extension/profile/import/alloc-lens.ts';
import { importProfile } from '../../../../extension/profile/import/detect.ts';
import { importers } from '../../../../extension/profile/import/importers.ts';
import { run } from '../../report/fixtures.ts';
import { importedProfile, linesOf, profileOf, sharesOf } from '../fixtures.ts';
import { anyOptions, bytesOf, formatOf, read, refusal } from './reading.ts';

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield bytesOf(text);
}
const at = '2026-11-21T12:00:00.000Z';
const own = (value: unknown): Promise<Profile> => readProfile(once(JSON.stringify(value)), at, anyOptions);

const profile = importedProfile({
  functions: [
    { name: 'main', category: 'benchmark', selfPercent: 20, totalPercent: 100, file: 'main.c', line: 5 },
    {
      name: 'hak_alloc',
      category: 'core',
      selfPercent: 70,
      totalPercent: 80,
      file: 'alloc.c',
      line: 10,
      object: '/opt/libhak.so',
    },
    { name: 'memset', category: 'library', selfPercent: 10, totalPercent: 10, file: null, line: null },
  ],
  lines: [
    { file: 'alloc.c', line: 12, percent: 50 },
    { file: 'alloc.c', line: 14, percent: 20 },
    { file: 'main.c', line: 7, percent: 15 },
  ],
});

describe('our own JSON', () => {
  it('is known by its content, and read back as it was', async () => {
    const text = JSON.stringify({ schemaVersion: 1, ...profile });
    for (const name of ['', 'x.cpuprofile', 'y.json']) expect(formatOf(text, name)).toBe('alloc-lens');
    expect(formatOf(JSON.stringify(profile))).toBe('alloc-lens');
    expect(await own({ schemaVersion: 1, ...profile })).toEqual(profile);
  });

  it('is the profile inside a benchmark, of several results the last that was sampled', async () => {
    const sampled = run({
      target: 'libhak.so',
      variant: 'native',
      profile: {
        target: 'libhak.so',
        variant: 'native',
        speedAgainstFast: null,
        functions: profile.functions,
        lines: profile.lines,
        samples: 900,
        ...(profile.details === undefined ? {} : { details: profile.details }),
      },
    });
    const read1 = await own(sampled);
    expect(read1.functions).toEqual(profile.functions);
    expect(read1.target).toMatchObject({ kind: 'native', name: 'libhak.so' });
    expect(read1.samples).toBe(900);
    expect(read1.recordedAt).toBe(at);
    expect(read1.details).toEqual(profile.details);
    expect((await own({ schemaVersion: 1, results: [sampled, run()] })).functions).toEqual(profile.functions);
    expect((await own({ schemaVersion: 1, runs: [], profile })).functions).toEqual(profile.functions);
  });

  it('as a recording has the same shares', async () => {
    const raw = await read(JSON.stringify({ schemaVersion: 1, ...profile }));
    const again = profileOf(raw);
    expect(sharesOf(again)).toEqual(sharesOf(profile));
    expect(linesOf(again)).toEqual(linesOf(profile));
    expect(raw.event).toEqual(profile.details?.event);
    expect(raw.notes.join()).toMatch(/no call tree/);
  });

  it('scales lines that were counted in another way to their functions, and says so', async () => {
    const lines = [{ file: 'alloc.c', line: 12, percent: 140 }];
    const raw = await read(JSON.stringify({ schemaVersion: 1, ...profile, lines }));
    expect(linesOf(profileOf(raw))).toEqual({ 'alloc.c:12': 70 });
    expect(raw.notes.join()).toMatch(/scaled/);
  });

  it.each([
    ['a benchmark that was not sampled', run({ profile: null }), /not sampled.*--sample/],
    ['findings', { schemaVersion: 1, root: '/', files: [] }, /holds no profile/],
    [
      'a share that is text',
      { ...profile, functions: [{ ...profile.functions[0], selfPercent: '20' }] },
      /holds no profile/,
    ],
    ['a line 0', { ...profile, lines: [{ file: 'a', line: 0, percent: 1 }] }, /holds no profile/],
    [
      'an unknown category',
      { ...profile, functions: [{ ...profile.functions[0], category: 'x' }] },
      /holds no profile/,
    ],
    [
      'a tree whose parents are no tree',
      {
        ...profile,
        details: {
          ...profile.details,
          tree: {
            names: ['a'],
            categories: ['core'],
            parent: [-1, 1],
            function: [-1, 0],
            self: [0, 1],
            total: [1, 1],
            dropped: 0,
          },
        },
      },
      /holds no profile/,
    ],
    [
      'a name that every object has',
      { ...profile, target: { kind: 'imported', name: 'constructor' } },
      /holds no profile/,
    ],
  ])('refuses %s', async (_, value, message) => {
    await expect(own(value)).rejects.toThrow(UserError);
    await expect(own(value)).rejects.toThrow(message);
  });

  it('is refused with one line when it was cut off, or has another event', async () => {
    const text = JSON.stringify({ schemaVersion: 1, ...profile });
    for (const share of [0.3, 0.8])
      expect(await refusal(text.slice(0, Math.floor(text.length * share)))).toMatch(/ends too early/);
    expect(await refusal(text, { event: 'cycles' })).toMatch(/no event 'cycles'.*cpu-clock/);
    expect(await refusal(text, { thread: 'x' })).toMatch(/does not tell threads apart/);
  });
});

describe('every format', () => {
  it('has a title of its own and refuses emptiness', async () => {
    expect(new Set(importers.map((i) => i.title)).size).toBe(importers.length);
    expect(await refusal('')).toBe('file: The file is empty.');
    for (const text of [' ', '\n', '{', '{}', '[]', 'null', '{"a":', '\u0000']) {
      expect(await refusal(text)).toMatch(/^file: /);
    }
    for (const importer of importers) {
      async function* nothing(): AsyncGenerator<Uint8Array> {}
      await expect(importer.read(nothing(), anyOptions)).rejects.toThrow(UserError);
    }
  });

  it('stops on the signal', async () => {
    const controller = new AbortController();
    controller.abort();
    // perf's own texts are stopped where all are, in importRecording.
    for (const importer of importers.filter((i) => !/^(perf|folded)/.test(i.format))) {
      const reading = importer.read(once('{"nodes":[]}'), { ...anyOptions, signal: controller.signal });
      await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    }
  });

  it('that has to be in memory as a whole has a limit with a message', async () => {
    const { readJsonInput } = await import('../../../../extension/profile/import/read-input.ts');
    async function* large(): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 3; i++) yield new Uint8Array(1024 * 1024);
    }
    await expect(readJsonInput(large(), 'speedscope file', anyOptions, 2 * 1024 * 1024)).rejects.toThrow(
      /larger than 2 MiB.*Record for a shorter time/,
    );
  });
});

it('through the door for profiles our own loses nothing, another becomes what it is asked to be', async () => {
  const build = {
    target: { kind: 'imported', name: 'x', variant: null, sha256: null },
    workload: 'w',
    recordedAt: at,
  } as const;
  const kept: Profile = {
    ...profile,
    target: { kind: 'native', name: 'libhak.so', variant: 'a', sha256: null },
    lines: [
      {
        file: 'alloc.c',
        line: 12,
        percent: 50,
        instructions: [{ address: '1139', text: 'lock incl (%rax)', percent: 50, function: 'hak_alloc' }],
      },
    ],
  };
  const packed = gzipSync(JSON.stringify({ schemaVersion: 1, ...kept }));
  async function* file(): AsyncGenerator<Uint8Array> {
    yield packed;
  }
  expect(await importProfile(file(), 'kept.json.gz', anyOptions, build)).toEqual(kept);
  const other = await importProfile(once('main;f 3\nmain;g 1\n'), 'x.folded', anyOptions, build);
  expect(other).toMatchObject({ target: build.target, workload: 'w', recordedAt: at });
  expect(sharesOf(other)).toMatchObject({ f: [75, 75], main: [0, 100] });
});
