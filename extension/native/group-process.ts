/**
 * A program in a process group of its own, as recorders need it: they are asked to end first, so that their files are
 * complete, and whatever they started ends with them.
 */
import { spawn } from 'node:child_process';
import { abortError, type ProcessOutcome } from './process.ts';

export interface GroupOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string | undefined;
  /** Cancels: the group ends, the call rejects with an AbortError. */
  readonly signal?: AbortSignal | undefined;
  /** Ends the group early; the call resolves with what there is. */
  readonly stop?: AbortSignal | undefined;
  /** What the first process is asked to end with. */
  readonly ask: 'SIGINT' | 'SIGTERM';
  /** What the program prints; without it, it is collected. */
  readonly onOutput?: ((bytes: Uint8Array) => void) | undefined;
  /** Each complete line of stderr. */
  readonly onErrorLine?: ((line: string) => void) | undefined;
}

/** Milliseconds between asking the group to end and ending it. */
const patience = 3000;
const mostOutput = 1 << 20;
const errorTail = 1 << 16;

export async function runGroup(
  command: string,
  args: readonly string[],
  options: GroupOptions,
): Promise<ProcessOutcome> {
  const { signal, stop } = options;
  if (signal?.aborted) throw abortError();
  const outcome = await new Promise<ProcessOutcome>((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env,
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    let partial = '';
    let startError: string | null = null;
    let timer: NodeJS.Timeout | undefined;
    const ending = (): boolean => signal?.aborted === true || stop?.aborted === true;
    const kill = (): void => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Nobody of it is left.
      }
    };
    const end = (): void => {
      child.kill(options.ask);
      timer ??= setTimeout(kill, patience);
    };
    // A group of its own is not ended with us.
    process.once('exit', kill);
    signal?.addEventListener('abort', end, { once: true });
    stop?.addEventListener('abort', end, { once: true });
    if (stop?.aborted) end();
    child.stdout.on('data', (bytes: Buffer) => {
      if (options.onOutput !== undefined) options.onOutput(bytes);
      else if (stdout.length < mostOutput) stdout += bytes.toString('utf8');
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text: string) => {
      stderr = (stderr + text).slice(-errorTail);
      const lines = (partial + text).split('\n');
      partial = (lines.pop() ?? '').slice(-errorTail);
      for (const line of lines) options.onErrorLine?.(line);
    });
    let settled = false;
    const settle = (status: number | null, killedBy: string | null): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      process.removeListener('exit', kill);
      signal?.removeEventListener('abort', end);
      stop?.removeEventListener('abort', end);
      if (ending()) {
        // Who did not listen, and who holds on to the pipes.
        kill();
        child.stdout.destroy();
        child.stderr.destroy();
      }
      resolve({ status, signal: killedBy, stdout, stderr, startError });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      startError = error.code ?? error.message;
      settle(null, null);
    });
    child.on('exit', (status, killedBy) => {
      if (ending()) settle(status, killedBy);
    });
    child.on('close', settle);
  });
  if (signal?.aborted) throw abortError();
  return outcome;
}
