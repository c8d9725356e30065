/** A child process from an argument vector: output collected, progress lines handed on, killed on abort. */
import { spawn } from 'node:child_process';

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Called with each complete line of stderr. */
  readonly onErrorLine?: (line: string) => void;
}

export interface ProcessOutcome {
  /** Null when a signal ended it. */
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  /** The last part of it. */
  readonly stderr: string;
  /** Set when the program could not be started at all (`ENOENT`, `EACCES`, ...). */
  readonly startError: string | null;
}

/** More than any of our programs prints; a runaway child must not fill the host's memory. */
const stdoutLimit = 1 << 20;
const stderrTail = 1 << 16;

export function abortError(): Error {
  return new DOMException('The benchmark was cancelled', 'AbortError');
}

/** Runs `command` to its end. Rejects only with an AbortError; everything else is in the outcome. */
export function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions,
): Promise<ProcessOutcome> {
  const { signal } = options;
  if (signal?.aborted) return Promise.reject(abortError());
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
    });
    let stdout = '';
    let stderr = '';
    let partial = '';
    let startError: string | null = null;
    const abort = (): void => {
      child.kill('SIGKILL');
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (stdout.length < stdoutLimit) stdout += text;
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr = (stderr + text).slice(-stderrTail);
      const lines = (partial + text).split('\n');
      partial = (lines.pop() ?? '').slice(-stderrTail);
      for (const line of lines) options.onErrorLine?.(line);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      startError = error.code ?? error.message;
      settle(null, null);
    });
    child.on('close', (status, killedBy) => settle(status, killedBy));
    let settled = false;
    const settle = (status: number | null, killedBy: string | null): void => {
      if (settled) return;
      settled = true;
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(abortError());
      else resolve({ status, signal: killedBy, stdout, stderr, startError });
    };
  });
}
