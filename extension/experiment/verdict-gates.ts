/** What has to hold before a timing is believed; each failing gate ends with a reason and not with a number. */
import type {
  Calibration,
  ExperimentGate,
  MachineState,
  PairFacts,
  SideFacts,
  Unit,
  Verdict,
} from '../model-experiment.ts';
import { machineNotes } from '../profile/machine-state.ts';
import { median } from '../profile/percentiles.ts';

/** Robust standard deviation of a unit, percent, above which a machine is named as too noisy (ANCHORS 6.7). */
export const noisyPercent = 1.5;
/** Share of a unit's time that others may take unnoticed. */
const disturbedAbove = 0.2;

/** A verdict that a gate ends with, in the place of a measurement. */
export interface Refusal {
  readonly verdict: Verdict;
  readonly reason: string;
}

function gate(name: ExperimentGate['name'], passed: boolean, note: string): ExperimentGate {
  return { name, passed, note };
}

function livenessNote(side: 'baseline' | 'treatment', facts: SideFacts): string {
  const who = facts.answered === null ? 'nobody could be asked' : `${facts.answered} answered`;
  return facts.intended ? `${side}: ${who}` : `${side}: ${who}, not the intended ${facts.label}`;
}

function livenessGate(facts: PairFacts): ExperimentGate {
  const wrong = (['baseline', 'treatment'] as const).filter((side) => !facts[side].intended);
  const sides = wrong.length > 0 ? wrong : (['baseline', 'treatment'] as const);
  return gate('liveness', wrong.length === 0, sides.map((s) => livenessNote(s, facts[s])).join('; '));
}

function checksumGate({ baseline, treatment }: PairFacts): ExperimentGate {
  if (baseline.ownProgram === true && treatment.ownProgram === true) {
    return gate('checksum', true, "the programs are the user's own: what they did was not checked");
  }
  const unverified = [baseline, treatment].filter((s) => !s.verified);
  if (unverified.length > 0) {
    return gate('checksum', false, `${unverified.map((s) => s.label).join(' and ')} did not pass --verify`);
  }
  const same =
    baseline.hash.length > 0 &&
    baseline.hash.length === treatment.hash.length &&
    baseline.hash.every((h, i) => h === treatment.hash[i]);
  const shown = (side: SideFacts): string => (side.hash.length === 0 ? 'none' : side.hash.join(' '));
  return same
    ? gate('checksum', true, `both sides did the same operations, ${shown(baseline)}, and passed --verify`)
    : gate('checksum', false, `the sides' operations differ: ${shown(baseline)} against ${shown(treatment)}`);
}

function coverageGate(facts: PairFacts): ExperimentGate {
  if (facts.changedRan === null) {
    return gate('coverage', true, 'whether the changed code ran could not be counted here');
  }
  const places = facts.changed.filter((c) => facts.changedRan === false || c.baseline + c.treatment > 0);
  const shown = places.slice(0, 3).map((c) => `${c.function} (${c.file}:${c.line})`);
  const rest = places.length > 3 ? ` and ${places.length - 3} more` : '';
  const list = shown.length === 0 ? '' : `: ${shown.join(', ')}${rest}`;
  return facts.changedRan
    ? gate('coverage', true, `changed code ran${list}`)
    : gate('coverage', false, `no changed line ran in this workload${list}`);
}

/** The gates that facts decide, in the order of their weight. `calibrating` lets an identical pair through. */
export function factGates(facts: PairFacts, calibrating: boolean): ExperimentGate[] {
  const identity = calibrating
    ? gate('identity', true, 'an identical pair, as calibration wants it')
    : facts.identical
      ? gate('identity', false, 'identical code: both sides run the same bytes under the same environment')
      : gate('identity', true, 'the sides differ');
  return [identity, livenessGate(facts), checksumGate(facts), ...(calibrating ? [] : [coverageGate(facts)])];
}

/** The verdict that the first failing one of these gates stands for; null when all hold. */
export function refusalOf(gates: readonly ExperimentGate[]): Refusal | null {
  const failed = gates.find((g) => !g.passed && g.name !== 'calibration' && g.name !== 'machine');
  if (failed === undefined) return null;
  if (failed.name === 'identity') return { verdict: 'NEUTRAL', reason: failed.note };
  if (failed.name === 'coverage') return { verdict: 'NO-OP', reason: failed.note };
  return { verdict: 'INCONCLUSIVE', reason: `refused: ${failed.note}` };
}

/** Batches have to be long against the clock: at least 1 ms and 1,000 of its steps. At least one unit. */
export function batchGate(units: readonly Unit[], clockNs: number): ExperimentGate {
  const length = median(units.map((u) => u.batchNs));
  const least = Math.max(1e6, 1000 * clockNs);
  const ms = (ns: number): string => `${(ns / 1e6).toPrecision(3)} ms`;
  return length >= least
    ? gate('batch', true, `a batch takes ${ms(length)}, at least ${ms(least)} is needed`)
    : gate('batch', false, `a batch takes ${ms(length)} and has to take ${ms(least)}: raise the iterations`);
}

/** Whether an A/A calibration of this machine, target and workload stands behind the experiment. */
export function calibrationGate(
  calibration: Calibration | null,
  sigmaPercent: number | null,
): ExperimentGate {
  if (calibration !== null) {
    const { at, sigmaPercent: sigma, biasPercent } = calibration;
    return gate(
      'calibration',
      true,
      `A/A passed at ${at}: σ ${sigma.toFixed(2)}%, bias ${biasPercent.toFixed(2)}%`,
    );
  }
  const own =
    sigmaPercent === null ? '' : `; the noise of the experiment itself is σ ${sigmaPercent.toFixed(2)}%`;
  return gate(
    'calibration',
    false,
    `no passed A/A calibration of the last 24 h for this machine and workload${own}`,
  );
}

/** Notes are warnings; the gate fails only where the noise itself is beyond use. */
export function machineGate(machine: MachineState, sigmaPercent: number | null): ExperimentGate {
  const notes = machineNotes(machine);
  if (sigmaPercent !== null && sigmaPercent > noisyPercent) {
    const noise = `too noisy: σ is ${sigmaPercent.toFixed(2)}%, at most ${noisyPercent}% is usable`;
    return gate('machine', false, [noise, ...notes].join('; '));
  }
  return gate('machine', true, notes.length === 0 ? 'nothing to note' : notes.join('; '));
}

/** Modified z-score above which a unit is called an outlier (Iglewicz & Hoaglin 1993). */
const outlierAbove = 3.5;

function listed(units: readonly Unit[]): string {
  const shown = units.slice(0, 6).map((u) => u.index + 1);
  return `${units.length === 1 ? 'unit' : 'units'} ${shown.join(', ')}${units.length > 6 ? ', …' : ''}`;
}

/** Disturbed and outlying units: both are kept, and named. */
export function unitWarnings(units: readonly Unit[], sigmaPercent: number | null): string[] {
  const disturbed = units.filter((u) => u.disturbed !== null && u.disturbed > disturbedAbove);
  const centre = median(units.map((u) => u.logRatio));
  const far =
    sigmaPercent === null || sigmaPercent === 0
      ? []
      : units.filter((u) => (100 * Math.abs(u.logRatio - centre)) / sigmaPercent > outlierAbove);
  return [
    ...(disturbed.length > 0
      ? [
          `${disturbed.length} of ${units.length} units were disturbed, others took more than ${100 * disturbedAbove}% of their time (${listed(disturbed)}); they are kept`,
        ]
      : []),
    ...(far.length > 0
      ? [
          `${far.length} of ${units.length} units are outliers (${listed(far)}); they are kept, and trimmed by the estimator`,
        ]
      : []),
  ];
}
