/** A program whose output is read line by line, however long it is. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { abortError } from './process.ts';

const messageBytes = 4096;

/**
 * Runs it to its end.
 *
 * @returns null when it ended well, else what it said last or why it could not be started
 * @throws AbortError on the signal
 */
export async function runLines(
  command: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
  onLine: (line: string) => void,
): Promise<string | null> {
  if (signal?.aborted) throw abortError();
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...(signal === undefined ? {} : { signal, killSignal: 'SIGKILL' as const }),
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-messageBytes);
  });
  const ended = new Promise<string | null>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? `${command} is not installed` : error.message),
    );
    child.on('close', (status) => {
      const last = words.trim().split('\n').at(-1) ?? '';
      resolve(status === 0 ? null : last === '' ? `${command} ended with status ${status}` : last);
    });
  });
  createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on('line', onLine);
  const problem = await ended;
  if (signal?.aborted) throw abortError();
  return problem;
}
