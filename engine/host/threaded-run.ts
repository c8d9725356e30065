/** Passes of several threads, timed or checked, directed from the main thread of the child process. */
import { UserError } from '../../extension/model.ts';
import type { EngineInstance } from './instantiate.ts';
import type { Report } from './passes.ts';
import type { PassesResult } from './protocol.ts';
import { PassCosts } from './pass-costs.ts';
import { PeakMemory } from './resident.ts';
import type { Faults } from './thread.ts';
import type { ThreadBlock } from './thread-block.ts';
import { ThreadTeam } from './thread-team.ts';
import type { Drain, Placed, ThreadedWork } from './threaded-work.ts';
import { type CheckedPass, checkedPass, OutOfEngineMemory } from './workloads.ts';

/** A checked pass in which nothing moves for so long is hung; a shorter time once its end was asked for. */
const hangSeconds = 30;
const endSeconds = 5;

/** A thread does not come back out of the engine. */
export class ThreadHang extends UserError {}

/** The untimed frees at a pass's end. */
async function drained(
  engine: EngineInstance,
  team: ThreadTeam,
  drain: Drain | null,
  block: ThreadBlock,
): Promise<Faults | null> {
  switch (drain?.by) {
    case 'main':
      (engine.raw[drain.name] as (block: number) => void)(block.address);
      return null;
    case 'first':
      return team.first(drain.name, [block.address]);
    case 'all':
      return team.all(drain.name, (thread) => [block.address, thread]);
    case undefined:
      return null;
  }
}

/** Threads with a heap, for one timed pass after another. */
export class TimedTeam {
  readonly #engine: EngineInstance;
  readonly #team: ThreadTeam;
  #work: ThreadedWork;
  #placed: Placed;

  private constructor(engine: EngineInstance, work: ThreadedWork, placed: Placed, team: ThreadTeam) {
    this.#engine = engine;
    this.#work = work;
    this.#placed = placed;
    this.#team = team;
  }

  /** `engine` has to have the harness area that `work` needs; `entry` is the threads' entry file. */
  static async start(
    engine: EngineInstance,
    module: WebAssembly.Module,
    work: ThreadedWork,
    entry: string,
  ): Promise<TimedTeam> {
    const placed = work.place(engine, false, false);
    const data = { module, memory: engine.memory };
    const team = await ThreadTeam.start(entry, data, work.workers, () => placed.block.abort());
    return new TimedTeam(engine, work, placed, team);
  }

  /** The same workload with other numbers, of which none changes the tables' size: its seed. */
  renew(work: ThreadedWork): void {
    this.#work = work;
    this.#placed = work.place(this.#engine, false, false);
  }

  /** From the threads' barrier to the end of the last one. Throws `UserError` when memory runs out. */
  async pass(): Promise<{ readonly ns: number; readonly operations: number }> {
    const work = this.#work;
    const { block, reset } = this.#placed;
    const { run, drain } = work.calls(false);
    reset();
    await this.#team.all(run, (thread) => [block.address, thread]);
    const records = Array.from({ length: work.workers }, (_, t) => block.record(t));
    const operations = work.operations ?? records.reduce((sum, r) => sum + r.operations, 0);
    if (block.aborted) throw new OutOfEngineMemory(null, operations);
    const ns = Math.max(...records.map((r) => r.end)) - Math.min(...records.map((r) => r.start));
    await drained(this.#engine, this.#team, drain, block);
    return { ns, operations };
  }

  end(): Promise<void> {
    return this.#team.end();
  }
}

/** Timed passes: each from its barrier to the end of its last thread. Ends the process's threads, whatever happens. */
export async function timeThreads(
  engine: EngineInstance,
  module: WebAssembly.Module,
  work: ThreadedWork,
  entry: string,
  count: number,
  report: Report,
): Promise<PassesResult> {
  const team = await TimedTeam.start(engine, module, work, entry);
  try {
    const peak = new PeakMemory(engine.memory);
    const costs = new PassCosts(engine);
    const passes: number[] = [];
    let operations = work.operations ?? 0;
    for (let i = 0; i < count; i++) {
      await report(`pass ${i + 1} of ${count}`, i / count);
      const pass = await team.pass();
      operations = pass.operations;
      passes.push(pass.ns);
      costs.look();
    }
    return {
      ...{ kind: 'passes', passes, operations, threads: work.threads },
      ...{ peakBytes: peak.bytes(), latency: null },
      ...costs.sums(),
    };
  } finally {
    await team.end();
  }
}

function added(a: Faults, b: Faults): Faults {
  return {
    contents: a.contents + b.contents,
    alignment: a.alignment + b.alignment,
    zero: a.zero + b.zero,
  };
}

function any({ contents, alignment, zero }: Faults): boolean {
  return contents + alignment + zero > 0;
}

/** Rejects once the threads' progress has stood still for long; otherwise as `pass`. */
async function unlessHung<T>(block: ThreadBlock, pass: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const hung = new Promise<never>((_, reject) => {
    let before = -1;
    let still = 0;
    timer = setInterval(() => {
      const now = block.progress();
      still = now === before ? still + 1 : 0;
      before = now;
      const limit = block.aborted ? endSeconds : hangSeconds;
      if (still >= limit) reject(new ThreadHang(`the engine hangs: no progress in ${limit} seconds`, 3));
    }, 1000);
  });
  try {
    return await Promise.race([pass, hung]);
  } finally {
    clearInterval(timer);
  }
}

/** The untimed pass by real threads: hashes, accounting, with `verify` contents. */
export async function checkThreads(
  engine: EngineInstance,
  module: WebAssembly.Module,
  work: ThreadedWork,
  entry: string,
  verify: boolean,
): Promise<CheckedPass> {
  const { block } = work.place(engine, true, verify);
  const { run, drain } = work.calls(true);
  const data = { module, memory: engine.memory };
  const team = await ThreadTeam.start(entry, data, work.workers, () => block.abort());
  try {
    const args = (thread: number): readonly number[] => [block.address, thread];
    let faults = await unlessHung(block, team.all(run, args));
    const result = checkedPass(engine, block, work.hashed);
    if (!any(faults)) {
      if (block.aborted) throw new OutOfEngineMemory(null, work.operations ?? 0);
      // The threads' own faults are counted from the beginning, hence not added to those of the pass.
      faults = (await unlessHung(block, drained(engine, team, drain, block))) ?? faults;
    }
    return { ...result, faults: added(faults, checkedPass(engine, block, []).faults) };
  } finally {
    await team.end();
  }
}
