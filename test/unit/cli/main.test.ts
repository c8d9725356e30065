import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { gzipSync } from 'node:zlib';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BenchResult, Findings } from '../../../extension/model.ts';
import { messages, root, runCli, schemaProblems } from './run-cli.ts';

const folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-cli-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder below the temporary one, filled with files. */
function project(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const at = path.join(folder, name);
  mkdirSync(at, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(at, file)), { recursive: true });
    writeFileSync(path.join(at, file), content);
  }
  return at;
}

const allocator = `
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
static _Atomic unsigned long g_malloc_calls;
static _Atomic int g_lock;
static void *pool[64];
static int top;
void *malloc(size_t n) {
  (void)n;
  atomic_fetch_add_explicit(&g_malloc_calls, 1, memory_order_relaxed);
  while (atomic_exchange(&g_lock, 1)) { }
  void *p = top > 0 ? pool[--top] : NULL;
  atomic_store(&g_lock, 0);
  return p;
}
void free(void *p) {
  if (getenv("DEMO_TRACE")) return;
  while (atomic_exchange(&g_lock, 1)) { }
  if (top < 64) pool[top++] = p;
  atomic_store(&g_lock, 0);
}
void demo_print_stats(void) { printf("%lu\\n", atomic_load(&g_malloc_calls)); }
`;

const demo = project('demo', { 'src/alloc.c': allocator, 'README.md': 'not a source' });

async function findingsOf(args: readonly string[]): Promise<Findings> {
  const done = await runCli(['analyze', ...args, '--format', 'json']);
  expect(messages(done)).toEqual([]);
  expect(done.status).toBe(0);
  const value: unknown = JSON.parse(done.stdout);
  expect(schemaProblems('analyze', value)).toEqual([]);
  return value as Findings;
}

describe('usage', () => {
  it.each([
    [['nonsense'], "unknown command 'nonsense'"],
    [['annotate', 'x.c'], "source 'x.c': no such file"],
    [['analyze'], "missing required argument 'path'"],
    [['analyze', '.', '--nope'], "unknown option '--nope'"],
    [['analyze', '.', '--format', 'xml'], 'expected text, json, sarif, markdown'],
    [['analyze', '.', '--define', '1X=2'], 'C identifier'],
    [['analyze', '.', '--env', 'NOVALUE'], '--env NAME=VALUE'],
    [['analyze', '.', '--entry', 'a b'], "--entry 'a b'"],
    [['analyze', '.', '--fail-on', 'everything'], 'expected hot-telemetry'],
    [['analyze', '.', '--baseline-file', 'nowhere.json'], 'no such file or folder'],
    [['analyze', '.', '--compile-commands', 'nowhere.json'], 'no such file or folder'],
    [['analyze', 'no/such/folder'], "path 'no/such/folder': no such file or folder"],
    [['bench', 'larson:tiny'], 'larson has no profiles'],
    [['bench', '--trace', 'no-such.trace.gz'], '--trace no-such.trace.gz: no such file'],
    [['bench', '--trace', 'README.md'], 'not sound gzip data'],
    [['bench', 'pc', '--threads', '2,3'], '--threads has to be even, not 3'],
    [['bench', '--trace', 'x.gz', '--target', 'system'], 'trace x.gz cannot be read'],
    [['bench', '--flatten'], '--flatten is for traces'],
    [['compare-allocators', 'mstress', '--threads', '1,2'], 'give one count to compare at'],
    [['bench', '--target', 'system', '--trace', 'src/alloc.c'], 'line 1: not the first line of a trace'],
    [['compare-allocators', '--targets', ','], '--targets needs at least one target'],
    [['compare-allocators', '--targets', 'system,nonsense'], "'nonsense': expected engine, system, mimalloc"],
    [['compare-allocators', '--targets', 'engine:nope'], 'engine has fast, '],
    [['compare-allocators', 'nonsense'], 'expected random_mixed, floor, larson'],
    [['bench', '--preset', 'MIXED'], 'unknown preset MIXED: the engine has MIXED_TINYV3_C7_SAFE'],
    [['bench', '--iterations', '99999999999999999999'], 'expected a whole number'],
    [['bench', '--iterations', 'NaN'], 'expected a whole number'],
    [['bench', '--runs', '-1'], 'expected a whole number'],
    [['bench', '--target', 'nonsense'], 'expected engine, system, mimalloc, jemalloc'],
    [['bench', '--target', './no-such.so'], 'no such file or folder'],
    [['bench', '--format', 'sarif'], 'expected text, json'],
    [['report', '--out', 'x.pdf'], '.html, .md or .json'],
    [['report', '--out', 'no/such/folder/x.html'], 'no such file or folder'],
    [['report', '--run', 'nowhere.json'], 'no such file or folder'],
  ] as const)('%j is refused with one clear line', async (args, part) => {
    const done = await runCli(args, { cwd: demo });
    expect(done.status).toBe(2);
    expect(done.stdout).toBe('');
    expect(messages(done)).toHaveLength(1);
    expect(done.stderr).toMatch(/^alloc-lens: /);
    expect(done.stderr).toContain(part);
  });

  it('prints help and version on stdout, usage without a command on stderr', async () => {
    const help = await runCli(['--help'], { cwd: os.tmpdir() });
    expect([help.status, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toContain('analyze [options] <path...>');
    const version = await runCli(['--version']);
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
    expect(version.stdout.trim()).toBe(manifest.version);
    const nothing = await runCli([]);
    expect([nothing.status, nothing.stdout]).toEqual([2, '']);
    expect(nothing.stderr).toContain('Usage: alloc-lens');
  });
});

describe('analyze', () => {
  it('prints JSON that its schema accepts, with paths relative to the root', async () => {
    const found = await findingsOf([demo]);
    expect(found.root).toBe(demo);
    expect(found.files.map((f) => f.path)).toEqual(['src/alloc.c']);
    expect(found.atomics.map((s) => [s.operation, s.target, s.line])).toEqual([
      ['fetch_add', 'g_malloc_calls', 11],
      ['exchange', 'g_lock', 12],
      ['store', 'g_lock', 14],
      ['exchange', 'g_lock', 19],
      ['store', 'g_lock', 21],
      ['load', 'g_malloc_calls', 23],
    ]);
    expect(found.functions.every((f) => f.selfPercent === null)).toBe(true);
    expect(found.gates).toContainEqual(
      expect.objectContaining({ kind: 'env', name: 'DEMO_TRACE', function: 'free', hot: true }),
    );
  });

  it('takes a file, several paths, duplicates and a root', async () => {
    const one = await findingsOf([path.join(demo, 'src/alloc.c')]);
    expect([one.root, one.files.map((f) => f.path)]).toEqual([path.join(demo, 'src'), ['alloc.c']]);
    const more = await findingsOf([demo, path.join(demo, 'src'), path.join(demo, 'src/alloc.c')]);
    expect([more.root, more.files.map((f) => f.path)]).toEqual([demo, ['src/alloc.c']]);
    const rooted = await findingsOf([path.join(demo, 'src'), '--root', folder]);
    expect([rooted.root, rooted.files.map((f) => f.path)]).toEqual([folder, ['demo/src/alloc.c']]);
  });

  it('prints a text without colour codes into a pipe', async () => {
    const done = await runCli(['analyze', demo]);
    expect(done.status).toBe(0);
    expect(done.stdout).not.toContain('\u001b');
    expect(done.stdout).toMatch(/g_malloc_calls +telemetry +counter +hot +active/);
    expect(done.stdout).toMatch(/g_lock +correctness +lock +hot +active/);
    expect(done.stdout).toMatch(/DEMO_TRACE .*per-call +hot/);
  });

  it('prints SARIF and Markdown', async () => {
    const sarif = await runCli(['analyze', demo, '--format', 'sarif']);
    const log = JSON.parse(sarif.stdout) as { runs: { results: { ruleId: string }[] }[] };
    expect(log.runs[0]?.results.map((r) => r.ruleId)).toContain('hot-telemetry-atomic');
    const markdown = await runCli(['analyze', demo, '--format', 'markdown']);
    expect(markdown.stdout).toContain('## Atomics audit');
    expect(markdown.stdout).toContain('| `g_malloc_calls` | telemetry |');
  });

  it('fails on hot telemetry and hot getenv, and not on what a baseline holds', async () => {
    const failed = await runCli(['analyze', demo, '--fail-on', 'hot-telemetry,hot-getenv']);
    expect(failed.status).toBe(1);
    expect(failed.stdout).not.toBe('');
    expect(messages(failed)).toEqual([
      'hot-telemetry: src/alloc.c:11 fetch_add g_malloc_calls in malloc',
      'hot-getenv: src/alloc.c:18 getenv DEMO_TRACE in free',
      'alloc-lens: --fail-on matched 2 findings',
    ]);
    const baseline = path.join(folder, 'baseline.json');
    writeFileSync(baseline, JSON.stringify(await findingsOf([demo])));
    const excused = await runCli([
      'analyze',
      demo,
      '--fail-on',
      'hot-telemetry,hot-telemetry-any,hot-getenv',
      '--baseline-file',
      baseline,
    ]);
    expect([excused.status, messages(excused)]).toEqual([0, []]);
    const moved = project('moved', {
      'src/alloc.c': `// a line more\n${allocator.replace('void free(void *p) {', 'static _Atomic int g_new;\nvoid free(void *p) {\n  atomic_fetch_add(&g_new, 1);')}`,
    });
    const added = await runCli(['analyze', moved, '--fail-on', 'hot-telemetry', '--baseline-file', baseline]);
    expect(added.status).toBe(1);
    expect(messages(added)).toEqual([
      'hot-telemetry: src/alloc.c:20 fetch_add g_new in free',
      'alloc-lens: --fail-on matched 1 finding that the baseline does not hold',
    ]);
  });

  it('does not pass when there is no entry point to be hot from', async () => {
    const at = project('no-entry', {
      'a.c': '#include <stdatomic.h>\n_Atomic long n;\nvoid grab(void) { atomic_fetch_add(&n, 1); }\n',
    });
    const silent = await runCli(['analyze', at, '--fail-on', 'hot-telemetry']);
    expect(silent.status).toBe(2);
    expect(messages(silent)).toEqual([
      'alloc-lens: --fail-on hot-telemetry cannot decide: no malloc/free entry point was found, so nothing is hot. Name one with --entry.',
    ]);
    const wrong = await runCli(['analyze', at, '--fail-on', 'hot-getenv', '--entry', 'grib']);
    expect([wrong.status, messages(wrong).length]).toEqual([2, 1]);
    expect(wrong.stderr).toContain('no function named grib');
    expect((await runCli(['analyze', at, '--fail-on', 'hot-getenv', '--entry', 'grab'])).status).toBe(0);
    const said = await findingsOf([at, '--entry', 'grib']);
    expect(said.diagnostics).toContainEqual(
      expect.objectContaining({ code: 'unknown-entry', severity: 'warning' }),
    );
  });

  it('ends quietly when its reader goes away', async () => {
    const big = project('big', {
      'a.c': Array.from(
        { length: 3000 },
        (_, i) => `_Atomic int v${i}; void f${i}(void) { __atomic_add_fetch(&v${i}, 1, __ATOMIC_SEQ_CST); }`,
      ).join('\n'),
    });
    const done = await runCli(['analyze', big, '--format', 'json'], { hangUp: true });
    expect([done.status, done.signal, messages(done)]).toEqual([0, null, []]);
  });

  describe('of bad input', () => {
    it('says that an empty folder holds no source', async () => {
      const done = await runCli(['analyze', project('empty', {})]);
      expect([done.status, done.stdout]).toEqual([2, '']);
      expect(messages(done)).toHaveLength(1);
      expect(done.stderr).toMatch(/no C or C\+\+ source/);
    });

    it('says why the only file could not be used', async () => {
      const at = project('only', { 'blob.c': Buffer.from([0, 1, 2, 255, 254, 0, 0, 1]) });
      const done = await runCli(['analyze', at, '--format', 'json']);
      expect([done.status, done.stdout, messages(done).length]).toEqual([2, '', 1]);
      expect(done.stderr).toMatch(/nothing could be analysed: blob\.c: .*binary/);
    });

    it('answers for a 10 MB generated file and does not wait for a pipe named .c', async () => {
      const at = project('generated', { 'ok.c': allocator });
      writeFileSync(path.join(at, 'big.c'), `${'static int a;\n'.repeat(800_000)}`);
      execFileSync('mkfifo', [path.join(at, 'pipe.c')]);
      const found = await findingsOf([at]);
      const named = [...found.files.map((f) => f.path), ...found.diagnostics.map((d) => d.file)];
      expect(named).toContain('big.c');
      expect(found.atomics.filter((s) => s.file === 'ok.c')).toHaveLength(6);
    });

    it('reports a binary file named .c and analyses the rest', async () => {
      const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256));
      const found = await findingsOf([project('binary', { 'blob.c': bytes, 'ok.c': allocator })]);
      expect(found.diagnostics).toContainEqual(expect.objectContaining({ file: 'blob.c' }));
      expect(found.atomics.map((s) => s.file)).toEqual(Array(6).fill('ok.c'));
    });

    it('analyses what it can of a file that does not parse', async () => {
      const broken = `${allocator}\nint broken(((( { ) ]\n#if\n`;
      const found = await findingsOf([project('broken', { 'a.c': broken, 'b.c': '\u0000' })]);
      expect(found.atomics.filter((s) => s.file === 'a.c').length).toBeGreaterThanOrEqual(6);
    });

    it('finishes on a symlink loop and on a link out of the folder', async () => {
      const at = project('loop', { 'a.c': 'int x;', 'sub/b.c': 'int y;' });
      symlinkSync('..', path.join(at, 'sub/up'));
      symlinkSync('self', path.join(at, 'self'));
      symlinkSync('a.c', path.join(at, 'same.c'));
      const found = await findingsOf([at]);
      expect(found.files.map((f) => f.path)).toEqual(['a.c', 'sub/b.c']);
    });

    it('answers for sources without allocator code', async () => {
      const done = await runCli(['analyze', project('plain', { 'hello.c': 'int main(void) { return 0; }' })]);
      expect(done.status).toBe(0);
      expect(done.stdout).toContain('no atomic operation and no read of the environment');
    });
  });
});

describe('bench', () => {
  it('prints a result that its schema accepts, data alone on stdout', async () => {
    const done = await runCli(
      ['bench', 'random_mixed', '--iterations', '1000', '--runs', '2', '--format', 'json'],
      { cwd: os.tmpdir() },
    );
    expect(messages(done)).toEqual([]);
    expect(done.status).toBe(0);
    const result = JSON.parse(done.stdout) as BenchResult;
    expect(schemaProblems('bench', result)).toEqual([]);
    expect(result.runs).toHaveLength(2);
    expect(result.hash).toEqual(['4f8522de81e06661']);
  });

  it('replays a trace, and checks it', async () => {
    const text = '# alloc-trace v1 demo objects=2 threads=2 ops=4\na 0 100\na 1 8\nt 1\nr 0 50\nf 0\n';
    const file = path.join(folder, 'demo.trace.gz');
    writeFileSync(file, gzipSync(text));
    const done = await runCli(['bench', '--trace', file, '--verify', '--passes', '2', '--format', 'json']);
    expect([done.status, messages(done)]).toEqual([0, []]);
    const result = JSON.parse(done.stdout) as BenchResult;
    expect(schemaProblems('bench', result)).toEqual([]);
    expect(result).toMatchObject({ workload: 'trace:demo', threads: 2, iterations: 4 });
    expect(result.hash).toHaveLength(2);
    const flat = await runCli(['bench', '--trace', file, '--flatten', '--passes', '1']);
    expect(flat.stdout).toContain('trace:demo:flat on engine fast: 1 thread, 4 operations a pass');
  });

  it('runs under a preset and says so; single gates win over it', async () => {
    const args = ['bench', '--preset', 'MIXED_TINYV3_C7_BALANCED', '--env', 'HAKMEM_SS_PREWARM=1'];
    const done = await runCli([...args, '--iterations', '20000', '--format', 'json']);
    expect(done.status).toBe(0);
    const result = JSON.parse(done.stdout) as BenchResult;
    expect(schemaProblems('bench', result)).toEqual([]);
    expect(result.variant).toBe('standard');
    expect(result.environment).toMatchObject({
      preset: 'MIXED_TINYV3_C7_BALANCED',
      env: { HAKMEM_SS_MEM_LEAN: '1', HAKMEM_SS_MEM_LEAN_DECOMMIT: 'OFF', HAKMEM_SS_PREWARM: '1' },
    });
  });

  it('gives one result for each count of threads', async () => {
    const args = ['bench', 'mstress', '--threads', '2,1', '--iterations', '2', '--passes', '1'];
    const done = await runCli([...args, '--format', 'json']);
    expect([done.status, messages(done)]).toEqual([0, []]);
    const value = JSON.parse(done.stdout) as { results: BenchResult[] };
    expect(schemaProblems('bench-threads', value)).toEqual([]);
    expect(value.results.map((r) => r.threads)).toEqual([2, 1]);
    expect(value.results.map((r) => r.hash.length)).toEqual([2, 1]);
    const text = (await runCli(args)).stdout;
    expect(text).toContain('mstress on engine fast: 2 threads');
    expect(text).toContain('mstress on engine fast: 1 thread,');
  });

  it('is cancelled by an interrupt, with 130 and no result', async () => {
    let sent = false;
    const done = await runCli(['bench', '--iterations', '100000000', '--runs', '20'], {
      onStderr: (_, child) => {
        if (!sent) child.kill('SIGINT');
        sent = true;
      },
    });
    expect([done.status, done.signal, done.stdout]).toEqual([130, null, '']);
    expect(messages(done)).toEqual(['alloc-lens: cancelled']);
  });
});

describe('report', () => {
  const run = path.join(folder, 'run.json');

  it('writes one HTML file with the findings and the given runs', async () => {
    const bench = await runCli(['bench', '--iterations', '20000', '--sample', '--format', 'json']);
    writeFileSync(run, bench.stdout);
    const done = await runCli(['report', '--run', run], { cwd: demo });
    expect(messages(done)).toEqual([]);
    const out = path.join(demo, 'alloc-lens-report.html');
    expect([done.status, done.stdout]).toEqual([0, `${out}\n`]);
    const html = readFileSync(out, 'utf8');
    const data: unknown = JSON.parse(
      /<script type="application\/json"[^>]*>(.*)<\/script>/.exec(html)?.[1] ?? 'null',
    );
    expect(schemaProblems('report', data)).toEqual([]);
    expect(data).toMatchObject({ title: 'demo', runs: [{ target: 'engine' }] });
    expect(readdirSync(demo).sort()).toEqual(['README.md', 'alloc-lens-report.html', 'src']);
  });

  it('writes Markdown and JSON, and says where', async () => {
    const md = path.join(folder, 'r.md');
    expect((await runCli(['report', demo, '--out', md, '--title', 'My allocator'])).status).toBe(0);
    expect(readFileSync(md, 'utf8')).toMatch(/^# My allocator\n/);
    const json = path.join(folder, 'r.json');
    const done = await runCli(['report', demo, '--out', json, '--format', 'json']);
    const written: unknown = JSON.parse(done.stdout);
    expect(schemaProblems('report-written', written)).toEqual([]);
    expect(written).toMatchObject({ path: json });
    expect(schemaProblems('report', JSON.parse(readFileSync(json, 'utf8')))).toEqual([]);
  });

  it('refuses a run that is no benchmark', async () => {
    const bad = path.join(folder, 'bad.json');
    writeFileSync(bad, '{"schemaVersion":1}');
    const done = await runCli(['report', demo, '--run', bad, '--out', path.join(folder, 'never.html')]);
    expect([done.status, messages(done).length]).toEqual([2, 1]);
    expect(readdirSync(folder)).not.toContain('never.html');
  });
});
