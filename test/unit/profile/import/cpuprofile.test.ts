import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { profileOf, sharesOf } from '../fixtures.ts';
import { formatOf, read, refusal, stacksOf } from './reading.ts';

const script = `function spin(until) {
  let x = 0;
  while (Date.now() < until) {
    for (let i = 0; i < 1e5; i++) x += Math.sqrt(i);
  }
  return x;
}
function outer() {
  return spin(Date.now() + 400);
}
outer();
`;

describe('a profile by node --cpu-prof', () => {
  let folder = '';
  let text = '';
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens cpuprofile-'));
    writeFileSync(path.join(folder, 'spin.js'), script);
    execFileSync(process.execPath, ['--cpu-prof', '--cpu-prof-dir', folder, path.join(folder, 'spin.js')]);
    const [file = ''] = readdirSync(folder).filter((f) => f.endsWith('.cpuprofile'));
    text = readFileSync(path.join(folder, file), 'utf8');
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is known by its content, whatever it is called', () => {
    for (const name of ['', 'x.txt', 'y.cpuprofile', 'z.json'])
      expect(formatOf(text, name)).toBe('cpuprofile');
  });

  it('finds the loop: its function, its lines, its callers', async () => {
    const raw = await read(text, 'spin.cpuprofile');
    expect(raw.event).toMatchObject({ name: 'cpu', unit: 'nanoseconds' });
    expect(raw.event.samples).toBeGreaterThan(20);
    const profile = profileOf(raw);
    const spin = profile.functions.find((f) => f.name === 'spin');
    expect(spin?.selfPercent).toBeGreaterThan(30);
    expect(spin).toMatchObject({ file: path.join(folder, 'spin.js'), line: 1 });
    const outer = profile.functions.find((f) => f.name === 'outer');
    expect(outer?.line).toBe(8);
    expect(outer?.totalPercent ?? 0).toBeGreaterThanOrEqual(spin?.selfPercent ?? 100);
    const inLoop = profile.lines.filter((l) => l.file.endsWith('spin.js') && l.line >= 3 && l.line <= 5);
    expect(inLoop.reduce((sum, l) => sum + l.percent, 0)).toBeGreaterThan(30);
    const time = JSON.parse(text) as { startTime: number; endTime: number };
    expect(raw.event.weight).toBeLessThanOrEqual((time.endTime - time.startTime) * 1000);
  });

  it('is refused with one line when it was cut off', async () => {
    for (const share of [0.3, 0.6, 0.99]) {
      expect(await refusal(text.slice(0, Math.floor(text.length * share)))).toMatch(/ends too early/);
    }
  });
});

const callFrame = (functionName: string, url = '', lineNumber = -1) => ({
  functionName,
  url,
  lineNumber,
  columnNumber: 0,
  scriptId: '1',
});

describe('the parts of a .cpuprofile', () => {
  const nodes = [
    { id: 1, callFrame: callFrame('(root)'), children: [2, 4] },
    { id: 2, callFrame: callFrame('a', 'file:///w/my%20dir/a.js', 4), children: [3] },
    {
      id: 3,
      callFrame: callFrame('', 'file:///w/b.js', 0),
      positionTicks: [
        { line: 3, ticks: 3 },
        { line: 9, ticks: 1 },
      ],
    },
    { id: 4, callFrame: callFrame('(idle)') },
  ];

  it('weighs a sample with the time until the next, leaves out idle time, spreads lines by ticks', async () => {
    const raw = await read(
      JSON.stringify({
        nodes,
        startTime: 100,
        endTime: 200,
        samples: [2, 3, 4, 3],
        timeDeltas: [10, 20, 30, 25],
      }),
    );
    // At 110, 130, 160, 185 and until 200.
    expect(stacksOf(raw, true)).toEqual({ a: 20_000, 'a;<anonymous>:3': 33_750, 'a;<anonymous>:9': 11_250 });
    expect(raw.notes.join()).toMatch(/idle for 27\.8 %/);
    expect(raw.frames.find((f) => f.name === 'a')).toMatchObject({
      file: '/w/my dir/a.js',
      definedAt: 5,
      line: null,
    });
  });

  it('puts samples that came out of order into the order of time', async () => {
    const raw = await read(
      JSON.stringify({ nodes, startTime: 0, endTime: 100, samples: [2, 3, 2], timeDeltas: [0, 50, -20] }),
    );
    // 0: a, 30: a, 50: b until the end.
    expect(stacksOf(raw)).toEqual({ a: 50_000, 'a;<anonymous>': 50_000 });
  });

  it('takes counts where there are no times, and the old tree', async () => {
    const counted = nodes.map((n) => ({ ...n, hitCount: n.id * 10, positionTicks: undefined }));
    const raw = await read(JSON.stringify({ nodes: counted, startTime: 0, endTime: 1 }));
    expect(raw.event).toMatchObject({ unit: 'samples', weight: 60 });
    const shares = sharesOf(profileOf(raw));
    expect(shares.a?.[0]).toBeCloseTo(33.333333);
    const old = await read(
      JSON.stringify({
        head: {
          functionName: '(root)',
          id: 1,
          children: [{ functionName: 'f', url: '/x.js', id: 2, hitCount: 4, children: [] }],
        },
      }),
    );
    expect(stacksOf(old)).toEqual({ f: 4 });
  });

  it.each([
    ['no nodes', { samples: [1], timeDeltas: [1], callFrame: 1, nodes: {} }],
    ['no samples', { nodes: nodes.map((n) => ({ ...n, hitCount: 0 })) }],
    ['idle time alone', { nodes, startTime: 0, endTime: 10, samples: [4], timeDeltas: [0] }],
    [
      'samples of nodes that are not there',
      { nodes, startTime: 0, endTime: 10, samples: [77], timeDeltas: [0] },
    ],
  ])('refuses %s', async (_, value) => {
    expect(await refusal(JSON.stringify(value))).toMatch(/cannot be read|Not a recording/);
  });

  it('nodes in a circle end', async () => {
    const circle = [
      { id: 1, callFrame: callFrame('(root)'), children: [2] },
      { id: 2, callFrame: callFrame('a'), children: [3], hitCount: 1 },
      { id: 3, callFrame: callFrame('b'), children: [2, 3], hitCount: 1 },
    ];
    expect(stacksOf(await read(JSON.stringify({ nodes: circle })))).toEqual({ a: 1, 'a;b': 1 });
  });

  it('has no threads to choose from', async () => {
    expect(await refusal(JSON.stringify({ nodes }), { thread: 'x' })).toMatch(/does not tell threads apart/);
  });
});
