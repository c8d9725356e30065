/** Messages between the analysis client and its worker; the calls' types are derived from one table. */
import type { BenchProgress, Findings } from '../model.ts';

export interface Calls {
  analyze: {
    readonly root: string;
    readonly defines: Readonly<Record<string, string>>;
    readonly env: Readonly<Record<string, string>>;
    readonly entries: readonly string[];
  };
  update: { readonly root: string; readonly file: string; readonly text: string };
}

export type Request = {
  [K in keyof Calls]: { readonly id: number; readonly method: K; readonly params: Calls[K] };
}[keyof Calls];

export type ToWorker = Request | { readonly method: 'cancel'; readonly id: number };

export type FromWorker =
  | { readonly id: number; readonly progress: BenchProgress }
  | { readonly id: number; readonly findings: Findings }
  | {
      readonly id: number;
      readonly error: { readonly name: string; readonly message: string; readonly exitCode: 2 | 3 | null };
    };

export interface WorkerSetup {
  readonly grammarDir: string;
  /** dist/parse-worker.js. */
  readonly parseWorker?: string;
  /** Where results are kept between sessions. */
  readonly cacheFolder?: string;
}
