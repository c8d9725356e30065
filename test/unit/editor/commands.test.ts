import { readFileSync } from 'node:fs';
import type * as vscode from 'vscode';
import { describe, expect, it, vi } from 'vitest';
import { BenchmarkCommand, type BenchmarkDeps } from '../../../extension/editor/benchmark.ts';
import { CompareCommand } from '../../../extension/editor/compare.ts';
import { registerCommands } from '../../../extension/editor/commands.ts';
import { EngineSources } from '../../../extension/editor/engine-source.ts';
import { ExperimentCommand } from '../../../extension/editor/experiment.ts';
import { HeatOverlay } from '../../../extension/editor/heat.ts';
import { colors, commands, internalCommands, views } from '../../../extension/editor/ids.ts';
import { Measuring } from '../../../extension/editor/measuring.ts';
import { Navigation } from '../../../extension/editor/navigation.ts';
import { ProfileCommands } from '../../../extension/editor/profile-commands.ts';
import { ProfileLoader } from '../../../extension/editor/profile-loader.ts';
import {
  commandLine,
  RecordTraceCommand,
  type RecordTraceDeps,
  splitCommand,
} from '../../../extension/editor/record-trace.ts';
import { SoakCommand } from '../../../extension/editor/soak.ts';
import { registerStatus } from '../../../extension/editor/status.ts';
import { FindingsTree } from '../../../extension/editor/tree.ts';
import { AnalysisController } from '../../../extension/editor/analysis.ts';
import { type BenchRequest, type RunHooks, type Target, UserError } from '../../../extension/model.ts';
import { profileFromBench } from '../../../extension/profile/from-bench.ts';
import type { Recording } from '../../../extension/native/trace-record.ts';
import * as mocked from '../mocks/vscode.ts';
import { benchResult, engineProfile, findings, fn, gate, site, variable } from './builders.ts';
import { calibration } from './calibration.ts';
import { native, project } from './native.ts';
import { type Harness, harness, real, root } from './harness.ts';
import { labOf } from './laboratory.ts';

const shares = engineProfile({ malloc: 60, free: 40 });

class FakeTarget implements Target {
  readonly variants = ['fast'];
  readonly requests: BenchRequest[] = [];
  constructor(
    readonly name: string,
    readonly run: Target['run'],
  ) {}
}

function targetThat(name: string, act: (hooks: RunHooks) => Promise<void> | void = () => {}): FakeTarget {
  const target: FakeTarget = new FakeTarget(name, async (request, hooks) => {
    target.requests.push(request);
    await act(hooks);
    return benchResult({ target: name, variant: request.variant });
  });
  return target;
}

function bench(h: Harness, engine: Target, native: readonly Target[] = []): BenchmarkCommand {
  const toProfile: BenchmarkDeps['toProfile'] = (result, recordedAt) =>
    result.target === 'engine' ? { ...shares, recordedAt } : null;
  return new BenchmarkCommand({
    store: h.store,
    config: h.config,
    measuring: new Measuring(),
    loader: new ProfileLoader({ store: h.store, log: real.log(h.log) }),
    engine,
    native: async () =>
      native.map((target) => ({
        name: target.name,
        target: async () => target,
        origin: 'system',
        detail: '',
      })),
    toProfile,
    log: real.log(h.log),
  });
}

function comparison(h: Harness, natives: readonly Target[] = []): CompareCommand {
  return new CompareCommand({
    ...{ store: h.store, measuring: new Measuring(), engine: targetThat('engine') },
    natives: async () => natives,
    showReport: (place) => void h.state.executed.push(['report', place]),
    log: real.log(h.log),
  });
}

function recording(h: Harness, record: RecordTraceDeps['record'] = async () => recorded): RecordTraceCommand {
  return new RecordTraceCommand({ measuring: new Measuring(), record, log: real.log(h.log) });
}

const recorded: Recording = {
  processes: [
    {
      ...{ file: '/project/sort.trace.gz', program: 'sort', process: 7, operations: 1234, objects: 10 },
      ...{ threads: 1, peakBytes: 99, notes: [] },
    },
  ],
  ended: 'ended with exit status 0',
};

const pick = (text: string) => (items: { label: string }[]) => items.find((i) => i.label.includes(text));

describe('Run Benchmark', () => {
  it('asks for workload and target, shows progress, loads the result and offers the report', async () => {
    const h = harness('');
    h.state.answers = [pick('tiny'), pick('standard'), 'Open Report'];
    h.state.settings.env = { HAKMEM_X: '1' };
    const engine = targetThat('engine', ({ onProgress }) => {
      onProgress?.({ message: 'pass 1', fraction: 0.5 });
      onProgress?.({ message: 'pass 2', fraction: 0.4 });
      onProgress?.({ message: 'done', fraction: 1 });
    });
    const result = await bench(h, engine).run();
    expect(engine.requests).toMatchObject([
      { profile: 'tiny', variant: 'standard', env: { HAKMEM_X: '1' }, sample: true },
    ]);
    expect(h.state.progress.map((p) => p.increment)).toEqual([50, 0, 50]);
    expect(h.store.lastRun?.result).toBe(result);
    expect(h.store.profiledRun).toBe(result);
    await vi.waitFor(() => expect(h.state.executed).toEqual([['allocLens.openReport']]));
    expect(h.state.messages).toEqual(['information: random_mixed · engine standard: 64.1 M ops/s']);
  });

  it('with arguments asks nothing', async () => {
    const h = harness('');
    const engine = targetThat('engine');
    await bench(h, engine).run({ profile: 'mid', iterations: 1000 });
    expect(h.state.picks).toEqual([]);
    expect(engine.requests).toMatchObject([{ profile: 'mid', variant: 'fast', iterations: 1000 }]);
  });

  it('dismissed at a question runs nothing', async () => {
    const h = harness('');
    h.state.answers = [pick('mixed'), undefined];
    const engine = targetThat('engine');
    expect(await bench(h, engine).run()).toBeUndefined();
    expect(engine.requests).toEqual([]);
  });

  it('cancelled leaves the loaded profile alone and says nothing', async () => {
    const h = harness('');
    const engine = targetThat('engine', async ({ signal }) => {
      h.state.cancel.fire();
      if (signal?.aborted === true) throw new Error('aborted');
    });
    expect(await bench(h, engine).run({ profile: 'mixed' })).toBeUndefined();
    expect(h.store.runs).toEqual([]);
    expect(h.state.messages).toEqual([]);
  });

  it('runs one at a time', async () => {
    const h = harness('');
    let finish = (): void => {};
    const command = bench(
      h,
      targetThat(
        'engine',
        () =>
          new Promise<void>((resolve) => {
            finish = resolve;
          }),
      ),
    );
    const first = command.run({ profile: 'mixed' });
    await expect(command.run({ profile: 'mixed' })).rejects.toThrow('already running');
    finish();
    await first;
    expect(h.store.runs).toHaveLength(1);
  });

  it('offers a native target only in a trusted workspace; a run without a profile is kept', async () => {
    const h = harness('');
    const native = targetThat('system');
    const command = bench(h, targetThat('engine'), [native]);
    h.state.trusted = false;
    h.state.answers = [pick('mixed'), undefined];
    await command.run();
    expect(JSON.stringify(h.state.picks[1])).not.toContain('system');
    await expect(command.run({ target: 'system' })).rejects.toThrow(UserError);
    h.state.trusted = true;
    h.state.answers = [pick('mixed'), pick('system')];
    await command.run();
    expect(native.requests).toMatchObject([{ sample: true }]);
    expect(h.store.profile).toBeNull();
    expect(h.store.lastRun?.result.target).toBe('system');
  });
});

describe('Profile Native Target', () => {
  const profiled = (name: string): FakeTarget => {
    const target: FakeTarget = new FakeTarget(name, async (request) => {
      target.requests.push(request);
      const { target: _identity, workload: _workload, ...profile } = native();
      return benchResult({
        target: name,
        variant: 'native',
        profile: { ...profile, target: name, variant: 'native' },
      });
    });
    return target;
  };
  function command(h: Harness, targets: readonly Target[]): BenchmarkCommand {
    return new BenchmarkCommand({
      store: h.store,
      config: h.config,
      measuring: new Measuring(),
      loader: new ProfileLoader({ store: h.store, log: real.log(h.log) }),
      engine: targetThat('engine'),
      native: async () =>
        targets.map((target, i) => ({
          name: target.name,
          target: async () => target,
          origin: i === targets.length - 1 ? 'workspace' : i === 0 ? 'system' : 'installed',
          detail: i === targets.length - 1 ? 'make' : '',
        })),
      toProfile: profileFromBench,
      log: real.log(h.log),
    });
  }

  it('offers the targets of the workspace first, samples, and says which tool and why', async () => {
    const h = harness('', project(), 'core/a.c');
    const [system, mimalloc, own] = ['system', 'mimalloc', 'liba'].map(profiled);
    h.state.answers = [pick('liba'), pick('mixed'), 'Go to Hottest Line'];
    await command(
      h,
      [system, mimalloc, own].filter((t) => t !== undefined),
    ).profileNative();
    expect(
      (h.state.picks[0] as { label: string; description: string }[]).map(
        (i) => `${i.label}: ${i.description}`,
      ),
    ).toEqual(['liba: this workspace · make', 'mimalloc: installed', 'system: system']);
    expect(own?.requests).toMatchObject([
      { workload: 'random_mixed', profile: 'mixed', sample: true, env: {} },
    ]);
    expect(h.state.messages).toEqual([
      'information: random_mixed · liba: 64.1 M ops/s · perf cpu-clock, 12,345 samples · cycles are not counted here: cpu-clock was used',
    ]);
    await vi.waitFor(() => expect(h.state.executed.at(-1)).toEqual(['allocLens.internal.hottestLine']));
    expect(h.store.profile).toMatchObject({
      target: { kind: 'native', name: 'liba' },
      unit: 'samples',
      samples: 12_345,
    });
    expect(
      h.store.annotations({ origin: 'project', root: real.uri(root), file: 'core/a.c' }).heat,
    ).toHaveLength(3);
  });

  it('with arguments takes the preferred target and asks nothing', async () => {
    const h = harness('');
    const own = profiled('liba');
    await command(h, [profiled('system'), own]).profileNative({ profile: 'tiny' });
    expect(h.state.picks).toEqual([]);
    expect(own.requests).toMatchObject([{ profile: 'tiny' }]);
  });

  it('needs trust and a target', async () => {
    const h = harness('');
    await expect(command(h, []).profileNative()).rejects.toThrow('no native target here');
    h.state.trusted = false;
    await expect(command(h, [profiled('system')]).profileNative()).rejects.toThrow('trusted workspace');
  });

  it('is joined by Run Benchmark: what the workspace builds stands before the engine', async () => {
    const h = harness('');
    h.state.answers = [pick('mixed'), undefined];
    await command(h, [profiled('system'), profiled('liba')]).run();
    const labels = (h.state.picks[1] as { label: string }[]).map((i) => i.label);
    expect([labels[0], labels[1], labels.at(-1)]).toEqual(['liba', 'engine: fast', 'system']);
  });
});

describe('Compare Allocators', () => {
  it('asks for workload, allocators and rounds, and opens the table in the report', async () => {
    const h = harness('');
    const native = targetThat('system');
    const all = (items: { picked?: boolean }[]) => items.filter((i) => i.picked === true);
    h.state.answers = [pick('mixed'), all, pick('3 rounds')];
    const result = await comparison(h, [native]).run();
    expect(result?.rows.map((r) => `${r.target} ${r.variant}`)).toEqual(['engine fast', 'system fast']);
    expect(native.requests).toHaveLength(3);
    expect(h.store.comparisons).toEqual([result]);
    expect(h.state.executed).toEqual([['report', { tab: 'allocators', id: null }]]);
  });

  it('wants two of them, and trust', async () => {
    const h = harness('');
    h.state.answers = [pick('mixed'), (items: unknown[]) => items.slice(0, 1)];
    await expect(comparison(h).run()).rejects.toThrow(/at least two/);
    h.state.trusted = false;
    await expect(comparison(h).run()).rejects.toThrow(/trusted workspace/);
  });
});

describe('Record Allocation Trace', () => {
  it.each([
    ['python3 a.py', ['python3', 'a.py']],
    [`a "b c" 'd $x' e\\ f ''`, ['a', 'b c', 'd $x', 'e f', '']],
    ['a; $(b) `c` > d', ['a;', '$(b)', '`c`', '>', 'd']],
    ['  ', []],
  ])('parts %j as words, for no shell', (text, words) => {
    expect(splitCommand(text)).toEqual(words);
    expect(splitCommand(commandLine(words))).toEqual(words);
  });

  it('refuses a quote or a backslash that does not end', () => {
    expect(() => splitCommand('a "b')).toThrow(UserError);
    expect(() => splitCommand('a \\')).toThrow(UserError);
  });

  it('runs the words in the folder, and tells how to replay', async () => {
    const h = harness('');
    const asked: unknown[] = [];
    h.state.answers = ['sort "a b"', mocked.Uri.file('/project/sort.trace.gz')];
    const command = recording(h, async ({ command: words, out, cwd }) => {
      asked.push([words, out, cwd]);
      return recorded;
    });
    expect(await command.run()).toBe('/project/sort.trace.gz');
    expect(asked).toEqual([[['sort', 'a b'], '/project/sort.trace.gz', root.fsPath]]);
    expect(h.state.messages.join()).toMatch(/1,234 operations on 1 threads.*bench --trace/);
  });
});

describe('every command', () => {
  const shownAt: unknown[] = [];
  function register(h: Harness, engine: Target = targetThat('engine')): () => void {
    const sources = new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store);
    const analyzer = {
      analyze: async () => findings(),
      update: async () => ({ ...findings(), file: 'a.c' }),
      whenSettled: () => {},
    };
    const registered = registerCommands({
      store: h.store,
      analysis: new AnalysisController(h.store, h.config, analyzer, real.log(h.log)),
      benchmark: bench(h, engine),
      calibrate: calibration(h),
      compare: comparison(h),
      recordTrace: recording(h),
      engine: sources,
      heat: new HeatOverlay(h.store, h.config),
      navigation: new Navigation(h.store, sources),
      experiment: new ExperimentCommand(labOf(h).deps),
      soak: new SoakCommand(labOf(h).deps),
      assembly: { open: async () => {} },
      importer: { pick: async () => {}, fromExplorer: async () => {}, locate: async () => {} },
      profiles: new ProfileCommands(h.store, () => ({ file: new Uint8Array(), notes: [] })),
      openReportAt: (place, folder) => shownAt.push([place, folder?.toString() ?? null]),
      openReport: () => h.log.info('report'),
      log: real.log(h.log),
    });
    return () => registered.dispose();
  }

  it('of the manifest has a handler, and no other but the internal ones', () => {
    const h = harness('');
    const dispose = register(h);
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      contributes: {
        commands: { command: string }[];
        views: Record<string, { id: string }[]>;
        colors: { id: string }[];
      };
    };
    const declared = manifest.contributes.commands.map((c) => c.command);
    expect(declared.toSorted()).toEqual(Object.values(commands).toSorted());
    expect([...h.state.registered.keys()].toSorted()).toEqual(
      [...declared, ...Object.values(internalCommands)].toSorted(),
    );
    expect(
      Object.values(manifest.contributes.views)
        .flat()
        .map((v) => v.id),
    ).toEqual(Object.values(views));
    const used = Object.values(colors).flatMap((c) =>
      typeof c === 'string'
        ? [c]
        : (c === colors.coolerBackground ? [1, 2, 3, 4] : [1, 2, 3, 4, 5, 6, 7, 8]).map((step) => c(step)),
    );
    expect(manifest.contributes.colors.map((c) => c.id).toSorted()).toEqual(used.toSorted());
    dispose();
    expect(h.state.registered.size).toBe(0);
  });

  it('has all its texts', () => {
    const at = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
    const used = [...at('package.json').matchAll(/"%([^"%]+)%"/g)].map((m) => m[1]);
    const texts = Object.keys(JSON.parse(at('package.nls.json')) as object);
    expect([...new Set(used)].toSorted()).toEqual(texts.toSorted());
  });

  it('turns a user error into one line, anything else into a line and a log', async () => {
    const h = harness('');
    let failure: Error = new UserError('No engine: run npm run build.');
    register(
      h,
      targetThat('engine', () => {
        throw failure;
      }),
    );
    const run = h.state.registered.get(commands.runBenchmark);
    await run?.({ profile: 'mixed' });
    failure = new TypeError('x is undefined\nsecond line');
    h.state.answers = ['Show Log'];
    await run?.({ profile: 'mixed' });
    await vi.waitFor(() => expect(h.log.lines).toContain('shown'));
    expect(h.state.messages).toEqual([
      'error: Alloc Lens: No engine: run npm run build.',
      'error: Alloc Lens: x is undefined',
    ]);
    expect(h.log.lines.some((l) => l.startsWith('error: TypeError'))).toBe(true);
  });

  it('opens the report where a row of the Experiments view leads, and nowhere for anything else', async () => {
    const h = harness('');
    register(h);
    shownAt.length = 0;
    const show = h.state.registered.get(internalCommands.showRecord);
    await h.state.registered.get(commands.showExperiments)?.();
    await show?.({ tab: 'soak', id: 's1' }, root.toString());
    await show?.({ tab: 'experiments', id: 'e1' }, 'file:///elsewhere');
    for (const wrong of [undefined, 7, {}, { tab: 'runs', id: null }, { tab: 'soak', id: 7 }]) {
      await show?.(wrong, root.toString());
    }
    expect(shownAt).toEqual([
      [{ tab: 'experiments', id: null }, null],
      [{ tab: 'soak', id: 's1' }, root.toString()],
      [{ tab: 'experiments', id: 'e1' }, null],
    ]);
  });

  it('clears what the benchmark loaded', async () => {
    const h = harness('');
    register(h);
    await h.state.registered.get(commands.runBenchmark)?.({ profile: 'mixed' });
    expect(h.store.profile).not.toBeNull();
    await h.state.registered.get(commands.clearProfile)?.();
    expect(h.store.profile).toBeNull();
    expect(h.store.runs).toEqual([]);
  });
});

describe('links', () => {
  const analysed = findings({
    atomics: [site({ line: 3 }), site({ line: 9, target: 'g_b' })],
    gates: [gate({ name: 'G', line: 5 })],
  });
  const navigation = (h: Harness): Navigation =>
    new Navigation(h.store, new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store));

  it('peek several rows where the user is, open a single one with its hover', async () => {
    const h = harness('x', analysed);
    const uri = h.document.uri.toString();
    const ids = analysed.atomics.map((s) => s.id);
    await navigation(h).showRows(uri, 2, ids);
    const [command, , from, locations] = h.state.executed[0] ?? [];
    expect([command, (from as mocked.Position).line]).toEqual(['editor.action.peekLocations', 1]);
    expect((locations as mocked.Location[]).map((l) => (l.range as mocked.Position).line)).toEqual([2, 8]);
    await navigation(h).showRows(uri, 2, ['gate:G']);
    expect(h.state.executed.slice(1).map((e) => e[0])).toEqual([
      'showTextDocument',
      'editor.action.showHover',
    ]);
  });

  it.each([
    [undefined],
    [{ origin: 'project', file: '../secret.c', line: 1 }],
    [{ origin: 'project', file: '/etc/passwd', line: 1 }],
    [{ origin: 'project', file: 'a.c', line: 0 }],
    [{ origin: 'project', file: 'a.c', line: 1, root: 'file:///other' }],
    [{ origin: 'engine', file: '../../secret.ts', line: 1 }],
  ])('%j opens nothing', async (value) => {
    const h = harness('x', analysed);
    await navigation(h).openLocation(value);
    expect(h.state.executed).toEqual([]);
  });

  it('open a place of the project', async () => {
    const h = harness('x', analysed);
    await navigation(h).openLocation({
      origin: 'project',
      file: 'a.c',
      line: 7,
      column: 3,
      root: root.toString(),
    });
    expect(h.state.executed[0]?.[1]).toBe(h.document);
    expect(h.state.executed[0]?.[2]).toMatchObject({ selection: { start: { line: 6, character: 2 } } });
  });

  it.each([
    '/etc/passwd',
    '/engine/allocator/../../package.json',
    '/engine/host/target.ts',
    '/engine/allocator/x.wasm',
  ])('never read %s as an engine source', async (path) => {
    const h = harness('');
    const sources = new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store);
    const uri = real.uri(mocked.Uri.from({ scheme: 'alloc-lens-engine', path }));
    await expect(sources.provideTextDocumentContent(uri)).rejects.toThrow('is not a source of the engine');
  });
});

describe('Open Engine Source', () => {
  const files = {
    '/ext/engine/allocator/cold.ts': 'cold',
    '/ext/engine/allocator/front.ts': 'a\nb\nc',
    '/ext/engine/allocator/notes.md': '',
    '/ext/engine/workloads/random_mixed.ts': 'loop',
  };

  it('offers the hottest file first and opens it at its hottest line', async () => {
    const h = harness('');
    h.state.files = files;
    const lines = [
      { file: 'engine/allocator/front.ts', line: 2, percent: 1 },
      { file: 'engine/allocator/front.ts', line: 3, percent: 4 },
    ];
    h.store.addRun({ result: benchResult(), recordedAt: shares.recordedAt }, { ...shares, lines });
    const sources = new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store);
    h.state.documents.push(
      new mocked.TextDocument(
        mocked.Uri.from({ scheme: 'alloc-lens-engine', path: '/engine/allocator/front.ts' }),
        'typescript',
        await sources.provideTextDocumentContent(
          real.uri(mocked.Uri.from({ scheme: 'alloc-lens-engine', path: '/engine/allocator/front.ts' })),
        ),
      ),
    );
    h.state.answers = [pick('front.ts')];
    await sources.pick();
    expect(
      (h.state.picks[0] as { label: string; description?: string }[]).map((i) => [i.label, i.description]),
    ).toEqual([
      ['allocator', undefined],
      ['front.ts', '100.0% · malloc, free'],
      ['cold.ts', ''],
      ['benchmark loops', undefined],
      ['random_mixed.ts', ''],
    ]);
    expect(h.state.executed[0]?.[2]).toMatchObject({ selection: { start: { line: 2 } } });
  });

  it('says so when the installation lacks them', async () => {
    const h = harness('');
    await new EngineSources(real.uri(mocked.Uri.file('/ext')), h.store).pick();
    expect(h.state.messages).toEqual([expect.stringMatching(/missing from this installation/)]);
  });
});

describe('the findings view', () => {
  interface Shown {
    readonly label: string;
    readonly description: string;
    readonly children: Shown[];
  }
  const shown = (tree: FindingsTree, element?: Parameters<FindingsTree['getTreeItem']>[0]): Shown[] =>
    tree.getChildren(element).map((e) => {
      const item = tree.getTreeItem(e) as unknown as mocked.TreeItem;
      return { label: item.label, description: item.description ?? '', children: shown(tree, e) };
    });

  it('goes from class to variable to site, and from gate to what it guards', () => {
    const hit = site({ line: 12 });
    const h = harness(
      '',
      findings({
        atomics: [
          hit,
          site({
            line: 30,
            class: 'correctness',
            role: 'lock',
            target: 'g_lock',
            variable: null,
            temperature: 'cold',
          }),
        ],
        variables: [variable({ owner: 'FrontStats' })],
        gates: [gate({ name: 'HAKMEM_X', guards: [hit.id] })],
        diagnostics: [
          { code: 'parse', severity: 'warning', file: 'b.c', line: 4, message: 'b.c did not parse' },
        ],
      }),
    );
    expect(shown(new FindingsTree(h.store))).toEqual([
      {
        label: 'Telemetry atomics',
        description: '1 variable · 1 site',
        children: [
          {
            label: 'FrontStats.g_hits',
            description: 'counter · 1 site',
            children: [{ label: 'fetch_add, relaxed in f', description: 'hot · a.c:12', children: [] }],
          },
        ],
      },
      {
        label: 'Correctness atomics',
        description: '1 variable · 1 site',
        children: [
          {
            label: 'g_lock',
            description: 'lock · 1 site',
            children: [{ label: 'fetch_add, relaxed in f', description: 'cold · a.c:30', children: [] }],
          },
        ],
      },
      {
        label: 'Environment gates',
        description: '1',
        children: [
          {
            label: 'HAKMEM_X',
            description: 'off · read once · a.c:30',
            children: [{ label: 'fetch_add g_hits (telemetry)', description: 'a.c:12', children: [] }],
          },
        ],
      },
      {
        label: 'Notes on the analysis',
        description: '1',
        children: [{ label: 'b.c did not parse', description: 'b.c:4', children: [] }],
      },
    ]);
  });

  it('lists hot functions once there is a profile, before any analysis too', () => {
    const h = harness('');
    h.store.addRun({ result: benchResult(), recordedAt: shares.recordedAt }, shares);
    const tree = new FindingsTree(h.store);
    expect(shown(tree)[0]).toEqual({
      label: 'Hot functions',
      description: 'top 2 cover 100.0%',
      children: [
        { label: 'malloc', description: '60.0% · wrapper', children: [] },
        { label: 'free', description: '40.0% · core', children: [] },
      ],
    });
    const [first] = tree.getChildren(tree.getChildren()[0]);
    const command = first === undefined ? undefined : tree.getTreeItem(first).command;
    expect(command?.arguments).toEqual([
      { origin: 'engine', file: 'engine/allocator/front.ts', line: 10, column: 1, root: null },
    ]);
  });

  it('has a level of folders when there are several, and an unambiguous welcome when empty', () => {
    const h = harness('', findings({ functions: [fn({ name: 'f' })], atomics: [site()] }));
    const tree = new FindingsTree(h.store);
    const other = mocked.Uri.file('/other');
    h.store.setFindings(real.uri(other), findings({ files: [] }));
    expect(shown(tree).map((n) => n.label)).toEqual(['project', '/other']);
    expect(tree.state()).toBe('ready');
    h.store.forgetFolder(real.uri(root));
    expect(tree.state()).toBe('noCode');
    expect(shown(tree)).toEqual([]);
    h.store.setState(real.uri(other), 'failed', 'grammar missing');
    expect([tree.state(), tree.message()]).toEqual(['failed', 'grammar missing']);
  });
});

it('the status bar says what is loaded, or is not there', () => {
  const h = harness('');
  const item = registerStatus(h.store) as vscode.Disposable;
  expect(h.state.statusItem.shown).toBe(false);
  h.store.setState(real.uri(root), 'running');
  expect(h.state.statusItem.text).toBe('$(sync~spin) Alloc Lens');
  h.store.setFindings(real.uri(root), findings({ atomics: [site(), site({ line: 2 })] }));
  expect(h.state.statusItem).toMatchObject({ text: '$(flame) 2 atomics', shown: true });
  h.store.addRun({ result: benchResult({ cv: 0.003 }), recordedAt: shares.recordedAt }, shares);
  expect(h.state.statusItem.text).toBe('$(flame) random_mixed · engine fast · 64.1 M ops/s ±0.3%');
  expect(h.state.statusItem.tooltip).toContain('V8 sampler, 1000 samples of variant sampled');
  h.store.clearProfile();
  expect(h.state.statusItem.text).toBe('$(flame) 2 atomics');
  item.dispose();
});
