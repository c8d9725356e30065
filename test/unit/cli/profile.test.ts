/** `alloc-lens profile` and `alloc-lens annotate` as a user calls them, on recordings by real tools. */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Profile } from '../../../extension/model.ts';
import type { ProfileDiff } from '../../../extension/model-profile.ts';
import type { AnnotatedSource } from '../../../extension/profile/annotated-source.ts';
import { type Finished, messages, runCli, schemaProblems } from './run-cli.ts';

const source = `#include "box.h"
static volatile int calls;
__attribute__((noinline)) int hot(int n) {
  int s = 0;
  for (int i = 0; i < n; i++) s = mix(s + i);
  calls++;
  return s;
}
__attribute__((noinline)) int cold(int n) {
  calls++;
  return hot(n) + 1;
}
int main(void) {
  int s = 0;
  for (int i = 0; i < 100; i++) s += hot(200) + cold(ROUNDS);
  return s == 12345;
}
`;

let folder = '';
/** The program was built elsewhere, and its sources are in a folder whose name a shell would trip over. */
let root = '';
const at = (name: string): string => path.join(folder, name);
const cli = (...args: string[]): Promise<Finished> => runCli(args, { cwd: root });

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-profile-'));
  const build = at('build/hak-1.2/core');
  root = at('my $(touch pwned) `src`; x');
  mkdirSync(build, { recursive: true });
  mkdirSync(path.join(root, 'core'), { recursive: true });
  writeFileSync(path.join(build, 'main.c'), source);
  writeFileSync(
    path.join(build, 'box.h'),
    'static inline int mix(int x) {\n  x ^= x << 3;\n  return x + 7;\n}\n',
  );
  for (const name of ['main.c', 'box.h']) copyFileSync(path.join(build, name), path.join(root, 'core', name));
  const run = (command: string, ...args: string[]): void => {
    execFileSync(command, args, { cwd: folder, stdio: 'pipe' });
  };
  for (const [name, rounds] of [
    ['before', '50'],
    ['after', '150'],
  ] as const) {
    run('gcc', '-O1', '-g', `-DROUNDS=${rounds}`, '-o', 'prog', path.join(build, 'main.c'));
    run(
      'valgrind',
      '--tool=callgrind',
      `--callgrind-out-file=callgrind.out.${name === 'before' ? 1 : 2}`,
      './prog',
    );
  }
  rmSync(at('build'), { recursive: true });
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const parsed = <T>(finished: Finished): T => {
  expect(finished).toMatchObject({ status: 0 });
  return JSON.parse(finished.stdout) as T;
};

describe('profile import', () => {
  it('prints a profile whose files are those of the folder', async () => {
    const value = parsed<Profile>(await cli('profile', 'import', '../callgrind.out.1', '--format', 'json'));
    expect(schemaProblems('profile', value)).toEqual([]);
    expect(value.functions.find((f) => f.name === 'hot')).toMatchObject({ file: 'core/main.c' });
    expect(value.lines.filter((l) => l.file === 'core/box.h').length).toBeGreaterThan(1);
    expect(value.details?.unmapped.some((u) => u.file.endsWith('main.c'))).toBe(false);
    expect(value.target).toMatchObject({ kind: 'imported', name: 'callgrind.out.1' });
  });

  it('as text and Markdown, aligned, with the lines and what could not be mapped', async () => {
    const text = (await cli('profile', 'import', '../callgrind.out.1')).stdout;
    expect(text).toMatch(/^callgrind\.out\.1 \(callgrind, Ir\): [\d,]+ instructions$/m);
    expect(text).toMatch(/^Hot functions\n *self +total +function +category +object +source\n/m);
    expect(text).toMatch(/^ *\d+\.\d\d% +\d+\.\d\d% +hot +core +prog +core\/main\.c$/m);
    expect(text).toMatch(/^ *\d+\.\d\d% +core\/main\.c:5 +for \(int i = 0/m);
    expect(text).toMatch(/% in \d+ files of libraries and the kernel/);
    const rows = text.split('\n').filter((l) => / core .* core\/main\.c$/.test(l));
    expect(new Set(rows.map((r) => r.indexOf('core/main.c'))).size).toBe(1);
    const markdown = (await cli('profile', 'import', '../callgrind.out.1', '--format', 'markdown')).stdout;
    expect(markdown).toMatch(/^# callgrind\.out\.1/);
    expect(markdown).toMatch(/^\| \d+\.\d\d% \| \d+\.\d\d% \| `hot` \|/m);
  });

  it('takes packed files, a map, and does not mind names', async () => {
    writeFileSync(at('packed'), gzipSync(readFileSync(at('callgrind.out.1'))));
    mkdirSync(path.join(folder, 'elsewhere', 'x'), { recursive: true });
    const value = parsed<Profile>(
      await cli(
        'profile',
        'import',
        '../packed',
        '--format',
        'json',
        '--root',
        '../elsewhere',
        '--map',
        `${at('build/hak-1.2')}=${root}`,
      ),
    );
    expect(value.functions.find((f) => f.name === 'hot')?.file).toBe(`${root}/core/main.c`);
  });

  it.each([
    [['profile', 'import', 'no/such/file'], /profile 'no\/such\/file': no such file or folder/],
    [['profile', 'import', '.'], /is a folder/],
    [['profile', 'import', 'core/main.c'], /main\.c: Not a recording that is known here/],
    [['profile', 'import', '../callgrind.out.1', '--event', 'cycles'], /no event 'cycles'.*Ir/],
    [['profile', 'import', '../callgrind.out.1', '--map', 'x'], /--map 'x': write it as/],
    [
      ['profile', 'import', '../callgrind.out.1', '--root', 'nowhere'],
      /--root 'nowhere': no such file or folder/,
    ],
    [['profile', 'import', '../callgrind.out.1', '--root', 'core/main.c'], /not a folder/],
    [
      ['profile', 'import', '../callgrind.out.1', '--format', 'xml'],
      /--format 'xml': expected text, json, markdown/,
    ],
    [['profile', 'diff', '../callgrind.out.1'], /missing required argument/],
    [
      ['profile', 'export', '../callgrind.out.1', '--to', 'svg', '--out', 'x'],
      /--to 'svg': expected speedscope, pprof, json/,
    ],
    [
      ['profile', 'export', '../callgrind.out.1', '--to', 'json', '--out', '../callgrind.out.1'],
      /that is the profile itself/,
    ],
    [['profile', 'export', '../callgrind.out.1', '--to', 'json', '--out', 'no/such/x'], /cannot write/],
    [['annotate', 'no.c'], /source 'no\.c': no such file or folder/],
    [['annotate', 'core/main.c'], /no profile in this workspace: record one .*--profile FILE/],
  ])('%s is refused with one line', async (args, message) => {
    const finished = await cli(...args);
    expect(messages(finished)).toHaveLength(1);
    expect(messages(finished)[0]).toMatch(message);
    expect(finished).toMatchObject({ status: 2, stdout: '' });
  });

  it('perf.data without perf says what to do', async () => {
    writeFileSync(at('perf.data'), `PERFILE2${'\0'.repeat(200)}`);
    const finished = await cli('profile', 'import', '../perf.data');
    expect(finished.status).not.toBe(0);
    expect(messages(finished)).toHaveLength(1);
    expect(messages(finished)[0]).toMatch(/perf/);
  });

  it('cut off files and files of rubbish give one line each', async () => {
    const whole = readFileSync(at('callgrind.out.1'));
    writeFileSync(at('cut'), whole.subarray(0, whole.length / 2));
    writeFileSync(at('cut.gz'), gzipSync(whole).subarray(0, 2000));
    writeFileSync(at('rubbish'), Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 73) & 255)));
    writeFileSync(at('empty'), '');
    for (const name of ['cut', 'cut.gz', 'rubbish', 'empty']) {
      const finished = await cli('profile', 'import', `../${name}`);
      expect(finished).toMatchObject({ status: 2, stdout: '' });
      expect(messages(finished)).toHaveLength(1);
    }
  });
});

describe('profile diff', () => {
  it('shows what grew', async () => {
    const value = parsed<ProfileDiff>(
      await cli('profile', 'diff', '../callgrind.out.1', '../callgrind.out.2', '--format', 'json'),
    );
    expect(schemaProblems('profile-diff', value)).toEqual([]);
    const hot = value.functions.find((f) => f.name === 'hot');
    expect(hot?.delta).toBeGreaterThan(1);
    expect(value.functions.every((f) => f.interval === null)).toBe(true);
    expect(value.notes.join(' ')).toMatch(/counted exactly/);
    const text = (await cli('profile', 'diff', '../callgrind.out.1', '../callgrind.out.2')).stdout;
    expect(text).toMatch(/^ +\+\d+\.\d\d +\d+\.\d\d% +\d+\.\d\d% +hot +core\/main\.c$/m);
    const markdown = (
      await cli('profile', 'diff', '../callgrind.out.1', '../callgrind.out.2', '--format', 'markdown')
    ).stdout;
    expect(markdown).toMatch(/^## Functions$/m);
  });
});

describe('profile export', () => {
  it.each(['speedscope', 'pprof', 'json'])('as %s, and back', async (to) => {
    const out = at(`out ${to} $(x)`);
    const written = parsed<{ path: string; bytes: number }>(
      await cli('profile', 'export', '../callgrind.out.1', '--to', to, '--out', out, '--format', 'json'),
    );
    expect(schemaProblems('profile-export', written)).toEqual([]);
    expect(written).toMatchObject({ path: out, bytes: readFileSync(out).length });
    const before = parsed<Profile>(await cli('profile', 'import', '../callgrind.out.1', '--format', 'json'));
    const after = parsed<Profile>(await cli('profile', 'import', out, '--format', 'json'));
    const share = (p: Profile): number => p.functions.find((f) => f.name === 'hot')?.selfPercent ?? 0;
    expect(share(after)).toBeCloseTo(share(before), 3);
    if (to === 'pprof') expect(gunzipSync(readFileSync(out)).length).toBeGreaterThan(500);
    if (to === 'json') expect(after).toEqual(before);
  });
});

describe('annotate', () => {
  it('prints the source with percentages and heads of functions', async () => {
    const finished = await cli('annotate', 'core/main.c', '--profile', '../callgrind.out.1');
    expect(finished.status).toBe(0);
    const lines = finished.stdout.split('\n');
    expect(lines[0]).toMatch(/^core\/main\.c: \d+\.\d\d% of all samples$/);
    const head = lines.findIndex((l) => /^ +hot: self \d+\.\d\d%, total \d+\.\d\d%$/.test(l));
    expect(lines[head + 1]).toMatch(/^[ \d.]{8} +3 {2}__attribute__\(\(noinline\)\) int hot/);
    expect(finished.stdout).toMatch(/^ +\d+\.\d\d +5 {4}for \(int i = 0/m);
    // Every line of the file is there.
    const [, shown = ''] = finished.stdout.trimEnd().split('source\n');
    const rows = shown.split('\n').filter((l) => !/: self /.test(l));
    expect(rows.map((l) => l.slice(16).trimEnd())).toEqual(
      source
        .trimEnd()
        .split('\n')
        .map((l) => l.trimEnd()),
    );
  });

  it('as JSON, by the schema', async () => {
    const value = parsed<AnnotatedSource>(
      await cli('annotate', 'core/main.c', '--profile', '../callgrind.out.1', '--format', 'json'),
    );
    expect(schemaProblems('annotate', value)).toEqual([]);
    expect(value.functions.map((f) => [f.name, f.line])).toEqual([
      ['hot', 3],
      ['cold', 9],
      ['main', 13],
    ]);
    expect(value.lines.find((l) => l.line === 5)?.text).toMatch(/for \(int i/);
    expect(value.percent).toBeCloseTo(value.lines.reduce((s, l) => s + l.percent, 0));
  });

  it('takes the newest profile of the workspace', async () => {
    const kept = path.join(root, '.alloc-lens', 'profiles');
    mkdirSync(kept, { recursive: true });
    await cli(
      'profile',
      'export',
      '../callgrind.out.1',
      '--to',
      'json',
      '--out',
      path.join(kept, 'one.json'),
    );
    const finished = await cli('annotate', 'core/main.c');
    expect(messages(finished)).toEqual([`profile: ${path.join('.alloc-lens', 'profiles', 'one.json')}`]);
    expect(finished.stdout).toMatch(/hot: self/);
    rmSync(path.join(root, '.alloc-lens'), { recursive: true });
    // Without one that is kept: what lies in the folder, be it a tool's recording or a profile of our own.
    writeFileSync(path.join(root, 'package.json'), '{"schemaVersion":1}');
    copyFileSync(at('callgrind.out.1'), path.join(root, 'callgrind.out.1'));
    utimesSync(path.join(root, 'callgrind.out.1'), 1000, 1000);
    expect(messages(await cli('annotate', 'core/main.c'))).toEqual(['profile: callgrind.out.1']);
    await cli('profile', 'export', '../callgrind.out.1', '--to', 'json', '--out', 'mine.json');
    expect(messages(await cli('annotate', 'core/main.c'))).toEqual(['profile: mine.json']);
    for (const name of ['mine.json', 'callgrind.out.1', 'package.json']) rmSync(path.join(root, name));
  });

  it('says where the samples are when they are elsewhere, and that there are no instructions', async () => {
    writeFileSync(path.join(root, 'core', 'other.c'), 'int x;\n');
    const other = await cli('annotate', 'core/other.c', '--profile', '../callgrind.out.1');
    expect(messages(other).join()).toMatch(/no samples in core\/other\.c; most are in core\/main\.c/);
    const asm = await cli('annotate', 'core/main.c', '--profile', '../callgrind.out.1', '--asm');
    expect(messages(asm).join()).toMatch(/holds no instructions/);
  });

  it('shows hot instructions below their lines', async () => {
    const profile = parsed<Profile>(await cli('profile', 'import', '../callgrind.out.1', '--format', 'json'));
    const lines = profile.lines.map((l) =>
      l.file === 'core/main.c' && l.line === 6
        ? {
            ...l,
            instructions: [
              { address: '1139', text: 'addl $0x1,0x2ef8(%rip)', percent: 0.5, function: 'hot' },
            ],
          }
        : l,
    );
    writeFileSync(at('asm.json'), JSON.stringify({ schemaVersion: 1, ...profile, lines }));
    const { stdout } = await cli('annotate', 'core/main.c', '--profile', '../asm.json', '--asm');
    expect(stdout).toMatch(/ 6 {2} +calls\+\+;\n +0\.50 +1139: addl \$0x1,0x2ef8\(%rip\)$/m);
  });
});

it('no name was given to a shell', () => {
  const everywhere = [folder, root, process.cwd()].flatMap((f) => (existsSync(f) ? readdirSync(f) : []));
  expect(everywhere).not.toContain('pwned');
});
