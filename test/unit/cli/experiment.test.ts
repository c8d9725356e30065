/** `experiment` with a runner of its own: what it plans, prints, appends, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../../extension/cli/program.ts';
import type { Experiment, ExperimentPlan } from '../../../extension/model-experiment.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { type BenchRequest, type BenchResult, type Target, UserError } from '../../../extension/model.ts';
import { experiment } from '../experiment/experiments.ts';
import { phase64 } from '../experiment/lists.ts';
import { profile, run as benchResult } from '../report/fixtures.ts';
import { fakeServices } from './fake-services.ts';
import { runCli, schemaProblems } from './run-cli.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-experiment-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: unknown): string {
  const at = path.join(folder, name);
  writeFileSync(at, typeof content === 'string' ? content : JSON.stringify(content));
  return at;
}

interface Done {
  readonly status: number | null;
  readonly printed: string;
  readonly said: readonly string[];
  readonly plans: readonly ExperimentPlan[];
  readonly processes: readonly (number | null)[];
  readonly records: readonly (readonly [LedgerRecord, string | null])[];
  readonly requests: readonly BenchRequest[];
  readonly error: unknown;
}

interface Setup {
  readonly result?: Partial<Experiment>;
  readonly ledgerFails?: boolean;
  readonly bench?: Partial<BenchResult>;
  readonly functions?: readonly string[];
  /** Aborted before the runner answers. */
  readonly cancel?: boolean;
}

const engineVariants = ['fast', 'fast-calls', 'sampled', 'standard', 'research', 'counted'];

async function run(args: readonly string[], setup: Setup = {}): Promise<Done> {
  const plans: ExperimentPlan[] = [];
  const processes: (number | null)[] = [];
  const records: (readonly [LedgerRecord, string | null])[] = [];
  const requests: BenchRequest[] = [];
  const controller = new AbortController();
  const target = (name: string): Target => {
    if (name === 'nonsense') throw new UserError("--target 'nonsense': expected engine");
    return {
      ...{ name, variants: name === 'engine' ? engineVariants : ['native'] },
      ...(name === 'system' || name === 'mimalloc' ? { noFlags: 'it is run as it was built' } : {}),
      run: async (request) => {
        requests.push(request);
        return { ...benchResult(), ...setup.bench };
      },
    };
  };
  const { services, printed, said } = fakeServices({
    ...{ signal: controller.signal, target },
    experiment: async (plan, _hooks, { maxProcesses: most }) => {
      plans.push(plan);
      processes.push(most);
      if (setup.cancel === true) controller.abort();
      const { id, title, replay, threshold, rule, work } = plan;
      return experiment({ id, title, replay, threshold, rule, work, ...setup.result });
    },
    appendToLedger: async (record, at) => {
      if (setup.ledgerFails === true) throw new UserError('no space left');
      records.push([record, at ?? null]);
    },
    machine: () => experiment().machine,
    engineFunctions: () => setup.functions ?? [],
  });
  let status: number | null = null;
  let error: unknown = null;
  try {
    const program = createProgram(services, (s) => {
      status = s;
    });
    await program.parseAsync(['node', 'alloc-lens', 'experiment', ...args]);
  } catch (e) {
    error = e;
  }
  return { status, printed: printed.join('\n'), said, plans, processes, records, requests, error };
}

const sides = ['--baseline', 'engine', '--treatment', 'engine,HAKMEM_TINY_CLASS_STATS_COMPILED=1'];

function refusal(done: Done): string {
  expect(done.error).toBeInstanceOf(UserError);
  expect(done.printed).toBe('');
  const { message } = done.error as UserError;
  expect(message).not.toContain('\n');
  return message;
}

describe('two sides', () => {
  it('become a plan with the planned looks, and a record in the ledger', async () => {
    const done = await run([...sides, '--format', 'json']);
    expect(done.error).toBeNull();
    expect(done.status).toBe(0);
    const [plan] = done.plans;
    expect(plan).toMatchObject({ threshold: 0.5, rule: 'interval', looks: [12, 24, 36], replay: null });
    expect(plan?.baseline).toMatchObject({ target: 'engine', variant: 'fast' });
    expect(plan?.treatment.flags).toEqual({ HAKMEM_TINY_CLASS_STATS_COMPILED: '1' });
    expect(plan?.work).toMatchObject({
      workload: 'random_mixed',
      profile: 'mixed',
      iterations: null,
      seed: 12345,
    });
    expect(plan?.id).toMatch(/^ab-\d{8}T\d{6}Z-[0-9a-f]{4}$/);
    expect(plan?.title).toBe('engine fast, HAKMEM_TINY_CLASS_STATS_COMPILED=1 against engine fast');
    const value: unknown = JSON.parse(done.printed);
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(done.records).toHaveLength(1);
    expect(done.records[0]?.[0]).toMatchObject({ v: 1, kind: 'experiment', experiment: value });
    expect(done.records[0]?.[1]).toBeNull();
  });

  it('take the work, gates for both, and limits', async () => {
    const done = await run([
      ...['--baseline', 'engine,env:HAKMEM_LEARN=0', '--treatment', 'engine,env:HAKMEM_LEARN=1'],
      ...[
        '--workload',
        'random_mixed:tiny',
        '--iterations',
        '1000',
        '--seed',
        '7',
        '--env',
        'HAKMEM_BG_SPILL=1',
      ],
      ...['--flag', 'WARM_POOL_PREFILL_BUDGET=3', '--threshold', '1.5%', '--max-processes', '24'],
      ...['--title', 'mine', '--ledger', 'x.jsonl'],
    ]);
    const [plan] = done.plans;
    expect(plan).toMatchObject({ threshold: 1.5, title: 'mine' });
    expect(plan?.work).toMatchObject({ profile: 'tiny', iterations: 1000, seed: 7 });
    expect(plan?.baseline).toMatchObject({
      ...{ variant: 'standard', env: { HAKMEM_LEARN: '0', HAKMEM_BG_SPILL: '1' } },
      flags: { WARM_POOL_PREFILL_BUDGET: '3' },
    });
    expect(done.processes).toEqual([24]);
    expect(done.records[0]?.[1]).toBe('x.jsonl');
  });

  it('native sides have units of four processes, the rule seed its ten runs', async () => {
    const native = await run(['--baseline', 'system', '--treatment', 'engine']);
    expect(native.plans[0]).toMatchObject({ looks: [24, 48, 72], baseline: { variant: 'native' } });
    expect((await run([...sides, '--rule', 'seed'])).plans[0]).toMatchObject({ rule: 'seed', looks: [10] });
  });

  it('prints the report line, gates, counters, layouts', async () => {
    const { printed } = await run(sides);
    expect(printed).toContain(
      'NO-GO  -0.92 % [-1.21, -0.63]  n=24 (look 2)  noise floor ±0.14 %  MDE 0.20 %',
    );
    expect(printed).toContain('A/A pass ');
    expect(printed).toContain('2 layouts  warnings: turbo on');
    expect(printed).toMatch(/coverage +yes +changed code ran/);
    expect(printed).toMatch(/instructions\/op +200 +170 +-15.0%/);
    expect(printed).toContain('layout tax');
    expect(printed).toMatch(/b +12 +-0.80%/);
  });

  it.each([
    [['--baseline', 'engine'], /--baseline is one side: give --treatment SPEC/],
    [['--treatment', 'engine'], /--treatment is one side: give --baseline SPEC/],
    [[], /give one of them/],
    [['phase-24', ...sides], /give one of them/],
    [['phase-24', '--from', 'x'], /give one of them/],
    [['phase-99'], /'phase-99' is no experiment of the documents/],
    [
      ['--baseline', 'engine:x', '--treatment', 'engine'],
      /--baseline: engine has no variant 'x', it has fast/,
    ],
    [['--baseline', 'nonsense', '--treatment', 'engine'], /nonsense/],
    [['--baseline', 'preset:NO', '--treatment', 'engine'], /unknown preset NO/],
    [['--baseline', 'engine,NO=1', '--treatment', 'engine'], /unknown compile flag NO/],
    [['--baseline', 'engine,env:NO=1', '--treatment', 'engine'], /unknown environment gate NO/],
    [['--baseline', 'system,NO=1', '--treatment', 'engine'], /NO is a compile flag, and system has none/],
    [[...sides, '--workload', 'floor'], /floor allocates nothing/],
    [[...sides, '--workload', 'mstress', '--threads', '1,2'], /one count of threads/],
    [[...sides, '--workload', 'nonsense'], /expected random_mixed/],
    [[...sides, '--threshold', '0'], /--threshold '0': expected percent/],
    [[...sides, '--threshold', 'NaN'], /expected percent above 0/],
    [[...sides, '--threshold', '1e9'], /expected percent above 0/],
    [[...sides, '--rule', 'means'], /expected interval, seed/],
    [[...sides, '--max-processes', '0'], /--max-processes '0'/],
    [[...sides, '--fail-on', 'everything'], /expected no-go, inconclusive/],
    [[...sides, '--format', 'xml'], /expected text, json/],
    [['phase-24', '--env', 'HAKMEM_LEARN=1'], /phase-24 has its sides from the document/],
  ])('refuses %j', async (args, message) => {
    const done = await run(args);
    expect(refusal(done)).toMatch(message);
    expect(done.plans).toEqual([]);
    expect(done.records).toEqual([]);
  });
});

describe('exit status and ledger', () => {
  it('is 1 when --fail-on names the verdict, after printing', async () => {
    const done = await run([...sides, '--fail-on', 'no-go,inconclusive']);
    expect(done.status).toBe(1);
    expect(done.printed).toContain('NO-GO');
    expect(done.said[0]).toContain('--fail-on no-go');
    expect(done.records).toHaveLength(1);
    expect((await run([...sides, '--fail-on', 'inconclusive'])).status).toBe(0);
  });

  it('a failing ledger loses no result, and is no success', async () => {
    const done = await run(sides, { ledgerFails: true });
    expect(done.printed).toContain('NO-GO');
    expect((done.error as UserError).message).toBe(
      'the experiment is done, but not in the ledger: no space left',
    );
    expect((done.error as UserError).exitCode).toBe(3);
  });

  it('--no-ledger keeps nothing', async () => {
    const done = await run([...sides, '--no-ledger'], { ledgerFails: true });
    expect([done.status, done.error, done.records]).toEqual([0, null, []]);
  });

  it('a cancelled experiment prints nothing and leaves the ledger alone', async () => {
    const done = await run(sides, { cancel: true });
    expect(done.error).toMatchObject({ name: 'AbortError' });
    expect([done.printed, done.records]).toEqual(['', []]);
  });
});

describe('replays', () => {
  it('have the sides, work and threshold of the document, and its figures beside ours', async () => {
    const done = await run(['phase-64', '--format', 'json']);
    expect(done.plans[0]).toMatchObject({ replay: 'phase-64', threshold: 2, looks: [12, 24, 36] });
    const value = JSON.parse(done.printed) as Experiment;
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(value.document).toMatchObject({ replay: 'phase-64', verdict: 'NO-GO', effectPercent: -4.05 });
    const { printed } = await run(['phase-64']);
    expect(printed).toMatch(/baseline, mean +59.11 M ops\/s +50.00 M ops\/s/);
    expect(printed).toMatch(/verdict +NO-GO +NO-GO/);
    expect(printed).toContain('- IPC is printed as -21.6%; the counts give -21.4%.');
  });

  it("run the document's number of runs by its own rule", async () => {
    expect((await run(['hygiene-1', '--rule', 'seed'])).plans[0]?.looks).toEqual([3]);
    expect((await run(['phase-64', '--rule', 'seed'])).plans[0]?.looks).toEqual([10]);
  });

  it('single values of the work can be changed, and the workload', async () => {
    const work = (await run(['hygiene-1', '--iterations', '5000'])).plans[0]?.work;
    expect(work).toMatchObject({ iterations: 5000, workingSet: 256, min: 16, max: 1024, seed: 12345 });
    const other = (await run(['hygiene-1', '--workload', 'random_mixed:mid'])).plans[0]?.work;
    expect(other).toMatchObject({ profile: 'mid', iterations: null, workingSet: null, min: null });
  });

  it('phase-19a has the gap table in wasm instructions, hot functions, and its checklist', async () => {
    const counters = {
      unit: 'wasm',
      instructionsPerOp: 90,
      branchesPerOp: 9,
      memoryOpsPerOp: 3,
      callsPerOp: 1,
    } as const;
    const { functions } = profile();
    const sampled = {
      target: 'engine',
      variant: 'sampled',
      speedAgainstFast: 0.6,
      functions,
      lines: [],
      samples: 4000,
    };
    const bench = { counters, profile: sampled };
    const done = await run(['phase-19a', '--format', 'json'], { bench });
    expect(
      done.requests.map((r) => [r.counters, r.env.HAKMEM_FORCE_LIBC_ALLOC, r.env.HAKMEM_FASTLANE_DIRECT]),
    ).toEqual([
      [true, undefined, '0'],
      [true, '1', '0'],
      [false, undefined, '0'],
    ]);
    expect(done.requests[2]).toMatchObject({ sample: true, variant: 'sampled' });
    const value = JSON.parse(done.printed) as Experiment;
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(value.gap).toMatchObject({ unit: 'wasm', theirs: 'TLSF in the place of libc' });
    expect(value.gap?.rows[0]).toMatchObject({ metric: 'instructions/op', ours: 90, delta: 0 });
    expect(value.hot?.source).toBe(
      'engine, all layers; profiled on engine sampled, V8 sampler over 4,000 samples',
    );
    expect(value.hot?.rows.slice(0, 3).map((r) => r.category)).toEqual(['wrapper', 'wrapper', 'benchmark']);
    expect(value.checks).toHaveLength(11);
    // -0.92% where +12% was estimated; counts are in wasm, the estimate is in x86 instructions.
    expect(value.checks?.slice(6, 9).map((c) => c.passed)).toEqual([false, null, null]);
    const { printed } = await run(['phase-19a'], { bench });
    expect(printed).toContain('Hot functions (engine, all layers; ');
    expect(printed).toContain('Gap per operation (wasm instructions)');
    expect(printed).toContain('[!] throughput matches the estimate (±20%): -0.92 where 12 was estimated');
    expect((await run(['phase-24'], { bench: { counters } })).requests).toEqual([]);
  });

  it('phases 24 to 29 carry what they leave out, for the cumulative table', async () => {
    const value = JSON.parse((await run(['phase-24', '--format', 'json'])).printed) as Experiment;
    expect(value.pruned).toEqual({ atomics: 5, what: 'class stats', frequency: 'High (every cache op)' });
  });

  it('phase-59 is the engine against mimalloc, each in processes of its own', async () => {
    expect((await run(['phase-59'])).plans[0]).toMatchObject({
      baseline: { target: 'mimalloc', variant: 'native' },
      treatment: { target: 'engine', variant: 'fast', preset: 'FAST_BALANCED' },
      looks: [24, 48, 72],
    });
  });

  it('phase-28 is decided by reading, without timing', async () => {
    const done = await run(['phase-28', '--format', 'json']);
    const value = JSON.parse(done.printed) as Experiment;
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(value).toMatchObject({ verdict: 'NO-OP', effectPercent: null, processes: 0, looks: [] });
    expect(value.reason).toContain('8/8 correctness');
    expect(value.audit).toHaveLength(8);
    expect([done.plans, done.requests]).toEqual([[], []]);
    const { printed } = await run(['phase-28']);
    expect(printed).toContain('NO-OP  not timed');
    expect(printed).toMatch(/bg_spill_take_all +cmpxchg +g_bg_spill_head +correctness/);
  });
});

describe('phase-42', () => {
  const bench: Partial<BenchResult> = {
    profile: {
      ...{ target: 'engine', variant: 'sampled', speedAgainstFast: null, lines: [] },
      functions: profile().functions.filter((f) => f.category !== 'env'),
    },
  };

  it("profiles the document's run and finds no gate in the Top 50", async () => {
    const done = await run(['phase-42', '--format', 'json'], {
      bench,
      functions: ['malloc', 'mid_v3_enabled'],
    });
    expect(done.error).toBeNull();
    expect(done.requests[0]).toMatchObject({
      ...{ iterations: 20_000_000, workingSet: 400, runs: 10, sample: true, variant: 'fast' },
      flags: { BENCH_MINIMAL: '1' },
    });
    const value = JSON.parse(done.printed) as Experiment;
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(value).toMatchObject({ verdict: 'NEUTRAL', effectPercent: null, treatment: { runs: [] } });
    expect(value.topRule?.gates).toEqual([
      { name: 'mid_v3_enabled', rank: null, selfPercent: null, state: 'not seen' },
    ]);
    expect(value.hot?.source).toContain('profiled on engine sampled, V8 sampler');
    expect(value.hot?.rows[0]).toEqual({
      ...{ rank: 1, name: 'front_fastlane_try_free', selfPercent: 23.97, category: 'wrapper' },
    });
    const { printed } = await run(['phase-42'], { bench, functions: ['mid_v3_enabled'] });
    expect(printed).toMatch(/3 +main +22\.02% +benchmark/);
    expect(printed).toContain('Top-50 rule (floor 0.1%');
    expect(printed).toMatch(/mid_v3_enabled +- +- +not seen/);
  });

  it('a hot gate leaves it open', async () => {
    const { functions, ...rest } = profile();
    const done = await run(['phase-42', '--fail-on', 'inconclusive'], {
      bench: { profile: { ...rest, target: 'engine', variant: 'sampled', functions } },
      functions: functions.filter((f) => f.category === 'env').map((f) => f.name),
    });
    expect(done.status).toBe(1);
    expect(done.printed).toContain('are in the Top 50');
  });

  it('needs a profile', async () => {
    expect(refusal(await run(['phase-42'], { bench: { profile: null } }))).toContain(
      'without giving a profile',
    );
  });
});

describe('--from', () => {
  it('prints the experiment of the lists by either rule', async () => {
    const at = file('runs.json', phase64());
    const seed = await run(['--from', at, '--rule', 'seed', '--format', 'json']);
    const value = JSON.parse(seed.printed) as Experiment;
    expect(schemaProblems('experiment', value)).toEqual([]);
    expect(value).toMatchObject({ verdict: 'NO-GO', threshold: 2, rule: 'seed', source: 'listed' });
    expect(seed.records).toHaveLength(1);
    const { printed } = await run(['--from', at, '--threshold', '10', '--title', 'again']);
    expect(printed).toContain('again (threshold ±10%, unpaired intervals)');
    expect(printed).toContain('NEUTRAL  -4.15 %');
    expect(printed).toContain('unpaired, drift possible');
    expect(printed).toMatch(/cycles +1,703,775,790 +1,608,678,889 +-5.6%/);
  });

  it.each([
    ['missing.json', null, /--from '.*missing.json': no such file or folder/],
    ['broken.json', '{"baseline":', /not JSON/],
    ['empty.json', { baseline: [], treatment: [1] }, /--from '.*': baseline: the list of runs is empty/],
    ['zero.json', { baseline: [0], treatment: [1] }, /run 1: a speed is above zero/],
  ])('refuses %s', async (name, content, message) => {
    const at = content === null ? path.join(folder, name) : file(name, content);
    expect(refusal(await run(['--from', at]))).toMatch(message);
  });

  it.each(['--workload', '--env', '--seed', '--max-processes'])('refuses %s beside it', async (option) => {
    const done = await run(['--from', file('r.json', phase64()), option, 'X=1']);
    expect(refusal(done)).toContain(`${option} says how to measure`);
  });
});

describe('the built command line', () => {
  it('answers a list of runs, hostile text made harmless', async () => {
    const at = file('hostile.json', phase64({ title: '\u001b[31mred\u001b[0m' }));
    const done = await runCli([
      'experiment',
      '--from',
      at,
      '--rule',
      'seed',
      '--no-ledger',
      '--fail-on',
      'no-go',
    ]);
    expect(done.status).toBe(1);
    expect(done.stdout).not.toContain('\u001b');
    expect(done.stdout).toContain('NO-GO  -4.05 %');
    expect(done.stdout).toMatch(/baseline +59.11 M ops\/s +59.14 M ops\/s +875.8 k ops\/s +1.48% +10/);
  });

  it('refuses with one line', async () => {
    const done = await runCli(['experiment', '--baseline', 'engine,', '--treatment', 'engine']);
    expect(done.status).toBe(2);
    expect(done.stderr.trim().split('\n')).toHaveLength(1);
    expect(done.stderr).toContain('nothing stands between two commas');
  });
});
