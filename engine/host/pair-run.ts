/**
 * One unit of an experiment on the engine: both sides in this fresh process, each with a memory and a copy of the code of its
 * own, timed in batches A B B A, then B A A B, and so on. Both sides of a block work on the same seed.
 */
import { readFileSync } from 'node:fs';
import { median } from '../../extension/profile/percentiles.ts';
import type {
  LoopParameters,
  ThreadedParameters,
  TraceParameters,
  WorkloadParameters,
} from '../../extension/profile/workloads.ts';
import { CoreShare } from './core-share.ts';
import { type EngineInstance, instantiate } from './instantiate.ts';
import { asSide, inLayout, seededRandom } from './module-layout.ts';
import type { Report } from './passes.ts';
import type { PairJob, PairResult } from './protocol.ts';
import { TimedTeam } from './threaded-run.ts';
import { type ThreadedWork, threadedWork } from './threaded-work.ts';
import { loadWork, loopWork, type SoloWork } from './work.ts';

type Side = 'baseline' | 'treatment';
const sides: readonly Side[] = ['baseline', 'treatment'];

interface Timed {
  readonly ns: number;
  readonly operations: number;
}

/** Batches of a workload on either side. */
interface Batches {
  /** Threads that work at the same time. */
  readonly threads: number;
  readonly firstSize: number;
  /** `size` is iterations for random_mixed, passes for everything else. */
  batch(side: Side, seed: number, size: number): Timed | Promise<Timed>;
  end(): Promise<void>;
}

interface Loaded {
  readonly module: WebAssembly.Module;
  readonly engine: EngineInstance;
}

/** Code and memory of both sides, in the unit's order. */
function load(job: PairJob, harnessBytes: number): Record<Side, Loaded> {
  const one = (side: Side): Loaded => {
    const { module: file, env } = job[side];
    const bytes = inLayout(new Uint8Array(readFileSync(file)), job.layout);
    const module = new WebAssembly.Module(asSide(bytes, side));
    return { module, engine: instantiate(module, { env, harnessBytes: harnessBytes + job.heapOffset }) };
  };
  if (job.first === 'baseline') {
    const baseline = one('baseline');
    return { baseline, treatment: one('treatment') };
  }
  const treatment = one('treatment');
  return { baseline: one('baseline'), treatment };
}

function loopBatches(job: PairJob, p: LoopParameters): Batches {
  const loaded = load(job, loopWork(p).harnessBytes);
  return {
    threads: 1,
    firstSize: 20_000,
    batch: (side, seed, size) => {
      const work = loopWork({ ...p, iterations: size, seed });
      return { ns: work.pass(loaded[side].engine), operations: size };
    },
    end: async () => {},
  };
}

/** A trace has no seed: every pass is the same. */
function soloBatches(job: PairJob, work: SoloWork): Batches {
  const loaded = load(job, work.harnessBytes);
  for (const side of sides) work.prepare(loaded[side].engine);
  return {
    threads: 1,
    firstSize: 1,
    batch: (side, _seed, size) => {
      let ns = 0;
      for (let i = 0; i < size; i++) ns += work.pass(loaded[side].engine);
      return { ns, operations: size * work.operations };
    },
    end: async () => {},
  };
}

/** Each side has a team of threads; that of the side whose turn it is not sleeps. */
async function teamBatches(
  job: PairJob,
  work: ThreadedWork,
  seeded: ((seed: number) => ThreadedWork) | null,
  entry: string,
): Promise<Batches> {
  const loaded = load(job, work.harnessBytes(false));
  const teams = new Map<Side, TimedTeam>();
  for (const side of sides) {
    const { engine, module } = loaded[side];
    teams.set(side, await TimedTeam.start(engine, module, work, entry));
  }
  return {
    threads: work.threads,
    firstSize: 1,
    batch: async (side, seed, size) => {
      const team = teams.get(side);
      if (team === undefined) throw new Error(`no threads for ${side}`);
      if (seeded !== null) team.renew(seeded(seed));
      let ns = 0;
      let operations = 0;
      for (let i = 0; i < size; i++) {
        const pass = await team.pass();
        ns += pass.ns;
        operations += pass.operations;
      }
      return { ns, operations };
    },
    end: async () => {
      for (const team of teams.values()) await team.end();
    },
  };
}

function isThreaded(p: WorkloadParameters | TraceParameters): p is ThreadedParameters {
  return p.workload === 'larson' || p.workload === 'pc' || p.workload === 'mstress';
}

async function batchesOf(job: PairJob, entry: string): Promise<Batches> {
  const { parameters } = job;
  if (parameters.workload === 'random_mixed') return loopBatches(job, parameters);
  const { main } = await loadWork(parameters);
  if (main.kind === 'solo') return soloBatches(job, main);
  const seeded = isThreaded(parameters)
    ? (seed: number): ThreadedWork => threadedWork({ ...parameters, seed })
    : null;
  return teamBatches(job, main, seeded, entry);
}

const mostTrials = 12;
const leastBlocks = 2;
/** Of how many batches the shortest counts: one that was interrupted would make all others too short. */
const trialRounds = 3;

/** Nanoseconds of the shortest batch of either side; few rounds where one is much longer than needed. */
async function shortestBatch(
  job: PairJob,
  batches: Batches,
  random: () => number,
  size: number,
): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY;
  for (let round = 0; round < trialRounds; round++) {
    const seed = seedFrom(random);
    for (const side of sides) shortest = Math.min(shortest, (await batches.batch(side, seed, size)).ns);
    if (shortest < job.batchNs || shortest > 5 * job.batchNs) break;
  }
  return shortest;
}

/** Batch size at which both sides take `job.batchNs`, by untimed trials, which warm both. */
async function trial(job: PairJob, batches: Batches, random: () => number): Promise<number> {
  let size = batches.firstSize;
  for (let i = 0; i < mostTrials; i++) {
    const shortest = await shortestBatch(job, batches, random, size);
    if (shortest >= job.batchNs) break;
    // A little more than needed: later batches are warmer than this one.
    size = Math.ceil(size * Math.min(10, Math.max(1.2, (1.3 * job.batchNs) / Math.max(1, shortest))));
  }
  return size;
}

function seedFrom(random: () => number): number {
  return 1 + Math.floor(random() * 0xffff_fffe);
}

const orders: readonly (readonly Side[])[] = [
  ['baseline', 'treatment', 'treatment', 'baseline'],
  ['treatment', 'baseline', 'baseline', 'treatment'],
];

/**
 * 1/2 [(ln tB1 - ln tA1) + (ln tB2 - ln tA2)] of nanoseconds an operation, A the baseline: positive where the treatment is
 * slower.
 */
export function blockLogRatio(baseline: readonly number[], treatment: readonly number[]): number {
  const sum = (times: readonly number[]): number => times.reduce((s, t) => s + Math.log(t), 0);
  return 0.5 * (sum(treatment) - sum(baseline));
}

async function timeBlocks(job: PairJob, batches: Batches, report: Report): Promise<PairResult> {
  const random = seededRandom(job.seed);
  await report('batch size', 0);
  const size = await trial(job, batches, random);
  const share = new CoreShare(batches.threads);
  const perOperation: Record<Side, number[]> = { baseline: [], treatment: [] };
  const batchNs: number[] = [];
  const blocks: number[] = [];
  let operations = 0;
  const from = performance.now();
  for (let b = 0; b < job.blocks; b++) {
    const spent = 1e6 * (performance.now() - from);
    // The number of blocks stays even: as many begin with one side as with the other.
    if (b >= leastBlocks && b % 2 === 0 && spent * (1 + 2 / b) > job.budgetNs) break;
    await report(`block ${b + 1} of ${job.blocks}`, Math.max(b / job.blocks, spent / job.budgetNs));
    const seed = seedFrom(random);
    share.start();
    for (const side of orders[b % 2] ?? []) {
      const timed = await batches.batch(side, seed, size);
      perOperation[side].push(timed.ns / timed.operations);
      batchNs.push(timed.ns);
      operations += timed.operations;
    }
    share.stop();
    blocks.push(blockLogRatio(perOperation.baseline.slice(-2), perOperation.treatment.slice(-2)));
  }
  return {
    ...{ kind: 'pair', blocks, ...perOperation, operations },
    ...{ batchNs: median(batchNs), disturbed: share.disturbed() },
  };
}

/** Runs the unit. `entry` is the threads' entry file. Throws `UserError` when memory runs out. */
export async function runPair(job: PairJob, entry: string, report: Report): Promise<PairResult> {
  await report('loading', 0);
  const batches = await batchesOf(job, entry);
  try {
    return await timeBlocks(job, batches, report);
  } finally {
    await batches.end();
  }
}
