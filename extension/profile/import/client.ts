/** Imports recordings in a worker thread, so that nobody waits for it, it can be stopped, and its end is only its own. */
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type BenchProgress, type Profile, UserError } from '../../model.ts';
import type { FromImportWorker, ImportRequest, ImportSource } from './protocol.ts';

/** Heap of the worker, MiB: formats in JSON are held whole. */
const defaultMemory = 2048;

export interface ImportHooks {
  /** The share is that of the bytes read. */
  readonly onProgress?: ((progress: BenchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class ImportClient {
  readonly #workerPath: string;
  readonly #memory: number;

  /** `workerPath` is dist/import-worker.js; `memoryMegabytes` limits the heap of each import. */
  constructor(o: { readonly workerPath: string; readonly memoryMegabytes?: number }) {
    this.#workerPath = o.workerPath;
    this.#memory = o.memoryMegabytes ?? defaultMemory;
  }

  /**
   * Reads a recording of any format but perf.data and makes its profile. Bytes are moved to the worker: the caller's
   * array is empty afterwards.
   *
   * @throws UserError with one line; AbortError on the signal
   */
  import(request: ImportRequest, hooks: ImportHooks = {}): Promise<Profile> {
    const { signal, onProgress } = hooks;
    const source = movable(request.source);
    const name = 'path' in source ? path.basename(source.path) : source.name;
    if (signal?.aborted === true) return Promise.reject(aborted());
    return new Promise<Profile>((resolve, reject) => {
      const worker = new Worker(this.#workerPath, {
        workerData: { ...request, source },
        // Not those of the host, which are for its own code (loaders, debuggers).
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: this.#memory },
        ...('bytes' in source ? { transferList: [source.bytes.buffer] } : {}),
      });
      const done = (): void => {
        signal?.removeEventListener('abort', onAbort);
        worker.removeAllListeners();
        // Ended on purpose: what it still says is nobody's.
        worker.on('error', () => {});
        void worker.terminate();
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      const onAbort = (): void => fail(aborted());
      signal?.addEventListener('abort', onAbort, { once: true });
      worker.on('message', (m: FromImportWorker) => {
        if ('read' in m) {
          const fraction = m.of > 0 ? Math.min(1, m.read / m.of) : 0;
          onProgress?.({ message: `Reading ${name}`, fraction });
        } else if ('profile' in m) {
          done();
          resolve(m.profile);
        } else fail(rebuilt(m.error));
      });
      worker.on('error', (error: Error & { code?: string }) => {
        const memory =
          error.code === 'ERR_WORKER_OUT_OF_MEMORY'
            ? `needs more than ${this.#memory} MiB of memory. Import one thread or a shorter recording.`
            : `The import stopped: ${error.message}`;
        fail(new UserError(`${name}: ${memory}`, 3));
      });
      worker.on('exit', () =>
        fail(new UserError(`${name}: The import stopped before it answered. Try again.`, 3)),
      );
    });
  }
}

/** Bytes that are a part of a larger buffer are copied: the rest of it is somebody else's. */
function movable(source: ImportSource): ImportSource {
  if ('path' in source || source.bytes.length === source.bytes.buffer.byteLength) return source;
  return { name: source.name, bytes: source.bytes.slice() };
}

function rebuilt(e: { name: string; message: string; exitCode: 2 | 3 | null }): Error {
  if (e.exitCode !== null) return new UserError(e.message, e.exitCode);
  const error = new Error(e.message);
  error.name = e.name;
  return error;
}

function aborted(): Error {
  return new DOMException('The import was cancelled.', 'AbortError');
}
