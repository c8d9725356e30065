/** Entry file of the import worker (dist/import-worker.js): reads one recording, answers, and ends. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../../model.ts';
import { importProfile } from './detect.ts';
import type { FromImportWorker, ImportRequest } from './protocol.ts';

/** Large reads: a small one costs as much as what is done with it. */
const chunkBytes = 1 << 20;
/** Time between two words on the progress, ms. */
const pause = 100;

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

const port = parentPort;
if (port !== null) {
  const { source, event, thread, build } = workerData as ImportRequest;
  const post = (message: FromImportWorker): void => port.postMessage(message);
  const answer = async (): Promise<void> => {
    const onDisk = 'path' in source;
    const size = onDisk
      ? await stat(source.path)
          .then((s) => s.size)
          .catch(() => 0)
      : source.bytes.length;
    const input = onDisk
      ? createReadStream(source.path, { highWaterMark: chunkBytes })
      : inChunks(source.bytes);
    let told = performance.now();
    const onProgress = (read: number): void => {
      const now = performance.now();
      if (now - told < pause) return;
      told = now;
      post({ read, of: size });
    };
    const name = onDisk ? path.basename(source.path) : source.name;
    post({ profile: await importProfile(input, name, { event, thread, onProgress }, build) });
  };
  answer().catch((error: unknown) => {
    const e = error instanceof Error ? error : new Error(String(error));
    const exitCode = e instanceof UserError ? e.exitCode : null;
    post({ error: { name: e.name, message: e.message, exitCode } });
  });
}
