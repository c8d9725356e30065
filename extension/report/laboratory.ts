/** The ledger's part of the report. */
import type { CostTable } from '../model-costs.ts';
import type { CumulativeStep, DocumentFigures, Experiment } from '../model-experiment.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import type { SoakSummary } from '../model-soak.ts';
import type { ReportModel } from '../model.ts';
import { phaseTables } from '../experiment/cumulative.ts';
import { otherDisagreements, replays } from '../experiment/replays.ts';
import { disagreementRows, replayRows } from './replay-rows.ts';

export type LaboratoryPart = Required<
  Pick<
    ReportModel,
    | 'experiments'
    | 'soaks'
    | 'costs'
    | 'cumulative'
    | 'documents'
    | 'phases'
    | 'replays'
    | 'disagreements'
    | 'ledgerProblems'
  >
>;

/** A ledger grows without end; the page gets the newest of each kind. */
const mostExperiments = 300;
const mostSoaks = 50;
const mostProblems = 100;

/** As it is shown: blocks are what a unit's figure was made of, a thousand numbers each, and no view shows them. */
function withoutBlocks(e: Experiment): Experiment {
  return { ...e, units: e.units.map((u) => ({ ...u, blocks: [] })) };
}

/**
 * @param records of the ledger, oldest first
 * @param problems what could not be read of it, a sentence each
 * @param cumulative the running product over all of `records`
 * @param documents figures of every document that can be replayed; those that were replayed are kept
 */
export function laboratoryPart(
  records: readonly LedgerRecord[],
  problems: readonly string[],
  cumulative: readonly CumulativeStep[],
  documents: readonly DocumentFigures[],
): LaboratoryPart {
  const experiments: Experiment[] = [];
  const soaks: SoakSummary[] = [];
  const costs: CostTable[] = [];
  for (const record of records) {
    if (record.kind === 'experiment') experiments.push(record.experiment);
    else if (record.kind === 'soak') soaks.push(record.soak);
    else if (record.kind === 'costs') costs.push(record.costs);
  }
  const shown = experiments.slice(-mostExperiments).map(withoutBlocks);
  const replayed = new Set(shown.map((e) => e.replay));
  const more = problems.length - mostProblems;
  return {
    experiments: shown,
    soaks: soaks.slice(-mostSoaks),
    costs: newestCosts(costs),
    cumulative: cumulative.slice(-mostExperiments),
    documents: documents.filter((d) => replayed.has(d.replay)),
    // Over all of them: a total that forgot the oldest would be a wrong one.
    phases: phaseTables(experiments),
    replays: replayRows(replays),
    disagreements: disagreementRows(replays, otherDisagreements),
    ledgerProblems:
      more > 0 ? [...problems.slice(0, mostProblems), `${more} further problems are not listed.`] : problems,
  };
}

/** The newest table of each source: a calibration replaces the one before it. */
function newestCosts(tables: readonly CostTable[]): CostTable[] {
  const bySource = new Map<string, CostTable>();
  for (const table of tables) {
    const known = bySource.get(table.source);
    if (known === undefined || known.at <= table.at) bySource.set(table.source, table);
  }
  return [...bySource.values()];
}
