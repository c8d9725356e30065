/** Runs the misuse cells in child processes that are ended when they make no progress. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { type CellResult, cells } from './misuse.ts';

const child = path.join(import.meta.dirname, 'misuse-child.ts');

export interface TableRequest {
  readonly distDir: string;
  readonly variant: string;
  readonly attempts: number;
  /** Milliseconds without a sign of life after which a cell counts as undefined. */
  readonly patience: number;
}

interface Message {
  readonly index: number;
  readonly result?: CellResult;
}

/** A cell whose heap went in circles. */
function endless(index: number, patience: number): CellResult | undefined {
  const cell = cells[index];
  if (cell === undefined) return undefined;
  return {
    ...{ cell, attempts: 1, example: `the engine did not come back within ${patience / 1000} s` },
    counts: { reported: 0, misreported: 0, trapped: 0, harmless: 0, undefined: 1 },
  };
}

/** One child until its cells are done or it hangs; the results it sent, and the cell it hung in. */
async function runChild(
  request: TableRequest,
  wanted: readonly number[],
  done: (index: number, result: CellResult) => void,
): Promise<number | null> {
  const proc = fork(child, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  let left = [...wanted];
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      proc.removeAllListeners('exit');
      proc.kill('SIGKILL');
      settle();
    };
    const hung = (): void => end(() => resolve(left[0] ?? null));
    let timer = setTimeout(hung, request.patience + 20_000);
    proc.on('message', ({ index, result }: Message) => {
      clearTimeout(timer);
      timer = setTimeout(hung, request.patience);
      if (result === undefined) return;
      left = left.filter((i) => i !== index);
      done(index, result);
      if (left.length === 0) end(() => resolve(null));
    });
    proc.on('exit', (code, signal) =>
      end(() => reject(new Error(`the child ended with ${signal ?? code} in cell ${left[0]}`))),
    );
    proc.send({ ...request, cells: wanted });
  });
}

/** All cells of a variant (or those given, as indices into `cells`), in their order. */
export async function misuseTable(
  request: TableRequest,
  wanted: readonly number[] = cells.map((_, i) => i),
): Promise<CellResult[]> {
  const results = new Map<number, CellResult>();
  for (;;) {
    const left = wanted.filter((i) => !results.has(i));
    if (left.length === 0) break;
    const hung = await runChild(request, left, (index, result) => void results.set(index, result));
    const result = hung === null ? undefined : endless(hung, request.patience);
    if (hung !== null && result !== undefined) results.set(hung, result);
  }
  return wanted.flatMap((i) => results.get(i) ?? []);
}
