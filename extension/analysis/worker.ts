/** Entry file of the analysis worker (dist/analysis-worker.js): answers the client's calls one after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../model.ts';
import type { FromWorker, Request, ToWorker, WorkerSetup } from './protocol.ts';
import { Session } from './session.ts';
import { Trees } from './trees.ts';

const port = parentPort;
if (port !== null) {
  const trees = new Trees(workerData as WorkerSetup);
  const sessions = new Map<string, Session>();
  const aborts = new Map<number, AbortController>();
  const post = (message: FromWorker): void => port.postMessage(message);
  let queue: Promise<void> = Promise.resolve();

  const answer = async (request: Request, abort: AbortController): Promise<void> => {
    try {
      const { root } = request.params;
      let session = sessions.get(root);
      if (session === undefined) {
        session = new Session(trees);
        sessions.set(root, session);
      }
      const findings =
        request.method === 'analyze'
          ? await session.analyze(root, request.params, {
              onProgress: (progress) => post({ id: request.id, progress }),
              signal: abort.signal,
            })
          : await session.update(request.params.file, request.params.text);
      post({ id: request.id, findings });
    } catch (error) {
      const e = error instanceof Error ? error : new Error(String(error));
      post({
        id: request.id,
        error: { name: e.name, message: e.message, exitCode: e instanceof UserError ? e.exitCode : null },
      });
    } finally {
      aborts.delete(request.id);
    }
  };

  port.on('message', (message: ToWorker) => {
    if (message.method === 'cancel') {
      aborts.get(message.id)?.abort();
      return;
    }
    const abort = new AbortController();
    aborts.set(message.id, abort);
    queue = queue.then(() => answer(message, abort));
  });
}
