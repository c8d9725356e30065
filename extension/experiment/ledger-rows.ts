/** A ledger as the command line and the views list it. */
import type { LedgerListing, LedgerRecord, LedgerRow } from '../model-ledger.ts';
import { workText } from './cumulative.ts';
import { idOf, type Ledger, type LedgerEntry } from './ledger.ts';

type Facts = Omit<LedgerRow, 'id' | 'kind' | 'at' | 'file' | 'line'>;

const nothing: Facts = {
  title: '',
  replay: null,
  workload: null,
  verdict: null,
  passed: null,
  effectPercent: null,
  interval: null,
  threshold: null,
};

function factsOf(record: LedgerRecord): Facts {
  switch (record.kind) {
    case 'experiment': {
      const { title, replay, verdict, effectPercent, interval, threshold, work } = record.experiment;
      return {
        ...nothing,
        ...{ title, replay, verdict, effectPercent, interval, threshold },
        workload: workText(work),
      };
    }
    case 'calibration': {
      const { target, workload, passed, biasPercent, interval } = record.calibration;
      const title = `A/A of ${target}`;
      return { ...nothing, title, workload, passed, effectPercent: biasPercent, interval };
    }
    case 'soak': {
      const { minutes, sides, passed, work } = record.soak;
      const title = `${minutes} min of ${sides.map((s) => s.label).join(' and ')}`;
      return { ...nothing, title, passed, workload: workText(work) };
    }
    case 'costs':
      return { ...nothing, title: `costs, ${record.costs.source}` };
  }
}

/** One record of a list. */
export function ledgerRow({ record, file, line }: LedgerEntry): LedgerRow {
  return { id: idOf(record), kind: record.kind, at: record.at, ...factsOf(record), file, line };
}

/** What `alloc-lens ledger list --format json` prints. */
export function ledgerListing(ledger: Ledger): LedgerListing {
  return {
    schemaVersion: 1,
    path: ledger.path,
    records: ledger.entries.map(ledgerRow),
    problems: ledger.problems,
    moreProblems: ledger.moreProblems,
  };
}

/** The newest record of an id, and how many older ones there are; null when there is none. */
export function findRecord(
  ledger: Ledger,
  id: string,
): { readonly entry: LedgerEntry; readonly older: number } | null {
  const found = ledger.entries.filter((e) => idOf(e.record) === id);
  const entry = found.at(-1);
  return entry === undefined ? null : { entry, older: found.length - 1 };
}
