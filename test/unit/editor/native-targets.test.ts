// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of targets, which are put in by name
/** Targets of the workspace in the editor: offered first, asked for once, problems shown, nothing without trust. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BenchmarkCommand } from '../../../extension/editor/benchmark.ts';
import { ExperimentCommand } from '../../../extension/editor/experiment.ts';
import { engineLaboratory } from '../../../extension/editor/engine-laboratory.ts';
import { Measuring } from '../../../extension/editor/measuring.ts';
import { gateOffersOf, nativeEnvSides, parseSetting } from '../../../extension/editor/native-choice.ts';
import { targetOffer } from '../../../extension/editor/benchmark-args.ts';
import { workspaceChoices } from '../../../extension/editor/native-offers.ts';
import { ProfileLoader } from '../../../extension/editor/profile-loader.ts';
import { type Memory, NativeTargets } from '../../../extension/editor/native-targets.ts';
import type { BenchRequest, Target } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import { benchResult, findings, gate } from './builders.ts';
import { type Harness, harness, real } from './harness.ts';
import { labOf } from './laboratory.ts';

const harnessFile = path.resolve(import.meta.dirname, '../../../extension/native/harness.c');
/** The system's own allocator under another roof. */
const toy = `#include <stddef.h>
void* __libc_malloc(size_t); void __libc_free(void*); void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t); void* __libc_memalign(size_t, size_t);
void* malloc(size_t n) { return __libc_malloc(n); }
void free(void* p) { __libc_free(p); }
void* calloc(size_t n, size_t m) { return __libc_calloc(n, m); }
void* realloc(void* p, size_t n) { return __libc_realloc(p, n); }
int posix_memalign(void** p, size_t a, size_t n) { *p = __libc_memalign(a, n); return *p ? 0 : 12; }
`;
const able =
  process.platform === 'linux' &&
  ['make', 'cc'].every((c) => spawnSync(c, ['--version'], { stdio: 'ignore' }).status === 0);
if (!able) console.log('skipped: builds need Linux, make and a C compiler named cc, which are not here');

let dir = '';
let stored: Map<string, unknown>;
let memory: Memory;

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'alloc-lens-editor-'));
  stored = new Map();
  memory = {
    get: <T>(key: string, fallback: T): T => (stored.has(key) ? (stored.get(key) as T) : fallback),
    update: async (key, value) => void stored.set(key, value),
  };
  writeFileSync(path.join(dir, 'toy.c'), toy);
  writeFileSync(
    path.join(dir, 'Makefile'),
    'OUT ?= o\nEXTRA_CFLAGS ?=\n$(OUT)/libtoy.so: toy.c\n\t@mkdir -p $(OUT)\n' +
      '\t$(CC) -O1 -fPIC -shared -fno-builtin $(EXTRA_CFLAGS) -o $@ $<\n',
  );
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const pick = (text: string) => (items: { label: string }[]) => items.find((i) => i.label.startsWith(text));

function setUp(text = ''): {
  h: Harness;
  targets: NativeTargets;
  benchmark: BenchmarkCommand;
  engine: string[];
} {
  const h = harness(text);
  h.state.folders = [{ uri: mocked.Uri.file(dir), name: 'mine' }];
  const log = real.log(h.log);
  const targets = new NativeTargets({ memory, cacheDir: path.join(dir, 'cache'), harness: harnessFile, log });
  const engine: string[] = [];
  const target: Target = {
    ...{ name: 'engine', variants: ['fast'] },
    run: async () => {
      engine.push('ran');
      return benchResult();
    },
  };
  const benchmark = new BenchmarkCommand({
    ...{ store: h.store, config: h.config, measuring: new Measuring(), engine: target },
    ...{ loader: new ProfileLoader({ store: h.store, log }), toProfile: () => null, log },
    native: () => workspaceChoices(targets, (t) => targetOffer(t).description),
  });
  return { h, targets, benchmark, engine };
}

const request = { profile: 'mixed', iterations: 1000 };

describe.skipIf(!able)('Run Benchmark on a target of the workspace', () => {
  it('offers it first, asks with the exact commands, builds and runs it, and does not ask again', async () => {
    const { h, benchmark, engine } = setUp();
    h.state.answers = [pick('random_mixed: tiny'), (items: { label: string }[]) => items[0], 'Run'];
    const result = await benchmark.run();
    expect(result).toMatchObject({ target: 'toy', variant: 'native', workload: 'random_mixed:tiny' });
    expect(h.state.picks[1]?.[0]).toMatchObject({
      label: 'toy',
      description: 'this workspace · native: built, then preloaded (found in this folder)',
    });
    expect(h.state.messages[0]).toBe(
      'warning: Run these commands for the target toy (found in this folder)?',
    );
    const detail = String(h.state.details[0]);
    expect(detail).toMatch(
      /^cd \S+ && make OUT=\S+\/toy-[0-9a-f]{12} EXTRA_CFLAGS=\n\ncd \S+ && LD_PRELOAD=\S+libtoy\.so alloc-lens-harness$/,
    );
    expect(h.log.lines.join('\n')).toContain('$ make OUT=');
    expect(engine).toEqual([]);

    h.state.details.length = 0;
    expect(await benchmark.run(request)).toMatchObject({ target: 'toy' });
    expect(h.state.details).toEqual([]);
    expect(h.state.picks).toHaveLength(2);
  });

  it('is the default of the command’s arguments, unless a variant of the engine is named', async () => {
    const { benchmark, engine } = setUp();
    stored.clear();
    await benchmark.run({ profile: 'mixed', variant: 'fast' });
    expect(engine).toEqual(['ran']);
  });

  it('not allowed, it runs nothing, and asks again', async () => {
    const { h, benchmark } = setUp();
    for (const answer of [undefined, 'Cancel']) {
      h.state.answers = [answer];
      await expect(benchmark.run(request)).rejects.toThrow('toy was not run: its commands were not allowed.');
    }
    expect(h.state.details).toHaveLength(2);
    expect(existsSync(path.join(dir, '.alloc-lens'))).toBe(false);
    expect(stored.size).toBe(0);
  });

  it('asks again as soon as anything of a command differs, and only for that', async () => {
    const { h, targets } = setUp();
    const toyTarget = await targets.named('toy');
    const asked = { ...baseRequest, iterations: 1000 };
    h.state.answers = ['Run'];
    await toyTarget?.prepare?.(asked, {});
    h.state.answers = ['Run'];
    await toyTarget?.prepare?.({ ...asked, flags: { X: '1' } }, {});
    expect(h.state.details).toHaveLength(2);
    expect(String(h.state.details[1])).toContain('EXTRA_CFLAGS=-DX=1');
    h.state.settings.targets = [{ name: 'lib', preload: path.join(dir, 'o.so') }];
    h.state.answers = [undefined];
    await expect((await targets.named('lib'))?.prepare?.(asked, {})).rejects.toThrow(/not allowed/);
    expect(h.state.messages.at(-1)).toContain('from the setting allocLens.targets');
  });

  it('what the compiler found stands as problems, until the next build', async () => {
    const { h, benchmark } = setUp();
    writeFileSync(path.join(dir, 'toy.c'), 'int broken(void) {\n  return oops;\n}\n');
    h.state.answers = ['Run'];
    await expect(benchmark.run(request)).rejects.toThrow(
      /^building toy failed with exit status 2: toy\.c:2: /,
    );
    const collection = h.state.diagnostics.get('Alloc Lens build');
    const [diagnostic] = collection?.get(path.join(dir, 'toy.c')) ?? [];
    expect(diagnostic).toMatchObject({
      severity: 0,
      source: 'Alloc Lens build',
      message: expect.stringMatching(/oops/),
    });
    expect([diagnostic?.range.start.line, diagnostic?.range.start.character]).toEqual([1, 9]);
    writeFileSync(path.join(dir, 'toy.c'), toy);
    await benchmark.run(request);
    expect(collection?.size).toBe(0);
  });

  it('in a workspace that is not trusted it is not looked for, offered or run', async () => {
    const { h, targets, benchmark, engine } = setUp();
    const known = await targets.named('toy');
    h.state.trusted = false;
    expect(await targets.list()).toEqual([]);
    expect(await targets.named('toy')).toBeNull();
    await expect(benchmark.run({ target: 'toy' })).rejects.toThrow(/target must be one of engine/);
    // One that was at hand before.
    await expect(known?.run({ ...baseRequest }, {})).rejects.toThrow(/needs a trusted one/);
    h.state.answers = [pick('random_mixed: mixed'), undefined];
    await benchmark.run();
    expect(JSON.stringify(h.state.picks.at(-1))).not.toContain('toy');
    expect([h.state.details, engine, existsSync(path.join(dir, '.alloc-lens'))]).toEqual([[], [], false]);
  });

  it('a wrong setting is told once', async () => {
    const { h, targets } = setUp();
    h.state.settings.targets = [{ name: 'engine', preload: 'x' }];
    expect((await targets.list()).map((t) => t.config.name)).toEqual(['toy']);
    await targets.list();
    expect(h.state.messages).toEqual([
      "warning: Alloc Lens: allocLens.targets: target 1.name: 'engine' has a meaning of its own: choose another name",
    ]);
  });

  it('what the workspace remembers may be anything', async () => {
    const { h, benchmark } = setUp();
    stored.set('allocLens.approvedCommands', { not: 'a list' });
    h.state.answers = ['Run'];
    expect(await benchmark.run(request)).toMatchObject({ target: 'toy' });
    expect(stored.get('allocLens.approvedCommands')).toHaveLength(2);
  });
});

const baseRequest: BenchRequest = {
  ...{ workload: 'random_mixed', profile: 'mixed', variant: 'native', env: {}, flags: {} },
  ...{ iterations: 1000, workingSet: null, min: null, max: null, seed: 12345, threads: 1, runs: 1 },
  ...{ sample: false, counters: false, latency: false, verify: false },
};

describe('Run A/B Experiment on a target of the workspace', () => {
  const known = findings({
    gates: [
      gate({
        id: 'g1',
        kind: 'compile',
        name: 'COLD_FLAG',
        default: 'on',
        hot: false,
        read: null,
        function: null,
      }),
      gate({
        id: 'g2',
        kind: 'compile',
        name: 'STATS_COMPILED',
        default: 'off',
        hot: true,
        read: null,
        function: null,
      }),
      gate({ id: 'g3', kind: 'env', name: 'MY_GATE', default: 'off' }),
      gate({
        id: 'g4',
        kind: 'compile',
        name: 'BUDGET',
        default: '2',
        hot: false,
        read: null,
        function: null,
      }),
    ],
  });

  function setUpLab() {
    const { h, targets } = setUp();
    const lab = labOf(h);
    const deps = { ...lab.deps, workspace: targets, findings: () => known };
    return { h, lab, command: new ExperimentCommand(deps) };
  }

  it('compares two builds, the flags of its sources first', async () => {
    const { h, lab, command } = setUpLab();
    h.state.answers = [
      (items: unknown[]) => items[0],
      pick('STATS_COMPILED'),
      pick('random_mixed: mixed'),
      pick('±1%'),
    ];
    await command.run();
    expect(h.state.picks[0]?.[0]).toMatchObject({ label: 'toy: two builds' });
    expect((h.state.picks[1] ?? []).map((i) => Reflect.get(i as object, 'label'))).toEqual([
      ...['STATS_COMPILED', 'COLD_FLAG', 'BUDGET', 'Other…'],
    ]);
    const side = { target: 'toy', variant: 'native', preset: null, env: {} };
    expect(lab.plans).toMatchObject([
      {
        title: 'toy: STATS_COMPILED default → 1 (random_mixed:mixed)',
        baseline: { ...side, flags: {} },
        treatment: { ...side, flags: { STATS_COMPILED: '1' } },
      },
    ]);
  });

  it('compares two environments, and asks for values and names', async () => {
    const { h, lab, command } = setUpLab();
    h.state.answers = [pick('toy: environment'), pick('MY_GATE'), pick('1 → 0'), pick('larson'), pick('±2%')];
    await command.run();
    h.state.answers = [pick('toy: environment'), pick('Other'), 'OWN=a,b', pick('larson'), pick('±2%')];
    await command.run();
    h.state.answers = [pick('toy: two builds'), pick('BUDGET'), '8', pick('larson'), pick('±2%')];
    await command.run();
    expect(lab.plans).toMatchObject([
      { baseline: { env: { MY_GATE: '1' } }, treatment: { env: { MY_GATE: '0' } } },
      { baseline: { env: {} }, treatment: { env: { OWN: 'a,b' } } },
      { baseline: { flags: {} }, treatment: { flags: { BUDGET: '8' } } },
    ]);
  });

  it('compares it with another allocator, which is the baseline', async () => {
    const { h, lab, command } = setUpLab();
    h.state.answers = [pick('toy: another'), pick('engine'), pick('larson'), pick('±2%')];
    await command.run();
    expect(lab.plans).toMatchObject([
      {
        baseline: { target: 'engine', variant: 'fast-calls' },
        treatment: { target: 'toy', variant: 'native' },
      },
    ]);
  });

  it('offers no builds where flags cannot be compared, and nothing where there are no targets', async () => {
    const { h, command } = setUpLab();
    writeFileSync(path.join(dir, 'Makefile'), 'libtoy.so: toy.c\n');
    h.state.answers = [undefined];
    await command.run();
    expect((h.state.picks[0] ?? []).slice(0, 2).map((i) => Reflect.get(i as object, 'label'))).toEqual([
      ...['toy: environment', 'toy: another allocator'],
    ]);
    rmSync(path.join(dir, 'Makefile'));
    h.state.answers = [undefined];
    await command.run();
    expect(h.state.picks[1]?.[0]).toMatchObject({ label: 'Compile flag' });
  });

  it('looks as often as is planned for native targets', () => {
    const laboratory = engineLaboratory({ distDir: dir, folder: null });
    expect(laboratory.looks(36)).toEqual([12, 24, 36]);
    expect(laboratory.looks(36, true)).toEqual([24, 48, 72]);
    expect(laboratory.looks(12, true)).toEqual([24]);
  });

  it('names that are none are refused', () => {
    expect(() => parseSetting('a b=1')).toThrow(/Write NAME/);
    expect(parseSetting('A=b=c')).toEqual({ name: 'A', value: 'b=c' });
    expect(parseSetting('A')).toEqual({ name: 'A', value: '1' });
    expect(() => nativeEnvSides('t', 'X', ['1', '1'])).toThrow(/same X/);
    expect(gateOffersOf(null, 'env')).toEqual([]);
    const odd = findings({ gates: [gate({ kind: 'env', name: 'a;b' }), gate({ kind: 'env', name: null })] });
    expect(gateOffersOf(odd, 'env')).toEqual([]);
  });
});

describe.skipIf(!able)('the laboratory', () => {
  it('runs targets of the workspace, and says which it does not know', async () => {
    const { h, targets } = setUp();
    const laboratory = engineLaboratory({
      distDir: dir,
      folder: null,
      target: (name) => targets.named(name),
    });
    h.state.answers = ['Run'];
    const side = { target: 'toy', variant: 'native', preset: null, flags: {}, env: {} };
    const plan = {
      ...{
        id: 'x',
        title: 't',
        baseline: side,
        treatment: { ...side, flags: { UNUSED: '1' } },
        replay: null,
      },
      ...{ threshold: 1, rule: 'interval' as const, looks: [24] },
      work: {
        ...{ workload: 'random_mixed' as const, profile: 'mixed', trace: null, iterations: 1000 },
        ...{ workingSet: null, min: null, max: null, seed: 12345, threads: null },
      },
    };
    h.state.answers = ['Run', 'Run'];
    const result = await laboratory.experiment(plan, dir, {});
    expect([result.verdict, result.reason]).toEqual(['NEUTRAL', expect.stringMatching(/^identical code/)]);
    expect(result.machine.pinned === null || result.machine.pinned.length === 1).toBe(true);
    const unknown = { ...plan, baseline: { ...side, target: 'nobody' } };
    await expect(laboratory.experiment(unknown, dir, {})).rejects.toThrow(
      /nobody is no target of this workspace/,
    );
    await vi.waitFor(() => expect(h.state.answers).toEqual([]));
  });
});
