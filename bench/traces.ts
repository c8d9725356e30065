/** The traces of a folder, by the first line of each. */
import { createReadStream, readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { TraceInfo } from './arms/arm.ts';

/** Threads and operations as the header says. Throws an `Error` when the file does not begin as a trace does. */
export async function traceInfo(file: string): Promise<TraceInfo> {
  const raw = createReadStream(file);
  const input = raw.pipe(createGunzip());
  raw.on('error', (error) => input.destroy(error));
  try {
    for await (const line of createInterface({ input })) {
      const m = /^# alloc-trace v1 \S+ objects=\d+ threads=(\d+) ops=(\d+)$/.exec(line);
      if (m === null) break;
      return { file, threads: Number(m[1]), operations: Number(m[2]) };
    }
  } finally {
    raw.destroy();
    input.destroy();
  }
  throw new Error(`${file} does not begin as a trace does`);
}

/** Every `*.trace.gz` of a folder, by name. */
export function tracesIn(folder: string): Promise<TraceInfo[]> {
  const names = readdirSync(folder).filter((n) => n.endsWith('.trace.gz'));
  return Promise.all(names.sort().map((n) => traceInfo(path.join(folder, n))));
}
