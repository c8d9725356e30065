/**
 * Recorded events -> operations on objects, under the rules of the trace format: an object is handed over at most once,
 * ids of objects that are handed over are never used again, any other id belongs to one thread.
 */
import { eventKinds, type RecordedEvents } from './trace-events.ts';

export type OperationLetter = 'a' | 'c' | 'm' | 'r' | 'f';

/** Operations in their real order, as columns; `letters` are character codes. */
export interface TraceOperations {
  readonly count: number;
  readonly letters: Uint8Array;
  readonly objects: Uint32Array;
  /** Of the operation's thread, from 0 in order of the first operation. */
  readonly threads: Uint8Array;
  /** Bytes; 0 for a free. */
  readonly sizes: Uint32Array;
  /** Binary logarithm of the alignment of `m`. */
  readonly aligns: Uint8Array;
  readonly threadCount: number;
  readonly objectCount: number;
  /** What a trace cannot say of the program, a sentence each. */
  readonly notes: readonly string[];
  /** Most bytes that were live at once, as requested. */
  readonly peakBytes: number;
}

const code = { a: 97, c: 99, f: 102, m: 109, r: 114 } as const;
const sizeLimit = 2 ** 32;
const largestThreads = 64;

/**
 * Threads of the trace by the recorder's: threads that ended before another began share one, and beyond 64 at once they
 * double up. Exposed for its test.
 */
export function threadsOfTrace(
  threads: Uint32Array,
  most: number,
): { readonly of: Map<number, number>; readonly doubled: number } {
  const last = new Map<number, number>();
  for (const [i, t] of threads.entries()) last.set(t, i);
  const of = new Map<number, number>();
  const busyUntil: number[] = [];
  let doubled = 0;
  for (const [i, t] of threads.entries()) {
    if (of.has(t)) continue;
    const end = last.get(t) ?? i;
    // Only when all are in use: a thread of its own says more.
    const free = busyUntil.length < most ? -1 : busyUntil.findIndex((until) => until < i);
    const slot = busyUntil.length < most ? busyUntil.length : free >= 0 ? free : t % most;
    if (busyUntil.length >= most && free < 0) doubled++;
    of.set(t, slot);
    busyUntil[slot] = Math.max(busyUntil[slot] ?? -1, end);
  }
  return { of, doubled };
}

interface Counts {
  unknown: number;
  large: number;
  lost: number;
}

/** Raw operations: objects numbered in order of allocation, threads as recorded. */
function operationsOf(events: RecordedEvents, counts: Counts) {
  const { count, kinds } = events;
  const out = {
    letters: new Uint8Array(count),
    objects: new Uint32Array(count),
    threads: new Uint32Array(count),
    sizes: new Uint32Array(count),
    aligns: new Uint8Array(count),
  };
  const live = new Map<number, number>();
  /** The object that a thread's realloc has in hand. */
  const inHand = new Map<number, number>();
  const bytes = new Map<number, number>();
  let [n, objects, held, peakBytes] = [0, 0, 0, 0];
  const put = (letter: number, object: number, i: number, size: number, align = 0): void => {
    out.letters[n] = letter;
    out.objects[n] = object;
    out.threads[n] = events.threads[i] ?? 0;
    out.sizes[n] = size;
    out.aligns[n] = align;
    n++;
    held += size - (bytes.get(object) ?? 0);
    if (letter === code.f) bytes.delete(object);
    else bytes.set(object, size);
    peakBytes = Math.max(peakBytes, held);
  };
  const allocate = (letter: number, i: number, align = 0): void => {
    const size = events.sizes[i] ?? 0;
    const address = events.addresses[i] ?? 0;
    // Given out again although no free was seen: something went past the recorder.
    if (live.has(address)) counts.lost++;
    if (size >= sizeLimit) {
      counts.large++;
      return;
    }
    live.set(address, objects);
    put(letter, objects++, i, size, align);
  };
  for (let i = 0; i < count; i++) {
    const address = events.addresses[i] ?? 0;
    const thread = events.threads[i] ?? 0;
    const size = events.sizes[i] ?? 0;
    switch (kinds[i]) {
      case eventKinds.malloc:
        allocate(code.a, i);
        break;
      case eventKinds.calloc:
        allocate(code.c, i);
        break;
      case eventKinds.aligned:
        allocate(code.m, i, Math.min(31, events.aligns[i] ?? 0));
        break;
      case eventKinds.free: {
        const object = live.get(address);
        if (object === undefined) counts.unknown++;
        else {
          live.delete(address);
          put(code.f, object, i, 0);
        }
        break;
      }
      case eventKinds.reallocFrom: {
        const object = live.get(address);
        if (object === undefined) break;
        live.delete(address);
        inHand.set(thread, object);
        break;
      }
      case eventKinds.reallocFailed: {
        const object = inHand.get(thread);
        if (object !== undefined) live.set(address, object);
        inHand.delete(thread);
        break;
      }
      case eventKinds.reallocTo: {
        const object = inHand.get(thread);
        inHand.delete(thread);
        if (object !== undefined && (size === 0 || size >= sizeLimit)) {
          // A realloc to nothing is a free, and one beyond what the format holds ends the object here.
          put(code.f, object, i, 0);
          if (size >= sizeLimit) counts.large++;
          else if (address !== 0) allocate(code.a, i);
        } else if (object === undefined) {
          // The old block is from before the recording.
          counts.unknown++;
          if (address !== 0) allocate(code.a, i);
        } else {
          live.set(address, object);
          put(code.r, object, i, size);
        }
        break;
      }
    }
  }
  return { ...out, count: n, objectCount: objects, peakBytes };
}

/** An object's second owner keeps it: later operations of others are done by that thread, in the same place of the order. */
function handOverOnce(objects: Uint32Array, threads: Uint8Array, count: number, objectCount: number) {
  const first = new Int16Array(objectCount).fill(-1);
  const second = new Int16Array(objectCount).fill(-1);
  let moved = 0;
  for (let i = 0; i < count; i++) {
    const [o = 0, t = 0] = [objects[i], threads[i]];
    if (first[o] === -1) first[o] = t;
    else if (second[o] === -1) {
      if (first[o] !== t) second[o] = t;
    } else if (second[o] !== t) {
      threads[i] = second[o] ?? t;
      moved++;
    }
  }
  return { crossed: (o: number): boolean => second[o] !== -1, moved };
}

/** Ids: a contiguous range for each thread, used again last in first out, and one of its own for each object handed over. */
function assignIds(
  letters: Uint8Array,
  objects: Uint32Array,
  threads: Uint8Array,
  count: number,
  threadCount: number,
  crossed: (object: number) => boolean,
): { readonly ids: Uint32Array; readonly idCount: number } {
  const local = new Map<number, number>();
  const free: number[][] = Array.from({ length: threadCount }, () => []);
  const used = new Array<number>(threadCount).fill(0);
  const slots = new Uint32Array(count);
  const isCross = new Uint8Array(count);
  let cross = 0;
  for (let i = 0; i < count; i++) {
    const [o = 0, t = 0] = [objects[i], threads[i]];
    let slot = local.get(o);
    if (slot === undefined) {
      if (crossed(o)) slot = cross++;
      else {
        slot = free[t]?.pop() ?? used[t] ?? 0;
        if (slot === used[t]) used[t] = slot + 1;
      }
      local.set(o, slot);
    }
    slots[i] = slot;
    isCross[i] = crossed(o) ? 1 : 0;
    if (letters[i] === code.f) {
      local.delete(o);
      if (isCross[i] === 0) free[t]?.push(slot);
    }
  }
  const base: number[] = [];
  let total = 0;
  for (const n of used) {
    base.push(total);
    total += n;
  }
  const ids = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    ids[i] = (slots[i] ?? 0) + (isCross[i] === 1 ? total : (base[threads[i] ?? 0] ?? 0));
  }
  return { ids, idCount: total + cross };
}

const times = (n: number, one: string, many: string): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;

/** Never throws: what does not fit the format is left out or moved, and counted in `notes`. */
export function traceOperations(events: RecordedEvents): TraceOperations {
  const counts: Counts = { unknown: 0, large: 0, lost: 0 };
  const raw = operationsOf(events, counts);
  const { of, doubled } = threadsOfTrace(raw.threads.subarray(0, raw.count), largestThreads);
  const mapped = Uint8Array.from(raw.threads.subarray(0, raw.count), (t) => of.get(t) ?? 0);
  const { crossed, moved } = handOverOnce(raw.objects, mapped, raw.count, raw.objectCount);
  // Moving operations may have left a thread without any, or changed which comes first.
  const numbers = new Map<number, number>();
  for (const t of mapped) if (!numbers.has(t)) numbers.set(t, numbers.size);
  const threads = mapped.map((t) => numbers.get(t) ?? 0);
  const { ids, idCount } = assignIds(raw.letters, raw.objects, threads, raw.count, numbers.size, crossed);
  const notes: string[] = [];
  const note = (n: number, one: string, many: string, what: string): void => {
    if (n > 0) notes.push(`${times(n, one, many)} ${what}`);
  };
  note(
    counts.unknown,
    'block',
    'blocks',
    'from before the recording, or of another process, left out when freed',
  );
  note(counts.large, 'request', 'requests', 'of 4 GiB or more left out: the format ends below');
  note(counts.lost, 'block', 'blocks', 'given back unseen, live to the end of the trace');
  note(moved, 'operation', 'operations', "done by an object's second thread: the format has one hand-over");
  note(doubled, 'thread', 'threads', `put onto others: the format has ${largestThreads} at once`);
  if (events.stopped === 'limit') notes.push('the recording ended at its limit of operations');
  if (events.stopped === 'disk') notes.push('the recording ended because the disk was full');
  return {
    count: raw.count,
    letters: raw.letters.subarray(0, raw.count),
    objects: ids,
    threads,
    sizes: raw.sizes.subarray(0, raw.count),
    aligns: raw.aligns.subarray(0, raw.count),
    threadCount: numbers.size,
    objectCount: idCount,
    notes,
    peakBytes: raw.peakBytes,
  };
}
