/**
 * One unit of a cost calibration, in the child process: batches of engine/workloads/costs.ts, base and item in the order
 * A B B A, then the atomics once more while another thread writes to their lines.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, Worker } from 'node:worker_threads';
import { UserError } from '../../extension/model.ts';
import type { CostName } from '../../extension/model-costs.ts';
import type { CostBlock, CostRow, CostUnit } from '../../extension/profile/cost-measurement.ts';
import type { CostsJob } from './protocol.ts';

type Batch = (iters: number, ws: number, min: number, max: number, seed: number) => number;

interface CostExports {
  costs_reset(a: number, b: number, c: number, d: number): void;
  costs_drain(ws: number): void;
  costs_hammer(): void;
}

/** As in engine/workloads/costs.ts. */
const stopWord = 0x2100 / 4;
const hammeredWord = 0x2180 / 4;
const memoryPages = 1 + 512 + 15;

const workingSet = 400;
const [least, most] = [16, 1040];
const counts = [1, 2, 4] as const;
const blocksKept = 400;

/** There is no relaxed add: all atomics of WebAssembly are sequentially consistent. */
const items: readonly { readonly name: CostName; readonly export: string; readonly shared: boolean }[] = [
  { name: 'seq_cst add', export: 'add', shared: true },
  { name: 'acquire load', export: 'load', shared: true },
  { name: 'compare and swap', export: 'cas', shared: true },
  { name: 'thread-local read', export: 'own', shared: false },
  { name: 'environment-gate branch', export: 'gate', shared: false },
  { name: 'header check', export: 'header', shared: false },
  { name: 'wrapper call', export: 'wrapper', shared: false },
];

/** `workerData` of the thread that writes. */
export interface HammerData {
  readonly costs: true;
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** Null for the data of any other thread. */
export function hammerData(data: unknown): HammerData | null {
  return typeof data === 'object' && data !== null && Reflect.get(data, 'costs') === true
    ? (data as HammerData)
    : null;
}

function instanceOf(module: WebAssembly.Module, memory: WebAssembly.Memory): WebAssembly.Exports {
  const abort = (): never => {
    throw new Error('the cost module aborted');
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports;
}

/** The other thread's whole life: writes until it is told to stop. */
export function runHammer({ module, memory }: HammerData): void {
  (instanceOf(module, memory) as unknown as CostExports).costs_hammer();
  parentPort?.postMessage('done');
}

const now = (): number => Number(process.hrtime.bigint());

/** Smallest step that two readings show, nanoseconds. */
function clockStep(): number {
  let step = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 200; i++) {
    const from = now();
    let to = now();
    while (to === from) to = now();
    step = Math.min(step, to - from);
  }
  return step;
}

/** xorshift32, as the workloads have it. */
function* random(seed: number): Generator<number, never> {
  let x = seed >>> 0 || 1;
  for (;;) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    yield x;
  }
}

interface Pair {
  readonly name: CostName;
  readonly count: number;
  readonly contended: boolean;
  readonly run: Batch;
  operations: number;
  readonly blocks: CostBlock[];
}

/** The batches of one instance. */
class Session {
  readonly #exports: CostExports;
  readonly #raw: WebAssembly.Exports;
  readonly #base: Batch;
  readonly #batchNs: number;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, batchNs: number) {
    this.#raw = instanceOf(module, memory);
    this.#exports = this.#raw as unknown as CostExports;
    this.#base = this.#raw.cost_base as Batch;
    this.#batchNs = batchNs;
    this.#exports.costs_reset(0, 0, 0, 0);
  }

  pairs(contended: boolean): Pair[] {
    return items
      .filter((item) => !contended || item.shared)
      .flatMap((item) =>
        counts.map((count) => ({
          ...{ name: item.name, count, contended, operations: 0, blocks: [] },
          run: this.#raw[`cost_${item.export}_${count}`] as Batch,
        })),
      );
  }

  #timed(run: Batch, operations: number, seed: number): { readonly ns: number; readonly sum: number } {
    const from = now();
    const sum = run(operations, workingSet, least, most, seed);
    const ns = Math.max(1, now() - from);
    this.#exports.costs_drain(workingSet);
    return { ns, sum };
  }

  /** Operations for which a batch of each side take two batches' time together. */
  #operationsFor(pair: Pair, seed: number): number {
    for (let operations = 1000; ; operations *= 4) {
      // The shortest of three: one may meet pages for the first time, or be disturbed.
      const tries = [0, 1, 2].map(
        () => this.#timed(this.#base, operations, seed).ns + this.#timed(pair.run, operations, seed).ns,
      );
      const took = Math.min(...tries);
      if (took * 4 < this.#batchNs && operations < 2 ** 28) continue;
      return Math.min(2 ** 28, Math.max(1000, Math.round((operations * 2 * this.#batchNs) / took)));
    }
  }

  #block(pair: Pair, seed: number): void {
    const flipped = pair.blocks.length % 2 === 1;
    const order = flipped ? [1, 0, 0, 1] : [0, 1, 1, 0];
    const all = order.map((side) => this.#timed(side === 0 ? this.#base : pair.run, pair.operations, seed));
    if (new Set(all.map((b) => b.sum)).size > 1)
      throw new UserError('two cost batches did different work', 3);
    const [t0 = 0, t1 = 0, t2 = 0, t3 = 0] = all.map((b) => b.ns);
    pair.blocks.push(flipped ? [t1, t0, t3, t2] : [t0, t1, t2, t3]);
  }

  /** Rounds over all pairs, each in an order of its own, until the time is up; two at least. */
  measure(pairs: readonly Pair[], milliseconds: number, seed: number): void {
    const start = now();
    const numbers = random(seed);
    for (const pair of pairs) pair.operations = this.#operationsFor(pair, seed);
    for (let round = 0; round < blocksKept; round++) {
      if (round >= 2 && now() - start >= milliseconds * 1e6) break;
      const order = pairs.map((pair) => ({ pair, key: numbers.next().value })).sort((a, b) => a.key - b.key);
      for (const { pair } of order) this.#block(pair, numbers.next().value);
    }
  }
}

const rowOf = ({ name, count, contended, operations, blocks }: Pair): CostRow => ({
  ...{ name, count, contended, operations, blocks },
});

/** `entry` is the file that threads start from. Without a second core the contended rows are left out. */
export async function runCosts(job: CostsJob, entry: string): Promise<CostUnit> {
  const module = new WebAssembly.Module(new Uint8Array(readFileSync(job.module)));
  const memory = new WebAssembly.Memory({ initial: memoryPages, maximum: 65536, shared: true });
  const words = new Int32Array(memory.buffer);
  const session = new Session(module, memory, job.batchNs);
  const clockNs = clockStep();
  const contended = availableParallelism() >= 2;
  const alone = session.pairs(false);
  session.measure(alone, job.milliseconds * (contended ? 0.6 : 1), job.seed);
  const shared = contended ? session.pairs(true) : [];
  if (contended) {
    const workerData: HammerData = { costs: true, module, memory };
    const worker = new Worker(entry, { workerData });
    const failed = new Promise<never>((_, reject) => worker.on('error', reject));
    try {
      while (Atomics.load(words, hammeredWord) === 0) await Promise.race([sleep(1), failed]);
      session.measure(shared, job.milliseconds * 0.4, job.seed + 1);
    } finally {
      Atomics.store(words, stopWord, 1);
      await worker.terminate();
    }
  }
  return { layout: 'fresh process', clockNs, pinned: null, rows: [...alone, ...shared].map(rowOf) };
}
