/** The laboratory on the built-in engine and the workspace's own targets, with the workspace's ledger. */
import path from 'node:path';
import { presetByName } from '../../engine/host/presets.ts';
import { engineSide } from '../../engine/host/pair-side.ts';
import { EnginePair } from '../../engine/host/pair-target.ts';
import { EngineSoakRunner } from '../../engine/host/soak.ts';
import { runningProducts } from '../experiment/cumulative.ts';
import { appendRecord, ledgerOf, readLedger } from '../experiment/ledger.ts';
import { engineLooks, looksWithin, nativeLooks } from '../experiment/looks.ts';
import { documentFigures } from '../experiment/replay.ts';
import { replayPlan, replays } from '../experiment/replays.ts';
import { type PlanParts, runPlan } from '../experiment/run-plan.ts';
import { sideLabel } from '../experiment/side-spec.ts';
import { beginSoak } from '../experiment/soak-run.ts';
import { documentLimits, defaultEpochSeconds } from '../experiment/soak.ts';
import { TargetPair } from '../experiment/target-pair.ts';
import type { Experiment, LedgerRecord } from '../model-experiment.ts';
import { type Target, UserError } from '../model.ts';
import { readMachineState } from '../profile/machine-state.ts';
import { problemText } from '../report/text-ledger.ts';
import { writeDocuments } from '../report/lab-export.ts';
import type { Laboratory } from './laboratory.ts';

export interface EngineLaboratoryOptions {
  readonly distDir: string;
  /** Folder of the A/A history, null where nothing is kept. */
  readonly folder: string | null;
  /** A target that cannot share a process with the other side; null for names that are none. Default: there are none. */
  readonly target?: (name: string) => Promise<Target | null>;
}

const experimentsOf = (records: readonly LedgerRecord[]): Experiment[] =>
  records.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []));

export function engineLaboratory({ distDir, folder, target }: EngineLaboratoryOptions): Laboratory {
  const parts: PlanParts = {
    engine: new EnginePair({ distDir }),
    apart: new TargetPair(
      async (name) => {
        const found = (await target?.(name)) ?? null;
        if (found !== null) return found;
        throw new UserError(
          `${name} is no target of this workspace: alloc-lens experiment takes others, too`,
        );
      },
      (spec) =>
        spec.target === 'engine'
          ? engineSide(spec)
          : { variant: spec.variant, env: spec.env, flags: spec.flags },
    ),
    machine: readMachineState,
    calibrations: folder === null ? null : path.join(folder, 'calibrations.jsonl'),
  };
  const records = async (place: string): Promise<LedgerRecord[]> =>
    (await readLedger(ledgerOf(place))).entries.map((entry) => entry.record);
  return {
    // 36 units of the engine are all that is planned, and so are 72 native ones.
    looks: (most, native) =>
      native === true ? looksWithin(nativeLooks, 2 * most) : looksWithin(engineLooks, most),
    replays: replays
      .filter((replay) => replay.kind === 'pair')
      .map((replay) => ({
        name: replay.name,
        about: replay.title,
        run: async (id, most, _folder, hooks) => {
          const options = { id, rule: 'interval', looks: engineLooks, threshold: null, work: null } as const;
          const plan = replayPlan(replay, (name) => presetByName(name).variant, options);
          const experiment = await runPlan(parts, plan, { maxProcesses: most, calibrate: false, hooks });
          return {
            ...experiment,
            document: documentFigures(replay),
            ...(replay.pruned === undefined ? {} : { pruned: replay.pruned }),
          };
        },
      })),
    documents: replays.map(documentFigures),
    experiment: (plan, _folder, hooks) =>
      runPlan(parts, plan, { maxProcesses: null, calibrate: false, hooks }),
    soak: async ({ id, minutes, work, baseline, treatment }, place, hooks) => {
      const { summary, file } = await beginSoak(
        {
          ...{ id, minutes, work, baseline, treatment },
          epochSeconds: defaultEpochSeconds(minutes),
          limits: documentLimits,
          startedAt: new Date().toISOString(),
        },
        path.join(place, '.alloc-lens', 'soak'),
        {
          runner: new EngineSoakRunner({ distDir }),
          machine: () => readMachineState({ pinned: null, flags: [] }),
          label: sideLabel,
        },
        hooks,
      );
      return { summary, file, cancelled: summary.cancelled ?? false };
    },
    readLedger: async (place) => {
      const ledger = await readLedger(ledgerOf(place));
      const more = ledger.moreProblems;
      return {
        records: ledger.entries.map((entry) => entry.record),
        problems: [
          ...ledger.problems.map(problemText),
          ...(more > 0 ? [`${more} more lines could not be read`] : []),
        ],
      };
    },
    append: (place, record) => appendRecord(ledgerOf(place), record),
    cumulative: (all) => runningProducts(experimentsOf(all)),
    writeDocuments: async (place, id) => {
      const out = path.join(place, 'docs', 'analysis');
      const { written, kept } = writeDocuments(experimentsOf(await records(place)), out, id);
      if (written.length === 0 && kept.length > 0) {
        throw new UserError(
          `${kept.join(', ')} in docs/analysis was not made by an export and stays: move it`,
        );
      }
      return written.map((name) => path.join(out, name));
    },
  };
}
