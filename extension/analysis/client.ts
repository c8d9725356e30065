/** The editor's side of the analysis: a worker thread, so that typing never waits for it. */
import { Worker } from 'node:worker_threads';
import type { BenchProgress, FileUpdate, Findings } from '../model.ts';
import { UserError } from '../model.ts';
import type { Calls, FromWorker, Method, Request, ToWorker, WorkerData, WorkerSetup } from './protocol.ts';

interface Pending {
  readonly resolve: (result: Calls[Method]['result']) => void;
  readonly reject: (error: Error) => void;
  readonly onProgress: ((p: BenchProgress) => void) | undefined;
}

export class AnalysisClient {
  private worker: Worker | null = null;
  private next = 1;
  private readonly requests = new Int32Array(new SharedArrayBuffer(4));
  private onSettled: ((root: string, findings: Findings) => void) | null = null;
  private readonly pending = new Map<number, Pending>();

  /** `workerPath` is dist/analysis-worker.js; the rest is handed to it. */
  constructor(private readonly o: { readonly workerPath: string } & WorkerSetup) {}

  /** Analyses a folder from disk. Rejects with UserError, or with an AbortError when `signal` fires. */
  analyze(
    root: string,
    config: Omit<Calls['analyze']['params'], 'root'>,
    hooks: { onProgress?: (p: BenchProgress) => void; signal?: AbortSignal },
  ): Promise<Findings> {
    return this.call('analyze', { root, ...config }, hooks);
  }

  /**
   * The rows of one file with its unsaved text, at once; `file` is relative to the root. Findings of the whole project
   * follow through `whenSettled` when no other update comes.
   */
  update(root: string, file: string, text: string): Promise<FileUpdate> {
    return this.call('update', { root, file, text }, {});
  }

  /** Findings with every update in them. */
  settle(root: string): Promise<Findings> {
    return this.call('settle', { root }, {});
  }

  /** Who is told of findings that follow updates. */
  whenSettled(listener: (root: string, findings: Findings) => void): void {
    this.onSettled = listener;
  }

  /** Ends the worker; calls under way reject with an AbortError. */
  dispose(): void {
    const { worker } = this;
    this.worker = null;
    void worker?.terminate();
    this.fail(aborted());
  }

  private call<K extends Method>(
    method: K,
    params: Calls[K]['params'],
    hooks: { onProgress?: (p: BenchProgress) => void; signal?: AbortSignal },
  ): Promise<Calls[K]['result']> {
    if (hooks.signal?.aborted === true) return Promise.reject(aborted());
    const worker = this.running();
    const id = this.next++;
    return new Promise<Calls[K]['result']>((resolve, reject) => {
      const onAbort = (): void => {
        worker.postMessage({ method: 'cancel', id } satisfies ToWorker);
        this.end(id);
        reject(aborted());
      };
      const done = (): void => hooks.signal?.removeEventListener('abort', onAbort);
      this.pending.set(id, {
        resolve: (result) => {
          done();
          // The worker answers a call with what its method gives.
          resolve(result as Calls[K]['result']);
        },
        reject: (e) => {
          done();
          reject(e);
        },
        onProgress: hooks.onProgress,
      });
      hooks.signal?.addEventListener('abort', onAbort, { once: true });
      // Alive while a call is under way, and no reason to stay when none is.
      worker.ref();
      Atomics.add(this.requests, 0, 1);
      worker.postMessage({ id, method, params } as Request);
    });
  }

  private running(): Worker {
    if (this.worker !== null) return this.worker;
    const { workerPath, ...setup } = this.o;
    const data: WorkerData = { ...setup, requests: this.requests.buffer as SharedArrayBuffer };
    const worker = new Worker(workerPath, { workerData: data });
    worker.on('message', (m: FromWorker) => this.receive(m));
    worker.on('error', (e: Error) => {
      if (this.worker !== worker) return;
      this.worker = null;
      this.fail(new UserError(`The analysis stopped: ${e.message}`, 3));
    });
    worker.on('exit', () => {
      if (this.worker !== worker) return;
      this.worker = null;
      this.fail(new UserError('The analysis stopped before it answered. Run Analyze Workspace again.', 3));
    });
    worker.unref();
    this.worker = worker;
    return worker;
  }

  private receive(m: FromWorker): void {
    if ('settled' in m) {
      this.onSettled?.(m.root, m.settled);
      return;
    }
    const p = this.pending.get(m.id);
    if (p === undefined) return;
    if ('progress' in m) {
      p.onProgress?.(m.progress);
      return;
    }
    this.end(m.id);
    if ('result' in m) p.resolve(m.result);
    else p.reject(rebuilt(m.error));
  }

  private end(id: number): void {
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker?.unref();
  }

  private fail(error: Error): void {
    const all = [...this.pending.values()];
    this.pending.clear();
    for (const p of all) p.reject(error);
  }
}

function rebuilt(e: { name: string; message: string; exitCode: 2 | 3 | null }): Error {
  if (e.exitCode !== null) return new UserError(e.message, e.exitCode);
  const error = new Error(e.message);
  error.name = e.name;
  return error;
}

function aborted(): Error {
  const error = new Error('The analysis was cancelled.');
  error.name = 'AbortError';
  return error;
}
