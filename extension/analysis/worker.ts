/** Entry file of the analysis worker (dist/analysis-worker.js): answers the client's calls one after the other. */
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { UserError } from '../model.ts';
import { stampOf } from './cache.ts';
import type { FromWorker, Request, ToWorker, WorkerData } from './protocol.ts';
import { Session } from './session.ts';
import { Trees } from './trees.ts';

/** How long the typing rests before the whole project is analysed again, in ms. */
const rest = 250;

class Interrupted extends Error {}

const port = parentPort;
if (port !== null) {
  const setup = workerData as WorkerData;
  const { cacheFolder: folder, grammarDir } = setup;
  const kept = (): ConstructorParameters<typeof Session>[1] => {
    if (folder === undefined) return null;
    try {
      return { folder, stamp: stampOf(fileURLToPath(import.meta.url), grammarDir) };
    } catch {
      // No grammars: the first parse says so.
      return null;
    }
  };
  const requests = new Int32Array(setup.requests);
  const sessions = new Map<string, Session>();
  const aborts = new Map<number, AbortController>();
  const timers = new Map<string, NodeJS.Timeout>();
  const post = (message: FromWorker): void => port.postMessage(message);
  let queue: Promise<void> = Promise.resolve();

  const sessionOf = (root: string): Session => {
    let session = sessions.get(root);
    if (session === undefined) {
      session = new Session(new Trees(setup), kept());
      sessions.set(root, session);
    }
    return session;
  };

  /** Gives way as soon as another request comes; the one that came sees to it that this is tried again. */
  const settle = async (root: string): Promise<void> => {
    const session = sessionOf(root);
    if (!session.unsettled) return;
    const seen = Atomics.load(requests, 0);
    const checkpoint = (): void => {
      if (Atomics.load(requests, 0) !== seen) throw new Interrupted();
    };
    try {
      post({ root, settled: await session.settle(checkpoint) });
    } catch (error) {
      if (error instanceof Interrupted) later(root);
    }
  };

  const later = (root: string): void => {
    clearTimeout(timers.get(root));
    const timer = setTimeout(() => {
      queue = queue.then(() => settle(root));
    }, rest);
    timers.set(root, timer);
  };

  const answer = async (request: Request, abort: AbortController): Promise<void> => {
    try {
      const { root } = request.params;
      const session = sessionOf(root);
      switch (request.method) {
        case 'analyze': {
          const result = await session.analyze(root, request.params, {
            onProgress: (progress) => post({ id: request.id, progress }),
            signal: abort.signal,
          });
          post({ id: request.id, result });
          // Findings that were kept come without their sources: read them before somebody types.
          queue = queue.then(() => session.prepare()).catch(() => {});
          break;
        }
        case 'update':
          post({ id: request.id, result: await session.update(request.params.file, request.params.text) });
          later(root);
          break;
        case 'settle':
          clearTimeout(timers.get(root));
          post({ id: request.id, result: await session.settle() });
          break;
      }
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
