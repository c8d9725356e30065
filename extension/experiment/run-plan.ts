/** From a plan to its verdict with what this machine knows: the runner that fits the sides, its A/A history, its state. */
import type {
  Calibration,
  Experiment,
  ExperimentPlan,
  ExperimentWork,
  MachineState,
  PairFacts,
  PairRunner,
} from '../model-experiment.ts';
import {
  appendCalibration,
  calibrationKey,
  calibrationUnits,
  isFresh,
  readCalibrations,
} from './calibration-history.ts';
import { runCalibration } from './run-calibration.ts';
import { type ExperimentHooks, runExperiment } from './run-experiment.ts';
import { seedRule } from './seed-rule.ts';
import { needsOwnProcesses } from './target-pair.ts';
import { factGates, refusalOf } from './verdict-gates.ts';

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
  /**
   * Measures the noise with an identical pair first, and keeps it in the history: always, never, or when the history has
   * none of the last 24 hours (ANCHORS 6.2, G6) and `maxProcesses` is not too few for one.
   */
  readonly calibrate: boolean | 'stale';
  readonly hooks: ExperimentHooks;
}

/** What a plan runs on here. */
interface Place {
  readonly runner: PairRunner;
  readonly machine: MachineState;
  /** What is known so far. */
  readonly calibrations: readonly Calibration[];
}

async function placeOf(parts: PlanParts, plan: ExperimentPlan): Promise<Place> {
  const apart = needsOwnProcesses(plan);
  const runner = apart ? parts.apart : parts.engine;
  return {
    runner,
    machine: parts.machine(await runner.conditions(plan.work)),
    calibrations:
      parts.calibrations === null ? [] : (await readCalibrations(parts.calibrations)).calibrations,
  };
}

/** A part's progress as a share of the whole. */
function shareOf(hooks: ExperimentHooks, label: string, from: number, size: number): ExperimentHooks {
  const { onProgress } = hooks;
  if (onProgress === undefined) return hooks;
  return {
    ...hooks,
    onProgress: (message, fraction) => onProgress(`${label}${message}`, from + size * Math.min(1, fraction)),
  };
}

async function calibrated(
  parts: PlanParts,
  plan: ExperimentPlan,
  { runner, machine, calibrations }: Place,
  { onProgress, signal }: ExperimentHooks,
): Promise<Calibration> {
  const hooks = {
    ...(onProgress === undefined ? {} : { onProgress }),
    ...(signal === undefined ? {} : { signal }),
  };
  const { calibration } = await runCalibration(plan, runner, { machine, calibrations, hooks });
  if (parts.calibrations !== null) await appendCalibration(parts.calibrations, calibration);
  return calibration;
}

/** Of the whole time, about, where both are measured. */
const calibrationShare = 0.4;

function isStale(
  plan: ExperimentPlan,
  { runner, machine, calibrations }: Place,
  most: number | null,
): boolean {
  const perUnit = runner.processesPerUnit ?? 1;
  const planned = (plan.looks.at(-1) ?? 0) * perUnit;
  const room = Math.min(most ?? planned, planned) >= calibrationUnits * perUnit;
  return room && !calibrations.some((c) => isFresh(c, calibrationKey(plan, machine), new Date()));
}

/** A runner that was asked for the facts of its plan already. */
function knowing(runner: PairRunner, facts: PairFacts): PairRunner {
  return {
    ...(runner.processesPerUnit === undefined ? {} : { processesPerUnit: runner.processesPerUnit }),
    facts: async () => facts,
    layouts: (plan) => runner.layouts(plan),
    unit: (plan, index, layout, hooks) => runner.unit(plan, index, layout, hooks),
  };
}

/** Rejects as `runExperiment`. */
export async function runPlan(
  parts: PlanParts,
  plan: ExperimentPlan,
  { maxProcesses, calibrate, hooks }: PlanRunOptions,
): Promise<Experiment> {
  const place = await placeOf(parts, plan);
  const { machine } = place;
  let { runner, calibrations } = place;
  let wanted = calibrate === true;
  if (calibrate === 'stale' && isStale(plan, place, maxProcesses)) {
    // What a gate refuses is not timed, and needs no noise to be known.
    const facts = await runner.facts(plan, shareOf(hooks, 'gates: ', 0, 0.05));
    wanted = refusalOf(factGates(facts, false)) === null;
    runner = knowing(runner, facts);
  }
  if (wanted) {
    const own = shareOf(hooks, 'A/A calibration: ', 0.05, calibrationShare);
    calibrations = [...calibrations, await calibrated(parts, plan, place, own)];
  }
  const from = wanted ? 0.05 + calibrationShare : 0;
  return runExperiment(plan, runner, {
    ...{ machine, calibrations, maxProcesses, seedRule },
    hooks: shareOf(hooks, '', from, 1 - from),
  });
}

/** An A/A calibration of the plan's baseline on its workload, kept in the history. Rejects as `runCalibration`. */
export async function calibratePlan(
  parts: PlanParts,
  plan: ExperimentPlan,
  hooks: ExperimentHooks,
): Promise<Calibration> {
  return calibrated(parts, plan, await placeOf(parts, plan), hooks);
}
