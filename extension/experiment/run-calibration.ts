/** A/A calibration: the baseline against itself, through everything that an experiment goes through. */
import type { Calibration, Experiment, ExperimentPlan, PairRunner } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { calibrationKey, calibrationOf, calibrationPlan } from './calibration-history.ts';
import { type ExperimentOptions, runExperiment } from './run-experiment.ts';

export interface CalibrationRun {
  readonly calibration: Calibration;
  readonly experiment: Experiment;
}

/**
 * Measures this machine's noise with the baseline of `plan`. The caller keeps the calibration (`appendCalibration`),
 * passed or not.
 *
 * @throws UserError when a gate refuses the baseline, and as `runExperiment` does
 */
export async function runCalibration(
  plan: ExperimentPlan,
  runner: PairRunner,
  options: Omit<ExperimentOptions, 'identicalToo' | 'maxProcesses' | 'seedRule'>,
): Promise<CalibrationRun> {
  const own = calibrationPlan(plan);
  const experiment = await runExperiment(own, runner, { ...options, identicalToo: true });
  if (experiment.effectPercent === null) {
    throw new UserError(`no calibration: ${experiment.reason}`, 3);
  }
  const calibration = calibrationOf(
    experiment.units.map((u) => u.logRatio),
    calibrationKey(own, options.machine),
    new Date(experiment.finishedAt),
  );
  return { calibration, experiment };
}
