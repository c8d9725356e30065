/** A child process from an argument vector: output collected, progress lines handed on, killed on abort. */
import { spawn } from 'node:child_process';

export interface ProcessOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Default: this process's own. */
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
  /**
   * The program leads a process group of its own, and an abort ends all of that group: asked to first, so that compilers
   * remove what they have half written, then made to.
   */
  readonly group?: boolean;
  /** Called with each complete line of stdout. */
  readonly onOutputLine?: (line: string) => void;
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
/** Milliseconds between asking a group to end and ending it. */
const groupGrace = 2000;

/** For messages, which are one line: control characters as question marks, and not too long. */
export function oneLine(text: string): string {
  const plain = [...text.slice(0, 300)].map((c) => (c < ' ' || c === '\x7f' ? '?' : c)).join('');
  return text.length > 300 ? `${plain}…` : plain;
}

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
      detached: options.group === true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    let partial = '';
    let partialOutput = '';
    let startError: string | null = null;
    let killing: NodeJS.Timeout | undefined;
    const endGroup = (how: NodeJS.Signals): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, how);
      } catch {
        // Nobody of it is left.
      }
    };
    const abort = (): void => {
      if (options.group !== true) {
        child.kill('SIGKILL');
        return;
      }
      endGroup('SIGTERM');
      killing = setTimeout(() => {
        endGroup('SIGKILL');
        // Who left the group and holds on to the pipes is not waited for.
        child.stdout.destroy();
        child.stderr.destroy();
      }, groupGrace);
    };
    signal?.addEventListener('abort', abort, { once: true });
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (text: string) => {
      if (stdout.length < stdoutLimit) stdout += text;
      if (options.onOutputLine === undefined) return;
      const lines = (partialOutput + text).split('\n');
      partialOutput = (lines.pop() ?? '').slice(-stderrTail);
      for (const line of lines) options.onOutputLine(line);
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
    child.on('close', (status, killedBy) => {
      clearTimeout(killing);
      if (options.group === true && signal?.aborted) endGroup('SIGKILL');
      if (partialOutput !== '') options.onOutputLine?.(partialOutput);
      settle(status, killedBy);
    });
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
