/** The arithmetic of the comparison of allocators: ratios inside rounds, net times, targets, who else uses the machine. */
import { describe, expect, it } from 'vitest';
import { allWorks } from '../../../bench/arms/arm.ts';
import { encodeFlat } from '../../../bench/arms/wasm-child.ts';
import { bestOf, figureOf, floorOf, medianPass, netOf, ratioOf } from '../../../bench/figures.ts';
import type { Sample, Table } from '../../../bench/measure.ts';
import { busyTicks, othersBetween, ownTicks } from '../../../bench/quiet.ts';
import { asMarkdown, asText } from '../../../bench/tables.ts';
import { type Measured, targetLines } from '../../../bench/targets.ts';

const sample = (mops: number, over: Partial<Sample> = {}): Sample => ({
  ...{ median: mops * 1e6, first: mops * 5e5, peakBytes: null, latency: null, others: 0, disturbed: false },
  ...over,
});
const table = (rows: Readonly<Record<string, Readonly<Record<string, (Sample | undefined)[]>>>>): Table =>
  new Map(Object.entries(rows).map(([work, arms]) => [work, new Map(Object.entries(arms))]));

describe('figures', () => {
  const t = table({
    w: {
      a: [sample(10), sample(40), sample(20)],
      b: [sample(20), sample(10), sample(20, { disturbed: true })],
      broken: [undefined, sample(5)],
    },
  });

  it('a ratio is one of medians, its range that of the ratios inside the rounds', () => {
    const ratio = ratioOf(t, { work: 'w', arm: 'a' }, { work: 'w', arm: 'b' }, medianPass);
    expect(ratio).toEqual({ value: 1, low: 0.5, high: 4, disturbed: true });
    expect(ratioOf(t, { work: 'w', arm: 'a' }, { work: 'none', arm: 'b' }, medianPass)).toBeNull();
  });

  it('a round without a sample counts for nothing', () => {
    expect(figureOf(t, 'w', 'broken', medianPass)).toMatchObject({ value: 5e6, low: 5e6, high: 5e6 });
    expect(bestOf(t, 'w', ['broken', 'b', 'nobody'], medianPass)).toBe('b');
  });

  it('net time is what the loop takes less the floor of its own harness', () => {
    const loops = table({
      'random_mixed:tiny': { 'engine fast-calls': [sample(50)], 'mimalloc (preload)': [sample(50)] },
      'floor:tiny': { 'engine fast': [sample(100)], glibc: [sample(200)] },
    });
    expect(netOf(loops, 'tiny', 'engine fast-calls')?.value).toBeCloseTo(10);
    expect(netOf(loops, 'tiny', 'mimalloc (preload)')?.value).toBeCloseTo(15);
    expect(netOf(loops, 'mid', 'engine fast-calls')).toBeNull();
    expect(floorOf('mimalloc (static LTO)')).toBe('mimalloc (static LTO)');
  });
});

describe('targets', () => {
  const works = allWorks([{ file: 'x/demo.trace.gz', threads: 2, operations: 1e6 }]);
  const measured = (speed: Table): Measured => ({
    ...{ speed, memory: new Map(), latency: new Map(), works },
    arms: ['engine fast', 'engine fast-calls', 'glibc', 'mimalloc (preload)', 'tcmalloc (preload)'],
  });

  it('are met, missed or not measured, and name their arms', () => {
    const lines = targetLines(
      measured(
        table({
          'random_mixed:mid': {
            'engine fast-calls': [sample(30)],
            'mimalloc (preload)': [sample(20)],
            'tcmalloc (preload)': [sample(40)],
          },
          'pc T=2': { 'engine fast-calls': [sample(12)], 'mimalloc (preload)': [sample(10)] },
          'mstress T=1': { 'engine fast-calls': [sample(10)] },
          'mstress T=2': { 'engine fast-calls': [sample(17)] },
          'trace demo, flattened': {
            'engine fast-calls': [sample(30)],
            glibc: [sample(20)],
            'mimalloc (preload)': [sample(10)],
          },
        }),
      ),
    );
    const of = (what: string): unknown[][] =>
      lines.filter((l) => l.what === what).map((l) => [l.arms, l.value?.value ?? null, l.met]);
    expect(of('random_mixed:mid')[0]).toEqual(['engine fast-calls / tcmalloc (preload)', 0.75, false]);
    expect(of('pc T=2')[0]).toEqual(['engine fast-calls / mimalloc (preload)', 1.2, true]);
    expect(of('mstress, from 1 to 2 threads')).toEqual([['engine fast-calls', 1.7, false]]);
    expect(of('trace demo, flattened')[0]).toEqual(['engine fast-calls / glibc', 1.5, true]);
    expect(of('one-thread traces, geometric mean')[0]?.[2]).toBe(true);
    expect(of('trace demo, T=2')[0]).toEqual(['engine fast-calls / mimalloc (preload)', null, null]);
    expect(of('trace demo, T=2, peak memory')).toHaveLength(1);
  });

  it('a trace that is too short to be timed is in the one about memory alone', () => {
    const short = allWorks([{ file: 'pigz.trace.gz', threads: 4, operations: 239 }]);
    const lines = targetLines({ ...measured(new Map()), works: short });
    expect(lines.filter((l) => l.what.includes('pigz')).map((l) => l.what)).toEqual([
      'trace pigz, flattened, peak memory',
      'trace pigz, T=4, peak memory',
    ]);
  });
});

describe('who else uses the machine', () => {
  it('CPU time of all, stolen time included, less our own and our children', () => {
    const before = { at: 10, busy: busyTicks('cpu  100 5 50 1000 7 1 2 30 0 0\ncpu0 1 1\n') / 100, own: 0.5 };
    expect(before.busy).toBeCloseTo(1.88);
    const own = ownTicks('77 (a (strange) name) S 1 1 1 0 -1 4194304 9 9 0 0 11 22 33 44 20 0 1 0 5');
    expect(own).toBe(110);
    const after = { at: 12, busy: before.busy + 3, own: 2 };
    expect(othersBetween(before, after)).toBeCloseTo(0.75);
    expect(othersBetween(before, { ...after, own: 9 })).toBe(0);
  });
});

describe('tables', () => {
  const made = { title: 'T', header: ['arm', 'x'], rows: [['a|b', '1'], ['c', '10']] }; // biome-ignore format: rows
  it('as text and as Markdown', () => {
    expect(asText(made)).toBe('T\n  arm   x\n  a|b   1\n  c    10');
    expect(asMarkdown(made)).toBe('### T\n\n| arm | x |\n| --- | ---: |\n| a\\|b | 1 |\n| c | 10 |');
  });
});

describe('a trace for the other WebAssembly heaps', () => {
  it('is the code of the engine in file order, without the turns of the threads', () => {
    const text = '# alloc-trace v1 x objects=3 threads=2 ops=5\na 0 10\nt 1\nm 2 5 4\nc 1 7\nr 0 9\nf 2\n';
    const { words, live, objects, ops } = encodeFlat(text);
    expect([...words]).toEqual([1, 10, (2 << 5) | 4, 5, 8, (1 << 5) | 3, 7, 2, 9, 2 << 5]);
    expect([[...live], objects, ops]).toEqual([[0, 1], 3, 5]);
    expect(() => encodeFlat('hello')).toThrow();
    expect(() => encodeFlat('# alloc-trace v1 x objects=1 threads=1 ops=1\na 7 1\n')).toThrow(/line 2/);
  });
});
