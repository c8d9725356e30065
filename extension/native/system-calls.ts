/** Memory-management system calls of the harness's timed passes, counted by ptrace in a run of its own. */
import { UserError } from '../model.ts';
import { nativeBinary } from './harness.ts';
import { runProcess } from './process.ts';

export interface CountOptions {
  /** The harness, and what it is to do. */
  readonly binary: string;
  readonly args: readonly string[];
  /** Library to preload into the harness alone. */
  readonly preload: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** Path of `syscalls.c`, `mark.h` beside it. */
  readonly source: string;
  readonly cacheDir: string;
  readonly compiler: string;
  readonly signal: AbortSignal | undefined;
}

export interface CountedCalls {
  /** mmap, munmap, mremap, madvise, mprotect and brk, of all threads. */
  readonly calls: number;
  /** What the harness printed. */
  readonly stdout: string;
}

const names = ['mmap', 'munmap', 'mremap', 'madvise', 'mprotect', 'brk'] as const;

/** The counter's line. Null when it is not there, or when the harness never marked its passes. */
export function parseCounts(stdout: string): number | null {
  const line = stdout.split('\n').findLast((l) => l.startsWith('{"mmap":'));
  if (line === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'marked') !== 1) return null;
  const counts = names.map((name): unknown => Reflect.get(value, name));
  return counts.reduce<number | null>(
    (sum, n) => (sum !== null && typeof n === 'number' && n >= 0 ? sum + n : null),
    0,
  );
}

/**
 * Null where processes may not be traced (seccomp, Yama, an old kernel).
 *
 * @throws UserError without a compiler or when the harness fails; AbortError
 */
export async function countSystemCalls(options: CountOptions): Promise<CountedCalls | null> {
  const counter = await nativeBinary({
    ...{ name: 'syscalls', title: 'the system call counter', sources: [options.source] },
    headers: [options.source.replace(/syscalls\.c$/, 'mark.h')],
    ...{ places: [], flags: ['-O2', '-std=gnu11'], cacheDir: options.cacheDir },
    ...{ compiler: options.compiler, signal: options.signal },
  });
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  delete env.LD_PRELOAD;
  delete env.ALLOC_LENS_PRELOAD;
  if (options.preload !== null) env.ALLOC_LENS_PRELOAD = options.preload;
  const outcome = await runProcess(counter, [options.binary, ...options.args], {
    env,
    signal: options.signal,
  });
  if (/^syscalls: /m.test(outcome.stderr)) return null;
  if (outcome.status !== 0) {
    throw new UserError('the workload failed while its system calls were counted', 3);
  }
  const calls = parseCounts(outcome.stdout);
  return calls === null ? null : { calls, stdout: outcome.stdout };
}
