import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { perfFrame } from '../../../../extension/profile/import/perf-script-frame.ts';
import { perfScript } from '../../../../extension/profile/import/perf-script.ts';
import { chunked, cutProblems, problemWith, profileOf, read, selfOf, stacksOf } from './read.ts';
import { canRecord, Recorder } from './recorded.ts';

const chains = `# ========
# cmdline : /usr/bin/perf record -g ./t
# ========
#
t   558 35346.723412:    1001001 cpu-clock:
\t            11b5 work.constprop.0+0x25 (/tmp/ia/t)
\t            1072 main+0x22 (/tmp/ia/t)

t   558 35346.724471:    1001003 cpu-clock:
\tffffffff81000130 entry_SYSCALL_64_after_hwframe+0x76 ([kernel.kallsyms])
\t            1072 main+0x22 (/tmp/ia/t)

`;

const flat = `            perf 12345 123.456:     250000 cycles:u:  ffffffff817554ea elf_load+0x28a ([kernel.kallsyms])
     my prog (1)  2/22   [003]   123.457:          7 cycles:u:      55baf6d381a5 ns::f(int, char)+0x5 (/opt/my dir/a (b).so (deleted))
     my prog (1)  2/22   [003]   123.458:          1 page-faults:      55baf6d381a5 [unknown] ([unknown])
`;

describe('frames', () => {
  test.each([
    ['11b5 work.constprop.0+0x25 (/tmp/t)', { name: 'work.constprop.0', object: '/tmp/t', address: 0x11b5 }],
    ['55baf6d381a5 f+0x1 (/tmp/t (deleted))', { name: 'f', object: '/tmp/t (deleted)', address: null }],
    [
      'ffffffff817554ea elf_load+0x28a ([kernel.kallsyms])',
      { name: 'elf_load', object: '[kernel.kallsyms]', address: null },
    ],
    ['7f12 [unknown] ([unknown])', { name: '[unknown]', object: null, address: 0x7f12 }],
    [
      '7f12 ns::f(int, char const*)::{lambda()#1}::operator()() const+0x3 (/a b/c)',
      { name: 'ns::f(int, char const*)::{lambda()#1}::operator()() const', object: '/a b/c' },
    ],
    ['7f12 operator new(unsigned long)', { name: 'operator new(unsigned long)', object: null }],
    ['7f12 f+0x0 (/lib/libc.so.6+0x9a1)', { name: 'f', object: '/lib/libc.so.6', address: 0x9a1 }],
    ['7f12', { name: '[unknown]', object: null }],
    ['7f12 (/lib/x.so)', { name: '[unknown]', object: '/lib/x.so' }],
    ['7f00aabbcc00 55baf6d381a5 add (/x)', { name: 'add', object: '/x' }],
    ['7f12 f+0x1 (/tmp/we(ird)', { name: 'f', object: '/tmp/we(ird' }],
    ['7f12 mix+0x15 (inlined)', { name: 'mix', object: null, inlined: true }],
    ['7f12 mix+0x15\n  /s/t.c:3 (inlined)\n', { name: 'mix', file: '/s/t.c', line: 3, inlined: true }],
    ['7f12 mix+0x15 (/x)\n  t.c:3 (discriminator 2)', { file: 't.c', line: 3 }],
    ['7f12 mix+0x15 (/x)\n  ??:0', { file: null, line: null }],
    ['7f12 mix+0x15 (/x)\n  mix+42', { file: null, line: null }],
  ])('%j', (text, expected) => {
    expect(perfFrame(text).frame).toMatchObject(expected);
  });
});

describe('text in its usual orders', () => {
  test('call chains: outermost last in the text, first in the tree; the period is the weight', async () => {
    const raw = await read(chains);
    expect(stacksOf(raw)).toEqual({
      'main;work.constprop.0': 1001001,
      'main;entry_SYSCALL_64_after_hwframe': 1001003,
    });
    expect(raw.event).toEqual({ name: 'cpu-clock', unit: 'samples', samples: 2, weight: 2002004 });
    expect(raw.threads).toEqual([{ name: 't', pid: null, tid: 558, weight: 2002004 }]);
    expect(raw.skipped).toBeNull();
  });

  test('without chains: name with blanks, pid/tid, cpu, deleted object, several events apart', async () => {
    const raw = await read(flat);
    expect(stacksOf(raw)).toEqual({ elf_load: 250000, 'ns::f(int, char)': 7 });
    expect(raw.threads[1]).toEqual({ name: 'my prog (1)', pid: 2, tid: 22, weight: 7 });
    expect(raw.frames.find((f) => f.name.startsWith('ns'))?.object).toBe('/opt/my dir/a (b).so (deleted)');
    expect(raw.events.map((e) => [e.name, e.samples])).toEqual([
      ['cycles:u', 2],
      ['page-faults', 1],
    ]);
    expect(raw.notes.join()).toContain('page-faults (1 samples)');
    const faults = await read(flat, { event: 'page-faults' });
    expect(stacksOf(faults)).toEqual({ '[unknown]': 1 });
    expect(stacksOf(await read(flat, { event: 'cycles' }))).toEqual(stacksOf(raw));
    await expect(read(flat, { event: 'nothing' })).rejects.toThrow(
      /No samples of the event nothing. It has: cycles:u \(2\)/,
    );
  });

  test('one thread, by number or by name', async () => {
    expect(stacksOf(await read(flat, { thread: '22' }))).toEqual({ 'ns::f(int, char)': 7 });
    expect(stacksOf(await read(flat, { thread: 'perf' }))).toEqual({ elf_load: 250000 });
    await expect(read(flat, { thread: 'x' })).rejects.toThrow(
      /No samples of the thread x. It has: perf 12345, my prog \(1\) 22/,
    );
  });

  test.each([
    ['no period', 't 558 35346.7: cycles:\n\t11b5 f+0x25 (/t)\n\n', { f: 1 }],
    ['no event', 't 558 35346.7:\n\t11b5 f+0x25 (/t)\n\n', { f: 1 }],
    ['no event, period', 't 558 35346.7:  77  11b5 f+0x25 (/t)\n', { f: 77 }],
    ['no event, decimal address', 't 558 35346.7:  401136 f+0x25 (/t)\n', { f: 1 }],
    ['no time', 't 558  99 cycles:\n\t11b5 f+0x25 (/t)\n\n', { f: 99 }],
    ['no time, cpu', 't 558/559 [000] cycles: 11b5 f+0x25 (/t)\n', { f: 1 }],
    ['comm and pid', 't 558 11b5 f+0x25 (/t)\nt 558 11b5 f+0x25 (/t)\n', { f: 2 }],
    ['flags', 't 558 [001] .... 35346.7:  5 cycles:  11b5 f+0x25 (/t)\n', { f: 5 }],
    [
      'frames alone',
      '\n\t11b5 f+0x25 (/t)\n\t11b5 g+0x25 (/t)\n\n\n\t11b5 f+0x25 (/t)\n',
      { 'g;f': 1, f: 1 },
    ],
    [
      'blanks for tabs',
      't 558 35346.7: 3 cycles:\n        11b5 f+0x25 (/t)\n        11b6 g+0x1 (/t)\n\n',
      { 'g;f': 3 },
    ],
    [
      'chain below a frame',
      't 558 35346.7: 3 cycles: 11b5 f+0x25 (/t)\n\t11b5 f+0x25 (/t)\n\t22 g+0x1 (/t)\n\n',
      { 'g;f': 3 },
    ],
    [
      'no frames',
      't 558 35346.7: 3 cycles:\n\nt 558 35346.8: 3 cycles:\n\t11b5 f (/t)\n\n',
      { '[unknown]': 3, f: 3 },
    ],
    [
      'tracepoint',
      'swapper     0 [000] 1.2: sched:sched_switch: prev_comm=a b prev_pid=3 ==> next=x\n\t11b5 f (/t)\n\n',
      { f: 1 },
    ],
    [
      'line ends of Windows',
      't 558 35346.7: 3 cycles:\r\n\t11b5 f+0x25 (/t)\r\n\t11b6 g+0x1 (/t)\r\n\r\n',
      { 'g;f': 3 },
    ],
    ['no last line end', 't 558 35346.7: 3 cycles:\n\t11b5 f+0x25 (/t)', { f: 3 }],
    ['idle', ':-1    -1 [000] 35346.7: 3 cycles:\n\t11b5 f+0x25 (/t)\n\n', { f: 3 }],
    ['source code', 't 558 11b5 f\n|3        int x = 1;\nt 558 11b5 f\n|4        x++;\n', { f: 2 }],
  ])('%s', async (_, text, stacks) => {
    const raw = await read(text);
    expect(stacksOf(raw)).toEqual(stacks);
    expect(raw.skipped).toBeNull();
  });

  test('source lines below frames, inlined frames in the object of the function around them', async () => {
    const raw = await read(`t  1381 35390.592996:    5025125 cpu-clock:
\t            11a5 mix+0x15
  t.c:3 (inlined)
\t            11a5 rec+0x15 (/tmp/t)
  t.c:8
\t            1072 main+0x22 (/tmp/t)
  ??:0

`);
    expect(raw.frames).toEqual([
      { name: 'main', file: null, line: null, object: '/tmp/t', address: 0x1072, inlined: false },
      { name: 'rec', file: 't.c', line: 8, object: '/tmp/t', address: 0x11a5, inlined: false },
      { name: 'mix', file: 't.c', line: 3, object: '/tmp/t', address: 0x11a5, inlined: true },
    ]);
  });

  test('a function under another name than its symbol is not inlined, though perf says so', async () => {
    const raw = await read(`t  1381 35390.592996:    5025125 cpu-clock:
\t            11a5 work+0x15 (inlined)
\t            11c9 rec+0x9 (/tmp/t)

`);
    expect(raw.frames.find((f) => f.name === 'work')).toMatchObject({ inlined: false, object: null });
  });

  test('records are no samples; lost ones are told', async () => {
    const raw = await read(`t 558 35346.7: PERF_RECORD_MMAP2 558/558: [0x55(0x1000) @ 0 fe:00 1 2]: r-xp /t
t 558 35346.7: PERF_RECORD_NAMESPACES 558/558 - nr_namespaces: 7
\t\t[0/net: 4/0xf0000098, 1/uts: 4/0xeffffffe]
t 558 35346.7: PERF_RECORD_LOST lost 12
${chains}`);
    expect(raw.event.samples).toBe(2);
    expect(raw.skipped).toBeNull();
    expect(raw.notes.join()).toContain('lost 12 samples');
  });

  test('lines that make no sense are counted, with the first of them, and their frames left out', async () => {
    const raw = await read(`${chains}something else entirely
\t            11b5 wrong+0x25 (/tmp/ia/t)

again
${chains}`);
    expect(raw.event.samples).toBe(4);
    expect(raw.frames.some((f) => f.name === 'wrong')).toBe(false);
    expect(raw.skipped).toEqual({ count: 2, first: 'something else entirely' });
  });

  test('a frame that is cut off takes its sample with it', async () => {
    const raw = await read(chains.slice(0, -20));
    expect(raw.event.samples).toBe(1);
    expect(raw.skipped?.count).toBe(1);
  });
});

describe('streaming', () => {
  const text = `${chains}${flat}t  1381 35390.5:    5 cpu-clock:
\t            11a5 mix+0x15
  t.c:3 (inlined)
\t            11a5 rec+0x15 (/tmp/t)
  t.c:8

   abcdefghijklmn  1381 35390.5:    5 cpu-clock:  11a5 mix+0x15
  t.c:3
${chains}`;

  test.each([1, 2, 3, 5, 7, 11, 64, 100])('pieces of %i bytes give the same', async (chunk) => {
    const whole = await read(text, { chunk: 1 << 20 });
    expect(await read(text, { chunk })).toEqual(whole);
    expect(whole.skipped).toBeNull();
    expect(whole.event.samples).toBe(6);
  });

  test('a line without end fills no memory and is counted', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield* chunked(chains);
      for (let i = 0; i < 40; i++) yield new Uint8Array(1 << 17).fill(120);
      yield* chunked(`\n${chains}`);
    }
    const { importRecording } = await import('../../../../extension/profile/import/detect.ts');
    const raw = await importRecording(endless(), '', { event: null, thread: null });
    expect(raw.event.samples).toBe(4);
    expect(raw.skipped?.count).toBe(1);
  });

  test('a first sample that is deeper than the head is known for what it is', async () => {
    let deep = 't 1 1.0: 1 cycles:\n';
    for (let i = 0; i < 5000; i++) deep += `\t${(4096 + i).toString(16)} again+0x1 (/t)\n`;
    const profile = profileOf(await read(`${deep}\n`));
    expect(profile.functions).toMatchObject([{ name: 'again', selfPercent: 100, totalPercent: 100 }]);
  });

  test('many different stacks grow every table', async () => {
    let big = '';
    for (let i = 0; i < 30_000; i++) {
      big += `t 1 1.${i}: 1 cycles:\n\t${(4096 + i).toString(16)} f${i % 1000}+0x1 (/t)\n\t${(i % 97) + 16} main+0x2 (/t)\n\n`;
    }
    const raw = await read(big);
    expect(raw.event.samples).toBe(30_000);
    expect(raw.nodes.parent.length).toBe(1 + 97 + 30_000);
    expect(selfOf(profileOf(raw), 'f7')).toBeCloseTo(0.1, 9);
  });
});

describe('what is not perf script', () => {
  test.each([
    [
      'cachegrind',
      'desc: I1 cache: 32768 B, 64 B, 8-way\ncmd: ./t\nevents: Ir\nfl=t.c\nfn=main\n12 345 0 0\n13 1 0 0\nsummary: 346 1 2\n',
    ],
    ['callgrind', 'events: Ir\nfl=(1) t.c\nfn=(1) main\n0x401136 12 3\n+3 12 4\ntotals: 12 34\n'],
    [
      'a log',
      'Nov 21 23:23:50 vm kernel: [   12.345678] usb 1-1: new device\nNov 21 23:23:51 vm sshd[12]: x 1: y\n',
    ],
    ['a table', 'name 12 ab\nother 13 cd\nsome words here\n'],
    ['folded stacks', 'main;work 12\nmain 3\n'],
  ])('%s', (_, text) => {
    expect(perfScript.sniff(new TextEncoder().encode(text), '')).toBe(false);
  });
});

describe('damaged and hostile text', () => {
  test('events without end are refused', async () => {
    const lines = Array.from({ length: 400 }, (_, i) => `t 1 1.0: 1 e${i}: 1 f (/t)\n`).join('');
    await expect(read(lines)).rejects.toThrow(/More than 256 different events/);
  });

  test('periods beyond all numbers are skipped', async () => {
    const raw = await read(`${chains}t 1 1.0: ${'9'.repeat(400)} cpu-clock: 1 f (/t)\n`);
    expect(raw.skipped?.count).toBe(1);
    expect(raw.event.weight).toBe(2002004);
  });

  test('names of objects’ own properties are names', async () => {
    const raw = await read('__proto__ 1 1.0: 1 constructor: 1 __proto__+0x1 (hasOwnProperty)\n');
    expect(stacksOf(raw)).toEqual({ ['__proto__']: 1 });
    expect(raw.event.name).toBe('constructor');
    expect(profileOf(raw).functions[0]?.name).toBe('__proto__');
  });

  test('noise of every kind gives one line', async () => {
    const noise = new Uint8Array(50_000);
    let state = 1;
    for (let i = 0; i < noise.length; i++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      noise[i] = state >>> 24;
    }
    const start = new TextEncoder().encode(chains);
    const mixed = new Uint8Array(start.length + noise.length);
    mixed.set(start);
    mixed.set(noise, start.length);
    expect(await problemWith(mixed, '')).toBeNull();
    expect(await problemWith(noise, 'x.perf')).toBeNull();
    expect(await problemWith(new Uint8Array(100_000), '')).toBeNull();
  });
});

describe.skipIf(!canRecord())('what perf itself writes (skipped where gcc or perf is missing)', () => {
  let recorder: Recorder;
  let plain = '';
  let graph = '';
  let dwarf = '';
  beforeAll(() => {
    recorder = new Recorder();
    plain = recorder.record('plain.data', '-e', 'cpu-clock,page-faults', '-F', '999');
    graph = recorder.record('graph.data', '-e', 'cpu-clock', '-F', '999', '-g');
    dwarf = recorder.record('dwarf.data', '-e', 'cpu-clock', '-F', '199', '--call-graph', 'dwarf,4096');
  });
  afterAll(() => recorder.remove());

  test('call graphs: all samples, the hot function, recursion once', async () => {
    const text = recorder.perf('script', graph);
    const raw = await read(text);
    const samples = text.split('\n').filter((l) => / cpu-clock:/.test(l)).length;
    expect(raw.event.samples).toBe(samples);
    expect(samples).toBeGreaterThan(20);
    expect(raw.skipped).toBeNull();
    const profile = profileOf(raw, recorder.program);
    expect(selfOf(profile, 'busy_work')).toBeGreaterThan(70);
    const deeper = profile.functions.find((f) => f.name === 'deeper');
    expect(deeper?.totalPercent).toBeGreaterThan(70);
    expect(deeper?.totalPercent).toBeLessThanOrEqual(100);
    expect(profile.functions.find((f) => f.name === 'busy_work')?.object).toBe(recorder.program);
  });

  test.each([
    [],
    ['-F', 'comm,tid,time,event,ip,sym,dso'],
    ['-F', 'comm,pid,tid,time,period,event,ip,sym,symoff,dso'],
    ['-F', 'comm,tid,event,ip,sym'],
    ['-F', 'comm,tid,ip,sym,dso'],
    ['-F', 'tid,time,ip,sym,dso'],
    ['-F', '+srcline'],
    ['--header'],
    ['--show-mmap-events', '--show-task-events', '--show-lost-events'],
    ['--ns'],
  ])('without graphs, %j', async (...options) => {
    const text = recorder.perf('script', plain, ...options);
    const raw = await read(text);
    expect(raw.skipped).toBeNull();
    const all = raw.events.reduce((sum, e) => sum + e.samples, 0);
    expect(all).toBe(
      (await read(recorder.perf('script', plain))).events.reduce((sum, e) => sum + e.samples, 0),
    );
    expect(selfOf(profileOf(raw), 'busy_work')).toBeGreaterThan(50);
  });

  test('the same with graphs in each order of fields', async () => {
    const whole = stacksOf(await read(recorder.perf('script', graph)));
    for (const fields of [
      'comm,pid,tid,time,period,event,ip,sym,dso',
      'comm,tid,period,event,ip,sym,symoff',
    ]) {
      const raw = await read(recorder.perf('script', graph, '-F', fields));
      expect(stacksOf(raw)).toEqual(whole);
    }
    expect(Object.keys(stacksOf(await read(recorder.perf('script', graph, '-F', 'ip,sym')))).sort()).toEqual(
      Object.keys(whole).sort(),
    );
  });

  test('inlined frames and source lines from the debug information', async () => {
    const raw = await read(recorder.perf('script', dwarf, '-F', '+srcline'));
    expect(raw.skipped).toBeNull();
    const profile = profileOf(raw, recorder.program);
    expect(selfOf(profile, 'mix')).toBeGreaterThan(20);
    const inlined = raw.frames.find((f) => f.name === 'mix');
    expect(inlined).toMatchObject({ inlined: true, object: recorder.program, file: 'busy.c' });
    expect(
      profile.lines.filter((l) => l.file === 'busy.c').reduce((s, l) => s + l.percent, 0),
    ).toBeGreaterThan(60);
    expect(profile.lines.some((l) => (l.callSitePercent ?? 0) > 20)).toBe(true);
  });

  test('the name does not matter, nor gzip', async () => {
    const text = recorder.perf('script', graph);
    const unknown = await read(text);
    expect(await read(text, { name: 'perf.json' })).toEqual(unknown);
    expect(await read(gzipSync(text), { name: 'x.txt.gz' })).toEqual(unknown);
  });

  test('cut off anywhere it gives a result or one line', async () => {
    const bytes = new TextEncoder().encode(recorder.perf('script', graph));
    expect(await cutProblems(bytes, 'perf.script', 1000)).toEqual([]);
    const gz = gzipSync(bytes);
    expect(await cutProblems(gz, 'perf.script.gz', 100)).toEqual([]);
  });
});
