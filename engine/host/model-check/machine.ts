/**
 * Several instances of the model's module over one memory, each a coroutine that stops before every atomic operation.
 * A machine's whole state (memory, globals, stops) can be taken and put back.
 */
import { createHash, type Hash } from 'node:crypto';

export const opNames = ['load', 'store', 'rmw', 'cmpxchg', 'wait', 'notify', 'pause'] as const;
const opLoad = 0;
const opCmpxchg = 3;
const opWait = 4;
const opNotify = 5;
const waitForever = 8;

/** The operation that a suspended thread does next. */
export interface Stop {
  readonly kind: number;
  readonly at: number;
  readonly bytes: number;
  readonly expected: bigint;
  /** A wait without a timeout: only a notify ends it. */
  readonly forever: boolean;
}

interface ThreadState {
  readonly phase: 'new' | 'stopped' | 'done';
  readonly stop: Stop | null;
  /** What the last operation was and saw, to recognise a spinning loop. */
  readonly last: { readonly stop: Stop; readonly seen: bigint; readonly times: number } | null;
  /** Asleep in a wait. */
  readonly asleep: boolean;
  /** A notify has ended the wait. */
  readonly woken: boolean;
}

const fresh: ThreadState = { phase: 'new', stop: null, last: null, asleep: false, woken: false };

interface ModelExports {
  engine_init(heap: number): number;
  mc_harness(): number;
  mc_heap(): number;
  asyncify_start_unwind(data: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(data: number): void;
  asyncify_stop_rewind(): void;
}

/** What a file of scenarios exports under its prefix. */
export interface Suite {
  setup(scenario: number, role: number): void;
  run(scenario: number, role: number): void;
  check(scenario: number, role: number, threads: number): number;
}

function suiteOf(exports: ModelExports, prefix: string): Suite {
  const named = exports as unknown as Record<string, unknown>;
  const pick = (name: string): unknown => {
    const value = named[`${prefix}_${name}`];
    if (value === undefined) throw new Error(`the model has no ${prefix}_${name}`);
    return value;
  };
  return { setup: pick('setup'), run: pick('run'), check: pick('check') } as Suite;
}

interface Thread {
  readonly suite: Suite;
  readonly exports: ModelExports;
  readonly globals: readonly WebAssembly.Global[];
  /** Asyncify's record {position, end} and its stack. */
  readonly data: number;
  state: ThreadState;
}

/** Everything that decides what can happen from here on. */
export interface Snapshot {
  readonly key: string;
  /** Pages that differ from the memory before the threads ran. */
  readonly pages: ReadonlyMap<number, Buffer>;
  readonly globals: readonly (readonly unknown[])[];
  readonly threads: readonly ThreadState[];
}

const pageBytes = 4096;
const chunkBytes = 65536;
const stackBytes = 4096;
const heapBytes = 4 * 2 ** 20;
/** Bytes of the harness area that the scenarios use. */
const scenarioBytes = 0x2000;

function sameStop(a: Stop, b: Stop): boolean {
  return a.kind === b.kind && a.at === b.at && a.bytes === b.bytes && a.expected === b.expected;
}

export class Machine {
  readonly #memory: WebAssembly.Memory;
  readonly #bytes: Buffer;
  readonly #threads: Thread[] = [];
  readonly #scenario: number;
  #baseline = Buffer.alloc(0);
  /** Threads run without stops: before and after what is explored. */
  #quiet = true;
  #running = -1;
  #mode: 'run' | 'unwind' | 'rewind' = 'run';
  #answer = 0;

  readonly #timeouts: boolean;

  /**
   * `attached`: the threads are the allocator's before the exploration begins. `timeouts`: a wait with a time limit ends
   * by itself once its cell has changed; without them only a notify ends it, so that a lost one shows.
   */
  constructor(
    module: WebAssembly.Module,
    scenario: number,
    threads: number,
    options: { readonly suite: string; readonly attached: boolean; readonly timeouts: boolean },
  ) {
    this.#scenario = scenario;
    const { suite, attached, timeouts } = options;
    this.#timeouts = timeouts;
    // A throwaway instance says where things lie.
    const probe = this.#instance(
      module,
      new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true }),
      -1,
    );
    const harness = probe.mc_harness();
    const heap = probe.mc_heap();
    const initial = (heap + heapBytes) / 65536;
    // The memory is full-grown from the start: a snapshot cannot take growth back.
    this.#memory = new WebAssembly.Memory({ initial, maximum: 65536, shared: true });
    this.#bytes = Buffer.from(this.#memory.buffer);
    for (let i = 0; i < threads; i++) {
      const exports = this.#instance(module, this.#memory, i);
      const globals = Object.entries(exports)
        .filter(([name]) => name.startsWith('global:'))
        .map(([, value]) => value as unknown as WebAssembly.Global);
      const data = harness + scenarioBytes + i * (stackBytes + 16);
      this.#threads.push({ exports, suite: suiteOf(exports, suite), globals, data, state: fresh });
      if (attached && exports.engine_init(heap) === 0) throw new Error('the model has no memory');
    }
    for (const [role, thread] of this.#threads.entries()) thread.suite.setup(scenario, role);
    this.#baseline = Buffer.from(this.#bytes);
    this.#quiet = false;
  }

  get threads(): readonly { readonly state: ThreadState }[] {
    return this.#threads;
  }

  #instance(module: WebAssembly.Module, memory: WebAssembly.Memory, id: number): ModelExports {
    const instance = new WebAssembly.Instance(module, {
      env: {
        memory,
        abort: () => {
          throw new Error('an assertion of the engine failed');
        },
      },
      mc: {
        step: (kind: number, at: number, bytes: number, expected: bigint) =>
          this.#step(id, kind, at >>> 0, bytes, expected),
        done: (seen: bigint) => this.#done(id, seen),
      },
    });
    return instance.exports as unknown as ModelExports;
  }

  #step(id: number, kind: number, at: number, bytes: number, expected: bigint): number {
    if (this.#quiet) return 0;
    const thread = this.#threads[id];
    if (thread === undefined || id !== this.#running) throw new Error('a thread runs that should not');
    if (this.#mode === 'rewind') {
      thread.exports.asyncify_stop_rewind();
      this.#mode = 'run';
      return this.#answer;
    }
    const stop: Stop = {
      ...{ kind: kind & 7, at, bytes, forever: (kind & waitForever) !== 0 },
      expected: kind === opCmpxchg || (kind & 7) === opWait ? BigInt.asUintN(bytes * 8, expected) : 0n,
    };
    thread.state = { ...thread.state, stop, phase: 'stopped' };
    this.#mode = 'unwind';
    this.#bytes.writeUInt32LE(thread.data + 8, thread.data);
    this.#bytes.writeUInt32LE(thread.data + stackBytes, thread.data + 4);
    thread.exports.asyncify_start_unwind(thread.data);
    return 0;
  }

  #done(id: number, seen: bigint): void {
    const thread = this.#threads[id];
    if (this.#quiet || thread === undefined) return;
    const { last } = thread.state;
    if (last !== null) thread.state = { ...thread.state, last: { ...last, seen } };
  }

  #cell(stop: Stop): bigint {
    if (stop.bytes === 8) return this.#bytes.readBigUInt64LE(stop.at);
    return BigInt(this.#bytes.readUIntLE(stop.at, stop.bytes));
  }

  /**
   * Whether thread `id` may go on. A loop that tries the same operation again and would see the same again waits until
   * the cell changes: another try would change nothing.
   */
  enabled(id: number): boolean {
    const state = this.#threads[id]?.state;
    if (state === undefined || state.phase === 'done') return false;
    const { stop, last } = state;
    if (stop === null) return true;
    if (stop.kind === opWait && state.asleep && !state.woken) {
      return this.#timeouts && !stop.forever && this.#cell(stop) !== stop.expected;
    }
    if (last === null || !sameStop(last.stop, stop)) return true;
    // A loop's second look at a cell may be plain code: only the third in a row is taken for spinning.
    if (stop.kind === opLoad && last.times >= 2)
      return this.#cell(stop) !== BigInt.asUintN(stop.bytes * 8, last.seen);
    if (stop.kind !== opCmpxchg) return true;
    const failed = BigInt.asUintN(stop.bytes * 8, last.seen) !== stop.expected;
    return !failed || this.#cell(stop) === stop.expected;
  }

  #wake(at: number, count: number): number {
    let woken = 0;
    for (const thread of this.#threads) {
      const { state } = thread;
      if (woken >= count >>> 0 || !state.asleep || state.woken || state.stop?.at !== at) continue;
      thread.state = { ...state, woken: true };
      woken++;
    }
    return woken;
  }

  /** Thread `id` does its next operation and goes on to the next stop. Throws what the engine throws. */
  advance(id: number): void {
    const thread = this.#threads[id];
    if (thread === undefined) throw new Error(`no thread ${id}`);
    const { stop, last, woken, asleep } = thread.state;
    if (stop !== null && stop.kind === opWait && !asleep && this.#cell(stop) === stop.expected) {
      // Falling asleep is a step of its own: value and sleep are one operation.
      thread.state = { ...thread.state, asleep: true };
      return;
    }
    this.#answer = 0;
    if (stop?.kind === opWait) this.#answer = woken ? 0 : asleep ? 2 : 1;
    if (stop?.kind === opNotify) this.#answer = this.#wake(stop.at, stop.bytes);
    const times = stop !== null && last !== null && sameStop(last.stop, stop) ? last.times + 1 : 1;
    thread.state = {
      ...{ phase: 'done', stop: null, asleep: false, woken: false },
      last: stop === null ? null : { stop, seen: 0n, times: Math.min(times, 2) },
    };
    this.#running = id;
    this.#mode = 'run';
    if (stop !== null) {
      this.#mode = 'rewind';
      thread.exports.asyncify_start_rewind(thread.data);
    }
    thread.suite.run(this.#scenario, id);
    if ((this.#mode as string) === 'unwind') thread.exports.asyncify_stop_unwind();
    this.#running = -1;
    this.#mode = 'run';
    this.#tidyStack(thread);
  }

  /** What asyncify left beyond its stack's end would tell equal states apart. */
  #tidyStack({ data, state }: Thread): void {
    const from = state.phase === 'stopped' ? this.#bytes.readUInt32LE(data) : data;
    this.#bytes.fill(0, from, data + stackBytes);
    if (state.phase !== 'stopped') this.#bytes.fill(0, data, data + 8);
  }

  /** Addresses of the pages that differ from the memory before the threads ran. */
  #changed(): number[] {
    const out: number[] = [];
    const differs = (from: number, to: number): boolean =>
      this.#bytes.compare(this.#baseline, from, to, from, to) !== 0;
    for (let chunk = 0; chunk < this.#bytes.length; chunk += chunkBytes) {
      if (!differs(chunk, chunk + chunkBytes)) continue;
      for (let page = chunk; page < chunk + chunkBytes; page += pageBytes) {
        if (differs(page, page + pageBytes)) out.push(page);
      }
    }
    return out;
  }

  /** Takes the machine's state. */
  save(): Snapshot {
    const pages = new Map<number, Buffer>();
    const hash = createHash('sha1');
    for (const page of this.#changed()) {
      const copy = Buffer.from(this.#bytes.subarray(page, page + pageBytes));
      pages.set(page, copy);
      hash.update(`${page}:`).update(copy);
    }
    const globals = this.#threads.map((t) => t.globals.map((g) => g.value));
    const threads = this.#threads.map((t) => t.state);
    return { key: this.#key(hash, globals, threads), pages, globals, threads };
  }

  #key(hash: Hash, globals: Snapshot['globals'], threads: Snapshot['threads']): string {
    const text = JSON.stringify([globals, threads], (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v));
    return hash.update(text).digest('base64');
  }

  /** Puts a state back. */
  restore(snapshot: Snapshot): void {
    for (const page of this.#changed()) {
      if (!snapshot.pages.has(page)) this.#bytes.set(this.#baseline.subarray(page, page + pageBytes), page);
    }
    for (const [page, copy] of snapshot.pages) this.#bytes.set(copy, page);
    for (const [i, thread] of this.#threads.entries()) {
      for (const [k, global] of thread.globals.entries()) global.value = snapshot.globals[i]?.[k];
      thread.state = snapshot.threads[i] ?? fresh;
    }
  }

  /** What the scenario's check says once all threads are done: 0 when all holds. The state is spent after it. */
  check(): number {
    this.#quiet = true;
    try {
      let code = 0;
      for (const [role, { suite }] of this.#threads.entries()) {
        code = suite.check(this.#scenario, role, this.#threads.length);
      }
      if (this.#memory.buffer.byteLength !== this.#bytes.length)
        throw new Error('the model outgrew its memory');
      return code;
    } finally {
      this.#quiet = false;
    }
  }
}
