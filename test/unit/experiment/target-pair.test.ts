import { describe, expect, it } from 'vitest';
import { needsOwnProcesses, TargetPair } from '../../../extension/experiment/target-pair.ts';
import type { ExperimentPlan, SideSpec } from '../../../extension/model-experiment.ts';
import type { BenchRequest, BenchResult, Target } from '../../../extension/model.ts';
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
  const pair = new TargetPair(target, (spec) => ({
    variant: spec.variant,
    env: spec.env,
    flags: spec.flags,
  }));
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
    const pair = new TargetPair(target, (s) => ({ variant: s.variant, env: {}, flags: {} }));
    await pair.unit(plan(side('a'), side('b')), 0, 'l', {
      signal: controller.signal,
      onProgress: (_, fraction) => void seen.push(fraction),
    });
    expect(seen).toEqual([0.125, 0.375, 0.625, 0.875]);
    expect(new Set(signals)).toEqual(new Set([controller.signal]));
  });
});
