/** The workloads' parameters, the same for every target: a row of the definition with the request's own on top. */
import { type BenchRequest, UserError } from '../model.ts';

export interface WorkloadParameters {
  readonly workload: 'random_mixed' | 'floor';
  /** Operations a pass. */
  readonly iterations: number;
  /** Slots. */
  readonly workingSet: number;
  /** Smallest and largest size, bytes. */
  readonly min: number;
  readonly max: number;
  readonly seed: number;
}

type Row = Omit<WorkloadParameters, 'workload' | 'seed'>;

/** Rows of the workloads' definition. */
export const workloadProfiles: ReadonlyMap<string, Row> = new Map([
  ['mixed', { iterations: 4_000_000, workingSet: 400, min: 16, max: 1040 }],
  ['tiny', { iterations: 4_000_000, workingSet: 400, min: 8, max: 128 }],
  ['c6heavy', { iterations: 4_000_000, workingSet: 400, min: 257, max: 512 }],
  ['c7heavy', { iterations: 4_000_000, workingSet: 400, min: 513, max: 1024 }],
  ['mid', { iterations: 2_000_000, workingSet: 400, min: 1024, max: 32768 }],
  ['large', { iterations: 200_000, workingSet: 64, min: 32768, max: 1048576 }],
]);

const defaultProfile = 'mixed';

/** Passes of random_mixed and floor in one process. */
export const passCount = 5;
/** Operations timed one by one for `--latency`. */
export const latencyOperations = 500_000;

/**
 * How a result names its work: the workload, with the profile unless it is the default one (`random_mixed`,
 * `random_mixed:tiny`), and `custom` in its place once sizes or the working set were given by hand.
 */
export function workloadName(request: BenchRequest): string {
  const custom = request.min !== null || request.max !== null || request.workingSet !== null;
  const profile = custom ? 'custom' : request.profile;
  return profile === defaultProfile ? request.workload : `${request.workload}:${profile}`;
}

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UserError(`${name} has to be a whole number from ${low} to ${high}, not ${value}`);
  }
  return value;
}

/** Parameters of a request. Throws `UserError` on unknown workloads and on values out of range. */
export function parametersOf(request: BenchRequest): WorkloadParameters {
  const { workload } = request;
  if (workload !== 'random_mixed' && workload !== 'floor') {
    throw new UserError(`unknown workload ${String(workload)}: use random_mixed or floor`);
  }
  const row = workloadProfiles.get(request.profile);
  if (row === undefined) {
    throw new UserError(
      `unknown workload profile ${request.profile}: use one of ${[...workloadProfiles.keys()].join(', ')}`,
    );
  }
  if (request.threads !== 1) throw new UserError(`${workload} runs with one thread, not ${request.threads}`);
  const min = whole('--min', request.min ?? row.min, 1, 0x3fffffff);
  const max = whole('--max', request.max ?? row.max, min, 0x3fffffff);
  const workingSet = whole('--working-set', request.workingSet ?? row.workingSet, 1, 0x1000000);
  if (workload === 'floor' && workingSet * (max + 32) > 0x80000000) {
    throw new UserError('floor needs working set times the largest size below 2 GiB');
  }
  return {
    workload,
    iterations: whole('--iterations', request.iterations ?? row.iterations, 1, 0xffffffff),
    workingSet,
    min,
    max,
    seed: whole('--seed', request.seed, 1, 0xffffffff),
  };
}
