/** The workloads' parameters, the same for every target: a row of the definition with the request's own on top. */
import { type BenchRequest, UserError } from '../model.ts';

interface CommonParameters {
  /** random_mixed, floor: operations a pass; larson: rounds; pc: items a producer; mstress: phases. */
  readonly iterations: number;
  /** random_mixed, floor, larson: slots (larson: of each lineage); pc: slots of a ring; mstress: retained objects. */
  readonly workingSet: number;
  /** Smallest and largest size, bytes. */
  readonly min: number;
  readonly max: number;
  readonly seed: number;
}

/** The workloads of one thread. */
export interface LoopParameters extends CommonParameters {
  readonly workload: 'random_mixed' | 'floor';
}

/** The workloads of several threads. */
export interface ThreadedParameters extends CommonParameters {
  readonly workload: 'larson' | 'pc' | 'mstress';
  readonly threads: number;
  /** larson: threads of a lineage, one after the other; 1 elsewhere. */
  readonly generations: number;
  /** mstress: allocations of a thread in a phase; 0 elsewhere. */
  readonly batch: number;
  /** mstress: objects that a thread hands over in a phase, at most; 0 elsewhere. */
  readonly transfers: number;
}

export type WorkloadParameters = LoopParameters | ThreadedParameters;

/** A recorded trace; everything else about it stands in the file. */
export interface TraceParameters {
  readonly workload: 'trace';
  /** Path of the `.trace.gz`. */
  readonly file: string;
  /** All on one thread, in file order. */
  readonly flatten: boolean;
}

type Row = Omit<LoopParameters, 'workload' | 'seed'>;

/** Rows of random_mixed and floor. */
export const workloadProfiles: ReadonlyMap<string, Row> = new Map([
  ['mixed', { iterations: 4_000_000, workingSet: 400, min: 16, max: 1040 }],
  ['tiny', { iterations: 4_000_000, workingSet: 400, min: 8, max: 128 }],
  ['c6heavy', { iterations: 4_000_000, workingSet: 400, min: 257, max: 512 }],
  ['c7heavy', { iterations: 4_000_000, workingSet: 400, min: 513, max: 1024 }],
  ['mid', { iterations: 2_000_000, workingSet: 400, min: 1024, max: 32768 }],
  ['large', { iterations: 200_000, workingSet: 64, min: 32768, max: 1048576 }],
]);

type ThreadedRow = Omit<ThreadedParameters, 'seed'>;

/** mstress draws its own sizes, 8 to 32768 bytes. */
const threadedWorkloads: Readonly<Record<ThreadedParameters['workload'], ThreadedRow>> = {
  larson: {
    ...{ workload: 'larson', threads: 2, iterations: 4, workingSet: 20_000, min: 8, max: 1000 },
    ...{ generations: 8, batch: 0, transfers: 0 },
  },
  pc: {
    ...{ workload: 'pc', threads: 2, iterations: 1_000_000, workingSet: 1024, min: 16, max: 1040 },
    ...{ generations: 1, batch: 0, transfers: 0 },
  },
  mstress: {
    ...{ workload: 'mstress', threads: 2, iterations: 100, workingSet: 4000, min: 8, max: 32_768 },
    ...{ generations: 1, batch: 10_000, transfers: 4000 },
  },
};

const defaultProfile = 'mixed';
/** Threads that one run may have, larson's generations not counted. */
const mostThreads = 64;

/** Passes of random_mixed and floor in one process. */
export const passCount = 5;
const threadedPassCount = 9;
/** Operations timed one by one for `--latency`. */
export const latencyOperations = 500_000;

function whole(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new UserError(`${name} has to be a whole number from ${low} to ${high}, not ${value}`);
  }
  return value;
}

/** The number of passes that a request asks for; null for the workload's own. Throws `UserError` out of range. */
export function requestedPasses(request: BenchRequest): number | null {
  const asked = request.passes ?? null;
  return asked === null ? null : whole('--passes', asked, 1, 1000);
}

/** The workload's own number of passes in one process. `operations` are those of one pass. */
export function defaultPasses(workload: BenchRequest['workload'], operations: number): number {
  if (workload === 'random_mixed' || workload === 'floor') return passCount;
  if (workload !== 'trace') return threadedPassCount;
  return Math.min(1000, Math.max(5, Math.ceil(20e6 / operations)));
}

/** Operations of one pass; null where only the pass itself can tell. */
export function operationsOf(p: WorkloadParameters): number | null {
  switch (p.workload) {
    case 'random_mixed':
    case 'floor':
      return p.iterations;
    case 'larson':
      return p.threads * p.workingSet * (1 + 2 * p.generations * p.iterations);
    case 'pc':
      return p.threads * p.iterations;
    case 'mstress':
      return null;
  }
}

/** The part of a path after the last separator, without `.trace.gz`. */
function traceName(file: string): string {
  return file
    .replace(/^.*[\\/]/, '')
    .replace(/\.gz$/, '')
    .replace(/\.trace$/, '');
}

/**
 * How a result names its work: the workload, with the profile unless it is the default one (`random_mixed`,
 * `random_mixed:tiny`), and `custom` in its place once sizes or the working set were given by hand. A trace is
 * `trace:NAME`, flattened `trace:NAME:flat`.
 */
export function workloadName(request: BenchRequest): string {
  if (request.workload === 'trace') {
    const name = `trace:${traceName(request.trace?.file ?? '')}`;
    return request.trace?.flatten === true ? `${name}:flat` : name;
  }
  const custom = request.min !== null || request.max !== null || request.workingSet !== null;
  const profile = custom ? 'custom' : request.profile;
  return profile === defaultProfile ? request.workload : `${request.workload}:${profile}`;
}

/** The trace of a request. Throws `UserError` when it says anything that the file says. */
export function traceOf(request: BenchRequest): TraceParameters {
  const { trace } = request;
  if (trace === undefined || trace === null) throw new UserError('a trace needs a file: --trace FILE');
  const given = [
    ...(request.iterations === null ? [] : ['--iterations']),
    ...(request.workingSet === null ? [] : ['--working-set']),
    ...(request.min === null ? [] : ['--min']),
    ...(request.max === null ? [] : ['--max']),
  ][0];
  if (given !== undefined) throw new UserError(`${given} cannot change a trace: it is replayed as recorded`);
  return { workload: 'trace', file: trace.file, flatten: trace.flatten };
}

function loopParameters(request: BenchRequest, workload: LoopParameters['workload']): LoopParameters {
  const row = workloadProfiles.get(request.profile);
  if (row === undefined) {
    throw new UserError(
      `unknown workload profile ${request.profile}: use one of ${[...workloadProfiles.keys()].join(', ')}`,
    );
  }
  if ((request.threads ?? 1) !== 1) {
    throw new UserError(`${workload} runs with one thread, not ${request.threads}`);
  }
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

function threadedParameters(request: BenchRequest, row: ThreadedRow): ThreadedParameters {
  const { workload } = row;
  if (request.profile !== defaultProfile) {
    throw new UserError(`${workload} has no profiles: leave ${request.profile} out`);
  }
  const threads = whole('--threads', request.threads ?? row.threads, 1, mostThreads);
  if (workload === 'mstress' && (request.min ?? request.max) !== null) {
    throw new UserError('mstress draws its own sizes, 8 to 32768 bytes: leave --min and --max out');
  }
  if (workload === 'pc' && threads % 2 !== 0) {
    throw new UserError(`pc pairs a producer with a consumer: --threads has to be even, not ${threads}`);
  }
  const min = whole('--min', request.min ?? row.min, 1, 0x3fffffff);
  const workingSet = whole('--working-set', request.workingSet ?? row.workingSet, 1, 0x400000);
  if (workload === 'pc' && (workingSet & (workingSet - 1)) !== 0) {
    throw new UserError(`the ring of pc is a power of two: --working-set cannot be ${workingSet}`);
  }
  return {
    ...row,
    threads,
    iterations: whole('--iterations', request.iterations ?? row.iterations, 1, 0x1000000),
    workingSet,
    min,
    max: whole('--max', request.max ?? row.max, min, 0x3fffffff),
    seed: whole('--seed', request.seed, 1, 0xffffffff),
  };
}

/** Parameters of a request for anything but a trace. Throws `UserError` on unknown workloads and on values out of range. */
export function parametersOf(request: BenchRequest): WorkloadParameters {
  const { workload } = request;
  if (workload === 'random_mixed' || workload === 'floor') return loopParameters(request, workload);
  if (Object.hasOwn(threadedWorkloads, workload) && workload !== 'trace') {
    return threadedParameters(request, threadedWorkloads[workload]);
  }
  const known = ['random_mixed', 'floor', ...Object.keys(threadedWorkloads)];
  throw new UserError(`unknown workload ${String(workload)}: use one of ${known.join(', ')}`);
}
