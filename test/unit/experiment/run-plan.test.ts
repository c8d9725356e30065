/** When the noise is measured first, and what that makes of the experiment. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietMachine } from '../../../bench/simulated-pair.ts';
import {
  appendCalibration,
  calibrationKey,
  calibrationOf,
  readCalibrations,
} from '../../../extension/experiment/calibration-history.ts';
import { calibratePlan, type PlanParts, runPlan } from '../../../extension/experiment/run-plan.ts';
import type { PairFacts } from '../../../extension/model-experiment.ts';
import { ListedPair, plan, spread } from './units.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'alloc-lens-run-plan-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const calm = [0, 1, 2].flatMap(() => spread(12, 0, 0.0008));
const file = (): string => path.join(folder, 'calibrations.jsonl');

function setUp(facts: Partial<PairFacts> = {}, options: { readonly processesPerUnit?: number } = {}) {
  const runner = new ListedPair(calm, facts, options);
  let asked = 0;
  const engine = {
    processesPerUnit: runner.processesPerUnit,
    facts: async (p: Parameters<ListedPair['facts']>[0]) => {
      asked += 1;
      return runner.facts(p);
    },
    layouts: () => runner.layouts(),
    unit: runner.unit.bind(runner),
    conditions: async () => ({ pinned: null, flags: [] }),
  };
  const parts: PlanParts = { engine, apart: engine, machine: () => quietMachine, calibrations: file() };
  return { parts, runner, factsAsked: () => asked };
}

const stale = { maxProcesses: null, calibrate: 'stale', hooks: {} } as const;
const key = calibrationKey(plan(), quietMachine);
const kept = (hoursAgo: number, values: readonly number[] = calm.slice(0, 24)): Promise<void> =>
  appendCalibration(file(), calibrationOf(values, key, new Date(Date.now() - hoursAgo * 3_600_000)));
const history = async () => (await readCalibrations(file())).calibrations;

describe('the noise of the last 24 hours', () => {
  it('is measured first where it is not known, kept, and known to the experiment', async () => {
    const { parts, runner, factsAsked } = setUp();
    const e = await runPlan(parts, plan(), stale);
    expect(runner.asked).toHaveLength(24 + e.processes);
    expect(await history()).toHaveLength(1);
    expect(e.calibration).toMatchObject({ units: 24, passed: true });
    expect(e.gates.find((g) => g.name === 'calibration')?.passed).toBe(true);
    // Of the pair, and of the identical one: the experiment does not ask again.
    expect(factsAsked()).toBe(2);
    const again = await runPlan(parts, plan(), stale);
    expect(await history()).toHaveLength(1);
    expect(again.calibration).toEqual(e.calibration);
  });

  it('is measured again when it is older, not when it did not pass today', async () => {
    const old = setUp();
    await kept(25);
    await runPlan(old.parts, plan(), stale);
    expect(await history()).toHaveLength(2);
    rmSync(file());
    await kept(1, spread(24, 0.02, 0.0008));
    const failed = setUp();
    const e = await runPlan(failed.parts, plan(), stale);
    expect(failed.runner.asked).toHaveLength(e.processes);
    expect(e.calibration).toBeNull();
  });

  it('of another workload says nothing', async () => {
    await kept(1);
    const { parts } = setUp();
    await runPlan(parts, plan({ work: { ...plan().work, profile: 'tiny' } }), stale);
    expect(await history()).toHaveLength(2);
  });

  it.each([
    [{ ...stale, maxProcesses: 12 }, [12, 24, 36], 1],
    [stale, [6], 1],
    [{ ...stale, maxProcesses: 36 }, [24, 48, 72], 4],
  ])('is left out where there is no room for it (%#)', async (options, looks, processesPerUnit) => {
    const { parts } = setUp({}, { processesPerUnit });
    const e = await runPlan(parts, plan({ looks }), options);
    expect(e.processes).toBeGreaterThan(0);
    expect(await history()).toEqual([]);
  });

  it('is not measured for what a gate refuses', async () => {
    const { parts, runner } = setUp({ identical: true });
    const e = await runPlan(parts, plan(), stale);
    expect(e.verdict).toBe('NEUTRAL');
    expect(runner.asked).toEqual([]);
    expect(await history()).toEqual([]);
  });

  it('asked for is measured always, or never', async () => {
    await kept(1);
    const { parts } = setUp();
    await runPlan(parts, plan(), { ...stale, calibrate: true });
    expect(await history()).toHaveLength(2);
    rmSync(file());
    await runPlan(parts, plan(), { ...stale, calibrate: false });
    expect(await history()).toEqual([]);
  });

  it('a cancel during it leaves nothing', async () => {
    const { parts, runner } = setUp();
    const abort = new AbortController();
    const hooks = {
      signal: abort.signal,
      onProgress: (message: string) => {
        if (message.includes('A/A')) abort.abort();
      },
    };
    const unit = runner.unit.bind(runner);
    const engine = {
      ...parts.engine,
      unit: (...args: Parameters<ListedPair['unit']>) => {
        args[3].onProgress?.('timing', 0);
        return unit(...args);
      },
    };
    await expect(runPlan({ ...parts, engine }, plan(), { ...stale, hooks })).rejects.toThrow(/cancelled/);
    expect(await history()).toEqual([]);
  });
});

describe('a calibration by itself', () => {
  it('measures the baseline against itself and keeps it', async () => {
    const { parts, runner } = setUp({ identical: true });
    const calibration = await calibratePlan(parts, plan(), {});
    expect(runner.asked).toHaveLength(24);
    expect(await history()).toEqual([calibration]);
  });
});

describe('progress', () => {
  it('rises through calibration and experiment and says which it is', async () => {
    const { parts, runner } = setUp();
    const seen: [string, number][] = [];
    const unit = runner.unit.bind(runner);
    const engine = {
      ...parts.engine,
      unit: (...args: Parameters<ListedPair['unit']>) => {
        args[3].onProgress?.('timing', 1);
        return unit(...args);
      },
    };
    const hooks = { onProgress: (message: string, fraction: number) => void seen.push([message, fraction]) };
    await runPlan({ ...parts, engine }, plan(), { ...stale, hooks });
    expect(seen[0]?.[0]).toMatch(/^A\/A calibration: unit 1 of at most 24/);
    expect(seen.at(-1)?.[0]).toMatch(/^unit \d+ of at most 36/);
    const fractions = seen.map(([, f]) => f);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
  });
});
