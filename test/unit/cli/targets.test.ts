// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** Targets of a folder on the command line, as a user has them: the sample built, run, and compared with itself. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Experiment } from '../../../extension/model-experiment.ts';
import type { BenchResult } from '../../../extension/model.ts';
import { messages, root, runCli, schemaProblems } from './run-cli.ts';

const able =
  process.platform === 'linux' &&
  ['make', 'cc'].every((c) => spawnSync(c, ['--version'], { stdio: 'ignore' }).status === 0);
if (!able) console.log('skipped: builds need Linux, make and a C compiler named cc, which are not here');

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-cli-targets-'));
  cpSync(path.join(root, 'samples/hakmem'), dir, {
    recursive: true,
    filter: (from) => !/\/(?:build|\.alloc-lens)(?:\/|$)/.test(from.slice(root.length)),
  });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const small = ['--iterations', '100000', '--format', 'json'];
const flag = 'HAKMEM_TINY_CLASS_STATS_COMPILED=1';

describe.skipIf(!able)('in the sample’s folder, with nothing configured', () => {
  it('bench --target hakmem builds it and runs it, and says what it does', async () => {
    const r = await runCli(['bench', '--target', 'hakmem', ...small, '--env', 'HAKMEM_TINY_UNIFIED_LIFO=0'], {
      cwd: dir,
    });
    expect(r.status, r.stderr).toBe(0);
    const result = JSON.parse(r.stdout) as BenchResult;
    expect(schemaProblems('bench', result)).toEqual([]);
    expect(result).toMatchObject({
      target: 'hakmem',
      environment: { env: { HAKMEM_TINY_UNIFIED_LIFO: '0' }, flags: {} },
    });
    expect(r.stderr).toMatch(/^\$ make OUT=\S+\/\.alloc-lens\/build\/hakmem-[0-9a-f]{12} EXTRA_CFLAGS=$/m);
    expect(r.stderr).toMatch(
      /^hakmem \(detected\) runs: cd \S+ && LD_PRELOAD=\S+libhakmem\.so alloc-lens-harness$/m,
    );
    expect(existsSync(path.join(dir, 'build'))).toBe(false);
  });

  it('an experiment with and without telemetry reaches its verdict and is in the ledger', async () => {
    const args = ['experiment', '--baseline', 'hakmem', '--treatment', `hakmem,${flag}`];
    const r = await runCli([...args, ...small, '--max-processes', '32', '--threshold', '1'], { cwd: dir });
    expect(r.status, r.stderr).toBe(0);
    const result = JSON.parse(r.stdout) as Experiment;
    expect(schemaProblems('experiment', result)).toEqual([]);
    expect(['GO', 'NO-GO', 'INCONCLUSIVE']).toContain(result.verdict);
    expect(result.processes).toBe(32);
    expect(result.interval).not.toBeNull();
    expect(result.baseline.sha256).not.toBe(result.treatment.sha256);
    expect(result.treatment.spec.flags).toEqual({ HAKMEM_TINY_CLASS_STATS_COMPILED: '1' });
    expect(result.gates.find((g) => g.name === 'identity')?.passed).toBe(true);
    // Two units in each of the four layouts, pinned where that is allowed.
    expect(result.layouts.map((l) => l.units)).toEqual([2, 2, 2, 2]);
    expect(new Set(result.layouts.map((l) => l.layout)).size).toBe(4);
    expect(result.layouts[0]?.layout).toMatch(/environment block at 0 of 4096 B$/);
    // The two builds ran before the units, once each.
    expect(r.stderr.match(/^\$ make /gm)).toHaveLength(2);
    const ledger = readFileSync(path.join(dir, '.alloc-lens/ledger.jsonl'), 'utf8').trim().split('\n');
    expect(ledger.map((line) => (JSON.parse(line) as { experiment?: Experiment }).experiment?.id)).toEqual([
      result.id,
    ]);
    const listed = await runCli(['ledger'], { cwd: dir });
    expect(listed.stdout).toContain(result.verdict);
  });

  it('a flag that changes no code is NEUTRAL, and nothing is timed', async () => {
    const args = [
      'experiment',
      '--baseline',
      'hakmem',
      '--treatment',
      'hakmem,NOBODY_READS_THIS=1',
      '--no-ledger',
    ];
    const r = await runCli([...args, ...small], { cwd: dir });
    expect(r.status, r.stderr).toBe(0);
    const result = JSON.parse(r.stdout) as Experiment;
    expect([result.verdict, result.processes]).toEqual(['NEUTRAL', 0]);
    expect(result.reason).toMatch(/^identical code/);
  });

  it('one build in two environments, and against another allocator', async () => {
    const sides: [string, string][] = [
      ['hakmem', 'hakmem,env:HAKMEM_TINY_UNIFIED_LIFO=0'],
      ['system', 'hakmem'],
    ];
    for (const [baseline, treatment] of sides) {
      const args = ['experiment', '--baseline', baseline, '--treatment', treatment, '--no-ledger'];
      const r = await runCli([...args, ...small, '--max-processes', '24'], { cwd: dir });
      expect(r.status, r.stderr).toBe(0);
      const result = JSON.parse(r.stdout) as Experiment;
      expect(result.processes).toBe(24);
      expect(r.stderr.match(/^\$ make /gm)).toHaveLength(1);
    }
  });

  it('a compiler’s error is one line, with its place', async () => {
    const args = ['bench', '--target', 'hakmem', '--flag', 'HAKMEM_TINY_CLASS_STATS_COMPILED=1.5'];
    const r = await runCli([...args, ...small], { cwd: dir });
    expect(r.status).toBe(3);
    expect(messages(r).at(-1)).toMatch(/^alloc-lens: building hakmem failed with exit status 2: /);
  });
});

describe.skipIf(!able)('with an alloc-lens.json', () => {
  const write = (text: string): void => writeFileSync(path.join(dir, 'alloc-lens.json'), text);

  it('its targets are run; a program of one’s own compares with itself in another environment', async () => {
    const command = ['sh', '-c', 'sleep 0.005; echo "speed: $SPEED"'];
    const run = { command, throughput: { pattern: 'speed: ([0-9]+)', unit: 'Kops/s' } };
    write(JSON.stringify({ targets: [{ name: 'own', run, env: { SPEED: '100' } }] }));
    const bench = await runCli(['bench', '--target', 'own', '--format', 'json'], { cwd: dir });
    expect(bench.status, bench.stderr).toBe(0);
    expect(JSON.parse(bench.stdout)).toMatchObject({
      target: 'own',
      median: 100_000,
      workload: 'program sh',
    });
    expect(schemaProblems('bench', JSON.parse(bench.stdout))).toEqual([]);
    expect(bench.stderr).toContain('own (alloc-lens.json) runs: cd ');
    const args = [
      'experiment',
      '--baseline',
      'own',
      '--treatment',
      'own,env:SPEED=110',
      '--max-processes',
      '96',
    ];
    const r = await runCli([...args, '--no-ledger', '--format', 'json'], { cwd: dir });
    expect(r.status, r.stderr).toBe(0);
    const result = JSON.parse(r.stdout) as Experiment;
    expect([result.verdict, Math.round(result.effectPercent ?? 0)]).toEqual(['GO', 10]);
    expect(result.warnings.join()).toMatch(/what they did was not checked/);
  });

  it('a wrong one is told when it is asked for, and stands in nobody’s way before', async () => {
    write('{"targets": [{"name": "own", "preload": 3}]}');
    const asked = await runCli(['bench', '--target', 'own', ...small], { cwd: dir });
    expect(asked.status).toBe(2);
    expect(messages(asked)).toEqual([
      "alloc-lens: alloc-lens.json: target 1 'own'.preload: a text is expected, not 3",
    ]);
    const other = await runCli(['bench', '--target', 'system', ...small], { cwd: dir });
    expect(other.status, other.stderr).toBe(0);
    write('');
    const empty = await runCli(['bench', '--target', 'own', ...small], { cwd: dir });
    expect(messages(empty)).toEqual(['alloc-lens: alloc-lens.json: it is empty']);
  });

  it('flags of a target that takes none are refused before anything runs', async () => {
    write(JSON.stringify({ targets: [{ name: 'lib', preload: 'x.so' }] }));
    const args = ['experiment', '--baseline', 'lib', '--treatment', 'lib,X=1', '--format', 'json'];
    const r = await runCli(args, { cwd: dir });
    expect([r.status, r.stdout]).toEqual([2, '']);
    expect(messages(r)).toEqual([
      'alloc-lens: --treatment: X is a compile flag, and lib has none: it is not built here; write gates as env:X=...',
    ]);
    const unknown = await runCli(['bench', '--target', 'nobody', ...small], { cwd: dir });
    expect(messages(unknown)[0]).toMatch(/expected engine, system, .*, lib, hakmem, or the path/);
  });
});
