/** A child process whose output is read while it runs: for tools that print more than anyone wants to hold. */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { abortError } from './process.ts';

export interface StreamOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Whether `input` is open to be written to. */
  readonly input?: boolean;
}

export interface StreamEnd {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: string | null;
  /** The last part of it. */
  readonly stderr: string;
  /** Set when the program could not be started at all (`ENOENT`, `EACCES`, ...). */
  readonly startError: string | null;
}

export interface StreamedProcess {
  /** What it prints; has to be read to its end, or `stop` called. Throws the AbortError of a cancelled run. */
  readonly output: AsyncIterable<Uint8Array>;
  readonly input: Writable | null;
  /** Resolves when the process is gone. */
  readonly ended: Promise<StreamEnd>;
  readonly stop: () => void;
}

const stderrTail = 1 << 14;

/** Starts `command`; the signal kills it, and ends `output` with an AbortError. */
export function streamProcess(
  command: string,
  args: readonly string[],
  options: StreamOptions,
): StreamedProcess {
  const { signal } = options;
  if (signal?.aborted) throw abortError();
  const child = spawn(command, args, {
    stdio: [options.input === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
  });
  const { stdin, stdout } = child;
  const stop = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let stderr = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrTail);
  });
  // A tool that ends early is reported by its exit status, not by the pipe that it left behind.
  stdin?.on('error', () => {});
  const ended = new Promise<StreamEnd>((resolve) => {
    let startError: string | null = null;
    const settle = (status: number | null, killedBy: string | null): void => {
      signal?.removeEventListener('abort', stop);
      resolve({ status, signal: killedBy, stderr, startError });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      startError = error.code ?? error.message;
      settle(null, null);
    });
    child.on('close', settle);
  });
  async function* output(): AsyncGenerator<Uint8Array> {
    if (stdout === null) return;
    try {
      for await (const chunk of stdout) yield chunk as Uint8Array;
    } finally {
      // Also where the reader stops in the middle.
      if (child.exitCode === null) stop();
    }
    if (signal?.aborted) throw abortError();
  }
  return { output: output(), input: stdin, ended, stop };
}

/** Lines of a stream of bytes, without their ends; an unfinished last line is given too. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of input) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield [rest];
}
