/** Records as the commands append them, for tests of what reads a ledger. */
import { appendRecord, ledgerOf } from '../../../extension/experiment/ledger.ts';
import type { LedgerFiles } from '../../../extension/experiment/ledger-files.ts';
import type { CostTable } from '../../../extension/model-costs.ts';
import type { Calibration, Experiment } from '../../../extension/model-experiment.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import type { SoakSummary } from '../../../extension/model-soak.ts';

/** A workspace's folder, or where its ledger lies. */
type Place = string | LedgerFiles;

const head = () => ({ v: 1, at: new Date().toISOString() }) as const;

/** All give the file. */
const append = (place: Place, record: LedgerRecord): Promise<string> =>
  appendRecord(typeof place === 'string' ? ledgerOf(place) : place, record);

export const appendExperiment = (place: Place, experiment: Experiment): Promise<string> =>
  append(place, { ...head(), kind: 'experiment', experiment });

export const appendSoak = (place: Place, soak: SoakSummary): Promise<string> =>
  append(place, { ...head(), kind: 'soak', soak });

export const appendCosts = (place: Place, costs: CostTable): Promise<string> =>
  append(place, { ...head(), kind: 'costs', costs });

export const appendCalibration = (place: Place, calibration: Calibration): Promise<string> =>
  append(place, { ...head(), kind: 'calibration', calibration });
