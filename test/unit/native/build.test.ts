// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** Builds: what compilers say becomes problems, folders for each combination of flags, a cancel ends everything. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TargetConfig, WorkspaceTarget } from '../../../extension/model-profile.ts';
import { BuildProblems } from '../../../extension/native/build-problems.ts';
import { planBuild, runBuild } from '../../../extension/native/build.ts';

const able =
  process.platform === 'linux' &&
  ['make', 'cc'].every((c) => spawnSync(c, ['--version'], { stdio: 'ignore' }).status === 0);
if (!able) console.log('skipped: builds need Linux, make and a C compiler named cc, which are not here');

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-build-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function target(
  build: Partial<NonNullable<TargetConfig['build']>>,
  over: Partial<TargetConfig> = {},
): WorkspaceTarget {
  return {
    config: {
      ...{ name: 'mine', preload: '${out}/libx.so', run: null, cwd: null, env: {}, sourceMap: {} },
      build: { command: ['make', 'OUT=${out}', 'EXTRA_CFLAGS=${cflags}'], cwd: null, env: {}, ...build },
      ...over,
    },
    origin: 'alloc-lens.json',
    folder: dir,
    notes: [],
  };
}

const makefile = `OUT ?= o
EXTRA_CFLAGS ?=
$(OUT)/libx.so: $(OUT)/x.o
\t$(CC) -shared -o $@ $^
$(OUT)/x.o: x.c
\t@mkdir -p $(OUT)
\t$(CC) -fPIC -Wall $(EXTRA_CFLAGS) -c -o $@ $<
`;

async function build(t: WorkspaceTarget, flags: Readonly<Record<string, string>> = {}, signal?: AbortSignal) {
  const plan = planBuild(t, flags);
  if (plan === null) throw new Error('nothing is built');
  const lines: string[] = [];
  const report = await runBuild(plan, 'mine', { onLine: (line) => lines.push(line), signal });
  return { ...report, lines, out: plan.variables.out ?? '' };
}

describe('words of compilers', () => {
  const read = (text: string) => {
    const problems = new BuildProblems('/w');
    for (const line of text.split('\n')) problems.line(line);
    return problems;
  };

  it.each([
    [
      "core/a.c:12:5: error: expected ';' before '}' token",
      ['/w/core/a.c', 12, 5, 'error', "expected ';' before '}' token"],
    ],
    ['a.c:3:1: warning: unused [-Wunused]', ['/w/a.c', 3, 1, 'warning', 'unused [-Wunused]']],
    ['/abs/a.h:9:2: note: declared here', ['/abs/a.h', 9, 2, 'information', 'declared here']],
    ['a.c:1:10: fatal error: no.h: No such file', ['/w/a.c', 1, 10, 'error', 'no.h: No such file']],
    ['a.c:7: error: old compilers have no column', ['/w/a.c', 7, 1, 'error', 'old compilers have no column']],
    [
      "/usr/bin/ld: o/a.o: in function `f': a.c:4: undefined reference to `g'",
      ['/w/a.c', 4, 1, 'error', "undefined reference to `g'"],
    ],
    ["a.c:4: undefined reference to `g'", ['/w/a.c', 4, 1, 'error', "undefined reference to `g'"]],
    ['Makefile:3: *** missing separator.  Stop.', ['/w/Makefile', 3, 1, 'error', 'missing separator.']],
  ])('%s', (line, [file, at, column, severity, message]) => {
    expect(read(line).problems).toEqual([{ file, line: at, column, severity, message }]);
  });

  it('a name with a minus is one name, a text without a place none', () => {
    expect(read('make: *** [Makefile:9: x] Error 1').problems).toEqual([]);
    expect(read('make: *** [Makefile:9: x] Error 1').summary('/w')).toBe('make: *** [Makefile:9: x] Error 1');
    expect(read('In file included from a.c:1:\nx-y.c:2:1: error: z').problems).toHaveLength(1);
    expect(read('cc -o a.o a.c').summary('/w')).toBeNull();
  });

  it('folders that make enters are where its files lie', () => {
    const text =
      "make[1]: Entering directory '/w/sub'\na.c:1:1: error: x\nmake[1]: Leaving directory '/w/sub'\nb.c:1:1: error: y";
    expect(read(text).problems.map((p) => p.file)).toEqual(['/w/sub/a.c', '/w/b.c']);
  });

  it('cmake says it on the lines below', () => {
    const text =
      'CMake Error at CMakeLists.txt:5 (message):\n  no such thing\n\n\nCMake Warning at a/b.cmake:7:\n\n  careful';
    expect(read(text).problems).toEqual([
      { file: '/w/CMakeLists.txt', line: 5, column: 1, severity: 'error', message: 'no such thing' },
      { file: '/w/a/b.cmake', line: 7, column: 1, severity: 'warning', message: 'careful' },
    ]);
  });

  it('a flood is cut, and counted', () => {
    const problems = read(Array(600).fill('a.c:1:1: warning: x').join('\n'));
    expect([problems.problems.length, problems.more]).toEqual([500, 100]);
  });
});

describe.skipIf(!able)('a build', () => {
  beforeEach(() => {
    writeFileSync(path.join(dir, 'Makefile'), makefile);
    writeFileSync(path.join(dir, 'x.c'), 'int x(void) { return X; }\n');
  });

  it('goes into a folder of its own for each combination of flags, which git leaves out', async () => {
    const one = await build(target({}), { X: '1' });
    const two = await build(target({}), { X: '2', Y: 'a.b+c-d' });
    expect([one.failure, two.failure]).toEqual([null, null]);
    expect(one.out).not.toBe(two.out);
    expect(path.relative(dir, one.out)).toMatch(/^\.alloc-lens\/build\/mine-[0-9a-f]{12}$/);
    expect(readdirSync(one.out).sort()).toEqual(['libx.so', 'x.o']);
    expect(two.lines).toContain(`$ make OUT=${two.out} 'EXTRA_CFLAGS=-DX=2 -DY=a.b+c-d'`);
    expect(readFileSync(path.join(dir, '.alloc-lens/build/.gitignore'), 'utf8')).toBe('*\n');
    expect(existsSync(path.join(dir, 'o'))).toBe(false);
    // The order in which flags are given is no difference.
    expect(planBuild(target({}), { Y: 'a.b+c-d', X: '2' })?.variables.out).toBe(two.out);
  });

  it('runs each time, and make decides what there is to do', async () => {
    const first = await build(target({}), { X: '1' });
    const object = path.join(first.out, 'x.o');
    const before = statSync(object).mtimeMs;
    const again = await build(target({}), { X: '1' });
    expect(again.lines.join('\n')).toMatch(/up to date/);
    expect(statSync(object).mtimeMs).toBe(before);
  });

  it('tells what a compiler found, and the first error in one line', async () => {
    writeFileSync(path.join(dir, 'x.c'), 'int x(void) {\n  int unused;\n  return Y;\n}\n');
    const { problems, failure, lines } = await build(target({}), {});
    expect(failure).toMatch(/^exit status 2: x\.c:3: .*Y.* undeclared/);
    expect(failure).not.toContain('\n');
    const file = path.join(dir, 'x.c');
    expect(problems).toContainEqual(
      expect.objectContaining({
        file,
        line: 3,
        column: 10,
        severity: 'error',
        message: expect.stringContaining('undeclared'),
      }),
    );
    expect(problems).toContainEqual(
      expect.objectContaining({ file, line: 2, column: 7, severity: 'warning' }),
    );
    expect(lines.join('\n')).toContain('undeclared');
  });

  it('tells what a linker missed', async () => {
    writeFileSync(path.join(dir, 'Makefile'), `x: x.c\n\t$(CC) -g -o x x.c\n`);
    writeFileSync(path.join(dir, 'x.c'), 'int nowhere(void);\nint main(void) {\n  return nowhere();\n}\n');
    const { problems, failure } = await build(target({ command: ['make'] }));
    expect(problems).toContainEqual(
      expect.objectContaining({
        file: path.join(dir, 'x.c'),
        line: 3,
        severity: 'error',
        message: expect.stringMatching(/undefined reference/),
      }),
    );
    expect(failure).toMatch(/undefined reference/);
  });

  it('goes on to the next command only when one succeeded', async () => {
    const next = [['touch', '${out}/second'], ['false'], ['touch', '${out}/fourth']];
    const { failure, out } = await build(target({ next }), { X: '1' });
    expect(failure).toMatch(/^exit status 1/);
    expect(existsSync(path.join(out, 'second'))).toBe(true);
    expect(existsSync(path.join(out, 'fourth'))).toBe(false);
  });

  it('has the environment of the target on top of the user’s, and nothing of a make around it', async () => {
    vi.stubEnv('MAKEFLAGS', '--no-such-option');
    vi.stubEnv('OUTER', 'kept');
    try {
      writeFileSync(path.join(dir, 'Makefile'), 'all:\n\t@echo "$$OUTER $$INNER $(INNER)"\n');
      const { lines, failure } = await build(target({ command: ['make'], env: { INNER: '-O2 -g' } }));
      expect(failure).toBeNull();
      expect(lines).toContain('kept -O2 -g -O2 -g');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('is cancelled with everything that it started', async () => {
    writeFileSync(path.join(dir, 'Makefile'), 'all:\n\t@echo begun; sleep 300 & sleep 300; wait\n');
    const controller = new AbortController();
    const plan = planBuild(target({ command: ['make'] }), {});
    if (plan === null) throw new Error('nothing is built');
    const running = runBuild(plan, 'mine', {
      signal: controller.signal,
      onLine: (line) => {
        if (line === 'begun') controller.abort();
      },
    });
    await expect(running).rejects.toThrow(/cancelled/);
    const left = spawnSync('pgrep', ['-f', '^sleep 300$'], { encoding: 'utf8' }).stdout.trim().split('\n');
    const ours = left.filter((pid) => pid !== '' && cwdOf(pid) === dir);
    expect(ours).toEqual([]);
  });

  it('says what cannot be started, and where nothing can be', async () => {
    await expect(build(target({ command: ['no-such-make'] }))).rejects.toThrow(
      'mine cannot be built: `no-such-make` cannot be started (ENOENT)',
    );
    await expect(build(target({ cwd: 'nowhere' }))).rejects.toThrow(/nowhere is no folder/);
    mkdirSync(path.join(dir, '.alloc-lens'));
    writeFileSync(path.join(dir, '.alloc-lens/build'), '');
    await expect(build(target({}))).rejects.toThrow(/the build folder cannot be made/);
  });
});

function cwdOf(pid: string): string | null {
  const r = spawnSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' });
  return r.status === 0 ? r.stdout.trim() : null;
}

describe('compile flags', () => {
  it.each([
    [
      { command: ['make', 'OUT=${out}'] },
      /X is a compile flag, and mine has none: its build command takes no \$\{cflags\}/,
    ],
    [{ command: ['make', 'CFLAGS=${cflags}'] }, /it is built in its own folder \(no \$\{out\}\)/],
  ])('need both a place for them and a folder for each of them: %j', (over, words) => {
    expect(() => planBuild(target(over), { X: '1' })).toThrow(words);
    expect(planBuild(target(over), {})).not.toBeNull();
  });

  it('of what is not built here there are none', () => {
    const t = target({}, { build: null });
    expect(planBuild(t, {})).toBeNull();
    expect(() => planBuild(t, { X: '1' })).toThrow(/it is not built here/);
  });

  it('alone in an element they become one element each', () => {
    const t = target({ command: ['cc', '${cflags}', '-o', '${out}/x'] });
    expect(planBuild(t, { A: '1', B: '' })?.commands[0]?.command.slice(0, 3)).toEqual([
      'cc',
      '-DA=1',
      '-DB=',
    ]);
    expect(planBuild(t, {})?.commands[0]?.command[1]).toBe('-o');
  });

  it('an unknown variable is refused with those that are known', () => {
    expect(() => planBuild(target({ command: ['make', '${outt}'] }), {})).toThrow(
      /\$\{outt\} is not known here; known are \$\{workspaceFolder\}, \$\{cflags\}/,
    );
  });
});
