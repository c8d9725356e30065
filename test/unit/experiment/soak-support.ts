/** Soaks made by hand: a plan, epochs, a runner that measures nothing. */
import type { MachineState, PairHooks } from '../../../extension/model-experiment.ts';
import type {
  SideName,
  SoakEpoch,
  SoakMeasure,
  SoakPlan,
  SoakRow,
  SoakRunner,
} from '../../../extension/model-soak.ts';
import { documentLimits, type SoakOutcome } from '../../../extension/experiment/soak.ts';

export const machine: MachineState = {
  ...{ cpu: 'a CPU', cores: 2, kernel: 'Linux 6', runtime: 'Node 20', governor: null, turbo: null },
  ...{ load: 0.1, container: false, pinned: null, flags: ['--no-liftoff'] },
};

const side = { target: 'engine', variant: 'standard', preset: null, flags: {} };

export const plan: SoakPlan = {
  id: 'soak-test',
  minutes: 1,
  epochSeconds: 3,
  work: {
    ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: null, workingSet: null },
    ...{ min: null, max: null, seed: 12345, threads: null },
  },
  baseline: { ...side, env: {} },
  treatment: { ...side, env: { HAKMEM_SS_MEM_LEAN: '1' } },
  limits: documentLimits,
  startedAt: '2026-11-21T12:00:00.000Z',
};

export function epoch(overrides: Partial<SoakEpoch> = {}): SoakEpoch {
  return {
    ...{ index: 0, at: 0, operations: 3_000_000, opsPerSecond: 1_000_000, p50: 10, p99: 20, p999: 40 },
    ...{ residentBytes: 10_000_000, systemCalls: 0, session: 1, disturbed: 0 },
    ...overrides,
  };
}

/** Pairs of epochs, the same figures for both sides unless `of` says otherwise. */
export function rows(
  pairs: number,
  of: (index: number, side: SideName) => Partial<SoakEpoch> = () => ({}),
): SoakRow[] {
  return Array.from({ length: 2 * pairs }, (_, i) => {
    const index = i >>> 1;
    const name: SideName = i % 2 === 0 ? 'baseline' : 'treatment';
    return { side: name, epoch: epoch({ index, at: 3 * i, ...of(index, name) }) };
  });
}

const process = { sha256: 'a'.repeat(64), systemCallsExact: true };

export function outcome(overrides: Partial<SoakOutcome> = {}): SoakOutcome {
  return {
    ...{ plan, machine, rows: rows(10), finishedAt: '2026-11-21T12:01:00.000Z', cancelled: false },
    processes: { baseline: process, treatment: process },
    labels: { baseline: 'engine A', treatment: 'engine B' },
    ...overrides,
  };
}

export interface FakeRunner extends SoakRunner {
  /** `side index` of every epoch, in order. */
  readonly calls: string[];
  ended: number;
}

/** Each epoch moves the clock by what it was told to take. `fail` may throw instead. */
export function fakeRunner(
  clock: { now: number },
  options: { readonly fail?: (calls: number) => void; readonly sha256?: string } = {},
): FakeRunner {
  const measured: SoakMeasure = epoch();
  const runner: FakeRunner = {
    calls: [],
    ended: 0,
    start: async (_: SoakPlan, __: PairHooks) => ({
      flags: ['--no-liftoff'],
      baseline: { ...process, sha256: options.sha256 ?? process.sha256 },
      treatment: process,
      epoch: async (name: SideName, index: number, seconds: number) => {
        options.fail?.(runner.calls.length);
        runner.calls.push(`${name} ${index}`);
        clock.now += seconds;
        return measured;
      },
      end: () => {
        runner.ended++;
      },
    }),
  };
  return runner;
}
