/** One thread of a workload: a worker with its own instance over the shared memory, which does one call after another. */
import { parentPort, workerData } from 'node:worker_threads';
import { attach } from './instantiate.ts';

/** `workerData` of a thread. */
export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
}

/** An export to call with numbers. */
export interface ThreadCall {
  readonly name: string;
  readonly args: readonly number[];
}

/** What checked passes found, in number of objects and blocks. */
export interface Faults {
  readonly contents: number;
  readonly alignment: number;
  readonly zero: number;
}

export type ThreadReply =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly faults: Faults }
  | { readonly type: 'trap'; readonly message: string };

/** Serves calls until the worker is ended. */
export function runThread(): void {
  const port = parentPort;
  if (port === null) return;
  const reply = (message: ThreadReply): void => port.postMessage(message);
  const { module, memory } = workerData as ThreadData;
  const { exports, raw } = attach(module, memory);
  port.on('message', ({ name, args }: ThreadCall) => {
    try {
      (raw[name] as (...numbers: readonly number[]) => void)(...args);
      const [contents, alignment, zero] = [0, 1, 2].map((kind) => exports.checked_faults(kind));
      reply({
        type: 'done',
        faults: { contents: contents ?? 0, alignment: alignment ?? 0, zero: zero ?? 0 },
      });
    } catch (error) {
      reply({ type: 'trap', message: error instanceof Error ? error.message : String(error) });
    }
  });
  reply({ type: 'ready' });
}
