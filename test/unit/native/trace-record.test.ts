/** The recorder on real programs: every operation, threads, forks, sudden ends; and traces that every reader takes. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrace } from '../../../engine/host/trace-file.ts';
import { UserError } from '../../../extension/model.ts';
import { readEvents } from '../../../extension/native/trace-events.ts';
import { type RecordOptions, recordTrace } from '../../../extension/native/trace-record.ts';

const native = path.resolve(import.meta.dirname, '../../../extension/native');
const able = process.platform === 'linux' && spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
if (!able) console.log('skipped: native targets need Linux and a C compiler named cc, which are not here');

describe.skipIf(!able)('recordTrace', () => {
  let dir = '';
  let program = '';

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-record-'));
    program = path.join(dir, 'program');
    const source = path.join(import.meta.dirname, 'record-program.c');
    execFileSync('cc', ['-O0', '-o', program, source, '-pthread']);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const options = (command: readonly string[], over: Partial<RecordOptions> = {}): RecordOptions => ({
    ...{ command, out: path.join(dir, 'out.trace.gz'), all: false, cwd: dir, env: {}, limit: 1_000_000 },
    ...{
      source: path.join(native, 'recorder.c'),
      cacheDir: path.join(dir, 'cache'),
      output: 'ignore' as const,
    },
    ...over,
  });
  /** Lines without the header; the C library's own allocations come before the program's. */
  const linesOf = (file: string): string[] =>
    gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n').slice(1);

  const plainLines = [/^a \d+ 101$/, /^c \d+ 201$/, /^r \d+ 50021$/, /^m \d+ 1003 256$/, /^f \d+$/].concat([
    /^m \d+ 1088 64$/,
    /^f \d+$/,
    /^f \d+$/,
    /^f \d+$/,
    /^a \d+ 777$/,
  ]);

  it('writes down every call in its order, with sizes and alignments', async () => {
    const { processes, ended } = await recordTrace(options([program, 'plain']));
    expect(ended).toBe('ended with exit status 0');
    expect(processes).toHaveLength(1);
    const [trace] = processes;
    expect(trace?.program).toBe('program');
    const lines = linesOf(trace?.file ?? '');
    const from = lines.findIndex((l) => l.endsWith(' 101'));
    for (const [i, expected] of plainLines.entries()) expect(lines[from + i]).toMatch(expected);
    const read = await readTrace(trace?.file ?? '');
    expect(read.operations).toBe(trace?.operations);
    expect(trace?.peakBytes).toBeGreaterThanOrEqual(50021 + 1003 + 1088);
  });

  it('loses nothing when the program is killed', async () => {
    const { processes, ended } = await recordTrace(options([program, 'kill']));
    expect(ended).toContain('SIGKILL');
    expect(linesOf(processes[0]?.file ?? '').at(-1)).toMatch(/ 777$/);
  });

  it('an object that another thread frees is handed over once, with an id of its own', async () => {
    const { processes } = await recordTrace(options([program, 'threads']));
    expect(processes[0]?.threads).toBe(2);
    const lines = linesOf(processes[0]?.file ?? '');
    const at = lines.findIndex((l) => l.endsWith(' 2000'));
    const id = lines[at]?.split(' ')[1];
    expect(
      lines.filter((l) => !l.startsWith('t ') && l.split(' ')[1] === id).map((l) => l.split(' ')[0]),
    ).toEqual(['a', 'r', 'f']);
    await readTrace(processes[0]?.file ?? '');
  });

  it('a forked child goes on in a trace of its own', async () => {
    const all = await recordTrace(options([program, 'fork'], { all: true }));
    expect(all.processes).toHaveLength(2);
    const [child, parent] = all.processes.map((p) => linesOf(p.file ?? ''));
    expect(child?.filter((l) => l.endsWith(' 3001'))).toHaveLength(50);
    expect(child?.some((l) => l.endsWith(' 3002'))).toBe(false);
    expect(parent?.filter((l) => l.endsWith(' 3002'))).toHaveLength(1);
    expect(parent?.some((l) => l.endsWith(' 3001'))).toBe(false);
    for (const p of all.processes) await readTrace(p.file ?? '');
  });

  it('a program that becomes another by exec has a trace for each', async () => {
    const { processes } = await recordTrace(options(['sh', '-c', 'exec "$0" plain', program], { all: true }));
    const found = processes.find((p) => p.program === 'program');
    expect(linesOf(found?.file ?? '').at(-1)).toMatch(/ 777$/);
    expect(new Set(processes.map((p) => p.file)).size).toBe(processes.length);
  });

  it('six threads at once, objects wandering between them: a trace that keeps all rules of the format', async () => {
    const { processes } = await recordTrace(options([program, 'storm', '20000']));
    const [trace] = processes;
    const read = await readTrace(trace?.file ?? '');
    expect(read.threads).toBe(7);
    expect(read.operations).toBe(trace?.operations);
    expect(read.operations).toBeGreaterThan(80_000);
    // Objects that wandered further than once are said, not hidden.
    expect(trace?.notes.join()).toMatch(/operations done by an object's second thread/);
  });

  it('stops writing at its limit, and says so', async () => {
    const { processes } = await recordTrace(options([program, 'storm', '20000'], { limit: 5000 }));
    expect(processes[0]?.notes.join()).toContain('ended at its limit');
    await readTrace(processes[0]?.file ?? '');
  });

  it('records over another preloaded allocator, and what a shell would do is done by nobody', async () => {
    const canary = path.join(dir, 'canary');
    const { processes } = await recordTrace(
      options([program, 'plain', `; touch ${canary}`, `$(touch ${canary})`]),
    );
    expect(processes).toHaveLength(1);
    expect(existsSync(canary)).toBe(false);
  });

  it.each([
    [
      'a program that is not there',
      [path.join('/', 'no', 'such', 'program')],
      /cannot be started: no such program/,
    ],
    ['no program', [], /give the program to record/],
  ])('refuses %s', async (_what, command, message) => {
    await expect(recordTrace(options(command))).rejects.toThrow(message);
    await expect(recordTrace(options(command))).rejects.toBeInstanceOf(UserError);
  });

  it('says why nothing was seen of a statically linked program', async () => {
    const fixed = path.join(dir, 'static');
    const source = path.join(import.meta.dirname, 'record-program.c');
    execFileSync('cc', ['-O0', '-static', '-o', fixed, source, '-pthread']);
    await expect(recordTrace(options([fixed, 'plain']))).rejects.toThrow(/linked statically/);
  });

  it('a cancelled recording stops the program and leaves nothing', async () => {
    const folder = mkdtempSync(path.join(dir, 'cancel-'));
    const abort = new AbortController();
    const running = recordTrace(
      options(['sleep', '600'], { out: path.join(folder, 'x.trace.gz'), signal: abort.signal }),
    );
    setTimeout(() => abort.abort(), 300);
    await expect(running).rejects.toThrow(/cancel/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses what is no recording, and leaves out a torn last chunk', async () => {
    const file = path.join(dir, 'hostile.rec');
    writeFileSync(file, Buffer.alloc(65_536, 7));
    await expect(readEvents(file, 1000)).rejects.toThrow(/is no recording/);
    writeFileSync(file, Buffer.alloc(100, 7));
    expect((await readEvents(file, 1000)).count).toBe(0);
  });
});
