/** `trace record` from the command line: a trace that the engine and the system replay to the same hash. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchResult } from '../../../extension/model.ts';
import type { TraceResult } from '../../../extension/cli/trace-command.ts';
import { messages, runCli, schemaProblems } from './run-cli.ts';

describe('trace record', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-trace-cli-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('records a program, whose trace runs everywhere to the same hash', async () => {
    const program = ['python3', '-c', 'print(sum(len(str(i)) for i in range(20000)))'];
    const done = await runCli(
      [
        'trace',
        'record',
        '--out',
        'py.trace.gz',
        '--env',
        'PYTHONMALLOC=malloc',
        '--format',
        'json',
        '--',
        ...program,
      ],
      {
        cwd: dir,
      },
    );
    expect(messages(done)).toEqual(['88890']);
    expect(done.status).toBe(0);
    const result = JSON.parse(done.stdout) as TraceResult;
    expect(schemaProblems('trace-record', result)).toEqual([]);
    expect(result.ended).toBe('ended with exit status 0');
    const [trace] = result.processes;
    expect(trace?.file).toBe('py.trace.gz');
    expect(trace?.operations).toBeGreaterThan(1000);
    const hashes: string[] = [];
    for (const target of ['engine', 'system']) {
      const args = [
        'bench',
        '--trace',
        'py.trace.gz',
        '--target',
        target,
        '--passes',
        '1',
        '--format',
        'json',
      ];
      const bench = await runCli([...args, '--verify'], { cwd: dir });
      expect(bench.stderr).not.toMatch(/alloc-lens:/);
      hashes.push((JSON.parse(bench.stdout) as BenchResult).hash.join());
    }
    expect(hashes[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(hashes[1]).toBe(hashes[0]);
  });

  it('leaves its text in a form that tells how to go on', async () => {
    const done = await runCli(['trace', 'record', '--out', 'true.trace.gz', '--', 'sort', '/dev/null'], {
      cwd: dir,
    });
    expect(done.stdout).toMatch(/^sort \(process \d+\): [\d,]+ operations?, 1 thread/);
    expect(done.stdout).toMatch(/replay it: alloc-lens bench --trace true\.trace\.gz\n$/);
    expect(readFileSync(path.join(dir, 'true.trace.gz')).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  });

  it('a program that cannot be started is one clear line, and leaves nothing', async () => {
    const done = await runCli(['trace', 'record', '--out', 'no.trace.gz', '--', './no-such-program'], {
      cwd: dir,
    });
    expect(done.status).toBe(2);
    expect(messages(done)).toEqual(['alloc-lens: ./no-such-program cannot be started: no such program']);
    expect(existsSync(path.join(dir, 'no.trace.gz'))).toBe(false);
  });
});
