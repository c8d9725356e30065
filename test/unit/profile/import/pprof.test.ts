import { gzipSync } from 'node:zlib';
import { Profile as Message, type ProfileInput, StringTable } from 'pprof-format';
import { describe, expect, it } from 'vitest';
import { linesOf, profileOf } from '../fixtures.ts';
import { formatOf, read, refusal, stacksOf } from './reading.ts';

/** As Go's runtime writes a processor profile: `malloc` of a library, with `front` inlined into it. */
function encoded(
  change: (input: ProfileInput, text: (t: string) => number) => ProfileInput = (i) => i,
): Uint8Array {
  const strings = new StringTable();
  const text = (t: string): number => strings.dedup(t);
  const input: ProfileInput = {
    sampleType: [
      { type: text('samples'), unit: text('count') },
      { type: text('cpu'), unit: text('nanoseconds') },
    ],
    mapping: [
      { id: 1, memoryStart: 0x400000, filename: text('/opt/bench'), buildId: text('') },
      {
        id: 2,
        memoryStart: 0x7f0000000000,
        filename: text('/opt/libhak.so'),
        buildId: text('ABCDEF0123456789'),
      },
    ],
    function: [
      { id: 1, name: text('main'), filename: text('/src/main.c'), startLine: 10 },
      { id: 2, name: text('malloc'), filename: text('/src/alloc.c'), startLine: 30 },
      { id: 3, name: text('front'), filename: text('/src/front.h'), startLine: 5 },
    ],
    location: [
      { id: 1, mappingId: 1, address: 0x400100, line: [{ functionId: 1, line: 12 }] },
      {
        id: 2,
        mappingId: 2,
        address: 0x7f0000001000,
        line: [
          { functionId: 3, line: 7 },
          { functionId: 2, line: 33 },
        ],
      },
      { id: 3, mappingId: 2, address: 0x7f0000001040, line: [{ functionId: 2, line: 35 }] },
      { id: 4, mappingId: 2, address: 0x7f0000002000, line: [] },
    ],
    sample: [
      { locationId: [2, 1], value: [6, 60_000_000], label: [{ key: text('thread'), str: text('worker') }] },
      { locationId: [3, 1], value: [3, 30_000_000], label: [{ key: text('thread'), str: text('worker') }] },
      { locationId: [1], value: [1, 10_000_000], label: [{ key: text('tid'), num: 77 }] },
    ],
    defaultSampleType: text('cpu'),
    stringTable: strings,
  };
  return new Message(change(input, text)).encode();
}

describe('pprof', () => {
  const bytes = encoded();

  it('is known by its content, packed or not, whatever it is called', async () => {
    for (const name of ['', 'x.json', 'profile.pb.gz']) expect(formatOf(bytes, name)).toBe('pprof');
    const packed = await read(gzipSync(bytes), 'profile.pb.gz');
    expect(stacksOf(packed)).toEqual(stacksOf(await read(bytes)));
    expect(packed.format).toBe('pprof');
  });

  it('gives stacks with inlined code above what it was inlined into', async () => {
    const raw = await read(bytes);
    expect(raw.event).toEqual({ name: 'cpu', unit: 'nanoseconds', samples: 10, weight: 100_000_000 });
    expect(stacksOf(raw, true)).toEqual({
      'main:12;malloc:33;front:7': 60_000_000,
      'main:12;malloc:35': 30_000_000,
      'main:12': 10_000_000,
    });
    expect(raw.frames.find((f) => f.name === 'front')).toMatchObject({
      inlined: true,
      object: '/opt/libhak.so',
      definedAt: 5,
    });
    expect(raw.buildIds).toEqual({ '/opt/libhak.so': 'abcdef0123456789' });
    const profile = profileOf(raw);
    expect(profile.functions.find((f) => f.name === 'malloc')).toMatchObject({
      selfPercent: 30,
      totalPercent: 90,
      line: 30,
    });
    expect(linesOf(profile)).toEqual({
      '/src/alloc.c:33': 0,
      '/src/alloc.c:35': 30,
      '/src/front.h:7': 60,
      '/src/main.c:12': 10,
    });
    expect(profile.lines.find((l) => l.line === 33)?.callSitePercent).toBeCloseTo(60);
  });

  it('takes another sample type, and one thread', async () => {
    const counted = await read(bytes, '', { event: 'samples' });
    expect(stacksOf(counted)).toEqual({ 'main;malloc;front': 6, 'main;malloc': 3, main: 1 });
    const worker = await read(bytes, '', { thread: 'worker' });
    expect(stacksOf(worker)).toEqual({ 'main;malloc;front': 60_000_000, 'main;malloc': 30_000_000 });
    expect(worker.event).toMatchObject({ samples: 9, weight: 90_000_000 });
    expect(stacksOf(await read(bytes, '', { thread: '77' }))).toEqual({ main: 10_000_000 });
    expect(await refusal(bytes, { event: 'heap' })).toMatch(/no event 'heap'.*samples, cpu/);
    expect(await refusal(bytes, { thread: 'none' })).toMatch(/no thread 'none'.*worker/);
  });

  it('takes ids of 64 bits, and code without symbols', async () => {
    const big = 2n ** 63n + 5n;
    const raw = await read(
      encoded((input) => ({
        ...input,
        location: [
          { id: big, mappingId: 2, address: 0xffff800000000010n, line: [] },
          { id: 2n ** 63n + 6n, mappingId: 1, address: 1, line: [{ functionId: 1, line: 12 }] },
        ],
        sample: [{ locationId: [big, 2n ** 63n + 6n], value: [1, 2n ** 40n] }],
      })),
    );
    expect(stacksOf(raw)).toEqual({ 'main;0xffff800000000010': 2 ** 40 });
    expect(raw.frames.every((f) => f.address === null)).toBe(true);
  });

  it('leaves out negative values and says so', async () => {
    const raw = await read(
      encoded((input) => ({
        ...input,
        sample: [
          { locationId: [1], value: [2, 20] },
          { locationId: [3, 1], value: [-1n, -10n] as unknown as number[] },
        ],
      })),
    );
    expect(stacksOf(raw)).toEqual({ main: 20 });
    expect(raw.notes.join(' ')).toMatch(/negative/);
  });

  it('counts what refers to nothing', async () => {
    const raw = await read(
      encoded((input) => ({
        ...input,
        sample: [
          { locationId: [99, 1], value: [1, 10] },
          { locationId: [1], value: [1, 10] },
        ],
      })),
    );
    expect(raw.skipped).toEqual({ count: 1, first: 'sample 1: location 99 is not in the profile' });
  });

  it('refuses what is cut off, at any place, with one line', async () => {
    for (const share of [0.2, 0.4, 0.6, 0.8, 0.95]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(await refusal(cut)).toMatch(/^file: (This pprof profile|Not a recording)/);
    }
    expect(await refusal(gzipSync(bytes).subarray(0, 120))).toMatch(/gzip data is damaged or cut short/);
  });

  it('refuses what holds nothing, and rubbish', async () => {
    expect(await refusal(encoded((input) => ({ ...input, sample: [] })))).toMatch(/holds no samples/);
    expect(
      await refusal(encoded((input) => ({ ...input, sample: [{ locationId: [1], value: [0, 0] }] }))),
    ).toMatch(/holds no samples/);
    const rubbish = Uint8Array.from({ length: 4000 }, (_, i) => (i * 37 + 11) & 255);
    expect(await refusal(rubbish)).toMatch(/Not a recording/);
    const spoilt = bytes.slice();
    spoilt.fill(0xff, 30, 60);
    expect(await refusal(spoilt)).toMatch(/^file: /);
  });

  it('is not seen in texts', () => {
    for (const text of ['\n\n# comment\n', '2\n3\n', 'a;b;c 12\n', '{"nodes":[]}', '\nmain 12\n\nfoo 3\n']) {
      expect(formatOf(text)).not.toBe('pprof');
    }
  });
});
