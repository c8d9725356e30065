/** Resident bytes of a linear memory, from /proc/self/smaps. */
import { readFileSync } from 'node:fs';

interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  readonly rights: string;
  readonly rss: number;
}

function parseSmaps(text: string): Mapping[] {
  const out: Mapping[] = [];
  let head: RegExpExecArray | null = null;
  for (const line of text.split('\n')) {
    const m = /^([0-9a-f]+)-([0-9a-f]+) (\S{4}) /.exec(line);
    if (m !== null) head = m;
    const rss = /^Rss:\s+(\d+) kB/.exec(line);
    if (rss !== null && head !== null) {
      out.push({
        start: BigInt(`0x${head[1]}`),
        end: BigInt(`0x${head[2]}`),
        rights: head[3] ?? '',
        rss: Number(rss[1]) * 1024,
      });
    }
  }
  return out;
}

/**
 * Bytes resident in the mapping whose readable part is exactly `byteLength` long and lies before an inaccessible
 * reservation (the rest of the memory's maximum and its guard). Null when no mapping, or more than one, fits.
 */
export function residentOfMemory(smaps: string, byteLength: number): number | null {
  const all = parseSmaps(smaps);
  const fits: number[] = [];
  all.forEach((first, i) => {
    // The kernel splits a mapping where its attributes differ: add up neighbours with the same rights.
    const before = all[i - 1];
    if (!first.rights.startsWith('rw') || (before?.rights.startsWith('rw') && before.end === first.start))
      return;
    let bytes = 0n;
    let rss = 0;
    let j = i;
    for (let m: Mapping | undefined = first; m?.rights.startsWith('rw'); m = all[j]) {
      if (j > i && m.start !== all[j - 1]?.end) break;
      bytes += m.end - m.start;
      rss += m.rss;
      j++;
    }
    const guard = all[j];
    if (bytes === BigInt(byteLength) && guard?.rights.startsWith('---') && guard.start === all[j - 1]?.end) {
      fits.push(rss);
    }
  });
  return fits.length === 1 ? (fits[0] ?? null) : null;
}

/** As above for this process, now; null where smaps cannot be read. */
export function readResident(memory: WebAssembly.Memory): number | null {
  try {
    return residentOfMemory(readFileSync('/proc/self/smaps', 'utf8'), memory.buffer.byteLength);
  } catch {
    return null;
  }
}
