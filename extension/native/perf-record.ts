/** `perf record` around a program: its own environment, an orderly end on cancel, threads and call chains. */
import path from 'node:path';
import { UserError } from '../model.ts';
import { runGroup } from './group-process.ts';
import type { ProcessOutcome } from './process.ts';

export type CallGraph = 'fp' | 'dwarf';

export interface PerfRecordOptions {
  /** Argument vector of the program. */
  readonly command: readonly [string, ...string[]];
  /** What the program's environment has beyond ours; null takes a variable away. Perf itself sees none of it. */
  readonly programEnv: Readonly<Record<string, string | null>>;
  readonly cwd?: string;
  /** `cycles`, `cpu-clock`, ... */
  readonly event: string;
  /** Samples a second. */
  readonly frequency: number;
  readonly callGraph: CallGraph;
  /** Where perf.data is to be. */
  readonly file: string;
  /** Nothing is recorded until the program says so through this FIFO (`enable`, `disable`), and reads back `ack`. */
  readonly control?: { readonly commands: string; readonly answers: string } | null;
  /** Environment that perf is looked up in. */
  readonly env?: NodeJS.ProcessEnv;
  /** Cancels: the program ends, the call rejects. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the recording early; what there is of it is kept. */
  readonly stop?: AbortSignal | undefined;
  /** What the program prints; default: collected. */
  readonly onOutput?: (text: Uint8Array) => void;
  readonly onErrorLine?: (line: string) => void;
}

/** How the program ended: perf ends as it did. */
export interface PerfRecordOutcome extends ProcessOutcome {
  /** Name by which the kernel knows what only starts the program, null where nothing does. */
  readonly launcher: string | null;
}

/**
 * The program's argument vector with its environment, for tools that must not see it themselves: `env` sets the variables
 * and becomes the program. It would take a program with `=` in its name for a variable, but not the argument of another.
 */
export function withEnvironment(
  command: readonly string[],
  programEnv: Readonly<Record<string, string | null>>,
): string[] {
  const entries = Object.entries(programEnv);
  if (entries.length === 0) return [...command];
  const unset = entries.flatMap(([name, value]) => (value === null ? ['-u', name] : []));
  const set = entries.flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  const nice = (command[0] ?? '').includes('=') ? ['nice', '-n', '0'] : [];
  return ['env', ...unset, ...set, ...nice, ...command];
}

/** Lines that perf itself writes to stderr. */
const perfLine = /^\[ perf record: |^Events (en|dis)abled|^Warning:|^WARNING:|^Failed to collect '|^$/;

/**
 * Records to `file`. Resolves when perf is gone, whatever the program's exit status; rejects with an AbortError when
 * cancelled, with a UserError when perf cannot record. No process is left behind.
 */
export async function perfRecord(options: PerfRecordOptions): Promise<PerfRecordOutcome> {
  const { signal, stop, control } = options;
  const command = withEnvironment(options.command, options.programEnv);
  const args = [
    ...['record', '-F', String(options.frequency), '-e', options.event, '-N', '-o', options.file],
    ...['--call-graph', options.callGraph],
    ...(control == null ? [] : ['-D', '-1', `--control=fifo:${control.commands},${control.answers}`]),
    ...['--', ...command],
  ];
  const launcher = command.length === options.command.length ? null : 'env';
  const outcome = await runGroup('perf', args, {
    env: { ...(options.env ?? process.env), LD_PRELOAD: undefined },
    cwd: options.cwd,
    ...{ signal, stop },
    // Perf closes its file on SIGINT and ends the program with SIGTERM.
    ask: 'SIGINT',
    onOutput: options.onOutput,
    onErrorLine: (line) => {
      if (!perfLine.test(line)) options.onErrorLine?.(line);
    },
  });
  const rest = { ...outcome, launcher };
  if (rest.startError !== null) {
    throw new UserError(
      `\`perf\` cannot be started (${rest.startError}): install it (Debian: \`apt install linux-perf\`)`,
      3,
    );
  }
  if (stop?.aborted) return { ...rest, status: null, signal: null };
  const failed = /^Failed to collect '[^']*' for the '(.*)' workload: (.*)$/m.exec(rest.stderr);
  if (failed !== null) {
    throw new UserError(
      `${path.basename(options.command[0])} cannot be started: ${(failed[2] ?? '').trim()}`,
      3,
    );
  }
  const refused =
    /^(?:Error:|The sys_perf_event_open|event syntax error|Access to performance|No permission|Invalid|failed to)[^\n]*/m.exec(
      rest.stderr,
    );
  if (refused !== null && rest.status !== 0 && !/\[ perf record: Captured/.test(rest.stderr)) {
    const lines = rest.stderr.split('\n').map((l) => l.trim());
    const words = lines.find((l) => l !== '' && l !== 'Error:') ?? 'no message';
    throw new UserError(`perf cannot record ${options.event}: ${words.slice(0, 300)}`, 3);
  }
  // What is left are the program's own words.
  return {
    ...rest,
    stderr: rest.stderr
      .split('\n')
      .filter((l) => !perfLine.test(l))
      .join('\n'),
  };
}
