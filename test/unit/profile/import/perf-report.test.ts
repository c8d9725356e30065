import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cutProblems, problemWith, profileOf, read, selfOf, stacksOf } from './read.ts';
import { canRecord, Recorder } from './recorded.ts';

const report = `# To display the perf.data header info, please use --header/--header-only options.
#
# Total Lost Samples: 0
#
# Samples: 51  of event 'cpu-clock'
# Event count (approx.): 1000
#
# Overhead  Command          Shared Object      Symbol
# ........  ...............  .................  ....................
#
    60.00%  my prog          t                  [.] work.constprop.0
    20.00%  t                [kernel.kallsyms]  [k] clear_page
    10.00%  t                libc.so.6          [.] 0x00000000000a3333


# Samples: 2K of event 'page-faults'
# Event count (approx.): 74
#
# Overhead  Command  Shared Object  Symbol
# ........  .......  .............  ....................
#
    36.49%  t        ld.so          [.] map
    63.51%  t        t              [.] rec


#
# (Tip: To change sampling frequency to 100 Hz: perf record -F 100)
#
`;

describe('tables', () => {
  test('functions, threads, and what the report does not list', async () => {
    const raw = await read(report);
    expect(raw.format).toBe('perf-report');
    const chosen = await read(report, { event: 'cpu-clock' });
    expect(stacksOf(chosen)).toEqual({
      'work.constprop.0': 600,
      clear_page: 200,
      '[unknown]': 100,
      '[not listed]': 100,
    });
    expect(chosen.threads).toEqual([
      { name: 'my prog', pid: null, tid: null, weight: 600 },
      { name: 't', pid: null, tid: null, weight: 300 },
    ]);
    expect(chosen.notes[0]).toBe('10.00 % of the samples are in rows that the report does not list.');
    expect(chosen.stacks).toBe(false);
    expect(profileOf(chosen).functions.find((f) => f.name === 'clear_page')?.category).toBe('kernel');
  });

  test('the event with most samples is taken, the others are named', async () => {
    const raw = await read(report);
    expect(raw.event).toEqual({ name: 'page-faults', unit: 'samples', samples: 2000, weight: 74 });
    expect(raw.notes.join()).toContain('cpu-clock (51 samples)');
    expect(selfOf(profileOf(raw), 'rec')).toBeCloseTo(63.51, 6);
  });

  test('one thread, by its name', async () => {
    const raw = await read(report, { event: 'cpu-clock', thread: 'my prog' });
    expect(stacksOf(raw)).toEqual({ 'work.constprop.0': 600 });
    await expect(read(report, { thread: 'x' })).rejects.toThrow(/No row of the thread x/);
  });

  test('children, source lines, and the lines of call graphs left out', async () => {
    const text = `# Samples: 100  of event 'cycles'
# Event count (approx.): 100
#
# Children      Self  Command  Shared Object  Symbol    Source:Line
# ........  ........  .......  .............  ........  ...........
#
    99.00%    99.00%  t        t              [.] work  /s/t.c:3
            |
            |--54.28%--work
            ---main
               0.50%--x

    99.50%     1.00%  t        t              [.] main  t.c:20
`;
    const profile = profileOf(await read(text));
    expect(profile.functions).toMatchObject([
      { name: 'work', selfPercent: 99, totalPercent: 99 },
      { name: 'main', selfPercent: 1, totalPercent: 99.5 },
    ]);
    expect(profile.lines).toEqual([
      { file: '/s/t.c', line: 3, percent: 99 },
      { file: 't.c', line: 20, percent: 1 },
    ]);
  });

  test('events of a group stand in one table', async () => {
    const text = `# Samples: 10  of events 'cycles, instructions'
# Event count (approx.): 200
#
#         Overhead  Command  Shared Object  Symbol
# ................  .......  .............  ........
#
    75.00%  50.00%  t        t              [.] work
    25.00%  50.00%  t        t              [.] main
`;
    expect(selfOf(profileOf(await read(text, { event: 'cycles' })), 'work')).toBe(75);
    expect(selfOf(profileOf(await read(text, { event: 'instructions' })), 'work')).toBe(50);
  });

  test('without rows there is one line', async () => {
    const head = report.split('\n').slice(0, 10).join('\n');
    await expect(read(head, { name: 'r.txt' })).rejects.toThrow(/^r\.txt: perf report text without a row/);
  });

  test('a row that is cut off is counted', async () => {
    const raw = await read(report.slice(0, report.indexOf('[.] 0x0')));
    expect(raw.skipped).toEqual({ count: 1, first: '10.00%  t                libc.so.6' });
  });
});

describe.skipIf(!canRecord())('what perf itself writes (skipped where gcc or perf is missing)', () => {
  let recorder: Recorder;
  let data = '';
  beforeAll(() => {
    recorder = new Recorder();
    data = recorder.record('graph.data', '-e', 'cpu-clock,page-faults', '-F', '999', '-g');
  });
  afterAll(() => recorder.remove());

  test.each([
    [[]],
    [['--no-children', '-g', 'none']],
    [['--children', '-g', 'none']],
    [['--no-children', '-n', '--sort', 'sym,dso']],
    [['--no-children', '-g', 'caller', '--sort', 'pid,sym']],
  ])('%j agrees with the samples of perf script', async (options) => {
    const exact = profileOf(await read(recorder.perf('script', data), { event: 'cpu-clock' }));
    const raw = await read(recorder.perf('report', data, '--stdio', ...options), { event: 'cpu-clock' });
    expect(raw.format).toBe('perf-report');
    expect(raw.skipped).toBeNull();
    const profile = profileOf(raw);
    for (const f of exact.functions.filter((f) => f.selfPercent > 1 && f.name !== '[unknown]')) {
      expect(Math.abs(selfOf(profile, f.name) - f.selfPercent)).toBeLessThan(0.1);
    }
    expect(profile.functions.reduce((s, f) => s + f.selfPercent, 0)).toBeCloseTo(100, 6);
  });

  test('cut off anywhere it gives a result or one line, whatever its name', async () => {
    const text = recorder.perf('report', data, '--stdio');
    const bytes = new TextEncoder().encode(text);
    expect(await cutProblems(bytes, 'report.txt', 1000)).toEqual([]);
    expect(await read(text, { name: 'x.json' })).toEqual(await read(text));
    expect(
      await problemWith(
        bytes.map((b, i) => (i % 7 === 0 ? 0 : b)),
        '',
      ),
    ).toBeNull();
  });
});
