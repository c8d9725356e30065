/** Reads what the recorder left of one process: its events in their real order, whatever ended it. */
import { open } from 'node:fs/promises';
import { UserError } from '../model.ts';

/** Sizes that recorder.c fixes. */
const chunkBytes = 65_536;
const chunkHead = 64;
const eventBytes = 32;
const magic = 'alrec 1\n';

/** `Kind` of recorder.c. */
export const eventKinds = {
  malloc: 0,
  calloc: 1,
  aligned: 2,
  free: 3,
  reallocFrom: 4,
  reallocTo: 5,
  reallocFailed: 6,
} as const;

/** Events in order of their sequence, as columns. Addresses are below 2^53: what user space has on every 64-bit machine. */
export interface RecordedEvents {
  readonly program: string;
  readonly process: number;
  readonly count: number;
  readonly kinds: Uint8Array;
  /** Binary logarithm of the alignment of `aligned`. */
  readonly aligns: Uint8Array;
  /** Numbers that the recorder gave, from 1 in order of first use. */
  readonly threads: Uint32Array;
  readonly addresses: Float64Array;
  readonly sizes: Float64Array;
  /** The recording ended before the program: at the limit of operations, or because the disk was full. */
  readonly stopped: 'limit' | 'disk' | null;
}

interface Chunk {
  readonly thread: number;
  readonly count: number;
  readonly data: Buffer;
}

function cString(data: Buffer, from: number, to: number): string {
  const end = data.indexOf(0, from);
  return data.toString('latin1', from, end < 0 || end > to ? to : end);
}

/**
 * @param mostEvents more than this is refused: everything is in memory at once
 * @throws UserError when the file is no recording; a torn last chunk is left out
 */
export async function readEvents(file: string, mostEvents: number): Promise<RecordedEvents> {
  const handle = await open(file, 'r');
  try {
    const chunks: Chunk[] = [];
    let [program, process, flags, total] = ['', 0, 0, 0];
    for (let at = 0; ; at += chunkBytes) {
      const data = Buffer.alloc(chunkBytes);
      const { bytesRead } = await handle.read(data, 0, chunkBytes, at);
      if (bytesRead < chunkBytes) break;
      // A chunk that was made room for and never used.
      if (data[0] === 0) continue;
      if (data.toString('latin1', 0, magic.length) !== magic) {
        throw new UserError(`${file} is no recording of allocations`);
      }
      const count = Math.min(data.readUInt32LE(12), (chunkBytes - chunkHead) / eventBytes);
      flags |= data.readUInt32LE(20);
      process = data.readUInt32LE(16);
      program = cString(data, 24, chunkHead) || program;
      total += count;
      if (total > mostEvents) {
        throw new UserError(`the recording has more than ${mostEvents.toLocaleString('en-US')} events`);
      }
      chunks.push({
        thread: data.readUInt32LE(8),
        count,
        data: data.subarray(chunkHead, chunkHead + count * eventBytes),
      });
    }
    const stopped = (flags & 1) !== 0 ? 'limit' : (flags & 2) !== 0 ? 'disk' : null;
    return { program, process, ...inOrder(chunks, total), stopped };
  } finally {
    await handle.close();
  }
}

type Columns = Pick<RecordedEvents, 'count' | 'kinds' | 'aligns' | 'threads' | 'addresses' | 'sizes'>;

/** Indices in order of their sequence, which is dense but for numbers taken by threads that were killed before they wrote. */
function orderOf(sequences: Float64Array): Uint32Array {
  const total = sequences.length;
  let most = 0;
  for (const s of sequences) most = Math.max(most, s);
  if (most >= 2 * total + 1024) {
    return Uint32Array.from({ length: total }, (_, i) => i).sort(
      (a, b) => (sequences[a] ?? 0) - (sequences[b] ?? 0),
    );
  }
  const at = new Uint32Array(most + 1);
  for (const [i, s] of sequences.entries()) at[s] = i + 1;
  return at.filter((i) => i > 0).map((i) => i - 1);
}

function inOrder(chunks: readonly Chunk[], total: number): Columns {
  const sequences = new Float64Array(total);
  const place = new Uint32Array(total);
  const chunkOf = new Uint32Array(total);
  let n = 0;
  for (const [c, chunk] of chunks.entries()) {
    for (let i = 0; i < chunk.count; i++, n++) {
      sequences[n] = Number(chunk.data.readBigUInt64LE(i * eventBytes));
      place[n] = i;
      chunkOf[n] = c;
    }
  }
  const order = orderOf(sequences);
  const out = {
    count: total,
    kinds: new Uint8Array(total),
    aligns: new Uint8Array(total),
    threads: new Uint32Array(total),
    addresses: new Float64Array(total),
    sizes: new Float64Array(total),
  };
  for (const [i, from] of order.entries()) {
    const chunk = chunks[chunkOf[from] ?? 0];
    if (chunk === undefined) continue;
    const at = (place[from] ?? 0) * eventBytes;
    out.addresses[i] = Number(chunk.data.readBigUInt64LE(at + 8));
    out.sizes[i] = Number(chunk.data.readBigUInt64LE(at + 16));
    out.kinds[i] = chunk.data.readUInt32LE(at + 24);
    out.aligns[i] = Math.min(63, chunk.data.readUInt32LE(at + 28));
    out.threads[i] = chunk.thread;
  }
  return out;
}
