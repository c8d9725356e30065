/** A trace file as plain text in a temporary file: the C harness has no decompressor of its own. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UserError } from '../model.ts';

/** A trace of a hundred million operations has less; a small file that unpacks to more is no trace. */
const mostBytes = 2 ** 31;

export interface TraceText {
  /** Path of the text. */
  readonly file: string;
  /** Removes the text where it was made for this run. */
  readonly dispose: () => Promise<void>;
}

async function isCompressed(file: string): Promise<boolean> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function limited(file: string): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > mostBytes) done(new UserError(`${file} unpacks to more than 2 GiB: that is no trace`));
      else done(null, chunk);
    },
  });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * The text of `file`, unpacked when it is gzip. Throws `UserError` when it cannot be read or unpacked, an AbortError
 * when the signal fires.
 */
export async function traceText(file: string, signal: AbortSignal | undefined): Promise<TraceText> {
  let compressed: boolean;
  try {
    compressed = await isCompressed(file);
  } catch (error) {
    throw new UserError(`trace ${file} cannot be read: ${reasonOf(error)}`);
  }
  if (!compressed) return { file, dispose: async () => {} };
  const folder = await mkdtemp(path.join(tmpdir(), 'alloc-lens-trace-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const text = path.join(folder, 'trace.txt');
  try {
    await pipeline(
      createReadStream(file),
      createGunzip(),
      limited(file),
      createWriteStream(text, { mode: 0o600 }),
      { ...(signal === undefined ? {} : { signal }) },
    );
    return { file: text, dispose };
  } catch (error) {
    await dispose();
    if (error instanceof UserError || signal?.aborted) throw error;
    throw new UserError(`trace ${file} cannot be unpacked: ${reasonOf(error)}`);
  }
}
