/** A laboratory that measures nothing: it answers what a test asks for and remembers what it was asked. */
import type * as vscode from 'vscode';
import type { LabDeps } from '../../../extension/editor/experiment.ts';
import { LedgerWatch } from '../../../extension/editor/experiment-ledger.ts';
import type { Laboratory, SoakRequest } from '../../../extension/editor/laboratory.ts';
import { Measuring } from '../../../extension/editor/measuring.ts';
import type {
  Calibration,
  Experiment,
  ExperimentPlan,
  PairHooks,
} from '../../../extension/model-experiment.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import type { ReportPlace } from '../../../extension/model.ts';
import { documentFigures, experiment, soak, stepsOf } from '../fixtures/experiments.ts';
import { type Harness, real } from './harness.ts';

export interface FakeLab {
  readonly laboratory: Laboratory;
  readonly ledger: LedgerWatch;
  readonly deps: LabDeps;
  readonly plans: ExperimentPlan[];
  /** Plans whose baseline was calibrated. */
  readonly calibrated: ExperimentPlan[];
  /** Id, processes at most and folder of each replay. */
  readonly replayed: [string, number, string][];
  readonly soaks: SoakRequest[];
  /** What stands in the ledger, by folder. */
  readonly records: Map<string, LedgerRecord[]>;
  /** Folder and id of every request for documents. */
  readonly documents: [string, string | null][];
  readonly shown: [ReportPlace, string][];
  readonly reads: () => number;
}

export interface FakeAnswers {
  /** Called while an experiment runs. */
  readonly during?: (hooks: PairHooks) => Promise<void> | void;
  readonly soakCancelled?: boolean;
  /** Of every experiment. */
  readonly result?: Partial<Experiment>;
  readonly calibration?: Partial<Calibration>;
  readonly append?: () => Promise<void>;
  readonly writeDocuments?: () => Promise<readonly string[]>;
  readonly problems?: readonly string[];
}

export function labOf(h: Harness, answers: FakeAnswers = {}): FakeLab {
  const plans: ExperimentPlan[] = [];
  const calibrated: ExperimentPlan[] = [];
  const replayed: [string, number, string][] = [];
  const soaks: SoakRequest[] = [];
  const records = new Map<string, LedgerRecord[]>();
  const documents: [string, string | null][] = [];
  const shown: [ReportPlace, string][] = [];
  let reads = 0;
  const laboratory: Laboratory = {
    looks: (most) => [12, 24, 36].filter((n) => n <= most),
    replays: [
      {
        name: 'phase-25',
        about: 'free stats',
        run: async (id, most, folder, hooks) => {
          replayed.push([id, most, folder]);
          await answers.during?.(hooks);
          return experiment({ id });
        },
      },
    ],
    documents: [documentFigures()],
    experiment: async (plan, _folder, hooks) => {
      plans.push(plan);
      await answers.during?.(hooks);
      return experiment({ id: plan.id, title: plan.title, replay: plan.replay, ...answers.result });
    },
    calibrate: async (plan, hooks) => {
      calibrated.push(plan);
      await answers.during?.(hooks);
      return {
        ...{ at: '2026-11-21T10:00:00.000Z', host: 'h', target: 't', workload: 'w', units: 24 },
        ...{ sigmaPercent: 0.314, biasPercent: 0.02, interval: [-0.1, 0.14], passed: true },
        ...answers.calibration,
      };
    },
    soak: async (request) => {
      soaks.push(request);
      return {
        summary: soak({ id: request.id, minutes: request.minutes }),
        file: `/project/.alloc-lens/soak/${request.id}.csv`,
        cancelled: answers.soakCancelled ?? false,
      };
    },
    readLedger: async (folder) => {
      reads++;
      return { records: [...(records.get(folder) ?? [])], problems: answers.problems ?? [] };
    },
    append: async (folder, record) => {
      await answers.append?.();
      records.set(folder, [...(records.get(folder) ?? []), record]);
    },
    cumulative: (all) => stepsOf(all.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []))),
    writeDocuments: async (folder, id) => {
      documents.push([folder, id]);
      return answers.writeDocuments?.() ?? ['/project/docs/analysis/PHASE25_RESULTS.md'];
    },
  };
  const log = real.log(h.log);
  const ledger = new LedgerWatch(laboratory, log);
  const deps: LabDeps = {
    config: h.config,
    laboratory,
    ledger,
    measuring: new Measuring(),
    showReport: (place, folder: vscode.Uri) => shown.push([place, folder.fsPath]),
    log,
  };
  return {
    ...{ laboratory, ledger, deps, plans, calibrated, replayed, soaks, records, documents, shown },
    reads: () => reads,
  };
}
