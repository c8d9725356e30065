/**
 * A soak in the engine's child process: one instance that stays, working an epoch at a time when its parent says so.
 * random_mixed goes on from the slots that the epoch before left occupied; everything else is replayed from its
 * beginning, in the heap that the replays before it left.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { LoopParameters } from '../../extension/profile/workloads.ts';
import { UserError } from '../../extension/model.ts';
import { percentileOf } from '../../extension/profile/percentiles.ts';
import { CoreShare } from './core-share.ts';
import { type EngineInstance, instantiate } from './instantiate.ts';
import type { ChildMessage, SoakEpochOrder, SoakEpochResult, SoakJob } from './protocol.ts';
import { readResident } from './resident.ts';
import { SystemCalls } from './system-calls.ts';
import { TimedTeam } from './threaded-run.ts';
import { threadedWork } from './threaded-work.ts';
import { loadWork } from './work.ts';
import { harnessLayout, OutOfEngineMemory } from './workloads.ts';

/** Operations of random_mixed between two readings of the clock. */
const batchOperations = 1000;
/** In an epoch of random_mixed at least, however short it is: with fewer, percentiles would say nothing. */
const fewestBatches = 50;
/** Milliseconds after which the process looks whether its parent is still there. */
const listenMs = 200;
const mostSamples = 2 ** 18;

/** What a soak does between two readings of the clock. */
interface Batch {
  readonly operations: number;
  readonly ns: number;
}

interface Soaked {
  readonly engine: EngineInstance;
  readonly threads: number;
  readonly fewestBatches: number;
  /** At the beginning of an epoch. */
  renew(seed: number): void;
  /** The epoch's n-th. */
  batch(n: number): Batch | Promise<Batch>;
  /** After an epoch that `SoakJob.forgetEvery` names. */
  forget(): void;
}

/** Every n-th figure, n a power of two that grows as they come in: at most `mostSamples` are kept. */
export class Samples {
  readonly #kept: Float64Array;
  #count = 0;
  #every = 1;
  #skipped = 0;

  constructor(most: number = mostSamples) {
    this.#kept = new Float64Array(most);
  }

  add(value: number): void {
    if (++this.#skipped < this.#every) return;
    this.#skipped = 0;
    if (this.#count === this.#kept.length) {
      for (let i = 0; i < this.#count >>> 1; i++) this.#kept[i] = this.#kept[2 * i + 1] ?? 0;
      this.#count >>>= 1;
      // The one that comes now is not kept: half of the new distance has gone by with it.
      this.#skipped = this.#every;
      this.#every *= 2;
      return;
    }
    this.#kept[this.#count++] = value;
  }

  sorted(): Float64Array {
    return this.#kept.slice(0, this.#count).sort();
  }
}

/** splitmix32: seeds of batches that have nothing to do with one another. Never 0, which xorshift could not leave. */
export function batchSeed(epochSeed: number, batch: number): number {
  let x = (epochSeed + Math.imul(batch + 1, 0x9e3779b9)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  x ^= x >>> 15;
  return x >>> 0 || 1;
}

function randomMixed(module: WebAssembly.Module, job: SoakJob, p: LoopParameters): Soaked {
  const { bytes, slots } = harnessLayout({ ...p, iterations: batchOperations }, 0);
  const engine = instantiate(module, { env: job.env, harnessBytes: bytes });
  const { exports } = engine;
  const { workingSet, min, max } = p;
  let seed = p.seed;
  return {
    engine,
    threads: 1,
    fewestBatches,
    renew: (next) => {
      seed = next;
    },
    batch: (n) => {
      const start = performance.now();
      // Without `random_mixed_drain` in between, the loop finds its slots as the batch before left them.
      const done = exports.random_mixed(batchOperations, workingSet, min, max, batchSeed(seed, n) | 0);
      const ns = (performance.now() - start) * 1e6;
      if (done >>> 0 !== batchOperations) throw new OutOfEngineMemory(done >>> 0, batchOperations);
      return { operations: batchOperations, ns };
    },
    forget: () => {
      new Uint8Array(engine.memory.buffer, engine.harness + slots, workingSet * 4).fill(0);
    },
  };
}

function refuseForgetting(): void {
  throw new UserError('only random_mixed can leave its frees out');
}

async function soaked(job: SoakJob, entry: string): Promise<Soaked> {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(job.module)));
  const p = job.parameters;
  if (p.workload === 'random_mixed') return randomMixed(module, job, p);
  const { main } = await loadWork(p);
  if (main.kind === 'solo') {
    const engine = instantiate(module, { env: job.env, harnessBytes: main.harnessBytes });
    main.prepare(engine);
    return {
      engine,
      threads: 1,
      fewestBatches: 1,
      renew: () => {},
      batch: () => ({ operations: main.operations, ns: main.pass(engine) }),
      forget: refuseForgetting,
    };
  }
  const engine = instantiate(module, { env: job.env, harnessBytes: main.harnessBytes(false) });
  const team = await TimedTeam.start(engine, module, main, entry);
  return {
    engine,
    threads: main.threads,
    fewestBatches: 1,
    renew: (seed) => {
      if (p.workload === 'larson' || p.workload === 'pc' || p.workload === 'mstress') {
        team.renew(threadedWork({ ...p, seed }));
      }
    },
    batch: () => team.pass(),
    forget: refuseForgetting,
  };
}

async function epoch(work: Soaked, calls: SystemCalls, order: SoakEpochOrder): Promise<SoakEpochResult> {
  const samples = new Samples();
  const until = performance.now() + order.seconds * 1000;
  const callsBefore = calls.total();
  work.renew(order.seed);
  const share = new CoreShare(work.threads);
  share.start();
  let heard = performance.now();
  let operations = 0;
  let ns = 0;
  for (let i = 0; ; i++) {
    const given = work.batch(i);
    const batch = given instanceof Promise ? await given : given;
    operations += batch.operations;
    ns += batch.ns;
    samples.add(batch.ns / batch.operations);
    calls.look();
    const now = performance.now();
    if (now >= until && i + 1 >= work.fewestBatches) break;
    if (now - heard >= listenMs) {
      heard = now;
      await turn();
    }
  }
  share.stop();
  const { exports, memory } = work.engine;
  const invalid = exports.engine_invalid_frees();
  if (invalid > 0) throw new UserError(`the engine refused ${invalid} frees: its heap is not sound`, 3);
  const sorted = samples.sorted();
  return {
    ...{ operations, ns, systemCalls: calls.total() - callsBefore },
    p50: percentileOf(sorted, 50),
    p99: percentileOf(sorted, 99),
    p999: percentileOf(sorted, 99.9),
    disturbed: share.disturbed(),
    residentBytes: readResident(memory) ?? memory.buffer.byteLength,
  };
}

/** Answers orders until the process ends; rejects when something fails. `entry` is the threads' entry file. */
export async function serveSoak(
  job: SoakJob,
  entry: string,
  send: (message: ChildMessage) => Promise<void>,
): Promise<never> {
  const work = await soaked(job, entry);
  const calls = new SystemCalls(work.engine, job.osStats);
  return new Promise<never>((_, reject) => {
    process.on('message', (order) => {
      const one = order as SoakEpochOrder;
      const run = async (): Promise<void> => {
        const result = await epoch(work, calls, one);
        if (job.forgetEvery !== null && (one.index + 1) % job.forgetEvery === 0) work.forget();
        await send({ type: 'epoch', result });
      };
      run().catch((error: unknown) =>
        reject(
          error instanceof WebAssembly.RuntimeError
            ? new UserError(`the engine trapped in epoch ${one.index + 1} (${error.message})`, 3)
            : error,
        ),
      );
    });
    send({ type: 'waiting' }).catch(reject);
  });
}
