/** Standard streams with manners: data alone on stdout, everything else on stderr, closed pipes are not errors. */
import type { BenchProgress } from '../model.ts';
import { printable } from '../report/format.ts';
import { ansi, plain, type Style } from '../report/style.ts';

export interface Output {
  readonly style: Style;
  /** Columns of the terminal that stdout is, null for a file or a pipe. */
  readonly width: number | null;
  /** Writes to stdout and a line end; resolves when it is flushed or the reader is gone. */
  print(text: string): Promise<void>;
  /** One line on stderr. */
  say(line: string): void;
  readonly onProgress: (progress: BenchProgress) => void;
  /** Takes the progress line off the terminal. */
  endProgress(): void;
}

function wantsColour(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

const quietInterval = 2000;

/** Streams of this process. A reader that stops early (`| head`) ends the output silently. */
export function processOutput(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
): Output {
  let closed = false;
  let drawn = false;
  let lastSaid = Date.now();
  let lastMessage = '';
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
  };
  stdout.on('error', onError);
  stderr.on('error', onError);
  const endProgress = (): void => {
    if (drawn) stderr.write('\r\u001b[K');
    drawn = false;
  };
  return {
    style: wantsColour(stdout, env) ? ansi : plain,
    width: stdout.isTTY === true && stdout.columns >= 80 ? stdout.columns : null,
    print: (text) =>
      new Promise((resolve) => {
        endProgress();
        if (closed) resolve();
        else stdout.write(`${text}\n`, () => resolve());
      }),
    say: (line) => {
      endProgress();
      stderr.write(`${printable(line)}\n`);
    },
    onProgress: ({ message, fraction }) => {
      const text = `${String(Math.round(fraction * 100)).padStart(3)}% ${printable(message)}`;
      if (stderr.isTTY === true) {
        stderr.write(`\r${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}\u001b[K`);
        drawn = true;
        return;
      }
      // In a log a line now and then is enough, and none for what is quickly done.
      const now = Date.now();
      if (text === lastMessage || now - lastSaid < quietInterval) return;
      lastSaid = now;
      lastMessage = text;
      stderr.write(`${text}\n`);
    },
    endProgress,
  };
}
