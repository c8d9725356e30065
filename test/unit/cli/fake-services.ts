/** Services for tests of commands: what is printed, said and kept is collected, the rest must not be asked. */
import type { Services } from '../../../extension/cli/services.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import { plain } from '../../../extension/report/style.ts';
import { noCosts } from './cost-services.ts';

const unasked = (): never => {
  throw new Error('not to be called');
};

export interface FakeServices {
  readonly services: Services;
  readonly printed: string[];
  readonly said: string[];
  readonly records: LedgerRecord[];
}

/** `over` has what the command under test is allowed to ask. */
export function fakeServices(over: Partial<Services> = {}): FakeServices {
  const printed: string[] = [];
  const said: string[] = [];
  const records: LedgerRecord[] = [];
  const services: Services = {
    output: {
      ...{ style: plain, width: null, onProgress: () => {}, endProgress: () => {} },
      print: async (text) => void printed.push(text),
      say: (line) => void said.push(line),
    },
    ...{ signal: new AbortController().signal, version: '0', analyze: unasked, target: unasked },
    ...{ installed: unasked, profileFromBench: unasked, sourceText: unasked, htmlAssets: unasked },
    ...{ experiment: unasked, machine: unasked, engineFunctions: unasked, soakRunner: { start: unasked } },
    ...{ recordTrace: unasked, functionSymbols: unasked },
    appendToLedger: async (record) => void records.push(record),
    costs: noCosts,
    ...over,
  };
  return { services, printed, said, records };
}
