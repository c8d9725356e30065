/**
 * A program under `valgrind --tool=callgrind`: exact instructions and branches, simulated cache misses and branch
 * mispredictions. What is measured where perf has no counters, and what is profiled where perf cannot record.
 */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { NativeCounters } from '../model-profile.ts';
import { UserError } from '../model.ts';
import { runGroup } from './group-process.ts';
import { withEnvironment } from './perf-record.ts';
import type { ProcessOutcome } from './process.ts';
import { linesOf } from './stream-process.ts';

export interface CallgrindOptions {
  readonly command: readonly [string, ...string[]];
  /** As `PerfRecordOptions`; valgrind itself sees none of it. */
  readonly programEnv: Readonly<Record<string, string | null>>;
  readonly cwd?: string;
  /** Empty folder for its files. */
  readonly folder: string;
  /** Functions outside of which nothing is counted; empty for all of the program. */
  readonly only: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Ends the recording early; what there is of it is kept. */
  readonly stop?: AbortSignal | undefined;
  readonly onOutput?: (bytes: Uint8Array) => void;
  readonly onErrorLine?: (line: string) => void;
}

export interface CallgrindOutcome extends ProcessOutcome {
  /** The file with the most cost in it: programs that start others leave one each. */
  readonly file: string;
}

/** Functions of the harness that do timed passes, one for each workload, and what compilers make of their names. */
export const timedFunctions: readonly string[] = [
  'random_mixed_timed*',
  'floor_loop_timed*',
  'pc_timed*',
  'mstress_timed*',
  'trace_pass_timed*',
  'generation_timed*',
];

/** Rejects with a UserError when valgrind cannot be started or left no file, with an AbortError when cancelled. */
export async function runCallgrind(options: CallgrindOptions): Promise<CallgrindOutcome> {
  const { folder, signal } = options;
  const args = [
    '--tool=callgrind',
    // Through `env` to the program itself.
    '--trace-children=yes',
    '--dump-instr=yes',
    '--dump-line=yes',
    '--branch-sim=yes',
    '--cache-sim=yes',
    `--callgrind-out-file=${path.join(folder, 'callgrind.out.%p').replace(/%(?!p$)/g, '%%')}`,
    ...options.only.map((name) => `--toggle-collect=${name}`),
    ...withEnvironment(options.command, options.programEnv),
  ];
  const outcome = await runGroup('valgrind', args, {
    env: { ...(options.env ?? process.env), DEBUGINFOD_URLS: '', LD_PRELOAD: undefined },
    cwd: options.cwd,
    ...{ signal, stop: options.stop },
    // Valgrind writes its file when the program ends, also by this.
    ask: 'SIGTERM',
    onOutput: options.onOutput,
    onErrorLine: (line) => {
      if (!/^==\d+==/.test(line)) options.onErrorLine?.(line);
    },
  });
  if (outcome.startError !== null) {
    throw new UserError(
      `\`valgrind\` cannot be started (${outcome.startError}): install it (\`apt install valgrind\`)`,
      3,
    );
  }
  const files = (await readdir(folder)).filter((f) => f.startsWith('callgrind.out.'));
  const sizes = await Promise.all(files.map(async (f) => (await stat(path.join(folder, f))).size));
  const largest = files[sizes.indexOf(Math.max(...sizes))];
  if (largest === undefined) {
    const words = outcome.stderr.split('\n').findLast((l) => /^(==\d+== |valgrind: )\S/.test(l)) ?? '';
    throw new UserError(
      `callgrind recorded nothing: ${words.replace(/^==\d+== /, '').slice(0, 200) || `it ended with ${outcome.status ?? outcome.signal}`}`,
      3,
    );
  }
  return { ...outcome, file: path.join(folder, largest) };
}

/** Sums of all events of one callgrind file, by event; empty when it has none. */
export async function callgrindTotals(file: string): Promise<ReadonlyMap<string, number>> {
  let events: readonly string[] = [];
  let sums: readonly number[] = [];
  for await (const lines of linesOf(createReadStream(file))) {
    for (const line of lines) {
      if (line.startsWith('events:')) events = line.slice(7).trim().split(/\s+/);
      else if (line.startsWith('totals:') || (line.startsWith('summary:') && sums.length === 0)) {
        sums = line
          .slice(line.indexOf(':') + 1)
          .trim()
          .split(/\s+/)
          .map(Number);
      }
    }
  }
  return new Map(events.map((name, i) => [name, sums[i] ?? 0]));
}

/**
 * Counters an operation; misses are those of callgrind's model (two levels of cache of this machine's sizes, a branch
 * predictor of its own). The last level's misses are what perf calls cache misses.
 */
export function callgrindCounters(
  totals: ReadonlyMap<string, number>,
  operations: number,
): { readonly counters: NativeCounters; readonly memoryOpsPerOp: number | null } {
  const perOp = (...names: string[]): number | null =>
    operations > 0 && names.every((n) => totals.has(n))
      ? names.reduce((sum, n) => sum + (totals.get(n) ?? 0), 0) / operations
      : null;
  return {
    counters: {
      source: 'callgrind',
      cyclesPerOp: null,
      instructionsPerOp: perOp('Ir'),
      branchesPerOp: perOp('Bc', 'Bi'),
      branchMissesPerOp: perOp('Bcm', 'Bim'),
      cacheMissesPerOp: perOp('ILmr', 'DLmr', 'DLmw'),
    },
    memoryOpsPerOp: perOp('Dr', 'Dw'),
  };
}
