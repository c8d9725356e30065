/** The threads of a workload, seen from the main thread of the child process. */
import { Worker } from 'node:worker_threads';
import { UserError } from '../../extension/model.ts';
import type { Faults, ThreadCall, ThreadData, ThreadReply } from './thread.ts';

/** An export trapped in a thread. */
export class ThreadTrap extends UserError {
  constructor(
    thread: number,
    readonly reason: string,
  ) {
    super(`the engine trapped in thread ${thread} (${reason})`, 3);
  }
}

class Thread {
  readonly #worker: Worker;
  readonly #index: number;
  #settle: { resolve: (faults: Faults) => void; reject: (error: Error) => void } | null = null;
  #dead: Error | null = null;
  #ended = false;

  constructor(entry: string, data: ThreadData, index: number) {
    this.#index = index;
    this.#worker = new Worker(entry, { workerData: data });
    this.#worker.on('message', (reply: ThreadReply) => this.#take(reply));
    this.#worker.on('error', (error) => this.#die(error.message));
    this.#worker.on('exit', () => this.#die('it ended'));
  }

  /** Resolves when the thread is there to be called. */
  ready(): Promise<Faults> {
    return this.#reply();
  }

  call(call: ThreadCall): Promise<Faults> {
    const reply = this.#reply();
    if (this.#dead === null) this.#worker.postMessage(call);
    return reply;
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }

  #reply(): Promise<Faults> {
    return new Promise((resolve, reject) => {
      if (this.#dead !== null) reject(this.#dead);
      else this.#settle = { resolve, reject };
    });
  }

  #take(reply: ThreadReply): void {
    const settle = this.#settle;
    this.#settle = null;
    if (reply.type === 'trap') settle?.reject(new ThreadTrap(this.#index, reply.message));
    else settle?.resolve(reply.type === 'done' ? reply.faults : { contents: 0, alignment: 0, zero: 0 });
  }

  #die(reason: string): void {
    if (this.#ended || this.#dead !== null) return;
    this.#dead = new UserError(`thread ${this.#index} of the workload died (${reason}): run it again`, 3);
    this.#settle?.reject(this.#dead);
    this.#settle = null;
  }
}

/**
 * Workers over one memory, all of them there before the first call. When one dies or traps, `onFailure` is called, which
 * has to end the others' waiting, and the call rejects with `UserError`.
 */
export class ThreadTeam {
  readonly #threads: readonly Thread[];
  readonly #onFailure: () => void;

  private constructor(threads: readonly Thread[], onFailure: () => void) {
    this.#threads = threads;
    this.#onFailure = onFailure;
  }

  static async start(
    entry: string,
    data: ThreadData,
    count: number,
    onFailure: () => void,
  ): Promise<ThreadTeam> {
    const threads = Array.from({ length: count }, (_, i) => new Thread(entry, data, i));
    const team = new ThreadTeam(threads, onFailure);
    try {
      await Promise.all(threads.map((t) => t.ready()));
    } catch (error) {
      await team.end();
      throw error;
    }
    return team;
  }

  /** Calls an export in every thread at once; what checked passes have found so far. */
  async all(name: string, args: (thread: number) => readonly number[]): Promise<Faults> {
    return this.#join(this.#threads.map((t, i) => t.call({ name, args: args(i) })));
  }

  async first(name: string, args: readonly number[]): Promise<Faults> {
    return this.#join(this.#threads.slice(0, 1).map((t) => t.call({ name, args })));
  }

  async #join(calls: readonly Promise<Faults>[]): Promise<Faults> {
    const guarded = calls.map((call) =>
      call.catch((error: unknown) => {
        this.#onFailure();
        throw error;
      }),
    );
    // All have to come back: a thread that is still at work may not be called again.
    const results = await Promise.allSettled(guarded);
    const failed = results.find((r) => r.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    const faults = results.flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []));
    const sum = (of: (f: Faults) => number): number => faults.reduce((n, f) => n + of(f), 0);
    return { contents: sum((f) => f.contents), alignment: sum((f) => f.alignment), zero: sum((f) => f.zero) };
  }

  async end(): Promise<void> {
    this.#onFailure();
    await Promise.all(this.#threads.map((t) => t.end()));
  }
}
