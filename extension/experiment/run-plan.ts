/** From a plan to its verdict with what this machine knows: the runner that fits the sides, its A/A history, its state. */
import type {
  Experiment,
  ExperimentPlan,
  ExperimentWork,
  MachineState,
  PairRunner,
} from '../model-experiment.ts';
import { appendCalibration, readCalibrations } from './calibration-history.ts';
import { runCalibration } from './run-calibration.ts';
import { type ExperimentHooks, runExperiment } from './run-experiment.ts';
import { seedRule } from './seed-rule.ts';
import { needsOwnProcesses } from './target-pair.ts';

/** What units run under. */
export interface Conditions {
  readonly pinned: readonly number[] | null;
  readonly flags: readonly string[];
}

type Runner = PairRunner & { conditions(work: ExperimentWork): Promise<Conditions> };

export interface PlanParts {
  readonly engine: Runner;
  /** For sides that cannot share a process. */
  readonly apart: Runner;
  readonly machine: (conditions: Conditions) => MachineState;
  /** File of the A/A history, null where nothing is kept. */
  readonly calibrations: string | null;
}

export interface PlanRunOptions {
  /** Fresh processes, at most; null for all planned looks. */
  readonly maxProcesses: number | null;
  /** Measures the noise with an identical pair first, and keeps it in the history. */
  readonly calibrate: boolean;
  readonly hooks: ExperimentHooks;
}

/** Rejects as `runExperiment`. */
export async function runPlan(
  parts: PlanParts,
  plan: ExperimentPlan,
  { maxProcesses, calibrate, hooks }: PlanRunOptions,
): Promise<Experiment> {
  const apart = needsOwnProcesses(plan);
  const runner = apart ? parts.apart : parts.engine;
  const conditions = await runner.conditions(plan.work);
  const machine = parts.machine(conditions);
  const file = parts.calibrations;
  let calibrations = file === null ? [] : (await readCalibrations(file)).calibrations;
  if (calibrate) {
    const { calibration } = await runCalibration(plan, runner, { machine, calibrations, hooks });
    if (file !== null) await appendCalibration(file, calibration);
    calibrations = [...calibrations, calibration];
  }
  return runExperiment(plan, runner, { machine, calibrations, maxProcesses, seedRule, hooks });
}
