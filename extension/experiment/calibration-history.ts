/**
 * A/A calibrations of the past: JSON Lines, only ever appended to, read back whatever happened to the file. Records have
 * the shape of the ledger's calibrations.
 */
import { open } from 'node:fs/promises';
import type { Calibration, ExperimentPlan, ExperimentWork, MachineState } from '../model-experiment.ts';
import { type LedgerRecord, ledgerVersion } from '../model-ledger.ts';
import { UserError } from '../model.ts';
import { appendDurably, reasonOf } from './ledger-files.ts';
import { codeOf } from './ledger-lock.ts';
import { readRecord } from './ledger-record.ts';
import { lookConfidence } from './looks.ts';
import { yuen } from './robust.ts';
import { effectInterval, effectPercent, requireSamples, sigmaPercent } from './statistics.ts';

/** What a calibration holds for. */
export type CalibrationKey = Pick<Calibration, 'host' | 'target' | 'workload'>;

/** Units of an A/A calibration (ANCHORS 6.4: 24 pass the gate in 95 to 100% of cases, 12 in 58 to 86%). */
export const calibrationUnits = 24;
/** Bias and half width together, percent, that pass. */
const mostBias = 0.5;
const freshHours = 24;
/** Of a long history only the end is read. */
const mostBytes = 4 * 2 ** 20;

function workName(work: ExperimentWork): string {
  const name = work.trace === null ? `${work.workload}:${work.profile}` : `trace ${work.trace.file}`;
  const own = (['iterations', 'workingSet', 'min', 'max', 'threads'] as const).flatMap((key) =>
    work[key] === null ? [] : [`${key}=${work[key]}`],
  );
  return [name, ...(work.trace?.flatten ? ['flattened'] : []), ...own].join(' ');
}

/** The machine and its system, the baseline's target and variant, and the workload with its parameters. */
export function calibrationKey(plan: ExperimentPlan, machine: MachineState): CalibrationKey {
  return {
    host: `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, ${machine.runtime}`,
    target: `${plan.baseline.target}:${plan.baseline.variant}`,
    workload: workName(plan.work),
  };
}

/** The plan of a calibration: the baseline against itself, one look. */
export function calibrationPlan(plan: ExperimentPlan): ExperimentPlan {
  return {
    ...plan,
    id: `${plan.id}-aa`,
    title: `A/A calibration: ${plan.title}`,
    treatment: plan.baseline,
    rule: 'interval',
    looks: [calibrationUnits],
    replay: null,
  };
}

/**
 * A calibration from the log ratios of its units. It passes when the 95% interval of the bias holds 0, and the bias with
 * half that interval's width is at most 0.5% (ANCHORS 6.4). Percent of throughput.
 */
export function calibrationOf(logRatios: readonly number[], key: CalibrationKey, at: Date): Calibration {
  requireSamples(logRatios, 6, 'a calibration');
  const located = yuen(logRatios, lookConfidence([logRatios.length]));
  const biasPercent = effectPercent(located.estimate);
  const interval = effectInterval(located.interval);
  const half = (interval[1] - interval[0]) / 2;
  const passed = interval[0] <= 0 && interval[1] >= 0 && Math.abs(biasPercent) + half <= mostBias;
  const sigma = sigmaPercent(logRatios) ?? 0;
  return {
    at: at.toISOString(),
    ...key,
    units: logRatios.length,
    sigmaPercent: sigma,
    biasPercent,
    interval,
    passed,
  };
}

/** Whether a calibration, passed or not, is of that machine, target and workload, and of the 24 hours before `now`. */
export function isFresh(c: Calibration, key: CalibrationKey, now: Date): boolean {
  const age = now.getTime() - Date.parse(c.at);
  const fits = c.host === key.host && c.target === key.target && c.workload === key.workload;
  return fits && age >= 0 && age <= freshHours * 3_600_000;
}

/** The newest calibration of that machine, target and workload that passed in the 24 hours before `now`; null without one. */
export function newestPassed(
  calibrations: readonly Calibration[],
  key: CalibrationKey,
  now: Date,
): Calibration | null {
  let newest: Calibration | null = null;
  for (const c of calibrations) {
    if (!c.passed || !isFresh(c, key, now)) continue;
    if (newest === null || Date.parse(c.at) > Date.parse(newest.at)) newest = c;
  }
  return newest;
}

function calibrationIn(line: string): Calibration | null {
  try {
    const reading = readRecord(JSON.parse(line));
    if (!('record' in reading) || reading.record.kind !== 'calibration') return null;
    const { calibration } = reading.record;
    return calibration.units > 0 && calibration.sigmaPercent >= 0 ? calibration : null;
  } catch {
    return null;
  }
}

export interface CalibrationHistory {
  /** Oldest first. */
  readonly calibrations: readonly Calibration[];
  /** Lines that hold none: torn, edited, or written by a later version. */
  readonly skipped: number;
}

/** Reads a history; a file that is not there is an empty one. Throws `UserError` for a file that cannot be read. */
export async function readCalibrations(file: string): Promise<CalibrationHistory> {
  let text: string;
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const from = Math.max(0, size - mostBytes);
      const buffer = Buffer.alloc(size - from);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
      text = buffer.toString('utf8', 0, bytesRead);
      // The first line of an end may be half of one.
      if (from > 0) text = text.slice(text.indexOf('\n') + 1);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { calibrations: [], skipped: 0 };
    throw new UserError(
      `the calibrations in ${file} cannot be read (${codeOf(error) || 'unknown error'})`,
      3,
    );
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const calibrations = lines.map(calibrationIn).filter((c) => c !== null);
  return { calibrations, skipped: lines.length - calibrations.length };
}

/** Appends one calibration, as the ledger does its records. Throws `UserError` when the file cannot be written. */
export async function appendCalibration(file: string, calibration: Calibration): Promise<void> {
  const record: LedgerRecord = { v: ledgerVersion, kind: 'calibration', at: calibration.at, calibration };
  try {
    await appendDurably(file, Buffer.from(`${JSON.stringify(record)}\n`));
  } catch (error) {
    const why = error instanceof UserError ? error.message : `cannot write ${file}: ${reasonOf(error)}`;
    throw new UserError(`the calibration cannot be kept: ${why}`, 3);
  }
}
