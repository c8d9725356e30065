/** The laboratory on the built-in engine, the workspace's own targets and installed allocators, with the workspace's ledger. */
import path from 'node:path';
import { readManifest } from '../../engine/host/manifest.ts';
import { presetByName } from '../../engine/host/presets.ts';
import { engineSide } from '../../engine/host/pair-side.ts';
import { EnginePair } from '../../engine/host/pair-target.ts';
import { EngineSoakRunner } from '../../engine/host/soak.ts';
import { EngineTarget } from '../../engine/host/target.ts';
import { runningProducts } from '../experiment/cumulative.ts';
import { appendRecord, ledgerOf, readLedger } from '../experiment/ledger.ts';
import { engineLooks, looksWithin, nativeLooks } from '../experiment/looks.ts';
import { documentFigures, type Replay } from '../experiment/replay.ts';
import { replayPlan, replays } from '../experiment/replays.ts';
import { calibratePlan, type PlanParts, runPlan } from '../experiment/run-plan.ts';
import { type ReplayParts, runReplay } from '../experiment/run-replay.ts';
import { beginSoak } from '../experiment/soak-run.ts';
import { documentLimits, defaultEpochSeconds } from '../experiment/soak.ts';
import { needsOwnProcesses, type SideSettings, TargetPair } from '../experiment/target-pair.ts';
import type { Experiment, ExperimentPlan, SideSpec } from '../model-experiment.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import { type Target, UserError } from '../model.ts';
import { readMachineState } from '../profile/machine-state.ts';
import { sideLabel } from '../profile/side-label.ts';
import { problemText } from '../report/text-ledger.ts';
import { writeDocuments } from '../report/lab-export.ts';
import type { Laboratory } from './laboratory.ts';

export interface EngineLaboratoryOptions {
  readonly distDir: string;
  /** Folder of the A/A history, null where nothing is kept. */
  readonly folder: string | null;
  /** Keeps modules with changed flags; default: beside the engine. */
  readonly cacheDir?: string;
  /** A target other than the engine; null for names that are none. Default: there are none. */
  readonly target?: (name: string) => Promise<Target | null>;
}

const experimentsOf = (records: readonly LedgerRecord[]): Experiment[] =>
  records.flatMap((r) => (r.kind === 'experiment' ? [r.experiment] : []));

const settingsOf: SideSettings = (spec: SideSpec) =>
  spec.target === 'engine' ? engineSide(spec) : { variant: spec.variant, env: spec.env, flags: spec.flags };

function planOfReplay(replay: Replay, id: string): ExperimentPlan {
  const options = { id, rule: 'interval', looks: [], threshold: null, work: null } as const;
  const plan = replayPlan(replay, (name) => presetByName(name).variant, options);
  return { ...plan, looks: needsOwnProcesses(plan) ? nativeLooks : engineLooks };
}

export function engineLaboratory(options: EngineLaboratoryOptions): Laboratory {
  const { distDir, folder } = options;
  const engine = { distDir, ...(options.cacheDir === undefined ? {} : { cacheDir: options.cacheDir }) };
  const parts: PlanParts = {
    engine: new EnginePair(engine),
    apart: new TargetPair(async (name) => {
      if (name === 'engine') return new EngineTarget(engine);
      const found = (await options.target?.(name)) ?? null;
      if (found !== null) return found;
      throw new UserError(`${name} is no target of this workspace and no allocator that is known`);
    }, settingsOf),
    machine: readMachineState,
    calibrations: folder === null ? null : path.join(folder, 'calibrations.jsonl'),
  };
  const replayParts = (most: number): ReplayParts => ({
    // What replays run outside of a pair is the engine.
    ...{ target: () => new EngineTarget(engine), settings: settingsOf },
    functions: () => readManifest(distDir).functions.map((f) => f.name),
    machine: () => readMachineState({ pinned: null, flags: [] }),
    measure: (plan, hooks) => runPlan(parts, plan, { maxProcesses: most, calibrate: 'stale', hooks }),
  });
  const records = async (place: string): Promise<LedgerRecord[]> =>
    (await readLedger(ledgerOf(place))).entries.map((entry) => entry.record);
  return {
    // 36 units of the engine are all that is planned, and so are 72 native ones.
    looks: (most, native) =>
      native === true ? looksWithin(nativeLooks, 2 * most) : looksWithin(engineLooks, most),
    replays: replays.map((replay) => ({
      name: replay.name,
      about: replay.title,
      run: (id, most, _folder, hooks) =>
        runReplay(replayParts(most), replay, planOfReplay(replay, id), hooks),
    })),
    documents: replays.map(documentFigures),
    experiment: (plan, _folder, hooks) =>
      runPlan(parts, plan, { maxProcesses: null, calibrate: 'stale', hooks }),
    calibrate: (plan, hooks) => calibratePlan(parts, plan, hooks),
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
          runner: new EngineSoakRunner(engine),
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
