// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** Shell metacharacters anywhere in a target run nothing: real processes, and a canary that must not appear. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BenchRequest, UserError } from '../../../extension/model.ts';
import { ConfiguredTarget } from '../../../extension/native/configured.ts';
import { NativeTarget } from '../../../extension/native/target.ts';
import { workspaceTargets } from '../../../extension/native/workspace-targets.ts';

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

let keep = '';
let dir = '';
let home = '';
beforeAll(() => {
  keep = mkdtempSync(path.join(tmpdir(), 'alloc-lens-inject-'));
  if (!able) return;
  const toy = path.join(here, 'toy-allocator.c');
  execFileSync('cc', ['-O1', '-fPIC', '-shared', '-fno-builtin', '-o', path.join(keep, 'libtoy.so'), toy]);
});
afterAll(() => rmSync(keep, { recursive: true, force: true }));
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-inject-'));
  home = process.cwd();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Every place where a command that did run could have left its file. */
function canaries(): string[] {
  const found: string[] = [];
  const walk = (at: string): void => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      if (entry.name === 'canary') found.push(path.join(at, entry.name));
      if (entry.isDirectory()) walk(path.join(at, entry.name));
    }
  };
  walk(dir);
  if (existsSync(path.join(home, 'canary'))) found.push(path.join(home, 'canary'));
  return found;
}

/** What a shell, make, env or a loader could take for more than text. */
const hostile = [
  '$(touch canary)',
  '`touch canary`',
  '; touch canary #',
  '& touch canary &',
  '| touch canary',
  '|| touch canary',
  "'; touch canary; '",
  '"; touch canary; "',
  '\ntouch canary\n',
  '> canary',
  '$(shell touch canary)',
  '$$(touch canary)',
  '--eval=$(shell touch canary)',
  '-f/dev/stdin',
  '--split-string=touch canary',
];

const makefile = `OUT ?= o
EXTRA_CFLAGS ?=
all: $(OUT)/libtoy.so
$(OUT)/libtoy.so: toy.c
\t@mkdir -p $(OUT)
\t$(CC) -O1 -fPIC -shared -fno-builtin $(EXTRA_CFLAGS) -o $@ $<
`;

async function run(folder: string, name: string, request: BenchRequest, settings?: unknown): Promise<string> {
  const { targets, problems } = await workspaceTargets(folder, settings);
  const target = targets.find((t) => t.config.name === name);
  if (target === undefined) return problems[0] ?? 'no such target';
  const cacheDir = path.join(keep, 'cache');
  try {
    const result = await new ConfiguredTarget({ target, cacheDir, harness }).run(request, {});
    return `ran ${result.target}`;
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const message = error instanceof Error ? error.message : '';
    expect(message).not.toContain('\n');
    return message;
  }
}

function project(folder: string): void {
  writeFileSync(path.join(folder, 'Makefile'), makefile);
  copyFileSync(path.join(here, 'toy-allocator.c'), path.join(folder, 'toy.c'));
}

describe.skipIf(!able)('the canary', () => {
  it('is left by make itself where nothing guards it', () => {
    for (const text of hostile.slice(0, 7)) {
      project(dir);
      spawnSync('make', ['-s', `EXTRA_CFLAGS=${text}`], { cwd: dir });
    }
    expect(canaries()).toEqual([path.join(dir, 'canary')]);
    rmSync(path.join(dir, 'canary'));
    // And by names of files, which makefiles list.
    writeFileSync(path.join(dir, 'Makefile'), 'all:\n\tcat $(wildcard *.c)\n');
    writeFileSync(path.join(dir, 'a;touch canary;.c'), 'int y;\n');
    spawnSync('make', ['-s'], { cwd: dir });
    expect(canaries()).toEqual([path.join(dir, 'canary')]);
  });

  it('is left by a command that the user wrote to leave it', async () => {
    const command = ['sh', '-c', 'touch canary'];
    const said = await run(dir, 'x', base, [{ name: 'x', build: { command }, preload: 'libtoy.so' }]);
    expect(said).toMatch(/the build succeeded and .* does not exist/);
    expect(canaries()).toEqual([path.join(dir, 'canary')]);
  });
});

describe.skipIf(!able)('nothing is run by', () => {
  afterEach(() => expect(canaries()).toEqual([]));

  it('a target that is as it should be: it is built and run', async () => {
    project(dir);
    expect(await run(dir, 'toy', { ...base, flags: { SOME_FLAG: '1' } })).toBe('ran toy');
  });

  it.each(hostile)('a value of a compile flag %j', async (text) => {
    project(dir);
    expect(await run(dir, 'toy', { ...base, flags: { FLAG: text } })).toMatch(
      /FLAG=.*values of compile flags|no name/,
    );
  });

  it.each(hostile)('a name of a compile flag %j', async (text) => {
    project(dir);
    expect(await run(dir, 'toy', { ...base, flags: { [text]: '1' } })).toMatch(/no name of a compile flag/);
  });

  it.each(hostile)('a name of a target %j', async (text) => {
    project(dir);
    const settings = [
      { name: text, build: { command: ['make', 'OUT=${out}'] }, preload: '${out}/libtoy.so' },
    ];
    const { targets, problems } = await workspaceTargets(dir, settings);
    expect(targets.map((t) => t.config.name)).toEqual(['toy']);
    expect(problems).toEqual([expect.stringMatching(/is no name/)]);
  });

  it.each(hostile)('an argument of make %j', async (text) => {
    project(dir);
    const command = ['make', `OUT=\${out}`, `EXTRA_CFLAGS=${text}`];
    const settings = [{ name: 'x', build: { command }, preload: '${out}/libtoy.so' }];
    // Options of the compiler that mean nothing bad fail in the compiler, or do no harm.
    expect(await run(dir, 'x', base, settings)).toMatch(
      /hands to a shell that would act on it|building x failed|ran x/,
    );
  });

  it.each(hostile)('an environment variable of a build %j', async (text) => {
    project(dir);
    for (const name of ['CC', 'CFLAGS', 'OUT', 'MAKEFLAGS', 'SHELL']) {
      const build = { command: ['make', 'OUT=${out}'], env: { [name]: text } };
      const said = await run(dir, 'x', base, [{ name: 'x', build, preload: '${out}/libtoy.so' }]);
      expect(said).toMatch(/build\.env\.\w+ holds|building x failed|the build succeeded and|ran x/);
    }
  });

  it.each(hostile)('an environment variable of a run %j', async (text) => {
    project(dir);
    const settings = [
      { name: 'x', preload: path.join(keep, 'libtoy.so'), env: { GATE: text, PS4: text, ENV: text } },
    ];
    expect(await run(dir, 'x', { ...base, env: { OTHER: text } }, settings)).toBe('ran x');
    const placement = { core: null, fixedAddresses: true, environmentBytes: 1040 };
    expect(await run(dir, 'x', { ...base, env: { OTHER: text }, placement }, settings)).toBe('ran x');
  });

  it.each(hostile)('the name of the workspace folder %j', async (text) => {
    const folder = path.join(dir, text.replaceAll('/', '_'));
    mkdirSync(folder);
    project(folder);
    const said = await run(folder, 'toy', base);
    if (/^-/.test(path.basename(folder)) && !/[^\w.+@,/-]/.test(folder)) expect(said).toBe('ran toy');
    else expect(said).toMatch(/which make or a shell that it starts would not take as part of a name/);
    // One folder above it is a part of the path that the build is run in.
    const above = await workspaceTargets(dir, undefined);
    for (const t of above.targets) await run(dir, t.config.name, base);
  });

  it.each(hostile.filter((h) => /[`$;&|<>\n]/.test(h)))('the name of a source file %j', async (text) => {
    project(dir);
    // As the sample does: every file that is there.
    const listing = `${makefile.replaceAll('toy.c', '$(wildcard *.c)').replace('$<', '$^')}`;
    writeFileSync(path.join(dir, 'Makefile'), listing);
    writeFileSync(path.join(dir, `${text.replaceAll('/', '_')}.c`), 'int y;\n');
    expect(await run(dir, 'toy', base)).toMatch(/has a name that a shell acts on|building toy failed/);
  });

  it.each(hostile)('the path of a library %j', async (text) => {
    const file = path.join(dir, `lib${text.replaceAll('/', '_')}.so`);
    copyFileSync(path.join(keep, 'libtoy.so'), file);
    const said = await run(dir, 'x', base, [{ name: 'x', preload: file }]);
    expect(said).toMatch(/ran x|without blanks and colons|did not answer/);
    const direct = new NativeTarget({
      name: 'x',
      preload: file,
      cacheDir: path.join(keep, 'cache'),
      harness,
    });
    const placement = { core: null, fixedAddresses: true, environmentBytes: 0 };
    await direct
      .run({ ...base, placement }, {})
      .catch((error: unknown) => expect(error).toBeInstanceOf(UserError));
  });

  it.each(hostile)('an argument of a benchmark program %j', async (text) => {
    const bench = path.join(dir, 'bench');
    writeFileSync(bench, '#!/bin/sh\nprintf "speed 5\\n"\nprintf "%s" "$1" > got\n');
    chmodSync(bench, 0o755);
    const throughput = { pattern: 'speed ([0-9]+)', unit: 'ops/s' };
    for (const placement of [undefined, { core: null, fixedAddresses: true, environmentBytes: 0 }]) {
      const request = placement === undefined ? ownWork : { ...ownWork, placement };
      const said = await run(dir, 'x', request, [{ name: 'x', run: { command: [bench, text], throughput } }]);
      expect(said).toBe('ran x');
      expect(execFileSync('cat', [path.join(dir, 'got')], { encoding: 'utf8' })).toBe(text);
    }
  });

  it.each(hostile)('the program itself %j', async (text) => {
    const throughput = { pattern: '(x)', unit: 'ops/s' };
    const settings = [
      { name: 'x', run: { command: [text], throughput } },
      { name: 'y', build: { command: [text] }, preload: 'libtoy.so' },
    ];
    for (const placement of [undefined, { core: null, fixedAddresses: true, environmentBytes: 0 }]) {
      const request = placement === undefined ? ownWork : { ...ownWork, placement };
      expect(await run(dir, 'x', request, settings)).toMatch(/cannot be started|is an option|ended with/);
    }
    expect(await run(dir, 'y', base, settings)).toMatch(/cannot be started|is an option/);
  });

  it('an alloc-lens.json that asks for it, until its target is', async () => {
    project(dir);
    const command = ['sh', '-c', 'touch canary'];
    const targets = [{ name: 'evil', build: { command }, preload: 'libtoy.so' }];
    writeFileSync(path.join(dir, 'alloc-lens.json'), JSON.stringify({ targets }));
    expect((await workspaceTargets(dir, undefined)).targets.map((t) => t.config.name)).toEqual([
      'evil',
      'toy',
    ]);
    expect(await run(dir, 'toy', base)).toBe('ran toy');
  });
});
