/** Resident bytes of a linear memory, from Linux's /proc/self/maps and /proc/self/pagemap. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

interface Mapping {
  readonly start: number;
  readonly end: number;
  readonly rights: string;
}

/** V8 reserves the memory's maximum and a guard behind its readable part; nothing else in Node reserves that much. */
const reservation = 3 * 2 ** 30;
const systemPage = 4096;

function parseMaps(text: string): Mapping[] {
  return [...text.matchAll(/^([0-9a-f]+)-([0-9a-f]+) (\S{4}) /gm)].map((m) => ({
    start: Number.parseInt(m[1] ?? '0', 16),
    end: Number.parseInt(m[2] ?? '0', 16),
    rights: m[3] ?? '',
  }));
}

/**
 * Address of the linear memory of `byteLength` bytes: it ends where a large inaccessible reservation begins. (Its own
 * mapping may have been merged with a neighbour below, so that only its end can be relied on.) Null when no mapping,
 * or more than one, fits.
 */
export function findMemory(maps: string, byteLength: number): number | null {
  const all = parseMaps(maps);
  const fits = all.filter((guard, i) => {
    if (!guard.rights.startsWith('---') || guard.end - guard.start < reservation) return false;
    let covered = 0;
    let end = guard.start;
    for (let j = i - 1; j >= 0; j--) {
      const m = all[j];
      if (m === undefined || m.end !== end || !m.rights.startsWith('rw')) break;
      covered += m.end - m.start;
      end = m.start;
    }
    return covered >= byteLength;
  });
  return fits.length === 1 && fits[0] !== undefined ? fits[0].start - byteLength : null;
}

/** Bytes of the 4 KiB pages of `memory` that are in memory or swapped out now; null where that cannot be read. */
export function readResident(memory: WebAssembly.Memory): number | null {
  const { byteLength } = memory.buffer;
  let file: number | null = null;
  try {
    const address = findMemory(readFileSync('/proc/self/maps', 'utf8'), byteLength);
    if (address === null) return null;
    file = openSync('/proc/self/pagemap', 'r');
    const pages = byteLength / systemPage;
    const entries = new BigUint64Array(pages);
    const bytes = new Uint8Array(entries.buffer);
    const got = readSync(file, bytes, 0, bytes.length, (address / systemPage) * 8);
    if (got !== bytes.length) return null;
    // Bit 63: present, bit 62: swapped (Documentation/admin-guide/mm/pagemap.rst).
    return entries.reduce((sum, entry) => sum + (entry >> 62n !== 0n ? systemPage : 0), 0);
  } catch {
    return null;
  } finally {
    if (file !== null) closeSync(file);
  }
}

/** Bytes of the heap that the passes touched, read before and after them: linear memory does not shrink. */
export class PeakMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #residentBefore: number | null;
  readonly #sizeBefore: number;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#residentBefore = readResident(memory);
    this.#sizeBefore = memory.buffer.byteLength;
  }

  bytes(): number {
    const after = readResident(this.#memory);
    return this.#residentBefore !== null && after !== null
      ? after - this.#residentBefore
      : this.#memory.buffer.byteLength - this.#sizeBefore;
  }
}
