import { describe, expect, it } from 'vitest';
import { needsOwnProcesses, TargetPair } from '../../../extension/experiment/target-pair.ts';
import type { ExperimentPlan, SideSpec } from '../../../extension/model-experiment.ts';
import type { BenchRequest, BenchResult, PreparedTarget, Target } from '../../../extension/model.ts';
import { factGates, refusalOf } from '../../../extension/experiment/verdict-gates.ts';
import type { Placing } from '../../../extension/profile/placement.ts';
import { run as benchResult } from '../report/fixtures.ts';

const side = (target: string, over: Partial<SideSpec> = {}): SideSpec => ({
  ...{ target, variant: 'native', preset: null, flags: {}, env: {} },
  ...over,
});

const plan = (baseline: SideSpec, treatment: SideSpec): ExperimentPlan => ({
  ...{
    id: 'x',
    title: 't',
    baseline,
    treatment,
    threshold: 0.5,
    rule: 'interval',
    looks: [24],
    replay: null,
  },
  work: {
    ...{ workload: 'random_mixed', profile: 'tiny', trace: null, iterations: 1000, workingSet: 7 },
    ...{ min: 8, max: 16, seed: 5, threads: null },
  },
});

interface Setup {
  readonly pair: TargetPair;
  readonly order: string[];
  readonly requests: BenchRequest[];
}

const placing: Placing = { core: 3, fixedAddresses: true };
const options = { placing: async () => placing };

/** Every target's speeds in order. */
function setup(speeds: Readonly<Record<string, number[]>>): Setup {
  const order: string[] = [];
  const requests: BenchRequest[] = [];
  const target = (name: string): Target => ({
    ...{ name, variants: ['native'] },
    run: async (request: BenchRequest): Promise<BenchResult> => {
      order.push(name);
      requests.push(request);
      const median = speeds[name]?.shift() ?? Number.NaN;
      return { ...benchResult(), target: name, median, iterations: 1000, hash: ['a'.repeat(16)] };
    },
  });
  const settings = (spec: SideSpec) => ({ variant: spec.variant, env: spec.env, flags: spec.flags });
  const pair = new TargetPair(target, settings, options);
  return { pair, order, requests };
}

describe('a pair of targets', () => {
  it('is needed as soon as one side is no engine', () => {
    const engine = side('engine');
    expect(needsOwnProcesses({ baseline: engine, treatment: engine })).toBe(false);
    expect(needsOwnProcesses({ baseline: side('system'), treatment: engine })).toBe(true);
    expect(needsOwnProcesses({ baseline: engine, treatment: side('mimalloc') })).toBe(true);
  });

  it('runs A B B A, then B A A B, four fresh processes a unit', async () => {
    const { pair, order, requests } = setup({ a: [100, 100, 100, 100], b: [100, 100, 100, 100] });
    const p = plan(side('a'), side('b'));
    expect(pair.processesPerUnit).toBe(4);
    expect((await pair.unit(p, 0, 'as loaded', {})).first).toBe('baseline');
    expect((await pair.unit(p, 1, 'as loaded', {})).first).toBe('treatment');
    expect(order.join('')).toBe('abbabaab');
    for (const request of requests) {
      expect(request).toMatchObject({ workload: 'random_mixed', profile: 'tiny', runs: 1, seed: 5, min: 8 });
    }
  });

  it('gives the log ratio of times: positive when the treatment is slower', async () => {
    const { pair } = setup({ a: [100, 400], b: [200, 200] });
    const unit = await pair.unit(plan(side('a'), side('b')), 0, 'as loaded', {});
    // Times 10, 5, 5, 2.5: half of ln(5/10) + ln(5/2.5).
    expect(unit.logRatio).toBeCloseTo(0, 12);
    expect([unit.baseline, unit.treatment]).toEqual([200, 200]);
    const slower = setup({ a: [100, 100], b: [50, 50] });
    expect((await slower.pair.unit(plan(side('a'), side('b')), 0, 'l', {})).logRatio).toBeCloseTo(
      Math.LN2,
      12,
    );
  });

  it('a drift that is linear in log time cancels', async () => {
    // Each process 3% slower than the one before it.
    const at = (i: number): number => 100 * 0.97 ** i;
    const { pair } = setup({ a: [at(0), at(3)], b: [at(1), at(2)] });
    expect((await pair.unit(plan(side('a'), side('b')), 0, 'l', {})).logRatio).toBeCloseTo(0, 12);
  });

  it('refuses a speed that is none', async () => {
    const { pair } = setup({ a: [100], b: [0] });
    await expect(pair.unit(plan(side('a'), side('b')), 0, 'l', {})).rejects.toThrow(/b gave no speed/);
  });

  it('facts: one verified run of each side, identity by what was asked for', async () => {
    const { pair, requests } = setup({ a: [1, 1, 1], b: [1] });
    const facts = await pair.facts(plan(side('a'), side('b')), {});
    expect(requests.map((r) => [r.verify, r.passes])).toEqual([
      [true, 1],
      [true, 1],
    ]);
    expect(facts).toMatchObject({ identical: false, changedRan: null, changed: [] });
    expect(facts.baseline).toMatchObject({ answered: 'a', intended: true, hash: ['a'.repeat(16)] });
    const env = (value: string): SideSpec => side('a', { env: { X: value, Y: '1' } });
    const same = await pair.facts(plan(env('1'), side('a', { env: { Y: '1', X: '1' } })), {});
    expect(same.identical).toBe(true);
  });

  it('progress goes from 0 to 1 over the four processes, the signal to each', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const signals: unknown[] = [];
    const target = (name: string): Target => ({
      ...{ name, variants: ['native'] },
      run: async (_, hooks) => {
        signals.push(hooks.signal);
        hooks.onProgress?.({ message: 'half', fraction: 0.5 });
        return { ...benchResult(), median: 1 };
      },
    });
    const pair = new TargetPair(target, (s) => ({ variant: s.variant, env: {}, flags: {} }), options);
    await pair.unit(plan(side('a'), side('b')), 0, 'l', {
      signal: controller.signal,
      onProgress: (_, fraction) => void seen.push(fraction),
    });
    expect(seen).toEqual([0.125, 0.375, 0.625, 0.875]);
    expect(new Set(signals)).toEqual(new Set([controller.signal]));
  });
});

describe('placement of the four processes', () => {
  it('is the core and the layout of the unit, the same for both sides', async () => {
    const { pair, requests } = setup({ a: [1, 1, 1, 1], b: [1, 1, 1, 1] });
    const p = plan(side('a'), side('b'));
    expect(await pair.conditions(p.work)).toEqual({ pinned: [3], flags: [] });
    const layouts = pair.layouts();
    expect(layouts.length).toBeGreaterThanOrEqual(4);
    const seen: unknown[] = [];
    for (const [i, layout] of layouts.slice(0, 2).entries()) {
      const unit = await pair.unit(p, i, layout, {});
      expect(unit.layout).toBe(layout);
      const placements = requests.splice(0).map((r) => r.placement);
      expect(placements).toHaveLength(4);
      expect(new Set(placements.map((x) => JSON.stringify(x))).size).toBe(1);
      expect(placements[0]).toMatchObject({ core: 3, fixedAddresses: true });
      seen.push(placements[0]?.environmentBytes);
    }
    expect(new Set(seen).size).toBe(2);
  });

  it.each<[Partial<ExperimentPlan['work']>, number | null]>([
    [{ workload: 'larson' }, null],
    [{ workload: 'mstress', threads: 1 }, 3],
    [{ workload: 'trace', trace: { file: 'x', flatten: false } }, null],
    [{ workload: 'trace', trace: { file: 'x', flatten: true } }, 3],
  ])('several threads are not put on one core: %j', async (work, core) => {
    const { pair, requests } = setup({ a: [1, 1], b: [1, 1] });
    const p = { ...plan(side('a'), side('b')), work: { ...plan(side('a'), side('b')).work, ...work } };
    expect((await pair.conditions(p.work)).pinned).toEqual(core === null ? null : [core]);
    await pair.unit(p, 0, 'x', {});
    expect(requests[0]?.placement?.core).toBe(core);
  });
});

describe('targets that are prepared', () => {
  /** Builds of each side's flags; what was asked of `prepare` and `run`. */
  function building(code: (request: BenchRequest) => string | null, ownProgram = false) {
    const prepared: BenchRequest[] = [];
    const ran: BenchRequest[] = [];
    const target: Target = {
      ...{ name: 'a', variants: ['native'] },
      run: async () => {
        throw new Error('it was not prepared');
      },
      prepare: async (request): Promise<PreparedTarget> => {
        prepared.push(request);
        const run = async (asked: BenchRequest): Promise<BenchResult> => {
          ran.push(asked);
          const hash = ownProgram ? [] : ['a'.repeat(16)];
          return { ...benchResult(), median: 5, iterations: 1000, hash };
        };
        return { run, code: code(request), ownProgram };
      },
    };
    const settings = (spec: SideSpec) => ({ variant: spec.variant, env: spec.env, flags: spec.flags });
    return { pair: new TargetPair(async () => target, settings, options), prepared, ran };
  }

  it('are built once, before the units', async () => {
    const { pair, prepared, ran } = building((r) => JSON.stringify(r.flags));
    const p = plan(side('a'), side('a', { flags: { X: '1' } }));
    const facts = await pair.facts(p, {});
    expect(prepared.map((r) => r.flags)).toEqual([{}, { X: '1' }]);
    await pair.unit(p, 0, 'l', {});
    await pair.unit(p, 1, 'l', {});
    expect(prepared).toHaveLength(2);
    expect(ran).toHaveLength(2 + 8);
    expect(facts.identical).toBe(false);
  });

  it('of one build in two environments are built once for both', async () => {
    const { pair, prepared } = building(() => 'same');
    const facts = await pair.facts(plan(side('a'), side('a', { env: { X: '1' } })), {});
    expect(prepared).toHaveLength(1);
    // The same bytes, and another environment.
    expect(facts.identical).toBe(false);
  });

  it('whose flags change no loaded byte are identical code, and end as such', async () => {
    const { pair } = building(() => 'same');
    const facts = await pair.facts(plan(side('a'), side('a', { flags: { X: '1' } })), {});
    expect(facts.identical).toBe(true);
    expect(refusalOf(factGates(facts, false))).toMatchObject({
      verdict: 'NEUTRAL',
      reason: expect.stringMatching(/^identical code/),
    });
  });

  it('whose code is unknown are never called identical for it', async () => {
    const { pair } = building(() => null);
    expect((await pair.facts(plan(side('a'), side('a', { flags: { X: '1' } })), {})).identical).toBe(false);
  });

  it('a build that failed is tried again', async () => {
    let fails = true;
    const target: Target = {
      ...{ name: 'a', variants: ['native'], run: async () => benchResult() },
      prepare: async () => {
        if (fails) throw new Error('no');
        return { run: async () => benchResult(), code: null, ownProgram: false };
      },
    };
    const pair = new TargetPair(
      () => target,
      (s) => ({ variant: s.variant, env: {}, flags: {} }),
      options,
    );
    const p = plan(side('a'), side('a', { env: { X: '1' } }));
    await expect(pair.facts(p, {})).rejects.toThrow('no');
    fails = false;
    expect((await pair.facts(p, {})).identical).toBe(false);
  });

  it('programs of the user’s own are asked for no verification, and their gate says so', async () => {
    const { pair, ran } = building(() => null, true);
    const facts = await pair.facts(plan(side('a'), side('a', { flags: { X: '1' } })), {});
    expect(ran.map((r) => r.verify)).toEqual([false, false]);
    const checksum = factGates(facts, false).find((g) => g.name === 'checksum');
    expect(checksum).toMatchObject({ passed: true, note: expect.stringMatching(/was not checked/) });
    // One of them against a workload of ours does other work.
    const mixed = { ...facts, baseline: { ...facts.baseline, ownProgram: false, hash: ['b'.repeat(16)] } };
    expect(refusalOf(factGates(mixed, false))?.verdict).toBe('INCONCLUSIVE');
  });
});
