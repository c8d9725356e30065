import { describe, expect, it } from 'vitest';
import { calibrationKey, calibrationOf } from '../../../extension/experiment/calibration-history.ts';
import { runCalibration } from '../../../extension/experiment/run-calibration.ts';
import { type ExperimentOptions, runExperiment } from '../../../extension/experiment/run-experiment.ts';
import type { MachineState, PairFacts, Unit } from '../../../extension/model-experiment.ts';
import { UserError } from '../../../extension/model.ts';
import { quietMachine, SimulatedPair, measuredNoise, soundFacts } from '../../../bench/simulated-pair.ts';
import { ListedPair, plan, spread } from './units.ts';

const options: ExperimentOptions = { machine: quietMachine, calibrations: [] };
const faster = (percent: number): number => -Math.log1p(percent / 100);
const at = (time: string) => () => new Date(time);

/** Values for looks at 12, 24 and 36 units. */
function listed(percent: number, sd = 0.0008): number[] {
  return [0, 1, 2].flatMap(() => spread(12, faster(percent), sd));
}

describe('gates', () => {
  const refused = async (facts: Partial<PairFacts>) => {
    const runner = new ListedPair([], facts);
    const experiment = await runExperiment(plan(), runner, options);
    expect(runner.asked).toEqual([]);
    expect(experiment).toMatchObject({
      ...{ effectPercent: null, interval: null, processes: 0, units: [], looks: [], noiseFloorPercent: null },
    });
    return experiment;
  };
  const side = (over: Partial<PairFacts['baseline']>): PairFacts['baseline'] => ({
    ...soundFacts(plan()).baseline,
    ...over,
  });

  it('identical code is NEUTRAL without a run', async () => {
    const { verdict, reason } = await refused({ identical: true });
    expect(verdict).toBe('NEUTRAL');
    expect(reason).toMatch(/^identical code/);
  });

  it('a change that never ran is NO-OP, with the places', async () => {
    const changed = [{ function: 'f', file: 'a.ts', line: 7, baseline: 0, treatment: 0 }];
    const { verdict, reason } = await refused({ changedRan: false, changed });
    expect(verdict).toBe('NO-OP');
    expect(reason).toContain('f (a.ts:7)');
  });

  it('the wrong allocator, other operations and a failed --verify are refused', async () => {
    const wrong = await refused({ treatment: side({ intended: false, answered: 'glibc' }) });
    expect(wrong.verdict).toBe('INCONCLUSIVE');
    expect(wrong.reason).toMatch(/^refused: treatment: glibc answered, not the intended/);
    const other = await refused({ treatment: side({ hash: ['fedcba9876543210'] }) });
    expect(other.reason).toContain('operations differ: 0123456789abcdef against fedcba9876543210');
    expect((await refused({ baseline: side({ hash: [] }), treatment: side({ hash: [] }) })).verdict).toBe(
      'INCONCLUSIVE',
    );
    expect((await refused({ baseline: side({ verified: false }) })).reason).toContain('--verify');
  });

  it('batches that are short against the clock end it at the first unit', async () => {
    const runner = new ListedPair(listed(1), {}, { unit: (u) => ({ ...u, batchNs: 0.9e6 }) });
    const short = await runExperiment(plan(), runner, options);
    expect(runner.asked).toHaveLength(1);
    expect(short.verdict).toBe('INCONCLUSIVE');
    expect(short.reason).toBe(
      'refused: a batch takes 0.900 ms and has to take 1.00 ms: raise the iterations',
    );
    const coarse = new ListedPair(listed(1), { clockNs: 10_000 });
    expect((await runExperiment(plan(), coarse, options)).reason).toContain('has to take 10.0 ms');
  });

  it('what could not be counted is said and does not stop it', async () => {
    const e = await runExperiment(plan(), new ListedPair(listed(1), { changedRan: null }), options);
    expect(e.verdict).toBe('GO');
    expect(e.warnings).toContain('whether the changed code ran could not be counted here');
    expect(e.gates.map((g) => g.name)).toEqual([
      'identity',
      'liveness',
      'checksum',
      'coverage',
      'batch',
      'calibration',
      'machine',
    ]);
  });
});

describe('a run', () => {
  it('takes the looks in order and stops at the one that decides', async () => {
    const go = await runExperiment(plan(), new ListedPair(listed(1)), options);
    expect(go).toMatchObject({ verdict: 'GO', processes: 12 });
    expect(go.looks.map((l) => [l.units, l.verdict])).toEqual([[12, 'GO']]);
    expect(go.effectPercent).toBeCloseTo(1, 2);
    expect(go.reason).toMatch(
      /^faster by \+1\.0\d%: the whole interval .* is above \+0\.5% after 12 processes$/,
    );
    const neutral = await runExperiment(plan(), new ListedPair(listed(0)), options);
    expect(neutral.looks.map((l) => [l.units, l.verdict])).toEqual([
      [12, null],
      [24, 'NEUTRAL'],
    ]);
    const open = await runExperiment(plan(), new ListedPair(listed(0.45, 0.002)), options);
    expect(open).toMatchObject({ verdict: 'INCONCLUSIVE', processes: 36 });
    expect(open.looks.map((l) => l.verdict)).toEqual([null, null, 'INCONCLUSIVE']);
    expect(open.reason).toContain('leans faster');
    expect(open.crossChecks.map((c) => c.method)).toEqual(['hodges-lehmann', 'bca']);
  });

  it('a slower treatment is NO-GO', async () => {
    const e = await runExperiment(plan(), new ListedPair(listed(-4.05)), options);
    expect(e.verdict).toBe('NO-GO');
    expect(e.effectPercent).toBeCloseTo(-4.05, 1);
    expect(e.interval?.[1]).toBeLessThan(-0.5);
  });

  it('says how many more processes would decide, in whole units', async () => {
    const values = listed(0.25, 0.007);
    const runner = new ListedPair(values, {}, { processesPerUnit: 4, layouts: ['one'] });
    const e = await runExperiment(plan(), runner, options);
    expect(e.verdict).toBe('INCONCLUSIVE');
    expect(e.processes).toBe(144);
    expect(e.moreProcesses).toBeGreaterThan(0);
    expect((e.moreProcesses ?? 1) % 4).toBe(0);
    expect(e.reason).toContain(`about ${e.moreProcesses} more processes would decide`);
  });

  it('--max-processes moves the last look, counted in processes', async () => {
    const short = await runExperiment(plan(), new ListedPair(listed(0)), { ...options, maxProcesses: 16 });
    expect(short.looks.map((l) => l.units)).toEqual([12, 16]);
    expect(short).toMatchObject({ verdict: 'INCONCLUSIVE', processes: 16 });
    const native = new ListedPair(listed(0), {}, { processesPerUnit: 4 });
    const e = await runExperiment(plan(), native, { ...options, maxProcesses: 99 });
    expect(e.looks.map((l) => l.units)).toEqual([12, 24]);
    await expect(runExperiment(plan(), new ListedPair([]), { ...options, maxProcesses: 3 })).rejects.toThrow(
      UserError,
    );
  });

  it('runs units in order, layouts in turn, and reports them as they come', async () => {
    const runner = new ListedPair(listed(1));
    const units: number[] = [];
    const fractions: number[] = [];
    const messages: string[] = [];
    await runExperiment(plan(), runner, {
      ...options,
      hooks: {
        onUnit: (u) => units.push(u.index),
        onProgress: (message, fraction) => {
          messages.push(message);
          fractions.push(fraction);
        },
      },
    });
    expect(runner.asked.slice(0, 4)).toEqual([
      { index: 0, layout: 'one' },
      { index: 1, layout: 'two' },
      { index: 2, layout: 'three' },
      { index: 3, layout: 'one' },
    ]);
    expect(units).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(messages[0]).toBe('unit 1 of at most 36: block 1');
    expect(fractions.every((f, i) => f > (fractions[i - 1] ?? 0) && f <= 1)).toBe(true);
  });

  it('keeps sides with their speeds, and the record is the same after JSON', async () => {
    const e = await runExperiment(plan(), new ListedPair(listed(1)), {
      ...options,
      now: at('2026-11-21T20:00:00Z'),
    });
    expect(e.baseline).toMatchObject({ label: 'simulated', mean: 60e6, median: 60e6, stdev: 0 });
    expect(e.baseline.runs).toHaveLength(12);
    expect(e.treatment.mean).toBeGreaterThan(60e6);
    expect(e.startedAt).toBe('2026-11-21T20:00:00.000Z');
    expect(JSON.parse(JSON.stringify(e))).toEqual(e);
  });

  it('units that are no measurement end it', async () => {
    for (const broken of [
      { logRatio: Number.NaN },
      { baseline: 0 },
      { treatment: -1 },
      { batchNs: Number.POSITIVE_INFINITY },
      { blocks: [0, Number.NaN] },
    ] satisfies Partial<Unit>[]) {
      const runner = new ListedPair(listed(1), {}, { unit: (u) => ({ ...u, ...broken }) });
      await expect(runExperiment(plan(), runner, options)).rejects.toThrow(UserError);
    }
  });

  it('plans that cannot be run are refused before anything runs', async () => {
    const runner = new ListedPair([]);
    for (const bad of [
      plan({ threshold: 0 }),
      plan({ threshold: 101 }),
      plan({ threshold: Number.NaN }),
      plan({ looks: [] }),
      plan({ looks: [4, 8] }),
      plan({ looks: [24, 12] }),
    ]) {
      await expect(runExperiment(bad, runner, options)).rejects.toThrow(UserError);
    }
    expect(runner.asked).toEqual([]);
  });
});

describe('cancel', () => {
  it('in the middle rejects with an AbortError, and nothing follows', async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const runner = new ListedPair(
      listed(1),
      {},
      {
        unit: (u) => {
          if (u.index === 5) controller.abort();
          return u;
        },
      },
    );
    const run = runExperiment(plan(), runner, {
      ...options,
      hooks: { signal: controller.signal, onUnit: (u) => seen.push(u.index) },
    });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(runner.asked).toHaveLength(6);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  it('before the start runs nothing', async () => {
    const runner = new ListedPair([]);
    const run = runExperiment(plan(), runner, { ...options, hooks: { signal: AbortSignal.abort() } });
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(runner.asked).toEqual([]);
  });
});

describe('noise', () => {
  it('without a calibration it warns and says its own noise', async () => {
    const e = await runExperiment(plan(), new ListedPair(listed(1)), options);
    expect(e.calibration).toBeNull();
    expect(e.warnings.join()).toMatch(
      /no passed A\/A calibration .*the noise of the experiment itself is σ 0\.\d\d%/,
    );
    expect(e.noiseFloorPercent).toBeGreaterThan(0);
    expect(e.smallestVisiblePercent).toBeGreaterThan(e.noiseFloorPercent ?? Number.NaN);
  });

  it('uses the newest passed calibration of the last day, and its σ where that is larger', async () => {
    const key = calibrationKey(plan(), quietMachine);
    const known = calibrationOf(spread(24, 0, 0.005), key, new Date('2026-11-21T12:00:00Z'));
    expect(known.passed).toBe(true);
    const now = at('2026-11-21T20:00:00Z');
    const with_ = await runExperiment(plan(), new ListedPair(listed(1)), {
      ...options,
      ...{ calibrations: [known], now },
    });
    const without = await runExperiment(plan(), new ListedPair(listed(1)), { ...options, now });
    expect(with_.calibration).toEqual(known);
    expect(with_.warnings.join()).not.toContain('calibration');
    expect(with_.noiseFloorPercent).toBeGreaterThan(2 * (without.noiseFloorPercent ?? Number.NaN));
  });

  it('names a machine that is too noisy, disturbed units and outliers, and keeps them', async () => {
    const noisy = await runExperiment(plan(), new ListedPair(listed(0, 0.03)), options);
    expect(noisy.verdict).toBe('INCONCLUSIVE');
    expect(noisy.reason).toContain('this machine is too noisy');
    expect(noisy.gates.find((g) => g.name === 'machine')?.passed).toBe(false);
    expect(noisy.warnings[0]).toMatch(/^the machine is too noisy: σ is \d\.\d\d%/);
    const runner = new ListedPair(
      listed(1),
      {},
      {
        unit: (u) =>
          u.index === 3 ? { ...u, disturbed: 0.31 } : u.index === 7 ? { ...u, logRatio: 0.5 } : u,
      },
    );
    const e = await runExperiment(plan(), runner, options);
    expect(e.units).toHaveLength(e.processes);
    expect(e.units[7]?.logRatio).toBe(0.5);
    expect(e.warnings.join('\n')).toMatch(/1 of \d+ units were disturbed, others took more than 20%/);
    expect(e.warnings.join('\n')).toContain('(unit 4)');
    expect(e.warnings.join('\n')).toMatch(/1 of \d+ units are outliers \(unit 8\); they are kept/);
    expect(e.verdict).toBe('GO');
  });

  it('notes of the machine become warnings', async () => {
    const machine: MachineState = {
      ...{ ...quietMachine, governor: 'powersave', turbo: true, load: 3, container: true, pinned: null },
    };
    const e = await runExperiment(plan(), new ListedPair(listed(1)), { ...options, machine });
    for (const word of ['powersave', 'turbo', 'load average', 'container', 'pinned']) {
      expect(e.warnings.join('\n')).toContain(word);
    }
    expect(e.gates.find((g) => g.name === 'machine')).toMatchObject({ passed: true });
    const quiet = await runExperiment(plan(), new ListedPair(listed(1)), options);
    expect(quiet.warnings).toHaveLength(1);
  });
});

describe('the rule of the documents', () => {
  const seedRule = (baseline: readonly number[], treatment: readonly number[], threshold: number) => {
    const mean = (v: readonly number[]): number => v.reduce((s, x) => s + x, 0) / v.length;
    const meanDeltaPercent = 100 * (mean(treatment) / mean(baseline) - 1);
    const verdict = meanDeltaPercent >= threshold ? ('GO' as const) : ('NEUTRAL' as const);
    return { verdict, reason: 'by the means', meanDeltaPercent };
  };

  it('decides after its runs by the means, gates first', async () => {
    const own = plan({ rule: 'seed', looks: [10] });
    const e = await runExperiment(own, new ListedPair(listed(1)), { ...options, seedRule });
    expect(e).toMatchObject({ verdict: 'GO', reason: 'by the means', processes: 10, rule: 'seed' });
    expect(e.looks[0]?.estimate.method).toBe('means');
    expect(e.effectPercent).toBeCloseTo(1, 1);
    const one = runExperiment({ ...own, looks: [1] }, new ListedPair([]), { ...options, seedRule });
    await expect(one).rejects.toThrow(UserError);
    const same = await runExperiment(own, new ListedPair([], { identical: true }), { ...options, seedRule });
    expect(same.verdict).toBe('NEUTRAL');
  });
});

describe('A/A calibration', () => {
  it('runs 24 units of the baseline against itself although the pair is identical', async () => {
    const runner = new ListedPair(listed(0), { identical: true, changedRan: false });
    const { calibration, experiment } = await runCalibration(plan(), runner, options);
    expect(runner.asked).toHaveLength(24);
    expect(experiment.treatment.spec).toEqual(experiment.baseline.spec);
    expect(calibration).toMatchObject({ passed: true, units: 24, ...calibrationKey(plan(), quietMachine) });
    expect(calibration.interval[0]).toBeLessThan(0);
  });

  it('a bias fails it, and a baseline that is refused gives none', async () => {
    const biased = await runCalibration(
      plan(),
      new ListedPair(listed(0.3, 0.0003), { identical: true }),
      options,
    );
    expect(biased.calibration.passed).toBe(false);
    const facts = soundFacts(plan());
    const dead = new ListedPair([], { baseline: { ...facts.baseline, intended: false } });
    await expect(runCalibration(plan(), dead, options)).rejects.toThrow(/no calibration: refused/);
  });

  it('measures the noise that was put in', async () => {
    const runner = new SimulatedPair({ ...measuredNoise, contaminated: 0, seed: 5 });
    const { calibration } = await runCalibration(plan(), runner, options);
    expect(calibration.sigmaPercent).toBeGreaterThan(0.18);
    expect(calibration.sigmaPercent).toBeLessThan(0.45);
  });
});
