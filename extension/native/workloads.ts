/** Parameters of the workloads that the native harness runs. */
import { type BenchRequest, UserError } from '../model.ts';

export interface NativeParameters {
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

type Row = Pick<NativeParameters, 'iterations' | 'workingSet' | 'min' | 'max'>;

/** Passes of random_mixed and floor in one process. */
export const passCount = 5;
/** Operations timed one by one for latency. */
const latencyOperations = 500_000;

/** Rows of the workloads' definition. */
const profiles: ReadonlyMap<string, Row> = new Map([
  ['mixed', { iterations: 4_000_000, workingSet: 400, min: 16, max: 1040 }],
  ['tiny', { iterations: 4_000_000, workingSet: 400, min: 8, max: 128 }],
  ['c6heavy', { iterations: 4_000_000, workingSet: 400, min: 257, max: 512 }],
  ['c7heavy', { iterations: 4_000_000, workingSet: 400, min: 513, max: 1024 }],
  ['mid', { iterations: 2_000_000, workingSet: 400, min: 1024, max: 32768 }],
  ['large', { iterations: 200_000, workingSet: 64, min: 32768, max: 1048576 }],
]);

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UserError(`${name} has to be a whole number from ${low} to ${high}, not ${value}`);
  }
  return value;
}

/** The profile's row with the request's explicit parameters on top. Throws `UserError` on values out of range. */
export function nativeParameters(request: BenchRequest): NativeParameters {
  const { workload } = request;
  if (workload !== 'random_mixed' && workload !== 'floor') {
    throw new UserError(`unknown workload ${String(workload)}: native targets run random_mixed and floor`);
  }
  const row = profiles.get(request.profile);
  if (row === undefined) {
    throw new UserError(
      `unknown workload profile ${request.profile}: use one of ${[...profiles.keys()].join(', ')}`,
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

/** The harness's argument vector. */
export function harnessArguments(
  p: NativeParameters,
  checks: { verify: boolean; latency: boolean },
): string[] {
  const latency = checks.latency ? Math.min(p.iterations, latencyOperations) : 0;
  return [
    p.workload,
    ...[p.iterations, p.workingSet, p.min, p.max, p.seed].map(String),
    String(passCount),
    checks.verify ? '1' : '0',
    String(latency),
  ];
}
