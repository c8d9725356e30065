/** `alloc-lens ledger`: what was measured, read back from the workspace's ledger, and written out as documents. */
import path from 'node:path';
import { cumulative } from '../experiment/cumulative.ts';
import { type Ledger, ledgerOf, readLedger } from '../experiment/ledger.ts';
import { nodeLedger } from '../experiment/ledger-files.ts';
import { findRecord, ledgerListing } from '../experiment/ledger-rows.ts';
import { UserError } from '../model.ts';
import type { Experiment } from '../model-experiment.ts';
import type { LedgerExport } from '../model-ledger.ts';
import { candidateTables } from '../report/candidate-tables.ts';
import { experimentDocument } from '../report/lab-documents.ts';
import { writeDocuments } from '../report/lab-export.ts';
import { ledgerText, problemText, recordText } from '../report/text-ledger.ts';
import type { Services } from './services.ts';
import { parseChoice, quoted } from './values.ts';

/** As commander hands them over. */
export interface LedgerFlags {
  readonly file?: string;
  readonly out: string;
  readonly format: string;
}

type Format = 'text' | 'json';

function experimentsOf(ledger: Ledger): Experiment[] {
  return ledger.entries.flatMap(({ record }) => (record.kind === 'experiment' ? [record.experiment] : []));
}

async function open(services: Services, flags: LedgerFlags): Promise<Ledger> {
  const ledger = await readLedger(flags.file === undefined ? ledgerOf('.') : nodeLedger(flags.file));
  if (!ledger.present) {
    throw new UserError(
      flags.file === undefined
        ? `no ledger in this folder (${path.join('.alloc-lens', 'ledger.jsonl')}): the first alloc-lens experiment begins one; --file names another`
        : `--file ${quoted(flags.file)}: no such ledger`,
    );
  }
  const unread = ledger.problems.find((p) => p.kind === 'file');
  if (ledger.entries.length === 0 && unread !== undefined) throw new UserError(problemText(unread));
  for (const problem of ledger.problems) services.output.say(problemText(problem));
  if (ledger.moreProblems > 0) services.output.say(`and ${ledger.moreProblems} more that could not be read`);
  return ledger;
}

async function show(services: Services, ledger: Ledger, id: string, format: Format): Promise<number> {
  const found = findRecord(ledger, id);
  if (found === null) {
    throw new UserError(`no record ${quoted(id)} in ${ledger.path}: alloc-lens ledger list shows their ids`);
  }
  const { record } = found.entry;
  if (found.older > 0) services.output.say(`${found.older} older of the same id`);
  if (format === 'json') await services.output.print(JSON.stringify(record));
  else if (record.kind === 'experiment') {
    const [, , ...lines] = experimentDocument(record.experiment).trimEnd().split('\n');
    await services.output.print(lines.join('\n'));
  } else await services.output.print(recordText(record));
  return 0;
}

async function exportAll(services: Services, ledger: Ledger, out: string, format: Format): Promise<number> {
  const folder = path.resolve(out);
  const { written, kept } = writeDocuments(experimentsOf(ledger), folder, null);
  for (const name of kept) {
    const file = path.join(folder, name);
    services.output.say(`${file} was not made by an export and stays: move it, or name another --out`);
  }
  const { problems, moreProblems } = ledger;
  const result: LedgerExport = { schemaVersion: 1, folder, written, kept, problems, moreProblems };
  await services.output.print(
    format === 'json' ? JSON.stringify(result) : written.map((name) => path.join(folder, name)).join('\n'),
  );
  return kept.length === 0 ? 0 : 2;
}

/** Exit status: 0 done; 2 no ledger, an unknown id, or a document in the way that is not ours. */
export async function runLedger(
  services: Services,
  action: string | undefined,
  id: string | undefined,
  flags: LedgerFlags,
): Promise<number> {
  const what = parseChoice('ledger', action ?? 'list', ['list', 'show', 'export']);
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  if ((what === 'show') !== (id !== undefined)) {
    throw new UserError(
      what === 'show'
        ? 'ledger show needs the id of a record'
        : `ledger ${what} takes no ${quoted(id ?? '')}`,
    );
  }
  const ledger = await open(services, flags);
  if (what === 'show') return show(services, ledger, id ?? '', format);
  if (what === 'export') return exportAll(services, ledger, flags.out, format);
  const listing = ledgerListing(ledger);
  const experiments = experimentsOf(ledger);
  await services.output.print(
    format === 'json'
      ? JSON.stringify(listing)
      : ledgerText(
          listing,
          cumulative(experiments),
          candidateTables(null, experiments),
          services.output.style,
        ),
  );
  return 0;
}
