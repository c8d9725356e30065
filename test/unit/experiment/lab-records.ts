/** Builders of the laboratory's records for tests. */
import type { CostTable } from '../../../extension/model-costs.ts';
import type {
  Calibration,
  Experiment,
  ExperimentSide,
  ExperimentWork,
  MachineState,
  SideSpec,
} from '../../../extension/model-experiment.ts';
import type { SoakSummary } from '../../../extension/model-soak.ts';

export function spec(over: Partial<SideSpec> = {}): SideSpec {
  return { target: 'engine', variant: 'fast', preset: null, flags: {}, env: {}, ...over };
}

export const work: ExperimentWork = {
  workload: 'random_mixed',
  profile: 'mixed',
  trace: null,
  iterations: 200_000,
  workingSet: 400,
  min: null,
  max: null,
  seed: 12345,
  threads: null,
};

export const machine: MachineState = {
  cpu: 'A CPU | with a pipe',
  cores: 2,
  kernel: 'Linux 6.1',
  runtime: 'Node 20',
  governor: null,
  turbo: true,
  load: 0.25,
  container: true,
  pinned: [0, 1],
  flags: ['--no-liftoff'],
};

export function side(label: string, runs: readonly number[], over: Partial<SideSpec> = {}): ExperimentSide {
  const mean = runs.reduce((a, b) => a + b, 0) / Math.max(1, runs.length);
  const sorted = [...runs].sort((a, b) => a - b);
  const stdev = Math.sqrt(runs.reduce((s, r) => s + (r - mean) ** 2, 0) / Math.max(1, runs.length - 1));
  const middle = ((sorted[(runs.length - 1) >> 1] ?? 0) + (sorted[runs.length >> 1] ?? 0)) / 2;
  const none = runs.length === 0;
  return {
    label,
    spec: spec(over),
    sha256: 'ab'.repeat(32),
    mean: none ? null : mean,
    median: none ? null : middle,
    stdev: none ? null : stdev,
    runs,
  };
}

export const calibration: Calibration = {
  at: '2026-01-01T10:00:00.000Z',
  host: 'h',
  target: 'engine',
  workload: 'random_mixed',
  units: 24,
  sigmaPercent: 0.2,
  biasPercent: 0.01,
  interval: [-0.1, 0.12],
  passed: true,
};

export function experiment(over: Partial<Experiment> = {}): Experiment {
  return {
    schemaVersion: 1,
    id: 'exp-1',
    title: 'Class statistics out',
    replay: null,
    verdict: 'GO',
    reason: 'The whole interval is above +0.5%.',
    effectPercent: 1.5,
    interval: [1, 2],
    threshold: 0.5,
    rule: 'interval',
    processes: 24,
    looks: [
      { units: 12, estimate: { method: 'trimmed', percent: 1.4, interval: [0.4, 2.4] }, verdict: null },
      { units: 24, estimate: { method: 'trimmed', percent: 1.5, interval: [1, 2] }, verdict: 'GO' },
    ],
    noiseFloorPercent: 0.14,
    smallestVisiblePercent: 0.2,
    warnings: ['turbo is on'],
    work,
    baseline: side('engine fast', [58_000_000, 58_200_000], { flags: { STATS: '1' } }),
    treatment: side('engine fast, STATS=0', [59_000_000, 59_100_000], { flags: { STATS: '0' } }),
    counters: {
      unit: 'wasm',
      rows: [
        { name: 'Instructions/op', baseline: 200, treatment: 190.5, delta: -4.75 },
        { name: 'Cycles', baseline: null, treatment: null, delta: null },
      ],
      layoutTax: false,
    },
    gates: [{ name: 'coverage', passed: true, note: 'g_stats | ran 100 times' }],
    crossChecks: [{ method: 'hodges-lehmann', percent: 1.49, interval: [0.9, 2.1] }],
    layouts: [{ layout: 'plain', units: 12, effectPercent: 1.4 }],
    units: [
      {
        index: 0,
        layout: 'plain',
        first: 'baseline',
        logRatio: -0.015,
        blocks: [-0.014, -0.016],
        baseline: 58_000_000,
        treatment: 59_000_000,
        batchNs: 5_000_000,
        disturbed: null,
      },
    ],
    calibration,
    machine,
    startedAt: '2026-01-01T12:00:00.000Z',
    finishedAt: '2026-01-01T12:10:00.000Z',
    ...over,
  };
}

export const soak: SoakSummary = {
  schemaVersion: 1,
  id: 'soak-1',
  minutes: 10,
  work,
  sides: [
    {
      label: 'balanced',
      spec: spec({ preset: 'MIXED_TINYV3_C7_BALANCED' }),
      epochs: [
        {
          index: 0,
          at: 5,
          operations: 1e8,
          opsPerSecond: 5e7,
          p50: 10,
          p99: 30,
          p999: 100,
          residentBytes: 33_000_000,
          systemCalls: 2,
        },
      ],
      operations: 1e8,
      meanOpsPerSecond: 5e7,
      cvPercent: 1.5,
      driftPercent: 0,
      systemCallsPerOp: 2e-8,
      budgets: [{ name: 'drift', limit: 1, value: 0, passed: true }],
    },
  ],
  passed: true,
  machine,
  startedAt: '2026-01-02T12:00:00.000Z',
  finishedAt: '2026-01-02T12:10:00.000Z',
};

export const costs: CostTable = {
  schemaVersion: 1,
  source: 'wasm, seq_cst',
  host: 'h',
  costs: [{ name: 'relaxed add', contended: false, ns: 0.5, interval: [0.4, 0.6], percent: 3 }],
  machine,
  at: '2026-01-03T12:00:00.000Z',
};
