/** Recordings of real programs by real tools: lines, inlined functions, threads, recursion, environment, cancelling. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Profile } from '../../../extension/model.ts';
import { preflight } from '../../../extension/native/preflight.ts';
import { withEnvironment } from '../../../extension/native/perf-record.ts';
import { type Recorded, type RecordRequest, recordProgram } from '../../../extension/native/profile-run.ts';
import { buildProfile } from '../../../extension/profile/import/build-profile.ts';
import { alive, compileProfiled, lacking, markedLine, pathWithout, refusal } from './profile-fixtures.ts';

const missing = lacking('cc', 'perf', 'valgrind', 'objdump', 'addr2line');
const canSample = missing.length === 0 && (await preflight()).choice?.tool === 'perf';
if (!canSample)
  console.log(`skipped: recordings need perf that may record (${missing.join(', ')} not installed)`);

const defaults = { event: null, frequency: 1999, callGraph: 'fp', programEnv: {} } as const;

function profileOf({ raw }: Recorded): Profile {
  return buildProfile(raw, {
    target: { kind: 'native', name: 'profiled', variant: null, sha256: null },
    workload: 'profiled',
    recordedAt: '2026-01-01T00:00:00.000Z',
  });
}

describe.skipIf(!canSample)('recordings', { timeout: 240_000 }, () => {
  let dir = '';
  let program = '';
  const record = (more: Partial<RecordRequest> = {}): Promise<Recorded> =>
    recordProgram({ ...defaults, command: [program], ...more });

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-record-'));
    program = path.join(dir, 'profiled');
    compileProfiled(program);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** What every reading of this program has to show, whatever recorded it. */
  function expectKnownShape(profile: Profile): void {
    const [hot] = profile.lines;
    expect(hot?.file).toBe(path.join(import.meta.dirname, 'profiled.c'));
    expect(hot?.line).toBe(markedLine('MIX'));
    expect(hot?.percent).toBeGreaterThan(80);
    const [first] = profile.functions;
    expect(first?.name).toBe('mix');
    expect(first?.selfPercent).toBeGreaterThan(80);
    const call = profile.lines.find((l) => l.line === markedLine('CALL'));
    expect(call?.callSitePercent).toBeGreaterThan(80);
    expect(call?.percent).toBeLessThan(20);
    const instructions = hot?.instructions ?? [];
    expect(instructions.length).toBeGreaterThan(3);
    expect(instructions.length).toBeLessThanOrEqual(8);
    for (const i of instructions) expect(i.text).toMatch(/^[a-z]\S*( \S.*)?$/);
    expect(instructions.map((i) => i.percent)).toEqual(
      instructions.map((i) => i.percent).sort((a, b) => b - a),
    );
    const sum = profile.functions.reduce((s, f) => s + f.selfPercent, 0);
    expect(sum).toBeCloseTo(100, 6);
  }

  it('by perf: the hot line, the inlined function and its call site, instructions, recursion once', async () => {
    const recorded = await record();
    const profile = profileOf(recorded);
    expectKnownShape(profile);
    const total = (name: string) => profile.functions.find((f) => f.name === name)?.totalPercent ?? 0;
    for (const name of ['main', 'deep', 'work', 'mix']) {
      expect(total(name)).toBeGreaterThan(90);
      expect(total(name)).toBeLessThanOrEqual(100 + 1e-9);
    }
    // Six calls of `deep` stand on the stack; the caller of a leaf function without a frame is not seen.
    const tree = profile.details?.tree;
    const deep = tree?.function.filter((f) => f >= 0 && tree.names[f] === 'deep').length ?? 0;
    expect(deep).toBeGreaterThanOrEqual(5);
    expect(profile.functions.find((f) => f.name === 'work')?.line).toBeGreaterThan(markedLine('MIX'));
    expect(recorded.end.status).toBe(0);
    expect(recorded.end.stdout).toContain('done');
    expect(profile.details?.notes.join(' ')).not.toMatch(/do not reach/);
    expect(profile.samples).toBeGreaterThan(50);
  });

  it('by perf: threads by their names', async () => {
    const { details } = profileOf(await record({ command: [program, '2'] }));
    const threads = details?.threads ?? [];
    expect(threads.map((t) => t.name)).toEqual(expect.arrayContaining(['first', 'second']));
    expect(new Set(threads.map((t) => t.tid)).size).toBe(threads.length);
    expect(threads.reduce((s, t) => s + t.percent, 0)).toBeCloseTo(100, 6);
  });

  it('by perf: call graphs from debug information where asked', async () => {
    const bare = path.join(dir, 'bare');
    compileProfiled(bare, '-fomit-frame-pointer');
    const profile = profileOf(await record({ command: [bare], callGraph: 'dwarf', frequency: 199 }));
    expect(profile.functions.find((f) => f.name === 'main')?.totalPercent).toBeGreaterThan(90);
  });

  it('without perf callgrind records, and says so', async () => {
    const env = pathWithout(path.join(dir, 'no-perf'), 'perf');
    const recorded = await record({ env, command: [program, '0', '0', '300000'] });
    expect(recorded.raw.format).toBe('callgrind');
    expect(recorded.raw.event.name).toBe('Ir');
    expect(recorded.raw.notes.join(' ')).toMatch(
      /callgrind, which counts instructions.*perf is not installed.*apt install linux-perf/,
    );
    expectKnownShape(profileOf(recorded));
  });

  it('with neither it is said what to install', async () => {
    const env = pathWithout(path.join(dir, 'neither'), 'perf', 'valgrind');
    const message = await refusal(record({ env }));
    expect(message).toMatch(
      /perf is not installed.*linux-perf.*valgrind is not installed.*apt install valgrind/,
    );
    expect(message.split('\n')).toHaveLength(1);
  });

  it('addr2line gives the same lines as llvm-symbolizer; with neither functions remain, and it is said', async () => {
    const one = profileOf(await record({ env: pathWithout(path.join(dir, 'no-llvm'), 'llvm-symbolizer') }));
    expectKnownShape(one);
    const none = pathWithout(path.join(dir, 'no-symbols'), 'llvm-symbolizer', 'addr2line');
    const other = profileOf(await record({ env: none }));
    expect(other.lines).toEqual([]);
    expect(other.functions[0]?.name).toBe('work');
    expect(other.details?.notes.join(' ')).toMatch(/need `llvm-symbolizer` or `addr2line`/);
  });

  it('a program that fails is still a profile, one that is not there a message', async () => {
    const recorded = await record({ command: [program, '0', '7', '9000000'] });
    expect(recorded.end.status).toBe(7);
    expect(profileOf(recorded).lines[0]?.line).toBe(markedLine('MIX'));
    expect(await refusal(record({ command: [path.join(dir, 'nothing')] }))).toMatch(
      /nothing cannot be started/,
    );
  });

  it('an event that is not there is refused in one line', async () => {
    const message = await refusal(record({ event: 'no-such-event' }));
    expect(message).toMatch(/no-such-event/);
    expect(message.split('\n')).toHaveLength(1);
  });

  it('names with blanks, quotes, line ends and shell characters are names and nothing else', async () => {
    const before = readdirSync(dir).length;
    for (const name of [
      'with blanks',
      '$(touch pwned)',
      '`touch pwned`; touch pwned',
      'quote\'"s',
      'line\nend',
      'a=b',
      'brackets (x)',
    ]) {
      const folder = path.join(dir, `hostile ${name}`);
      mkdirSync(folder);
      const binary = path.join(folder, name);
      compileProfiled(binary);
      const profile = profileOf(
        await record({
          command: [binary, '0', '0', '9000000'],
          cwd: dir,
          programEnv: { NOTHING: '$(touch pwned)' },
        }),
      );
      expect([name, profile.lines[0]?.line]).toEqual([name, markedLine('MIX')]);
      expect([name, profile.functions[0]?.object]).toEqual([name, binary]);
      expect(profile.lines[0]?.instructions?.length).toBeGreaterThan(3);
      rmSync(folder, { recursive: true });
    }
    expect(readdirSync(dir)).toHaveLength(before);
    expect(existsSync('pwned')).toBe(false);
  });

  it("the environment is the program's alone", async () => {
    const source = path.join(dir, 'spy.c');
    const spy = path.join(dir, 'libspy.so');
    const log = path.join(dir, 'spy.log');
    writeFileSync(
      source,
      `#include <stdio.h>
       #include <stdlib.h>
       __attribute__((constructor)) static void seen(void) {
         char name[64] = "";
         FILE* c = fopen("/proc/self/comm", "r");
         if (c) { if (fgets(name, sizeof name, c)) {} fclose(c); }
         FILE* f = fopen(getenv("SPY_LOG"), "a");
         if (f) { fputs(name, f); fclose(f); }
       }`,
    );
    execFileSync('cc', ['-shared', '-fPIC', '-o', spy, source]);
    await record({ command: [program, '0', '0', '9000000'], programEnv: { LD_PRELOAD: spy, SPY_LOG: log } });
    expect(readFileSync(log, 'utf8').trim().split('\n')).toEqual(['profiled']);
    rmSync(log);
    const env = pathWithout(path.join(dir, 'no-perf-2'), 'perf');
    await record({
      env,
      command: [program, '0', '0', '1000'],
      programEnv: { LD_PRELOAD: spy, SPY_LOG: log },
    });
    expect(readFileSync(log, 'utf8')).not.toMatch(/^(perf|env|sh|bash)$/m);
  });

  it.each([
    ['perf', []],
    ['callgrind', ['perf']],
  ])('cancelled under %s, nothing is left behind', async (_, without) => {
    // A program that does not listen to anybody, with a child.
    const source = path.join(dir, 'deaf.c');
    const deaf = path.join(dir, `deaf-${without.length}`);
    writeFileSync(
      source,
      `#include <signal.h>
       #include <stdio.h>
       #include <unistd.h>
       int main(void) {
         signal(SIGTERM, SIG_IGN); signal(SIGINT, SIG_IGN); signal(SIGPIPE, SIG_IGN);
         fork(); printf("ready\\n"); fflush(stdout);
         for (volatile int i = 0;; i++) usleep(1000);
       }`,
    );
    execFileSync('cc', ['-o', deaf, source]);
    const env = without.length === 0 ? process.env : pathWithout(path.join(dir, 'cancel'), ...without);
    const temporary = mkdtempSync(path.join(dir, 'temporary-'));
    vi.stubEnv('TMPDIR', temporary);
    const controller = new AbortController();
    const running = record({
      command: [deaf],
      env,
      signal: controller.signal,
      onOutput: (bytes) => {
        if (Buffer.from(bytes).toString().includes('ready')) controller.abort();
      },
    });
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => alive(deaf), { timeout: 5000 }).toEqual([]);
    vi.unstubAllEnvs();
    expect(readdirSync(temporary)).toEqual([]);
  });

  it('stopped early, what there is of the recording is kept', async () => {
    const stop = new AbortController();
    const recorded = await record({
      command: ['sh', '-c', 'while :; do "$0"; done', program],
      stop: stop.signal,
      onOutput: () => stop.abort(),
    });
    expect(profileOf(recorded).lines[0]?.line).toBe(markedLine('MIX'));
    await expect.poll(() => alive(program), { timeout: 5000 }).toEqual([]);
    const endless = ['sh', '-c', 'while :; do "$0" 0 0 9000000; done', program] as const;
    expect((await record({ command: endless, seconds: 2 })).raw.event.samples).toBeGreaterThan(10);
    expect(await refusal(record({ command: endless, stop: stop.signal }))).toMatch(/stopped before/);
  });
});

describe('withEnvironment', () => {
  it('sets and unsets by env, and protects a program whose name looks like a variable', () => {
    expect(withEnvironment(['p', 'a=b'], {})).toEqual(['p', 'a=b']);
    expect(withEnvironment(['p', 'a=b'], { X: '1', Y: null })).toEqual(['env', '-u', 'Y', 'X=1', 'p', 'a=b']);
    expect(withEnvironment(['/a=b/p'], { X: '1' })).toEqual(['env', 'X=1', 'nice', '-n', '0', '/a=b/p']);
  });
});
