/** The text of `perf script`, as different versions print it and as hostile programs make it look. */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawFrame } from '../../../extension/model-profile.ts';
import { type PerfDataOptions, readPerfData } from '../../../extension/native/perf-data.ts';
import {
  type ScriptOptions,
  type ScriptProfile,
  ScriptReader,
} from '../../../extension/native/perf-script.ts';
import { preflight } from '../../../extension/native/preflight.ts';
import { compileProfiled, lacking, markedLine, pathWithout, refusal } from './profile-fixtures.ts';

function read(text: string, options: Partial<ScriptOptions> = {}): ScriptProfile {
  const reader = new ScriptReader({ event: null, thread: null, launcher: null, ...options });
  for (const line of text.split('\n')) reader.line(line);
  const done = reader.done();
  if (done === null) throw new Error('no samples');
  return done;
}

/** Names of the frames of each node that has samples, innermost first, with its weight. */
function stacks(p: ScriptProfile): [string, number][] {
  const out: [string, number][] = [];
  for (let node = 1; node < p.nodes.parent.length; node++) {
    if ((p.nodes.self[node] ?? 0) === 0) continue;
    const names: string[] = [];
    for (let at = node; at > 0; at = p.nodes.parent[at] ?? 0)
      names.push(p.frames[p.nodes.frame[at] ?? 0]?.name ?? '');
    out.push([names.join('<'), p.nodes.self[node] ?? 0]);
  }
  return out;
}

const frameNamed = (p: ScriptProfile, name: string): RawFrame | undefined =>
  p.frames.find((f) => f.name === name);

const maps = (object: string, start = '7f397eb77000', offset = '0x26000'): string =>
  `prog 10/10 1.000001: PERF_RECORD_MMAP2 10/10: [0x${start}(0x156000) @ ${offset} fe:00 339380 0]: r-xp ${object}`;

const sample = (stack: readonly string[], head = 'prog 10/10 2.000001:    1003009 cpu-clock: '): string =>
  `${head}\n${stack.map((s) => `\t${s}`).join('\n')}\n`;

describe('ScriptReader', () => {
  it('addresses of perf 6.1, which are offsets in the file; callers lie inside the call', () => {
    const p = read(
      [
        maps('/lib/libc.so.6'),
        sample([
          '           27300 inner+0x10 (/lib/libc.so.6)',
          '           2724a main+0x7a (/lib/libc.so.6)',
        ]),
      ].join('\n'),
    );
    expect(frameNamed(p, 'inner')?.address).toBe(0x27300);
    expect(frameNamed(p, 'main')?.address).toBe(0x27249);
    expect(stacks(p)).toEqual([['inner<main', 1003009]]);
    expect(p.notes).toEqual([]);
  });

  it('addresses of other versions, which are those of the process', () => {
    const p = read(
      [
        maps('/lib/libc.so.6'),
        maps('/bin/prog', '401000', '0x1000'),
        sample(['    7f397eb78300 inner+0x10 (/lib/libc.so.6)', '          401136 main+0x7a (/bin/prog)']),
      ].join('\n'),
    );
    expect(frameNamed(p, 'inner')?.address).toBe(0x27300);
    expect(frameNamed(p, 'main')?.address).toBe(0x1135);
  });

  it('one address in two processes is two places', () => {
    const other = (text: string): string => text.replaceAll('10/10', '11/11');
    const p = read(
      [
        maps('/lib/a.so', '7f0000000000', '0x0'),
        other(maps('/lib/a.so', '7f0000001000', '0x0')),
        sample(['    7f0000001500 f+0x10 (/lib/a.so)']),
        other(sample(['    7f0000001500 f+0x10 (/lib/a.so)'])),
      ].join('\n'),
    );
    expect(p.frames.map((f) => f.address)).toEqual([0x1500, 0x500]);
    expect(p.threads.map((t) => t.tid)).toEqual([10, 11]);
  });

  it('kernel frames have no address in a file; where they interrupted, the address is exact', () => {
    const p = read(
      [
        maps('/bin/prog', '555555554000', '0x0'),
        sample([
          'ffffffff81000010 clear_page_erms+0x10 ([kernel.kallsyms])',
          '            1140 touch+0x20 (/bin/prog)',
          '            1234 main+0x4 (/bin/prog)',
        ]),
      ].join('\n'),
    );
    expect(frameNamed(p, 'clear_page_erms')).toMatchObject({ object: '[kernel.kallsyms]', address: null });
    expect(frameNamed(p, 'touch')?.address).toBe(0x1140);
    expect(frameNamed(p, 'main')?.address).toBe(0x1233);
  });

  it('names with blanks, brackets, line ends and C++ in them', () => {
    const odd = '/tmp/a (b) $(touch x)/li\nb.so (deleted)';
    const p = read(
      [
        `my prog 10/10 1.0: PERF_RECORD_MMAP2 10/10: [0x7f0000000000(0x1000) @ 0x0 fe:00 1 0]: r-xp ${odd}`,
        sample(
          [`            1140 operator()(int, (x)) const+0x20 (${odd})`],
          'my prog 10/10 2.000001: 5 cpu-clock:u: ',
        ),
        sample(['            1150 [unknown] (//anon)'], 'my prog 10/10 2.000001: 7 cpu-clock:u: '),
      ].join('\n'),
    );
    expect(p.skipped).toBeNull();
    expect(frameNamed(p, 'operator()(int, (x)) const')?.object).toBe(odd);
    expect(p.event).toEqual({ name: 'cpu-clock:u', unit: 'samples', samples: 2, weight: 12 });
    expect(p.threads[0]?.name).toBe('my prog');
    expect(frameNamed(p, '[unknown]')?.object).toBe('//anon');
  });

  it('events are never summed, the launcher and perf itself do not count, threads can be asked for', () => {
    const text = [
      sample(['  10 a+0x1 (/x)'], 'prog 10/10 2.0: 5 cycles: '),
      sample(['  10 a+0x1 (/x)'], 'prog 10/10 2.0: 5 cycles: '),
      sample(['  10 a+0x1 (/x)'], 'prog 10/10 2.0: 1000 cache-misses: '),
      sample(['  10 e+0x1 (/x)'], 'env 10/10 2.0: 5 cycles: '),
      sample(['  10 p+0x1 (/x)'], 'perf-exec 10/10 2.0: 5 cycles: '),
      sample(['  10 b+0x1 (/x)'], 'worker 10/12 2.0: 5 cycles: '),
    ].join('\n');
    const p = read(text, { launcher: 'env' });
    expect(p.event).toMatchObject({ name: 'cycles', samples: 3, weight: 15 });
    expect(p.events.map((e) => [e.name, e.weight])).toEqual([
      ['cycles', 15],
      ['cache-misses', 1000],
    ]);
    expect(read(text, { event: 'cache-misses' }).event.weight).toBe(1000);
    expect(read(text, { thread: '12' }).event.weight).toBe(5);
    expect(read(text, { thread: 'worker' }).event.weight).toBe(5);
  });

  it('says when stacks are cut off, when samples were lost, and what could not be read', () => {
    const p = read(
      [
        sample(['  10 leaf+0x1 (/x)']),
        'prog 10/10 2.0: PERF_RECORD_LOST lost 17',
        'what is this',
        sample(['  10 leaf+0x1 (/x)', '  20 main+0x1 (/x)']),
      ].join('\n'),
    );
    expect(p.notes.join(' ')).toMatch(/lost 17 samples.*50 % of the stacks do not reach/);
    expect(p.skipped).toEqual({ count: 1, first: 'what is this' });
  });

  it('a sample without a stack is unknown, not lost', () => {
    expect(stacks(read(sample([])))).toEqual([['[unknown]', 1003009]]);
    expect(new ScriptReader({ event: null, thread: null, launcher: null }).done()).toBeNull();
  });
});

const missing = lacking('cc', 'perf', 'objdump');
const canSample = missing.length === 0 && (await preflight()).choice?.tool === 'perf';
if (!canSample) console.log('skipped: perf.data needs cc and perf that may record');

describe.skipIf(!canSample)('perf.data', { timeout: 240_000 }, () => {
  let dir = '';
  let program = '';
  let data = '';
  const options: PerfDataOptions = { event: null, thread: null };

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-data-'));
    program = path.join(dir, 'profiled');
    data = path.join(dir, 'perf.data');
    compileProfiled(program);
    execFileSync(
      'perf',
      ['record', '-q', '-N', '-F', '999', '-g', '-e', 'cpu-clock', '-o', data, '--', program],
      {
        stdio: 'ignore',
      },
    );
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('is read with build ids, and only objects that are what was recorded get lines', async () => {
    const raw = await readPerfData(data, options);
    expect(raw.buildIds[program]).toMatch(/^[0-9a-f]{40}$/);
    expect(raw.frames.some((f) => f.inlined && f.line === markedLine('MIX'))).toBe(true);
    const kept = path.join(dir, 'kept');
    copyFileSync(program, kept);
    compileProfiled(program, '-O1');
    const other = await readPerfData(data, options);
    copyFileSync(kept, program);
    expect(other.frames.some((f) => f.object === program && f.line !== null)).toBe(false);
    expect(other.notes.join(' ')).toMatch(/was built anew since it was recorded/);
  });

  it('asks for an event or thread that is not there, and says what is', async () => {
    expect(await refusal(readPerfData(data, { ...options, event: 'cycles' }))).toMatch(
      /no event cycles: it has cpu-clock/,
    );
    expect(await refusal(readPerfData(data, { ...options, thread: 'nobody' }))).toMatch(/no samples/);
  });

  it.each([
    ['empty', /is empty/],
    ['header', /no perf.data file, or is cut off|cut off or damaged/],
    ['half', /cut off or damaged/],
    ['text', /no perf.data file, or is cut off/],
    ['missing', /cannot be opened/],
  ])('%s: one clear line', async (kind, expected) => {
    const file = path.join(dir, `bad ${kind} $(touch pwned).data`);
    copyFileSync(data, file);
    const { length } = readFileSync(data);
    if (kind === 'empty') truncateSync(file, 0);
    if (kind === 'header') truncateSync(file, 50);
    if (kind === 'half') truncateSync(file, Math.floor(length / 2));
    if (kind === 'text') writeFileSync(file, 'this is no recording\n'.repeat(100));
    if (kind === 'missing') rmSync(file);
    const message = await refusal(readPerfData(file, options));
    expect(message).toMatch(expected);
    expect(message).toContain(file);
    expect(message.split('\n')).toHaveLength(1);
    expect(spawnSync('ls', ['pwned']).status).not.toBe(0);
  });

  it('without perf says what to do', async () => {
    const env = pathWithout(path.join(dir, 'bin'), 'perf');
    expect(await refusal(readPerfData(data, { ...options, env }))).toMatch(
      /install it.*import the text of `perf script`/,
    );
  });

  it('a cancelled reading ends', async () => {
    const controller = new AbortController();
    const reading = readPerfData(data, {
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });
});
