/** Tries the cells that its parent names, one message each, and is ended by it: what a double free leaves may run in circles for ever. */
import { cells, tryCell } from './misuse.ts';
import { loadModule } from './session.ts';

interface Request {
  readonly distDir: string;
  readonly variant: string;
  readonly attempts: number;
  /** Indices into `cells`. */
  readonly cells: readonly number[];
}

process.on('message', (request: Request) => {
  const fuzzed = loadModule(request.distDir, request.variant);
  for (const index of request.cells) {
    const cell = cells[index];
    if (cell === undefined) continue;
    const alive = (): void => void process.send?.({ index, alive: true });
    process.send?.({ index, result: tryCell(fuzzed, cell, request.attempts, alive) });
  }
});
