import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cutProblems, problemWith, profileOf, read, selfOf } from './read.ts';
import { canRecord, Recorder } from './recorded.ts';

const section = (percent: string, global = false): string => `
Sorted summary for file /tmp/ia/t
----------------------------------------------

   66.00 t.c:3
 Percent |	Source code & Disassembly of t for cpu-clock (50 samples, percent: ${global ? 'global' : 'local'} period)
------------------------------------------------------------------------------------------------
         :
         : 3    Disassembly of section .text:
         :
         : 5    0000000000001190 <work.constprop.0>:
         : 6    work():
         : 5    #include <stdlib.h>
         : 6    #include <stdio.h>
    0.00 :   1190:   mov    %edi,%eax
         : 13   mix():
         : 3    static inline unsigned mix(unsigned x){ x ^= x << 13; x ^= x >> 17;
   ${percent} :   11a5:   lock addq $0x1,0x2d3c(%rip)        # 4010 <g> // t.c:3
   30.00 :   11a7:   mov    %edx,%eax
    0.40 :   11a8:   nop
         : 4    x ^= x << 5; return x; }
    0.30 :   11ae:   mov    %edx,%eax
    0.00 :   11ba:   ret
`;

describe('sections', () => {
  test('instructions with their lines; a place stands once, below half a percent not at all', async () => {
    const profile = profileOf(await read(section('69.30')));
    expect(profile.functions).toMatchObject([{ name: 'work.constprop.0', selfPercent: 100, object: 't' }]);
    expect(profile.lines.map((l) => [l.file, l.line, Number(l.percent.toFixed(6))])).toEqual([
      ['t.c', 3, 99.7],
      ['t.c', 4, 0.3],
    ]);
    expect(profile.lines[0]?.instructions?.[0]).toMatchObject({
      address: '11a5',
      text: 'lock addq $0x1,0x2d3c(%rip) # 4010 <g>',
      function: 'work.constprop.0',
    });
    expect(profile.details?.addresses[0]?.points).toHaveLength(4);
    expect(profile.details?.notes).toEqual(['Shares are of the samples of the annotated functions.']);
  });

  test('local percentages are weighted by the samples of their function', async () => {
    const other = section('69.30').replaceAll('work.constprop.0', 'rec').replace('50 samples', '150 samples');
    const profile = profileOf(await read(section('69.30') + other));
    expect(selfOf(profile, 'rec')).toBeCloseTo(75, 6);
    expect(profile.samples).toBe(200);
  });

  test('global percentages are as they are, and what is missing is not listed', async () => {
    const profile = profileOf(await read(section('19.30', true)));
    expect(selfOf(profile, 'work.constprop.0')).toBeCloseTo(50, 6);
    expect(selfOf(profile, '[not listed]')).toBeCloseTo(50, 6);
    expect(profile.details?.notes[0]).toContain(
      '50.00 % of the samples are in functions that are not annotated',
    );
  });

  test('several events are kept apart', async () => {
    const other = section('69.30')
      .replace('for cpu-clock', 'for page-faults')
      .replace('<work.constprop.0>', '<rec>');
    const text = section('69.30') + other.replace('50 samples', '51 samples');
    expect(selfOf(profileOf(await read(text)), 'rec')).toBe(100);
    expect(selfOf(profileOf(await read(text, { event: 'cpu-clock' })), 'rec')).toBe(0);
  });

  test('without source lines it says how to get them', async () => {
    const profile = profileOf(await read(section('69.30').replace(' // t.c:3', '')));
    expect(profile.lines).toEqual([]);
    expect(profile.details?.notes.join()).toContain('perf annotate --stdio -l');
  });

  test('without instructions there is one line', async () => {
    const head = section('69.30').split('\n').slice(0, 9).join('\n');
    await expect(read(head, { name: 'a.txt' })).rejects.toThrow(
      /^a\.txt: perf annotate text without an instruction/,
    );
    await expect(read(section('69.30'), { thread: '1' })).rejects.toThrow(/does not say which threads/);
  });
});

describe.skipIf(!canRecord())('what perf itself writes (skipped where gcc or perf is missing)', () => {
  let recorder: Recorder;
  let data = '';
  beforeAll(() => {
    recorder = new Recorder();
    data = recorder.record('plain.data', '-e', 'cpu-clock', '-F', '1999');
  });
  afterAll(() => recorder.remove());

  test('lines agree with the sampled addresses’ lines', async () => {
    const raw = await read(recorder.perf('annotate', data, '--stdio', '-l'));
    expect(raw.format).toBe('perf-annotate');
    expect(raw.skipped).toBeNull();
    const profile = profileOf(raw);
    const exact = profileOf(await read(recorder.perf('script', data, '-F', '+srcline')));
    const busy = exact.lines.filter((l) => l.file.endsWith('busy.c') && l.percent > 2);
    expect(busy.length).toBeGreaterThan(2);
    for (const line of busy) {
      const found = profile.lines.find((l) => l.line === line.line && l.file.endsWith('busy.c'));
      expect(Math.abs((found?.percent ?? 0) - line.percent)).toBeLessThan(1);
    }
    expect(profile.lines.some((l) => (l.instructions?.length ?? 0) > 0)).toBe(true);
  });

  test('without lines, and of one function', async () => {
    const raw = await read(recorder.perf('annotate', data, '--stdio', '-s', 'busy_work'));
    expect(selfOf(profileOf(raw), 'busy_work')).toBeCloseTo(100, 6);
    expect(raw.frames.every((f) => f.address !== null && f.instruction !== undefined)).toBe(true);
  });

  test('cut off anywhere it gives a result or one line, whatever its name', async () => {
    const text = recorder.perf('annotate', data, '--stdio', '-l', '-s', 'busy_work');
    const bytes = new TextEncoder().encode(text);
    expect(await cutProblems(bytes, 'annotate.txt', 1000)).toEqual([]);
    expect(await read(text, { name: 'x.folded' })).toEqual(await read(text));
    expect(
      await problemWith(
        bytes.map((b, i) => (i % 5 === 0 ? 255 : b)),
        '',
      ),
    ).toBeNull();
  });
});
