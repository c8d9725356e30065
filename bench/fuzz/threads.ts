/**
 * The fuzz with worker threads: all draw from one table, so that most objects are freed or resized by another thread
 * than the one that allocated them. Threads end while their blocks live on, and others take their places.
 */
import { Worker } from 'node:worker_threads';
import {
  drainAll,
  faultText,
  FuzzFailure,
  type FuzzEngine,
  type FuzzModule,
  fuzzEngine,
  generator,
  guarded,
  profileNames,
  setup,
} from './session.ts';

const mib = 2 ** 20;

/** A worker's whole life: set up, then one answer a command, until it is told to end. */
const workerSource = `
const { parentPort, workerData: d } = require('node:worker_threads');
const abort = () => { throw new Error('the engine aborted'); };
const { exports: e } = new WebAssembly.Instance(d.module, { env: { memory: d.memory, now: () => 0, abort } });
if (!e.engine_init(d.heap)) throw new Error('no memory for a thread');
e.fuzz_setup(d.area, d.slots, d.heap, d.span, d.seed, d.thread);
parentPort.on('message', (m) => {
  try {
    if (m.kind === 'end') { e.thread_exit(); parentPort.postMessage(0); parentPort.close(); return; }
    parentPort.postMessage(m.kind === 'run'
      ? e.fuzz_run(m.ops, m.grow, m.profile, m.limit, m.exitEvery, 0)
      : e.fuzz_drain(m.first, m.every));
  } catch (error) {
    parentPort.postMessage(String(error));
  }
});
`;

type Command =
  | { kind: 'run'; ops: number; grow: number; profile: number; limit: number; exitEvery: number }
  | { kind: 'drain'; first: number; every: number }
  | { kind: 'end' };

/** A thread of the allocator in a worker of its own. */
class FuzzThread {
  readonly #worker: Worker;

  constructor(fuzzed: FuzzModule, { engine, table, heap }: FuzzEngine, seed: number, thread: number) {
    this.#worker = new Worker(workerSource, {
      eval: true,
      workerData: {
        ...{ module: fuzzed.module, memory: engine.memory, area: engine.harness, heap },
        ...{ slots: table.slots, span: table.span, seed, thread },
      },
    });
  }

  /** The command's answer: operations done. Throws what the worker threw. */
  async ask(command: Command): Promise<number> {
    const answer = await new Promise<unknown>((resolve, reject) => {
      const onMessage = (value: unknown): void => settle(() => resolve(value));
      const onError = (error: unknown): void => settle(() => reject(error));
      const onExit = (code: number): void => settle(() => reject(new Error(`the worker ended with ${code}`)));
      const settle = (done: () => void): void => {
        this.#worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        done();
      };
      this.#worker.once('message', onMessage).once('error', onError).once('exit', onExit);
      this.#worker.postMessage(command);
    });
    if (typeof answer !== 'number') throw new Error(String(answer));
    return answer;
  }

  async end(): Promise<void> {
    await this.ask({ kind: 'end' });
    await this.#worker.terminate();
  }

  async kill(): Promise<void> {
    await this.#worker.terminate();
  }
}

export interface ThreadedPlan {
  readonly threads: number;
  readonly ops: number;
  readonly limit: number;
  readonly rounds: number;
  readonly slots: number;
}

export function threadedPlan(seed: number, threads: number, ops: number): ThreadedPlan {
  const random = generator(seed ^ 0x7d);
  return {
    ...{ threads, ops, rounds: 8, limit: (6 + random(26)) * mib },
    slots: [200, 2000, 20_000][random(3)] ?? 2000,
  };
}

export interface ThreadedResult {
  /** Operations done. */
  readonly done: number;
  /** Largest heap over that of the first two rounds; all rounds have the same live bytes. */
  readonly growth: number;
}

/**
 * Rounds of a seed over fresh workers, everything freed after each; at the end all threads are gone and one thread
 * alone does the same work again in the memory of the others. Throws FuzzFailure.
 */
export async function fuzzThreads(
  fuzzed: FuzzModule,
  seed: number,
  plan: ThreadedPlan,
  env: Readonly<Record<string, string>> = {},
): Promise<ThreadedResult> {
  const random = generator(seed);
  const fuzz = fuzzEngine(fuzzed, { slots: plan.slots, span: 512 * mib }, { env });
  const name = `${fuzzed.variant} seed ${seed}, ${plan.threads} threads`;
  const replay = `npm run bench:fuzz -- --variant ${fuzzed.variant} --seed ${seed} --ops ${plan.ops} --only threads --threads ${plan.threads}`;
  setup(fuzz, seed, 15);
  let births = 0;
  const create = (i: number): FuzzThread => new FuzzThread(fuzzed, fuzz, seed * 1000 + births++, i % 15);
  const threads = Array.from({ length: plan.threads }, (_, i) => create(i));
  let done = 0;
  const chunks = 5;
  const profiles = [0, random(2) === 0 ? 0 : [1, 2, 4, 5][random(4)]];
  const phaseOf = (round: number, chunk: number): Command => ({
    kind: 'run',
    ops: Math.ceil(plan.ops / plan.rounds / chunks / plan.threads),
    grow: [90, 60, 50, 70, 15][chunk] ?? 50,
    profile: profiles[round % 2] ?? 0,
    limit: plan.limit,
    // Also an instance whose thread ends and which goes on as a new one.
    exitEvery: random(3) === 0 ? 500 + random(5000) : 0,
  });
  const lead = async (i: number, round: number): Promise<void> => {
    for (let chunk = 0; chunk < chunks; chunk++) {
      let thread = threads[i];
      if (thread === undefined) return;
      if (random(4) === 0) {
        await thread.end();
        thread = threads[i] = create(i);
      }
      done += await thread.ask(phaseOf(round, chunk));
    }
  };
  const tops: number[] = [];
  // Told at the end: memory that is not used again is no reason not to look for worse.
  let grown: string | null = null;
  const checked = async (where: string, body: () => Promise<unknown>): Promise<void> => {
    try {
      await body();
    } catch (error) {
      const fault = faultText(fuzz.engine);
      throw new FuzzFailure(`${where}: ${error}${fault === null ? '' : `, ${fault}`}`, replay);
    }
    guarded(fuzz.engine, `${where}, audit`, replay, () => fuzz.engine.exports.fuzz_audit());
  };
  const topBelow = (where: string, before: number, factor: number): void => {
    const top = (fuzz.engine.exports.engine_heap_top() >>> 0) - fuzz.heap;
    tops.push(top);
    if (before > 0 && top > before * factor + 4 * mib) {
      grown ??= `${where}: the heap grew from ${before} to ${top} bytes for the same work: freed memory is not used again`;
    }
  };
  try {
    for (let round = 0; round < plan.rounds; round++) {
      const where = `${name}, round ${round} (${profileNames[profiles[round % 2] ?? 0]}) after ${done} operations`;
      await checked(where, () => Promise.all(threads.map((_, i) => lead(i, round))));
      await checked(`${where}, drain`, () =>
        Promise.all(
          threads.map(async (t, i) => {
            done += await t.ask({ kind: 'drain', first: i, every: plan.threads });
          }),
        ),
      );
      done += drainAll(fuzz, `${where}, drain`, replay);
      // What one thread keeps for itself the others cannot have: at worst each needs the whole.
      topBelow(where, round < 2 ? 0 : Math.max(tops[0] ?? 0, tops[1] ?? 0), plan.threads);
    }
    await Promise.all(threads.map((t) => t.end()));
  } finally {
    await Promise.all(threads.map((t) => t.kill()));
  }
  // One thread alone finds room for the same live bytes in what the others have left.
  const where = `${name}, one thread after the others have ended`;
  for (const profile of profiles) {
    done += guarded(fuzz.engine, where, replay, () =>
      fuzz.engine.exports.fuzz_run(Math.ceil(plan.ops / 10), 90, profile ?? 0, plan.limit, 0, 0),
    );
    done += drainAll(fuzz, where, replay);
  }
  const most = Math.max(...tops);
  topBelow(where, most, 1.25);
  if (grown !== null) throw new FuzzFailure(grown, replay);
  return { done, growth: most / Math.max(tops[0] ?? 1, tops[1] ?? 1) };
}
