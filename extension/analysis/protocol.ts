/** Messages between the analysis client and its worker; the calls' types are derived from one table. */
import type { BenchProgress, FileUpdate, Findings } from '../model.ts';

export interface Calls {
  analyze: {
    readonly params: {
      readonly root: string;
      readonly defines: Readonly<Record<string, string>>;
      readonly env: Readonly<Record<string, string>>;
      readonly entries: readonly string[];
      /** A compilation database, absolute. */
      readonly compileCommands?: string;
    };
    readonly result: Findings;
  };
  /** The rows of one file for its new text, at once. */
  update: {
    readonly params: { readonly root: string; readonly file: string; readonly text: string };
    readonly result: FileUpdate;
  };
  /** Findings with every update in them, without waiting for the typing to rest. */
  settle: { readonly params: { readonly root: string }; readonly result: Findings };
}

export type Method = keyof Calls;

export type Request = {
  [K in Method]: { readonly id: number; readonly method: K; readonly params: Calls[K]['params'] };
}[Method];

export type ToWorker = Request | { readonly method: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly id: number; readonly progress: BenchProgress }
  | { readonly id: number; readonly result: Calls[Method]['result'] }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly message: string; readonly exitCode: 2 | 3 | null };
    }
  /** The typing rested: these are the findings now. */
  | { readonly settled: Findings; readonly root: string };

export interface WorkerSetup {
  readonly grammarDir: string;
  /** dist/parse-worker.js. */
  readonly parseWorker?: string;
  /** Where results are kept between sessions. */
  readonly cacheFolder?: string;
}

/** What the worker is started with. */
export interface WorkerData extends WorkerSetup {
  /** One 32-bit count of requests: it tells the worker, in the middle of its work, that somebody is waiting. */
  readonly requests: SharedArrayBuffer;
}
