/** Records a program's allocations: the recorder preloaded, what it left turned into traces. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import path from 'node:path';
import { UserError } from '../model.ts';
import { nativeBinary } from './harness.ts';
import { abortError } from './process.ts';
import { readEvents } from './trace-events.ts';
import { traceOperations } from './trace-objects.ts';
import { writeTrace } from './trace-writer.ts';

export interface RecordOptions {
  /** Argument vector; looked up in PATH as a shell would. */
  readonly command: readonly string[];
  /** `.trace.gz`; with `all`, the process's number is put before the ending. */
  readonly out: string;
  /** A trace of every process, not of the one with the most operations alone. */
  readonly all: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Events of a process after which nothing more is written down. */
  readonly limit: number;
  /** Path of `recorder.c`. */
  readonly source: string;
  readonly cacheDir: string;
  readonly compiler?: string;
  /** What the program prints goes to our standard error: `inherit`, or nowhere: `ignore`. */
  readonly output: 'inherit' | 'ignore';
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (message: string, fraction: number) => void;
}

/** One process that was recorded. */
export interface RecordedTrace {
  /** Null where no trace of it was written. */
  readonly file: string | null;
  readonly program: string;
  readonly process: number;
  readonly operations: number;
  readonly objects: number;
  readonly threads: number;
  readonly peakBytes: number;
  readonly notes: readonly string[];
}

export interface Recording {
  /** Most operations first. */
  readonly processes: readonly RecordedTrace[];
  /** How the program ended: its exit status, or the signal's name. */
  readonly ended: string;
}

export const recordLimits = { events: 50_000_000, eventsDefault: 20_000_000 } as const;

interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** SIGTERM first, so that a program that is recorded may end by itself; what it did until then is recorded anyhow. */
const graceMs = 2000;

function runRecorded(options: RecordOptions, library: string, folder: string): Promise<Ending> {
  const [program = '', ...args] = options.command;
  const already = options.env.LD_PRELOAD ?? process.env.LD_PRELOAD ?? '';
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...options.env,
    LD_PRELOAD: already === '' ? library : `${library}:${already}`,
    ALLOC_LENS_RECORD: folder,
    ALLOC_LENS_RECORD_LIMIT: String(options.limit),
  };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env,
      stdio: options.output === 'inherit' ? ['inherit', process.stderr, process.stderr] : 'ignore',
      // Its children are stopped with it.
      detached: options.output === 'ignore',
    });
    const kill = (signal: NodeJS.Signals): void => {
      try {
        if (options.output === 'ignore' && child.pid !== undefined) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It has ended by itself.
      }
    };
    let later: NodeJS.Timeout | undefined;
    const abort = (): void => {
      kill('SIGTERM');
      later = setTimeout(() => kill('SIGKILL'), graceMs);
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    child.on('error', (error: NodeJS.ErrnoException) => {
      options.signal?.removeEventListener('abort', abort);
      const why = error.code === 'ENOENT' ? 'no such program' : (error.code ?? error.message);
      reject(new UserError(`${program} cannot be started: ${why}`));
    });
    child.on('close', (status, signal) => {
      clearTimeout(later);
      options.signal?.removeEventListener('abort', abort);
      resolve({ status, signal });
    });
  });
}

function endingText({ status, signal }: Ending): string {
  if (signal !== null) return `ended by ${signal} (${constants.signals[signal]})`;
  return status === 0 ? 'ended with exit status 0' : `ended with exit status ${status}`;
}

function numbered(out: string, process: string): string {
  const ending = /\.trace\.gz$|\.gz$/.exec(out)?.[0] ?? '';
  return `${out.slice(0, out.length - ending.length)}.${process}${ending}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Path of the recorder's library, compiled once. Throws as `nativeBinary`. */
export function recorderLibrary(
  options: Pick<RecordOptions, 'source' | 'cacheDir' | 'compiler' | 'signal'>,
): Promise<string> {
  return nativeBinary({
    name: 'recorder',
    title: 'the allocation recorder',
    sources: [options.source],
    headers: [],
    places: [],
    flags: ['-O2', '-std=gnu11', '-fPIC', '-shared', '-fvisibility=hidden', '-fno-builtin'],
    cacheDir: options.cacheDir,
    compiler: options.compiler ?? 'cc',
    signal: options.signal,
  });
}

/**
 * Runs the command to its end and writes the traces. A cancelled recording stops the program and rejects with an
 * AbortError; nothing is written then.
 *
 * @throws UserError without a compiler, when the program cannot be started, or when none of its allocations were seen
 */
export async function recordTrace(options: RecordOptions): Promise<Recording> {
  if (options.command.length === 0) throw new UserError('give the program to record after --');
  if (!Number.isInteger(options.limit) || options.limit < 1 || options.limit > recordLimits.events) {
    throw new UserError(`the limit has to be from 1 to ${recordLimits.events.toLocaleString('en-US')}`);
  }
  const library = await recorderLibrary(options);
  if (/[\s:]/.test(library)) {
    throw new UserError(`${library}: a preload library's path must be without blanks and colons`, 3);
  }
  // Beside the trace: as large as the recording is, it must not fill a memory-backed /tmp.
  const folder = await mkdtemp(
    path.join(path.dirname(path.resolve(options.out)), '.alloc-lens-record-'),
  ).catch((error: unknown) => {
    throw new UserError(`nothing can be written beside ${options.out}: ${reasonOf(error)}`);
  });
  try {
    options.onProgress?.(`recording ${options.command[0]}`, 0);
    const ending = await runRecorded(options, library, folder);
    if (options.signal?.aborted) throw abortError();
    const processes = await tracesOf(options, folder);
    if (processes.length === 0) {
      throw new UserError(
        `no allocations of ${options.command[0]} were seen (it ${endingText(ending)}): is it linked statically, does it bring its own malloc, or is it set-user-id?`,
        3,
      );
    }
    return { processes, ended: endingText(ending) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Recorded {
  readonly file: string;
  readonly bytes: number;
}

async function recordedFiles(folder: string): Promise<Recorded[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.rec'));
  const files = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      return { file, bytes: (await stat(file)).size };
    }),
  );
  return files.sort((a, b) => b.bytes - a.bytes);
}

/** One process after the other: each may be large. */
async function tracesOf(options: RecordOptions, folder: string): Promise<RecordedTrace[]> {
  const files = await recordedFiles(folder);
  const done: RecordedTrace[] = [];
  let best: { readonly operations: number; readonly write: () => Promise<void> } | null = null;
  let bestIndex = -1;
  for (const [i, { file }] of files.entries()) {
    options.onProgress?.(`process ${i + 1} of ${files.length}`, (i + 0.5) / (files.length + 1));
    const events = await readEvents(file, recordLimits.events + 1024);
    const ops = traceOperations(events);
    if (options.signal?.aborted) throw abortError();
    if (ops.count === 0) continue;
    const out = options.all ? numbered(options.out, path.basename(file, '.rec')) : null;
    if (out !== null) await writeTrace(out, events.program, ops, options.signal);
    else if (best === null || ops.count > best.operations) {
      best = {
        operations: ops.count,
        write: () => writeTrace(options.out, events.program, ops, options.signal),
      };
      bestIndex = done.length;
    }
    const { threadCount, objectCount, peakBytes, notes } = ops;
    done.push({
      ...{ file: out, program: events.program, process: events.process, operations: ops.count },
      ...{ objects: objectCount, threads: threadCount, peakBytes, notes },
    });
  }
  await best?.write();
  return done
    .map((t, i) => (i === bestIndex ? { ...t, file: options.out } : t))
    .sort((a, b) => b.operations - a.operations);
}
