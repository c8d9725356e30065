// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** Targets of a workspace run: built and preloaded, or a program of the user's own with its throughput read. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TargetConfig, ThroughputRule, WorkspaceTarget } from '../../../extension/model-profile.ts';
import { type BenchRequest, UserError } from '../../../extension/model.ts';
import { type BuildReport, type ExactCommand, exactText } from '../../../extension/native/build.ts';
import { ConfiguredTarget, type ConfiguredTargetOptions } from '../../../extension/native/configured.ts';
import { readThroughput } from '../../../extension/native/throughput.ts';

const here = import.meta.dirname;
const harness = path.resolve(here, '../../../extension/native/harness.c');
const able =
  process.platform === 'linux' &&
  ['make', 'cc'].every((c) => spawnSync(c, ['--version'], { stdio: 'ignore' }).status === 0);
if (!able) console.log('skipped: builds need Linux, make and a C compiler named cc, which are not here');

const base: BenchRequest = {
  ...{ workload: 'random_mixed', profile: 'mixed', variant: 'native', env: {}, flags: {} },
  ...{ iterations: 1000, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
  ...{ sample: false, counters: false, latency: false, verify: false },
};
const ownWork: BenchRequest = { ...base, iterations: null, threads: null };

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-configured-'));
  const toy = readFileSync(path.join(here, 'toy-allocator.c'), 'utf8');
  writeFileSync(path.join(dir, 'toy.c'), `${toy}\n#ifdef EXTRA\nint extra(void) { return EXTRA; }\n#endif\n`);
  writeFileSync(
    path.join(dir, 'Makefile'),
    'OUT ?= o\nEXTRA_CFLAGS ?=\n$(OUT)/libtoy.so: toy.c\n\t@mkdir -p $(OUT)\n' +
      '\t$(CC) -O1 -fPIC -shared -fno-builtin $(EXTRA_CFLAGS) -o $@ $<\n',
  );
  return () => rmSync(dir, { recursive: true, force: true });
});

const toyConfig: TargetConfig = {
  name: 'toy',
  build: { command: ['make', 'OUT=${out}', 'EXTRA_CFLAGS=${cflags}'], cwd: null, env: {} },
  ...{ preload: '${out}/libtoy.so', run: null, cwd: null, env: {}, sourceMap: {} },
};

function target(
  over: Partial<TargetConfig> = {},
  options: Partial<ConfiguredTargetOptions> = {},
): ConfiguredTarget {
  const workspace: WorkspaceTarget = {
    config: { ...toyConfig, ...over },
    origin: 'settings',
    folder: dir,
    notes: [],
  };
  return new ConfiguredTarget({ target: workspace, cacheDir: path.join(dir, 'cache'), harness, ...options });
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return error instanceof UserError ? error.message : '';
  }
  throw new Error('it was not refused');
}

describe.skipIf(!able)('a library that is built', () => {
  it('is built, preloaded, and told with its flags and environment', async () => {
    const toy = target({ env: { TOY_FAULT: 'none' } });
    expect(toy.noFlags).toBeUndefined();
    const result = await toy.run({ ...base, flags: { SOME_FLAG: '1' }, env: { GATE: '2' } }, {});
    expect(result).toMatchObject({
      target: 'toy',
      variant: 'native',
      hash: ['4f8522de81e06661'],
      environment: { preset: null, env: { TOY_FAULT: 'none', GATE: '2' }, flags: { SOME_FLAG: '1' } },
    });
    expect(result.moduleSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('runs in the target’s environment, the request’s on top', async () => {
    const broken = target({ env: { TOY_FAULT: 'twice' } });
    expect(await refusal(broken.run({ ...base, verify: true }, {}))).toMatch(/bad memory/);
    const mended = await broken.run({ ...base, verify: true, env: { TOY_FAULT: 'none' } }, {});
    expect(mended.hash).toEqual(['4f8522de81e06661']);
  });

  it('asks with exactly what it runs, before it runs it', async () => {
    const asked: string[] = [];
    const lines: string[] = [];
    const toy = target(
      { env: { GATE: 'a b' } },
      {
        approve: async (commands) => void asked.push(...commands.map(exactText)),
        onLine: (l) => lines.push(l),
      },
    );
    await toy.run({ ...base, flags: { X: '3' } }, {});
    const out = /OUT=(\S+)/.exec(asked[0] ?? '')?.[1] ?? '';
    expect(asked).toEqual([
      `cd ${dir} && make OUT=${out} EXTRA_CFLAGS=-DX=3`,
      `cd ${dir} && 'GATE=a b' LD_PRELOAD=${out}/libtoy.so alloc-lens-harness`,
    ]);
    expect(lines[0]).toBe(`$ make OUT=${out} EXTRA_CFLAGS=-DX=3`);
  });

  it('refused, it neither builds nor runs', async () => {
    const lines: string[] = [];
    const no = async (_: readonly ExactCommand[]): Promise<void> => {
      throw new UserError('not now');
    };
    const toy = target({}, { approve: no, onLine: (l) => lines.push(l) });
    expect(await refusal(toy.run(base, {}))).toBe('not now');
    expect(lines).toEqual([]);
  });

  it('prepared, it is built once for all runs', async () => {
    const builds: (BuildReport | null)[] = [];
    const toy = target({}, { onBuild: (report) => builds.push(report) });
    const ready = await toy.prepare(base, {});
    await ready.run(base, {});
    await ready.run(base, {});
    expect(builds).toEqual([null, { problems: [], failure: null }]);
  });

  it('two builds of the same code have one code, another environment another one', async () => {
    const code = async (
      flags: Readonly<Record<string, string>>,
      env: Readonly<Record<string, string>> = {},
    ) => (await target({ env }).prepare({ ...base, flags }, {})).code;
    const plain = await code({});
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(await code({ UNUSED_NAME: '1' })).toBe(plain);
    expect(await code({ EXTRA: '7' })).not.toBe(plain);
    expect(await code({}, { GATE: '1' })).not.toBe(plain);
  });

  it('a build that fails is told with its first error, and its problems are handed on', async () => {
    const reports: (BuildReport | null)[] = [];
    const toy = target({}, { onBuild: (report) => reports.push(report) });
    const message = await refusal(toy.run({ ...base, flags: { EXTRA: 'oops' } }, {}));
    expect(message).toMatch(/^building toy failed with exit status 2: toy\.c:\d+: /);
    expect(reports[0]).toBeNull();
    expect(reports[1]?.problems[0]).toMatchObject({ file: path.join(dir, 'toy.c'), severity: 'error' });
  });

  it.each<[string, Partial<TargetConfig>, RegExp]>([
    [
      'not made by its build',
      { preload: '${out}/libelse.so' },
      /the build succeeded and .*libelse\.so" does not exist/,
    ],
    ['not built', { build: null, preload: 'gone.so' }, /gone\.so" does not exist: build the library first/],
    ['no library', { build: null, preload: 'toy.c' }, /no shared object that defines malloc and free/],
    ['below an unknown variable', { preload: '${home}/x.so' }, /\$\{home\} is not known here/],
  ])('%s', async (_, over, words) => {
    expect(await refusal(target(over).run(base, {}))).toMatch(words);
  });

  it('cancelled while it builds, it ends', async () => {
    const controller = new AbortController();
    const toy = target(
      { build: { command: ['sleep', '60'], cwd: null, env: {} } },
      { onBuild: () => controller.abort() },
    );
    await expect(toy.run(base, { signal: controller.signal })).rejects.toThrow(/cancelled/);
  });
});

describe.skipIf(!able)('CMake', () => {
  const has = spawnSync('cmake', ['--version'], { stdio: 'ignore' }).status === 0;
  if (!has) console.log('skipped: cmake is not here');
  it.skipIf(!has)('configures and builds into the target’s folder', async () => {
    writeFileSync(
      path.join(dir, 'CMakeLists.txt'),
      'cmake_minimum_required(VERSION 3.10)\nproject(toy C)\nadd_library(toycm SHARED toy.c)\ntarget_compile_options(toycm PRIVATE -fno-builtin)\n',
    );
    const build = {
      command: [
        'cmake',
        '-S',
        '.',
        '-B',
        '${out}',
        '-DCMAKE_BUILD_TYPE=RelWithDebInfo',
        '-DCMAKE_C_FLAGS=${cflags}',
      ],
      next: [['cmake', '--build', '${out}']],
      ...{ cwd: null, env: {} },
    };
    const result = await target({ name: 'toycm', build, preload: '${out}/libtoycm.so' }).run(
      { ...base, flags: { A: '1', B: '2' } },
      {},
    );
    expect(result.hash).toEqual(['4f8522de81e06661']);
  });
});

const rule = (over: Partial<ThroughputRule> = {}): ThroughputRule => ({
  ...{ pattern: 'speed: ([0-9.,e+]+)', unit: 'ops/s', operations: null },
  ...over,
});

describe('a throughput line', () => {
  it.each<[string, Partial<ThroughputRule>, number]>([
    ['speed: 1500', {}, 1500],
    ['speed: 1,234,567', {}, 1_234_567],
    ['speed: 1.5e6', {}, 1.5e6],
    ['speed: 2.5', { unit: 'Kops/s' }, 2500],
    ['speed: 2.5', { unit: 'Mops/s' }, 2.5e6],
    ['speed: 20', { unit: 'ns/op' }, 5e7],
    ['speed: 20', { unit: 'us/op' }, 5e4],
    ['speed: 0.5', { unit: 'seconds', operations: 1000 }, 2000],
    ['noise\n  speed: 7\nnoise', { pattern: '^  speed: (\\d+)$' }, 7],
  ])('%s %j', (text, over, speed) => {
    expect(readThroughput(text, rule(over), 'x')).toEqual([speed]);
  });

  it('each place is a pass', () => {
    expect(readThroughput('speed: 1\nspeed: 3\n', rule(), 'x')).toEqual([1, 3]);
  });

  it.each<[string, Partial<ThroughputRule>, RegExp]>([
    ['', {}, /matches nothing that it printed; it printed nothing/],
    ['a\nlast words\n', {}, /its last line was: last words/],
    ['speed: 0', {}, /gave '0', which is no number above 0/],
    ['speed: 1.2.3', {}, /no number/],
    ['speed: -5', { pattern: 'speed: (\\S+)' }, /'-5'/],
    ['speed: NaN', { pattern: 'speed: (\\S+)' }, /'NaN'/],
    ['speed: 0x10', { pattern: 'speed: (\\S+)' }, /'0x10'/],
    ['speed: 1\n'.repeat(2000), {}, /more than 1000 times/],
    ['x'.repeat(1 << 20), {}, /more than 1 MiB/],
  ])('that is none is refused: %.20j', (text, over, words) => {
    expect(() => readThroughput(text, rule(over), 'x')).toThrow(words);
  });

  it('a pattern that takes for ever is ended', () => {
    const evil = rule({ pattern: '((?:a+)+)$' });
    expect(() => readThroughput(`${'a'.repeat(5000)}!`, evil, 'x')).toThrow(/took longer than 500 ms/);
  });
});

describe.skipIf(!able)('a program of the user’s own', () => {
  const script = (text: string): string => {
    const file = path.join(dir, 'bench.sh');
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const own = (
    text: string,
    over: Partial<TargetConfig> = {},
    args: string[] = [],
    how: Partial<ThroughputRule> = {},
  ) =>
    target({
      ...{ name: 'own', build: null, preload: null },
      run: { command: [script(text), ...args], throughput: rule(how) },
      ...over,
    });

  it('is run in its folder and environment, a fresh process a run', async () => {
    const bench = own(
      'echo "$GATE $OTHER $1 $PWD" > seen; echo x >> count; echo speed: 100; echo speed: 300',
      {
        env: { GATE: 'one two' },
      },
      ['${workspaceFolder}/*'],
    );
    expect(bench.noFlags).toBe('it is not built here');
    const result = await bench.run({ ...ownWork, runs: 3, env: { OTHER: 'o' } }, {});
    expect(result).toMatchObject({
      workload: 'program bench.sh',
      target: 'own',
      hash: [],
      median: 200,
      profile: null,
      environment: { env: { GATE: 'one two', OTHER: 'o' }, flags: {} },
    });
    expect(result.runs).toEqual(Array(3).fill({ passes: [100, 300], median: 200, first: 100 }));
    // Nothing of it was read by a shell: the star is still one.
    expect(readFileSync(path.join(dir, 'seen'), 'utf8')).toBe(`one two o ${dir}/* ${dir}\n`);
    expect(readFileSync(path.join(dir, 'count'), 'utf8')).toBe('x\nx\nx\n');
  });

  it('its operations are the rule’s, else what its speed comes to in its time', async () => {
    const known = await own('echo speed: 2', {}, [], { unit: 'seconds', operations: 5000 }).run(ownWork, {});
    expect([known.iterations, known.median]).toEqual([5000, 2500]);
    const unknown = await own('sleep 0.1; echo speed: 1000').run(ownWork, {});
    expect(unknown.iterations).toBeGreaterThanOrEqual(90);
  });

  it.each<[string, Partial<BenchRequest>, string]>([
    ['iterations', { iterations: 5 }, '--iterations'],
    ['sizes', { min: 5 }, '--min'],
    ['threads', { threads: 2 }, '--threads'],
    ['a trace', { workload: 'trace', trace: { file: 'x', flatten: false } }, '--trace'],
    ['latency', { latency: true }, '--latency'],
    ['verification', { verify: true }, '--verify'],
  ])('is told nothing of our workloads: %s', async (_, over, option) => {
    expect(await refusal(own('echo speed: 1').run({ ...ownWork, ...over }, {}))).toBe(
      `own is a program of its own with its own work: leave ${option} out`,
    );
  });

  it.each<[string, RegExp]>([
    ['echo to the end >&2; exit 7', /ended with exit status 7: to the end$/],
    ['kill -ABRT $$', /ended with SIGABRT/],
    ['echo nothing', /throughput\.pattern matches nothing/],
  ])('that fails is told: %s', async (text, words) => {
    expect(await refusal(own(text).run(ownWork, {}))).toMatch(words);
  });

  it('is built first, with compile flags where its build takes them', async () => {
    writeFileSync(
      path.join(dir, 'prog.c'),
      '#include <stdio.h>\nint main(void) { printf("speed: %d\\n", SPEED); }\n',
    );
    const bench = target({
      ...{ name: 'prog', preload: null },
      build: { command: ['cc', '${cflags}', '-o', '${out}/prog', 'prog.c'], cwd: null, env: {} },
      run: { command: ['${out}/prog'], throughput: rule() },
    });
    expect((await bench.run({ ...ownWork, flags: { SPEED: '42' } }, {})).median).toBe(42);
    expect((await bench.run({ ...ownWork, flags: { SPEED: '43' } }, {})).median).toBe(43);
    const ready = await bench.prepare({ ...ownWork, flags: { SPEED: '42' } }, {});
    expect([ready.ownProgram, ready.code]).toEqual([true, null]);
  });

  it('is cancelled with what it started', async () => {
    const controller = new AbortController();
    const bench = own('sleep 60 & sleep 60');
    setTimeout(() => controller.abort(), 100);
    await expect(bench.run(ownWork, { signal: controller.signal })).rejects.toThrow(/cancelled/);
  });
});
