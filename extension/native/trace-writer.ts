/** Operations as a trace file: gzip of the text that the trace format fixes. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { TraceOperations } from './trace-objects.ts';

const blockBytes = 1 << 18;
const letters = { c: 99, f: 102, m: 109 } as const;

/** Header and lines, in blocks. The program's name keeps printable characters that are no blanks. */
export function* traceLines(program: string, ops: TraceOperations): Generator<string> {
  const name = program.replace(/[^\x21-\x7e]/g, '_').slice(0, 100) || 'program';
  let text = `# alloc-trace v1 ${name} objects=${ops.objectCount} threads=${ops.threadCount} ops=${ops.count}\n`;
  let thread = 0;
  for (let i = 0; i < ops.count; i++) {
    const t = ops.threads[i] ?? 0;
    if (t !== thread) {
      text += `t ${t}\n`;
      thread = t;
    }
    const letter = ops.letters[i] ?? letters.f;
    const head = `${String.fromCharCode(letter)} ${ops.objects[i]}`;
    if (letter === letters.f) text += `${head}\n`;
    else if (letter === letters.m) text += `${head} ${ops.sizes[i]} ${2 ** (ops.aligns[i] ?? 0)}\n`;
    else text += `${head} ${ops.sizes[i]}\n`;
    if (text.length >= blockBytes) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
}

/** Writes it whole or not at all. Rejects with the file system's error, or an AbortError. */
export async function writeTrace(
  file: string,
  program: string,
  ops: TraceOperations,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fresh = `${file}.part`;
  try {
    await pipeline(
      Readable.from(traceLines(program, ops)),
      createGzip(),
      createWriteStream(fresh),
      signal === undefined ? {} : { signal },
    );
    await rename(fresh, file);
  } finally {
    await rm(fresh, { force: true });
  }
}
