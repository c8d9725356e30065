/**
 * Entry file of the worker that reads perf.data (dist/perf-data-worker.js): perf prints, this reads, so that a large
 * recording does not hold up the editor. It answers as the import worker does, to the same client.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../model.ts';
import { buildProfile } from '../profile/import/build-profile.ts';
import type { FromImportWorker, ImportRequest } from '../profile/import/protocol.ts';
import { readPerfData } from './perf-data.ts';

const port = parentPort;
if (port !== null) {
  const { source, event, thread, build } = workerData as ImportRequest;
  const post = (message: FromImportWorker): void => port.postMessage(message);
  const answer = async (): Promise<void> => {
    if (!('path' in source)) throw new UserError('perf.data can only be read where it lies on a disk.');
    const raw = await readPerfData(source.path, { event, thread });
    post({ profile: buildProfile(raw, build) });
  };
  answer().catch((error: unknown) => {
    const e = error instanceof Error ? error : new Error(String(error));
    const exitCode = e instanceof UserError ? e.exitCode : null;
    post({ error: { name: e.name, message: e.message, exitCode } });
  });
}
