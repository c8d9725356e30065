/** `alloc-lens calibrate`: what one more atomic, gate, check or layer costs on this machine. */
import { calibrate } from '../experiment/costs.ts';
import { costsText } from '../report/text-costs.ts';
import type { Services } from './services.ts';
import { parseChoice, parseWhole } from './values.ts';

/** As commander hands them over. */
export interface CalibrateFlags {
  readonly seconds: string;
  readonly engine?: boolean;
  readonly format: string;
}

/** Measures, prints, keeps the table for later analyses and notes it in the ledger where there is one. Returns 0. */
export async function runCalibrate(services: Services, flags: CalibrateFlags): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const seconds = parseWhole('--seconds', flags.seconds, 1, 3600);
  const { output, signal, costs } = services;
  const table = await calibrate(
    {
      native: costs.native,
      engine: costs.engine,
      engineOnly: flags.engine === true,
      seconds,
      host: costs.host,
      machine: services.machine,
      now: () => new Date(),
    },
    { onProgress: output.onProgress, signal },
  );
  signal.throwIfAborted();
  const file = costs.keep(table);
  await services.appendToLedger?.({ v: 1, kind: 'costs', at: table.at, costs: table });
  await output.print(format === 'json' ? JSON.stringify(table) : costsText(table, output.style));
  output.say(
    file === null
      ? 'alloc-lens: not kept, because ALLOC_LENS_CACHE is off'
      : `alloc-lens: kept in ${file}; analyze and the editor estimate with it`,
  );
  return 0;
}
