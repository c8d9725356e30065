/** Builders of experiments for tests. */
import type { Experiment, ExperimentSide, SideSpec } from '../../../extension/model-experiment.ts';

const spec: SideSpec = { target: 'engine', variant: 'standard', preset: null, flags: {}, env: {} };

export function experimentSide(over: Partial<ExperimentSide> = {}): ExperimentSide {
  return {
    ...{ label: 'engine standard', spec, sha256: 'a'.repeat(64) },
    ...{ mean: 50e6, median: 50.5e6, stdev: 1e6, runs: [49e6, 50.5e6, 50.5e6] },
    ...over,
  };
}

export function experiment(over: Partial<Experiment> = {}): Experiment {
  return {
    schemaVersion: 1,
    ...{ id: 'ab-1', title: 'one against another', replay: null },
    ...{ verdict: 'NO-GO', reason: 'the whole interval lies below the threshold' },
    ...{ effectPercent: -0.92, interval: [-1.21, -0.63], threshold: 0.5, rule: 'interval', processes: 24 },
    looks: [
      { units: 12, estimate: { method: 'trimmed', percent: -1, interval: [-1.6, -0.4] }, verdict: null },
      {
        units: 24,
        estimate: { method: 'trimmed', percent: -0.92, interval: [-1.21, -0.63] },
        verdict: 'NO-GO',
      },
    ],
    ...{ noiseFloorPercent: 0.14, smallestVisiblePercent: 0.2, warnings: ['turbo on'] },
    work: {
      ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: null, workingSet: null },
      ...{ min: null, max: null, seed: 12345, threads: null },
    },
    baseline: experimentSide(),
    treatment: experimentSide({ label: 'engine standard, HAKMEM_X=1', median: 50e6 }),
    counters: {
      unit: 'wasm',
      rows: [
        { name: 'instructions/op', baseline: 200, treatment: 170, delta: -15 },
        { name: 'branches/op', baseline: 50, treatment: 44, delta: -12 },
      ],
      layoutTax: true,
    },
    gates: [{ name: 'coverage', passed: true, note: 'changed code ran' }],
    crossChecks: [{ method: 'hodges-lehmann', percent: -0.9, interval: [-1.2, -0.6] }],
    layouts: [
      { layout: 'a', units: 12, effectPercent: -1 },
      { layout: 'b', units: 12, effectPercent: -0.8 },
    ],
    units: [],
    calibration: {
      ...{ at: '2026-01-01T10:00:00.000Z', host: 'h', target: 'engine', workload: 'random_mixed', units: 24 },
      ...{ sigmaPercent: 0.3, biasPercent: 0.01, interval: [-0.1, 0.1], passed: true },
    },
    machine: {
      ...{ cpu: 'c', cores: 2, kernel: 'k', runtime: 'r', governor: null, turbo: true, load: 0.1 },
      ...{ container: false, pinned: null, flags: [] },
    },
    ...{ startedAt: '2026-01-01T11:00:00.000Z', finishedAt: '2026-01-01T12:00:00.000Z' },
    ...over,
  };
}
