/** By hand, after the documented structure: no tool here writes this format. */
import { describe, expect, it } from 'vitest';
import { linesOf, profileOf } from '../fixtures.ts';
import { formatOf, read, refusal, stacksOf } from './reading.ts';

const strings = [
  'main',
  'hak_alloc',
  'front',
  '/src/main.c',
  'git:github.com/me/hak:core/alloc.c:abc',
  '/src/front.h',
  'libhak.so',
];
const libs = [
  {
    name: 'libhak.so',
    path: '/opt/libhak.so',
    debugName: 'libhak.so',
    codeId: 'ABCDEF0123456789ABCD',
    breakpadId: 'X',
  },
];

/** main -> hak_alloc, with `front` inlined into the latter, by the tables of version 41 to 57. */
const tables = {
  stackTable: { frame: [0, 1, 2], prefix: [null, 0, 1], length: 3 },
  frameTable: {
    func: [0, 1, 2],
    line: [12, 33, 7],
    column: [null, null, null],
    address: [0x100, 0x2000, 0x2000],
    inlineDepth: [0, 0, 1],
    nativeSymbol: [null, 0, 0],
    category: [0, 0, 0],
    length: 3,
  },
  funcTable: {
    name: [0, 1, 2],
    fileName: [3, 4, 5],
    lineNumber: [10, null, null],
    resource: [-1, 0, 0],
    isJS: [false, false, false],
    length: 3,
  },
  resourceTable: { lib: [0], name: [6], type: [1], length: 1 },
  nativeSymbols: { libIndex: [0], address: [0x1f00], name: [1], length: 1 },
};
const samples = {
  stack: [2, 2, 1, 0, null],
  time: [1, 2, 3, 4, 5],
  weight: null,
  weightType: 'samples',
  length: 5,
};
const meta = (version: number) => ({
  version: 27,
  preprocessedProfileVersion: version,
  product: 'samply',
  sampleUnits: { threadCPUDelta: 'µs' },
});

const perThread = {
  meta: meta(48),
  libs,
  threads: [
    { name: 'bench', pid: '7', tid: 7, samples, stringArray: strings, ...tables },
    {
      name: 'helper',
      pid: '7',
      tid: 9,
      samples: { ...samples, stack: [0] },
      stringArray: strings,
      ...tables,
    },
  ],
};

/** The same of one thread by version 56 and 58: shared texts, then sources instead of file names. */
const sharedStrings = {
  ...perThread,
  meta: meta(56),
  shared: { stringArray: strings },
  threads: perThread.threads.map(({ stringArray: _, ...t }) => t),
};
const withSources = {
  ...sharedStrings,
  meta: meta(58),
  shared: { stringArray: strings, sources: { filename: [3, 4, 5], uuid: [null, null, null], length: 3 } },
  threads: sharedStrings.threads.map((t) => ({
    ...t,
    funcTable: { ...t.funcTable, fileName: undefined, source: [0, 1, 2] },
  })),
};

/** By version 75: all tables shared, offsets of callers, flags for what is set, unset columns 0. */
const newest = {
  meta: meta(75),
  libs,
  shared: {
    stringArray: strings,
    sources: { filename: [3, 4, 5], length: 3 },
    stackTable: { frame: [0, 1, 2], prefixOffset: [0, 1, 1], length: 3 },
    frameTable: {
      func: [0, 1, 2],
      line: [12, 33, 7],
      address: [0, 0x2000, 0x2000],
      lib: [0, 0, 0],
      nativeSymbol: [0, 0, 0],
      flags: [16, 2 | 8 | 16, 1 | 2 | 8 | 16],
      length: 3,
    },
    funcTable: {
      name: [0, 1, 2],
      source: [0, 1, 2],
      lineNumber: [10, 0, 0],
      resource: [0, 0, 0],
      flags: [8 | 16, 4 | 8, 4 | 8],
      length: 3,
    },
    resourceTable: tables.resourceTable,
    nativeSymbols: tables.nativeSymbols,
  },
  threads: [
    { name: 'bench', pid: '7', tid: 7, samples: { ...samples, stack: [2, 2, 1, 0, -1] } },
    { name: 'helper', pid: '7', tid: 9, samples: { ...samples, stack: [0] } },
  ],
};

describe.each([
  ['48, tables in the threads', perThread],
  ['56, shared texts', sharedStrings],
  ['58, shared sources', withSources],
  ['75, shared tables with flags', newest],
])('a processed profile of version %s', (_, profile) => {
  const text = JSON.stringify(profile);

  it('is known by its content', () => {
    for (const name of ['', 'a.json', 'b.cpuprofile']) expect(formatOf(text, name)).toBe('firefox');
  });

  it('gives stacks, inlined code, files and objects', async () => {
    const raw = await read(text);
    expect(stacksOf(raw, true)).toEqual({
      'main:12;hak_alloc:33;front:7': 2,
      'main:12;hak_alloc:33': 1,
      'main:12': 2,
    });
    expect(raw.event).toEqual({ name: 'samples', unit: 'samples', samples: 5, weight: 5 });
    const front = raw.frames.find((f) => f.name === 'front');
    expect(front).toMatchObject({
      inlined: true,
      file: '/src/front.h',
      object: '/opt/libhak.so',
      address: 0x2000,
    });
    expect(raw.frames.find((f) => f.name === 'main')).toMatchObject({
      inlined: false,
      object: null,
      definedAt: 10,
    });
    expect(raw.frames.find((f) => f.name === 'hak_alloc')?.file).toBe('core/alloc.c');
    expect(raw.buildIds).toEqual({ '/opt/libhak.so': 'abcdef0123456789abcd' });
    expect(raw.threads.map((t) => [t.name, t.tid, t.weight])).toEqual([
      ['bench', 7, 4],
      ['helper', 9, 1],
    ]);
    expect(linesOf(profileOf(raw))).toMatchObject({ '/src/front.h:7': 40, '/src/main.c:12': 40 });
    expect(raw.skipped).toBeNull();
  });

  it('takes one thread by number or name', async () => {
    expect(stacksOf(await read(text, '', { thread: '9' }))).toEqual({ main: 1 });
    expect((await read(text, '', { thread: 'bench' })).event.samples).toBe(4);
    expect(await refusal(text, { thread: 'GeckoMain' })).toMatch(/no thread 'GeckoMain'.*bench \(7\)/);
  });

  it('is refused with one line when it was cut off', async () => {
    for (const share of [0.5, 0.9])
      expect(await refusal(text.slice(0, Math.floor(text.length * share)))).toMatch(/ends too early/);
  });
});

describe('events of a Firefox profile', () => {
  const [thread] = perThread.threads;

  it('are samples and processor time where it was measured', async () => {
    const cpu = { ...samples, threadCPUDelta: [99, 500, 0, 250, null] };
    const text = JSON.stringify({ ...perThread, threads: [{ ...thread, samples: cpu }] });
    const raw = await read(text);
    expect(raw.events.map((e) => e.name)).toEqual(['samples', 'cpu']);
    expect(raw.notes.join()).toMatch(/waiting threads/);
    const timed = await read(text, '', { event: 'cpu' });
    expect(timed.event).toEqual({ name: 'cpu', unit: 'nanoseconds', samples: 2, weight: 750_000 });
    expect(stacksOf(timed)).toEqual({ 'main;hak_alloc;front': 500_000, main: 250_000 });
  });

  it('are weights where there are any', async () => {
    const timed = { ...samples, weight: [1.5, 1, 1, 0.5, 9], weightType: 'tracing-ms' };
    const raw = await read(JSON.stringify({ ...perThread, threads: [{ ...thread, samples: timed }] }));
    expect(raw.event).toEqual({ name: 'time', unit: 'nanoseconds', samples: 4, weight: 4_000_000 });
    expect(await refusal(JSON.stringify(perThread), { event: 'cycles' })).toMatch(
      /no event 'cycles'.*samples/,
    );
  });
});

describe('a bad Firefox profile', () => {
  const [thread] = perThread.threads;
  const broken = (change: object): string =>
    JSON.stringify({ ...perThread, threads: [{ ...thread, ...change }] });

  it("is Gecko's own: it says what to do", async () => {
    const gecko = {
      meta: { version: 27, product: 'Firefox' },
      libs: [],
      threads: [{ name: 'GeckoMain', samples: { schema: {}, data: [] }, stringTable: [] }],
    };
    expect(await refusal(JSON.stringify(gecko))).toMatch(/profiler\.firefox\.com/);
  });

  it.each([
    ['no threads', JSON.stringify({ meta: meta(48), libs: [] })],
    ['no samples', broken({ samples: { ...samples, stack: [] } })],
    ['no texts', broken({ stringArray: undefined })],
    ['no tables', broken({ stackTable: undefined, frameTable: 7, funcTable: null })],
    ['threads of another kind', JSON.stringify({ meta: meta(48), threads: [null, 3, 'x'] })],
  ])('has %s', async (_, text) => {
    expect(await refusal(text)).toMatch(/^file: This Firefox profile cannot be read: /);
  });

  it('points at itself, or at nothing', async () => {
    const raw = await read(broken({ stackTable: { frame: [0, 1, 99], prefix: [null, 1, 1] } }));
    expect(stacksOf(raw)).toEqual({ main: 1, hak_alloc: 3 });
    expect(raw.skipped?.count).toBe(2);
  });
});
