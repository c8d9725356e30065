/** A trace as the words that engine/workloads/trace.ts reads. */
import { UserError } from '../../extension/model.ts';
import { alignShift, kindBits, type Trace, traceKinds } from './trace-file.ts';

const idShift = 5;
/** Kind of a word that names the thread of what follows. */
const threadKind = 5;
/** aligned_alloc's limit (engine/allocator/wrappers.ts). */
const largestAlignment = 0x10000;
/** posix_memalign's least alignment where the traces were recorded. */
const leastAlignment = 8;

/** One thread's share of a trace. */
export interface TraceCode {
  readonly words: Uint32Array;
  /** Live at the end, freed by this thread, ascending. */
  readonly left: Uint32Array;
}

function wordsOf(kind: number): number {
  return kind === traceKinds.f ? 1 : kind === traceKinds.m ? 3 : 2;
}

class Encoder {
  readonly words: Uint32Array;
  #at = 0;

  constructor(length: number) {
    this.words = new Uint32Array(length);
  }

  add(word: number): void {
    this.words[this.#at++] = word;
  }

  operation(trace: Trace, i: number, flags: boolean): void {
    const meta = trace.meta[i] ?? 0;
    const kind = meta & kindBits;
    this.add(((trace.ids[i] ?? 0) << idShift) | (flags ? meta & ((1 << alignShift) - 1) : kind));
    if (kind === traceKinds.f) return;
    this.add(trace.sizes[i] ?? 0);
    if (kind !== traceKinds.m) return;
    const alignment = 2 ** (meta >>> alignShift);
    if (alignment > largestAlignment) {
      throw new UserError(
        `operation ${i + 1} of the trace wants an alignment of ${alignment} bytes: the engine's go up to ${largestAlignment}`,
      );
    }
    this.add(Math.max(alignment, leastAlignment));
  }
}

function leftOf(trace: Trace, wanted: (tid: number) => boolean): Uint32Array {
  const ids: number[] = [];
  trace.leftTo.forEach((tid, id) => {
    if (tid >= 0 && wanted(tid)) ids.push(id);
  });
  return Uint32Array.from(ids);
}

/** All operations for one thread, in file order. With `tagged` a word before each change of thread says whose they are. */
export function flatCode(trace: Trace, tagged: boolean): TraceCode {
  const changes = (i: number): boolean => tagged && trace.tids[i] !== (i === 0 ? 0 : trace.tids[i - 1]);
  let length = 0;
  for (let i = 0; i < trace.operations; i++) {
    length += wordsOf((trace.meta[i] ?? 0) & kindBits) + (changes(i) ? 1 : 0);
  }
  const encoder = new Encoder(length);
  for (let i = 0; i < trace.operations; i++) {
    if (changes(i)) encoder.add(((trace.tids[i] ?? 0) << idShift) | threadKind);
    encoder.operation(trace, i, false);
  }
  return { words: encoder.words, left: leftOf(trace, () => true) };
}

/** The operations of each thread, in file order, with the flags that order the threads. */
export function threadCodes(trace: Trace): TraceCode[] {
  const lengths = new Float64Array(trace.threads);
  trace.tids.forEach((tid, i) => {
    lengths[tid] = (lengths[tid] ?? 0) + wordsOf((trace.meta[i] ?? 0) & kindBits);
  });
  const encoders = Array.from(lengths, (length) => new Encoder(length));
  trace.tids.forEach((tid, i) => void encoders[tid]?.operation(trace, i, true));
  return encoders.map(({ words }, tid) => ({ words, left: leftOf(trace, (t) => t === tid) }));
}
