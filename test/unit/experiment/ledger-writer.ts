/**
 * A process that appends experiments to a ledger until it is killed (or has done COUNT) and says on stdout, at once,
 * which ones are finished. Arguments: LEDGER NAME [COUNT].
 */
import { writeSync } from 'node:fs';
import { nodeLedger } from '../../../extension/experiment/ledger-files.ts';
import { appendExperiment } from './append.ts';
import { experiment } from './lab-records.ts';

const [, , file = '', name = '', count = '1000000'] = process.argv;

/** Mostly of a usual size, now and then so long that a kill can hit the middle of the write. */
function length(i: number): number {
  return i % 4 === 1 ? 1_500_000 : 200 + ((i * 7919) % 20_000);
}

writeSync(1, 'ready\n');
for (let i = 0; i < Number(count); i++) {
  const id = `${name}-${i}`;
  // The reason says the id again at its end, so that a merged or cut record would show.
  await appendExperiment(nodeLedger(file), experiment({ id, reason: `${'.'.repeat(length(i))}${id}` }));
  writeSync(1, `${id}\n`);
}
