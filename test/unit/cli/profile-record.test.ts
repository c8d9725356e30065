/** `profile record`, `profile import` of perf.data and `bench --sample --counters` of native targets, as a user runs them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult, Profile } from '../../../extension/model.ts';
import { preflight } from '../../../extension/native/preflight.ts';
import { alive, compileProfiled, lacking, markedLine, pathWithout } from '../native/profile-fixtures.ts';
import { messages, root, runCli, schemaProblems } from './run-cli.ts';

const missing = lacking('cc', 'perf', 'valgrind', 'objdump', 'addr2line');
const canSample = missing.length === 0 && (await preflight()).choice?.tool === 'perf';
if (!canSample)
  console.log(`skipped: recordings need perf that may record (${missing.join(', ')} not installed)`);

describe.skipIf(!canSample)('alloc-lens on native programs', { timeout: 240_000 }, () => {
  let dir = '';
  let program = '';
  let toy = '';

  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-cli-record-'));
    program = path.join(dir, 'profiled');
    toy = path.join(dir, 'libtoy.so');
    compileProfiled(program);
    const source = path.join(root, 'test/unit/native/toy-allocator.c');
    execFileSync('cc', ['-O1', '-g', '-fPIC', '-shared', '-fno-builtin', '-o', toy, source]);
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('profile record: lines relative to the root, the program on stderr, JSON alone on stdout', async () => {
    const out = path.join(dir, 'profile.json');
    const args = ['profile', 'record', '--format', 'json', '--root', 'test/unit/native', '--out', out];
    const done = await runCli([...args, '--', program, '0', '3', '9000000']);
    expect(done.status).toBe(0);
    expect(done.stderr).toMatch(/^done$/m);
    const profile = JSON.parse(done.stdout) as Profile & { schemaVersion: number };
    expect(profile.schemaVersion).toBe(1);
    expect(profile.lines[0]).toMatchObject({ file: 'profiled.c', line: markedLine('MIX') });
    expect(profile.details?.notes[0]).toBe('profiled ended with exit status 3.');
    expect(profile.details?.unmapped.filter((u) => u.file.endsWith('profiled.c'))).toEqual([]);
    const { schemaVersion: _, ...rest } = profile;
    const model = { ...emptyReport, profile: rest };
    expect(schemaProblems('report', model)).toEqual([]);
    const again = await runCli(['profile', 'import', out, '--format', 'json', '--root', 'test/unit/native']);
    expect((JSON.parse(again.stdout) as Profile).lines).toEqual(profile.lines);
  });

  it('profile record as text, under callgrind when asked for its event', async () => {
    const done = await runCli(['profile', 'record', '--event', 'Ir', '--', program, '0', '0', '2000']);
    expect(done.status).toBe(0);
    expect(done.stdout).toMatch(/mix/);
    expect(done.stdout).toMatch(/callgrind, Ir/);
  });

  it('profile import of perf.data has lines and inlined functions', async () => {
    const data = path.join(dir, 'perf.data');
    const record = ['record', '-q', '-N', '-F', '999', '-g', '-e', 'cpu-clock', '-o', data, '--'];
    execFileSync('perf', [...record, program], { stdio: 'ignore' });
    const done = await runCli(['profile', 'import', data, '--format', 'json', '--root', 'test/unit/native']);
    expect(messages(done)).toEqual([]);
    const profile = JSON.parse(done.stdout) as Profile;
    expect(profile.details?.format).toBe('perf.data');
    expect(profile.lines[0]).toMatchObject({ file: 'profiled.c', line: markedLine('MIX') });
    expect(profile.lines[0]?.instructions?.length).toBeGreaterThan(3);
  });

  it('refuses what it cannot do in one line', async () => {
    const nobody = await runCli(['profile', 'record', '--', path.join(dir, 'nobody')]);
    expect([nobody.status, messages(nobody)]).toEqual([
      3,
      ['alloc-lens: nobody cannot be started: No such file or directory'],
    ]);
    const usage = await runCli(['profile', 'record', '--call-graph', 'lbr', '--', program]);
    expect([usage.status, messages(usage).length]).toEqual([2, 1]);
    const none = pathWithout(path.join(dir, 'none'), 'perf', 'valgrind').PATH ?? '';
    const lacks = await runCli(['profile', 'record', '--', program], { env: { PATH: none } });
    expect([lacks.status, messages(lacks).length]).toEqual([3, 1]);
    expect(lacks.stderr).toMatch(/perf is not installed.*valgrind is not installed/);
  });

  it('cancelled, it ends with 130 and leaves nobody', async () => {
    let sent = false;
    const endless = ['sh', '-c', 'echo started; exec "$0" 0 0 999999999999', program];
    const done = await runCli(['profile', 'record', '--', ...endless], {
      onStderr: (text, child) => {
        if (sent || !text.includes('started')) return;
        sent = true;
        child.kill('SIGINT');
      },
    });
    expect(done.status).toBe(130);
    await expect.poll(() => alive(program), { timeout: 6000 }).toEqual([]);
  });

  it('cancelled twice, it ends at once, and so does a program that does not listen', async () => {
    let sent = false;
    const mark = `deaf-${process.pid}-${dir.length}`;
    const deaf = ['sh', '-c', 'trap "" TERM INT; echo started; while :; do sleep 1; done', mark];
    const done = await runCli(['profile', 'record', '--', ...deaf], {
      onStderr: (text, child) => {
        if (sent || !text.includes('started')) return;
        sent = true;
        child.kill('SIGINT');
        setTimeout(() => child.kill('SIGINT'), 100);
      },
    });
    expect(done.status).toBe(130);
    await expect.poll(() => alive(mark), { timeout: 6000 }).toEqual([]);
  });

  it('bench --sample --counters on a library: its own functions and lines, the harness apart, exact counts', async () => {
    const args = ['bench', 'random_mixed', '--target', toy, '--iterations', '50000', '--passes', '2'];
    const done = await runCli([...args, '--sample', '--counters', '--format', 'json'], {
      env: { TOY_FAULT: 'none' },
    });
    expect(messages(done)).toEqual([]);
    const result = JSON.parse(done.stdout) as BenchResult;
    expect(schemaProblems('bench', result)).toEqual([]);
    const { profile, counters } = result;
    expect(counters?.unit).toBe('x86');
    expect(counters?.instructionsPerOp).toBeGreaterThan(10);
    expect(counters?.branchesPerOp).toBeGreaterThan(1);
    const category = (name: string) => profile?.functions.find((f) => f.name === name)?.category;
    expect(category('malloc')).toBe('wrapper');
    expect(category('random_mixed_timed')).toBe('benchmark');
    expect(profile?.functions.some((f) => /checked/.test(f.name))).toBe(false);
    const own = profile?.lines.filter((l) => l.file.endsWith('/toy-allocator.c')) ?? [];
    // Most of its time are page faults: it never gives anything back.
    expect(own.reduce((s, l) => s + l.percent, 0)).toBeGreaterThan(0);
    expect(profile?.details?.counters?.source).toMatch(/perf stat|callgrind/);
    if (profile?.details?.counters?.source === 'callgrind') {
      const again = await runCli([...args, '--counters', '--format', 'json'], { env: { TOY_FAULT: 'none' } });
      const second = JSON.parse(again.stdout) as BenchResult;
      expect(second.counters?.instructionsPerOp).toBeCloseTo(counters?.instructionsPerOp ?? 0, 1);
    }
    expect(existsSync('perf.data')).toBe(false);
  });

  it("bench --sample without perf is callgrind's profile of the timed passes", async () => {
    const env = { PATH: pathWithout(path.join(dir, 'no-perf'), 'perf').PATH ?? '', TOY_FAULT: 'none' };
    const args = ['bench', 'random_mixed', '--target', toy, '--iterations', '20000', '--passes', '1'];
    const done = await runCli([...args, '--sample', '--format', 'json'], { env });
    const { profile } = JSON.parse(done.stdout) as BenchResult;
    expect(profile?.details?.format).toBe('callgrind');
    expect(profile?.details?.notes.join(' ')).toMatch(/perf is not installed/);
    expect(profile?.functions.map((f) => f.name)).toEqual(
      expect.arrayContaining(['malloc', 'random_mixed_timed']),
    );
    expect(profile?.functions.some((f) => /checked|main|dl_main/.test(f.name) && f.selfPercent > 0)).toBe(
      false,
    );
    expect(
      readFileSync(path.join(root, 'test/unit/native/toy-allocator.c'), 'utf8').split('\n').length,
    ).toBeGreaterThan(
      Math.max(
        ...(profile?.lines ?? []).filter((l) => l.file.endsWith('/toy-allocator.c')).map((l) => l.line),
      ),
    );
  });
});

const emptyReport = {
  ...{ schemaVersion: 1, title: 't', createdAt: new Date(0).toISOString(), lead: '', findings: null },
  ...{ hotFunctions: [], audit: [], runs: [] },
};
