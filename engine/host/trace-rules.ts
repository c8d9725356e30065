/** The rules of the trace format on who may use which id when, followed operation by operation. */

const live = 1;
const used = 2;
/** The object was handed from one thread to another. */
const crossed = 4;
const usedTwice = 8;

/** Problems are given as text, null where all is well. */
export class TraceRules {
  readonly #threads: number;
  readonly #state: Uint8Array;
  readonly #holder: Uint8Array;
  /** Index of the last operation on the object that lives under an id. */
  readonly #last: Uint32Array;
  readonly #seen: Uint8Array;
  /** After `allocate` and `use`: the operation by which another thread let go of the object, -1 where none did. */
  handedOverBy = -1;

  constructor(objects: number, threads: number) {
    this.#threads = threads;
    this.#state = new Uint8Array(objects);
    this.#holder = new Uint8Array(objects);
    this.#last = new Uint32Array(objects);
    this.#seen = new Uint8Array(threads);
  }

  allocate(id: number, tid: number, index: number): string | null {
    const state = this.#state[id] ?? 0;
    this.handedOverBy = -1;
    if ((state & live) !== 0) return `id ${id} is live already`;
    if ((state & crossed) !== 0) return `id ${id} was handed from thread to thread and may not be used again`;
    if ((state & used) !== 0 && this.#holder[id] !== tid) {
      return `id ${id} was used by thread ${this.#holder[id]} and may not be used by thread ${tid}`;
    }
    this.#state[id] = state | live | used | ((state & used) !== 0 ? usedTwice : 0);
    this.#touch(id, tid, index);
    return null;
  }

  /** A realloc, or with `ends` a free. */
  use(id: number, tid: number, index: number, ends: boolean): string | null {
    let state = this.#state[id] ?? 0;
    this.handedOverBy = -1;
    if ((state & live) === 0) return `id ${id} is not live`;
    const holder = this.#holder[id] ?? 0;
    if (holder !== tid) {
      if ((state & crossed) !== 0)
        return `id ${id} is handed over a second time, from thread ${holder} to ${tid}`;
      if ((state & usedTwice) !== 0) {
        return `id ${id} is handed from thread ${holder} to ${tid} but was used for another object before`;
      }
      state |= crossed;
      this.handedOverBy = this.#last[id] ?? 0;
    }
    this.#state[id] = ends ? state & ~live : state;
    this.#touch(id, tid, index);
    return null;
  }

  #touch(id: number, tid: number, index: number): void {
    this.#holder[id] = tid;
    this.#last[id] = index;
    this.#seen[tid] = 1;
  }

  /** What holds for the whole: all ids used, all threads at work, the ids that a thread keeps to itself contiguous. */
  end(): string | null {
    const idle = this.#seen.indexOf(0);
    if (idle >= 0) return `thread ${idle} has no operations`;
    const unused = this.#state.findIndex((s) => (s & used) === 0);
    if (unused >= 0) return `id ${unused} is never used`;
    const count = new Uint32Array(this.#threads);
    const first = new Uint32Array(this.#threads).fill(0xffff_ffff);
    const last = new Uint32Array(this.#threads);
    this.#state.forEach((state, id) => {
      if ((state & crossed) !== 0) return;
      const tid = this.#holder[id] ?? 0;
      count[tid] = (count[tid] ?? 0) + 1;
      first[tid] = Math.min(first[tid] ?? 0, id);
      last[tid] = id;
    });
    const gap = count.findIndex((n, t) => n > 0 && (last[t] ?? 0) - (first[t] ?? 0) + 1 !== n);
    return gap < 0 ? null : `the ids that thread ${gap} keeps to itself are not one contiguous range`;
  }

  /** By id: the thread of the last operation where the object lives at the end, else -1. */
  leftTo(): Int16Array {
    return Int16Array.from(this.#state, (state, id) => ((state & live) !== 0 ? (this.#holder[id] ?? 0) : -1));
  }
}
