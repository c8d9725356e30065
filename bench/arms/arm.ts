/** What the comparison runs: works (a workload or a trace with its threads) on arms (an allocator in one form). */
import path from 'node:path';
import type { BenchRequest, BenchResult } from '../../extension/model.ts';

export interface Work {
  /** As shown: `random_mixed:tiny`, `mstress T=1`, `trace sqlite`, `trace pythr, flattened`. */
  readonly name: string;
  readonly kind: 'floor' | 'micro' | 'parallel' | 'trace' | 'flat' | 'threaded';
  readonly workload: BenchRequest['workload'];
  readonly profile: string;
  /** Null: one thread, or what the workload or the trace says. */
  readonly threads: number | null;
  readonly trace: { readonly file: string; readonly flatten: boolean } | null;
  /** Too short to be timed: run for its correctness, out of every target. */
  readonly short: boolean;
}

export interface Arm {
  /** As shown: `engine fast`, `mimalloc (preload)`. */
  readonly label: string;
  readonly family: 'engine' | 'native' | 'wasm';
  readonly can: (work: Work) => boolean;
  readonly run: (request: BenchRequest) => Promise<BenchResult>;
}

export type WorkKind = Work['kind'];

/** More than one thread runs: only a quiet machine gives figures. */
export function isParallel(work: Work): boolean {
  return work.kind === 'parallel' || work.kind === 'threaded';
}

export interface TraceInfo {
  readonly file: string;
  readonly threads: number;
  readonly operations: number;
}

const profiles = ['mixed', 'tiny', 'c6heavy', 'c7heavy', 'mid', 'large'];
/** Below this a pass is over before the clock and the threads' start are small against it. */
const shortTrace = 100_000;

/** Every work of the definition, then every trace of the folder, threaded and flattened. */
export function allWorks(traces: readonly TraceInfo[]): Work[] {
  const plain = { threads: null, trace: null, short: false };
  const loops = profiles.flatMap((profile): Work[] => [
    { ...plain, name: `floor:${profile}`, kind: 'floor', workload: 'floor', profile },
    { ...plain, name: `random_mixed:${profile}`, kind: 'micro', workload: 'random_mixed', profile },
  ]);
  const threaded = (workload: 'larson' | 'pc' | 'mstress', counts: readonly number[]): Work[] =>
    counts.map((threads) => ({
      ...{ ...plain, profile: 'mixed', workload, threads },
      ...{ name: `${workload} T=${threads}`, kind: 'parallel' as const },
    }));
  const replays = traces.flatMap(({ file, threads, operations }): Work[] => {
    const name = path.basename(file).replace(/\.trace\.gz$/, '');
    const base = { ...plain, workload: 'trace' as const, profile: 'mixed', short: operations < shortTrace };
    if (threads === 1) {
      return [{ ...base, name: `trace ${name}`, kind: 'trace', trace: { file, flatten: false } }];
    }
    return [
      { ...base, name: `trace ${name}, flattened`, kind: 'flat', trace: { file, flatten: true } },
      { ...base, name: `trace ${name}, T=${threads}`, kind: 'threaded', trace: { file, flatten: false } },
    ];
  });
  return [
    ...loops,
    ...threaded('larson', [2]),
    ...threaded('pc', [2, 4]),
    ...threaded('mstress', [1, 2]),
    ...replays,
  ];
}

export interface RequestOptions {
  readonly passes: number | null;
  readonly latency: boolean;
}

/** One fresh process of a work; arms put their own variant in. */
export function requestOf(work: Work, { passes, latency }: RequestOptions): BenchRequest {
  return {
    ...{
      workload: work.workload,
      profile: work.profile,
      trace: work.trace,
      threads: work.threads,
      passes,
      latency,
    },
    ...{
      variant: '',
      env: {},
      flags: {},
      iterations: null,
      workingSet: null,
      min: null,
      max: null,
      seed: 12345,
    },
    ...{ runs: 1, sample: false, counters: false, verify: false },
  };
}
