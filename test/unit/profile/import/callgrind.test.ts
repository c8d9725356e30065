import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linesOf, profileOf, sharesOf } from '../fixtures.ts';
import { formatOf, read, refusal, selfOf, stacksOf } from './reading.ts';

const box = `static inline int mix(int x) {
  x ^= x << 3;
  x += 7;
  return x;
}
`;
const program = `#include "box.h"
#define KEEP __attribute__((noinline))
static volatile int calls;
KEEP int leaf(int n) {
  int s = 0;
  for (int i = 0; i < n; i++) s = mix(s + i);
  calls++;
  return s;
}
KEEP int left(int n) { return leaf(n) + 1; }
KEEP int right(int n) { return leaf(3 * n) + 2; }
KEEP int deep(int n) { return n == 0 ? leaf(10) : deep(n - 1) + 1; }
int main(void) {
  volatile int s = 0;
  for (int i = 0; i < 200; i++) {
    s += left(100);
    s += right(100);
  }
  s += deep(50);
  return s == 12345;
}
`;

describe('files of valgrind itself', () => {
  let folder = '';
  let callgrind = '';
  let withInstructions = '';
  let cachegrind = '';

  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-valgrind-'));
    writeFileSync(path.join(folder, 'box.h'), box);
    writeFileSync(path.join(folder, 'main.c'), program);
    const run = (command: string, ...args: string[]): void => {
      execFileSync(command, args, { cwd: folder, stdio: 'pipe' });
    };
    run('gcc', '-O1', '-g', '-o', 'prog', 'main.c');
    run('valgrind', '--tool=callgrind', '--callgrind-out-file=plain.out', './prog');
    run(
      'valgrind',
      '--tool=callgrind',
      '--callgrind-out-file=full.out',
      '--dump-instr=yes',
      '--collect-jumps=yes',
      '--branch-sim=yes',
      './prog',
    );
    run('valgrind', '--tool=cachegrind', '--cachegrind-out-file=cache.out', './prog');
    const text = (name: string): string => readFileSync(path.join(folder, name), 'utf8');
    callgrind = text('plain.out');
    withInstructions = text('full.out');
    cachegrind = text('cache.out');
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('are known by their content', () => {
    for (const name of ['', 'x.txt', 'cachegrind.out.1', 'callgrind.out.1']) {
      expect(formatOf(callgrind, name)).toBe('callgrind');
      expect(formatOf(withInstructions, name)).toBe('callgrind');
      expect(formatOf(cachegrind, name)).toBe('cachegrind');
    }
  });

  it('add up to the total that the file gives', async () => {
    const raw = await read(callgrind);
    const total = Number(/^totals: (\d+)/m.exec(callgrind)?.[1]);
    const sum = Object.values(selfOf(raw)).reduce((s, n) => s + n, 0);
    expect(total).toBeGreaterThan(500_000);
    expect(raw.event).toMatchObject({ name: 'Ir', unit: 'instructions', weight: total });
    expect(sum).toBeCloseTo(total, 3);
    expect(raw.skipped).toBeNull();
    expect(raw.threads[0]?.name).toBe('prog');
  });

  it('give inclusive costs as callgrind_annotate does, recursion once', async () => {
    const listing = execFileSync(
      'callgrind_annotate',
      ['--inclusive=yes', '--threshold=100', '--show-percs=no', 'plain.out'],
      { cwd: folder, encoding: 'utf8' },
    );
    const annotated = (name: string): number => {
      const row = new RegExp(`^\\s*([\\d,]+)(?: \\([^)]*\\))?\\s+\\S*:${name}(?: |$)`, 'm').exec(listing);
      return Number(row?.[1]?.replaceAll(',', ''));
    };
    const raw = await read(callgrind);
    const profile = profileOf(raw);
    const total = (name: string): number =>
      ((profile.functions.find((f) => f.name === name)?.totalPercent ?? 0) * raw.event.weight) / 100;
    for (const name of ['main', 'left', 'right', 'leaf']) {
      expect(annotated(name)).toBeGreaterThan(0);
      expect(Math.round(total(name))).toBe(annotated(name));
    }
    // Callgrind has the deeper calls as deep'2, whose calls of itself callgrind_annotate counts again.
    expect(Math.round(total('deep'))).toBe(annotated('deep'));
  });

  it('spread a function over its callers by what their calls cost', async () => {
    const raw = await read(callgrind);
    const stacks = stacksOf(raw);
    const under = (caller: string): number =>
      Object.entries(stacks)
        .filter(([stack]) => stack.endsWith(`;main;${caller};leaf`))
        .reduce((sum, [, weight]) => sum + weight, 0);
    expect(under('right') / under('left')).toBeCloseTo(3, 1);
  });

  it('agree line by line with cachegrind, which counts by other means', async () => {
    const calls = await read(callgrind);
    const cache = await read(cachegrind);
    const count = (raw: typeof calls): Record<string, number> =>
      Object.fromEntries(
        Object.entries(linesOf(profileOf(raw)))
          .filter(([place]) => /(?:main\.c|box\.h):\d+$/.test(place))
          .map(([place, percent]) => [
            place.replace(/.*\//, ''),
            Math.round((percent * raw.event.weight) / 100),
          ]),
      );
    const lines = count(calls);
    expect(Object.keys(lines).length).toBeGreaterThan(8);
    expect(lines['main.c:6']).toBeGreaterThan(100_000);
    expect(lines['box.h:3']).toBeGreaterThan(50_000);
    expect(lines).toEqual(count(cache));
    expect(cache.stacks).toBe(false);
    expect(Object.values(sharesOf(profileOf(cache))).every(([, total]) => total === null)).toBe(true);
  });

  it("keep inlined code's own file and the function's", async () => {
    const leaf = profileOf(await read(callgrind)).functions.find((f) => f.name === 'leaf');
    expect(leaf?.file).toMatch(/main\.c$/);
  });

  it('have addresses, jumps and other events with --dump-instr, and the same costs', async () => {
    const plain = profileOf(await read(callgrind));
    const raw = await read(withInstructions);
    const profile = profileOf(raw);
    expect(raw.skipped).toBeNull();
    for (const name of ['main', 'left', 'right', 'leaf', 'deep']) {
      const of = (p: typeof plain): number => p.functions.find((f) => f.name === name)?.selfPercent ?? 0;
      expect(of(profile)).toBeCloseTo(of(plain), 1);
    }
    // Addresses are those of the object's file, as nm writes them.
    const symbols = execFileSync('nm', ['-S', 'prog'], { cwd: folder, encoding: 'utf8' });
    const leaf = /^([0-9a-f]+) ([0-9a-f]+) T leaf$/m.exec(symbols);
    const start = Number.parseInt(leaf?.[1] ?? '', 16);
    const end = start + Number.parseInt(leaf?.[2] ?? '', 16);
    const addresses = raw.frames.flatMap((f) => (f.name === 'leaf' && f.address !== null ? [f.address] : []));
    expect(addresses.length).toBeGreaterThan(5);
    expect(addresses.every((a) => a >= start && a < end)).toBe(true);
    const branches = await read(withInstructions, '', { event: 'Bc' });
    expect(branches.event).toMatchObject({ name: 'Bc', unit: 'events' });
    expect(selfOf(branches).leaf).toBeGreaterThan(40_000);
    expect(raw.events.map((e) => e.name)).toEqual(['Ir', 'Bc', 'Bcm', 'Bi', 'Bim']);
  });

  it('are the same in pieces of any size', async () => {
    expect(stacksOf(await read(callgrind, '', {}, 37), true)).toEqual(
      stacksOf(await read(callgrind, '', {}, 1e6), true),
    );
  });

  it('are refused with one line when they were cut off', async () => {
    expect(await refusal(callgrind.slice(0, callgrind.length * 0.7))).toMatch(/ends too early/);
    expect(await refusal(cachegrind.slice(0, cachegrind.length * 0.7))).toMatch(/ends too early/);
    expect(await refusal(callgrind.slice(0, callgrind.indexOf('events:') + 20))).toMatch(/no costs/);
    expect(await refusal(cachegrind.slice(0, cachegrind.indexOf('events:') + 20))).toMatch(/no costs/);
  });

  it('name the events and threads there are when another is asked for', async () => {
    expect(await refusal(callgrind, { event: 'cycles' })).toMatch(/no event 'cycles'.*Ir/);
    expect(await refusal(cachegrind, { event: 'cycles' })).toMatch(/no event 'cycles'.*Ir/);
    expect(await refusal(callgrind, { thread: 'worker' })).toMatch(/no thread 'worker'/);
    expect(await refusal(cachegrind, { thread: 'worker' })).toMatch(/does not tell threads apart/);
  });
});

describe("the callgrind format's parts", () => {
  const head = 'version: 1\ncreator: by hand\npositions: line\nevents: Ir Dr\n\n';

  it('names by number, positions by difference, costs left out at the end', async () => {
    const raw = await read(
      `${head}ob=(1) /bin/x\nfl=(1) a.c\nfn=(1) main\n10 5 2\n+3 7\n-1 1\n* 1\ncfn=(2) f\ncalls=2 20\n* 9 1\nfn=(2)\n20 9 1\n`,
    );
    expect(stacksOf(raw, true)).toEqual({ 'main:10': 5, 'main:13': 7, 'main:12': 2, 'main:12;f:20': 9 });
    const data = await read(`${head}fl=(1) a.c\nfn=(1) main\n10 5 2\n+3 7\n`, '', { event: 'Dr' });
    expect(stacksOf(data, true)).toEqual({ 'main:10': 2 });
  });

  it('inlined files, callees of other files and objects', async () => {
    const raw = await read(
      `${head}ob=(1) x\nfl=(1) a.c\nfn=(1) main\n1 5\nfi=(2) b.h\n7 3\nfe=(1)\n2 1\ncob=(2) libc.so\ncfi=(3) m.c\ncfn=(2) memset\ncalls=1 4\n2 10\n\nob=(2)\nfl=(3)\nfn=(2)\n4 10\n`,
    );
    expect(raw.frames.find((f) => f.file === 'b.h')).toMatchObject({
      name: 'main',
      line: 7,
      definedIn: 'a.c',
    });
    expect(raw.frames.find((f) => f.name === 'memset')).toMatchObject({ file: 'm.c', object: 'libc.so' });
    expect(sharesOf(profileOf(raw))).toMatchObject({
      main: [47.368421, 100],
      memset: [52.631579, 52.631579],
    });
  });

  it('two functions that call each other end, and lose nothing', async () => {
    const raw = await read(
      `${head}fl=a.c\nfn=main\n1 10\ncfn=ping\ncalls=1 2\n1 90\nfn=ping\n2 50\ncfn=pong\ncalls=5 3\n2 80\nfn=pong\n3 40\ncfn=ping\ncalls=4 2\n3 70\n`,
    );
    expect(selfOf(raw)).toEqual({ main: 10, ping: expect.closeTo(50), pong: expect.closeTo(40) });
    const shares = sharesOf(profileOf(raw));
    expect(shares.main?.[1]).toBeCloseTo(100);
    expect(shares.ping?.[1]).toBeCloseTo(90);
    expect(raw.notes.join(' ')).toMatch(/upper bounds/);
  });

  it('counts lines that it cannot read, and goes on', async () => {
    const raw = await read(`${head}fl=a.c\nfn=main\n1 10\nwhat is this\n+x 3\n2 ten\n`);
    expect(selfOf(raw)).toEqual({ main: 10 });
    expect(raw.skipped).toEqual({ count: 3, first: 'line 9: what is this' });
  });

  it.each([
    ['only a header', head],
    ['functions without costs', `${head}fl=a.c\nfn=main\n`],
    ['costs of no function', `${head}1 10\n`],
    ['binary rubbish behind a good start', `# callgrind format\n${'\u0000\u0001'.repeat(5000)}`],
  ])('refuses %s', async (_, text) => {
    expect(await refusal(text)).toMatch(/^file: This callgrind file holds no costs/);
  });

  it('a chain of calls as long as a hostile file does not exhaust the stack', async () => {
    const chain = Array.from(
      { length: 30_000 },
      (_, i) => `fn=f${i}\n1 1\ncfn=f${i + 1}\ncalls=1 1\n1 ${30_000 - i}\n`,
    );
    const raw = await read(`${head}fl=a.c\n${chain.join('')}fn=f30000\n1 1\n`, '', {}, 65536);
    expect(Object.values(selfOf(raw)).reduce((s, n) => s + n, 0)).toBeCloseTo(30_001);
  });
});
