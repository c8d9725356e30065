/** `perf stat` around the harness: hardware counters an operation, of timed passes alone. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { NativeCounters } from '../model-profile.ts';
import { runGroup } from './group-process.ts';
import { withEnvironment } from './perf-record.ts';
import type { ProcessOutcome } from './process.ts';

const events = ['cycles', 'instructions', 'branches', 'branch-misses', 'cache-misses'] as const;

/**
 * Counts in the text of `perf stat -x,`: `value,unit,event,...`; what was not counted or not supported is left out, and so
 * is what was counted for a part of the time only. Exposed for its test.
 */
export function parseStat(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [value = '', , event = '', , share = '100'] = line.split(',');
    if (!/^\d+(\.\d+)?$/.test(value) || Number(share) < 99) continue;
    counts.set(event.replace(/:[a-zA-Z]+$/, ''), Number(value));
  }
  return counts;
}

/** Null where nothing was counted. */
export function statCounters(counts: ReadonlyMap<string, number>, operations: number): NativeCounters | null {
  const perOp = (name: (typeof events)[number]): number | null => {
    const count = counts.get(name);
    return count === undefined || operations <= 0 ? null : count / operations;
  };
  if (!counts.has('instructions') && !counts.has('cycles')) return null;
  return {
    source: 'perf stat',
    cyclesPerOp: perOp('cycles'),
    instructionsPerOp: perOp('instructions'),
    branchesPerOp: perOp('branches'),
    branchMissesPerOp: perOp('branch-misses'),
    cacheMissesPerOp: perOp('cache-misses'),
  };
}

export interface StatOptions {
  readonly command: readonly [string, ...string[]];
  readonly programEnv: Readonly<Record<string, string | null>>;
  readonly folder: string;
  readonly control: { readonly commands: string; readonly answers: string };
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  readonly onErrorLine?: (line: string) => void;
  /** Default: those of `NativeCounters`. */
  readonly events?: readonly string[];
}

/** Counts by event, and what the program did. Rejects with an AbortError only. */
export async function perfStat(
  options: StatOptions,
): Promise<{ readonly outcome: ProcessOutcome; readonly counts: ReadonlyMap<string, number> }> {
  const file = path.join(options.folder, 'stat.csv');
  const { commands, answers } = options.control;
  const args = [
    ...['stat', '-x', ',', '-o', file, '-e', (options.events ?? events).join(',')],
    ...['-D', '-1', `--control=fifo:${commands},${answers}`, '--'],
    ...withEnvironment(options.command, options.programEnv),
  ];
  const outcome = await runGroup('perf', args, {
    env: { ...(options.env ?? process.env), LD_PRELOAD: undefined },
    signal: options.signal,
    ask: 'SIGINT',
    onErrorLine: options.onErrorLine,
  });
  let text = '';
  try {
    text = await readFile(file, 'utf8');
  } catch {
    // Nothing was counted: the outcome says why.
  }
  return { outcome, counts: parseStat(text) };
}
