/**
 * From a soak's epochs to its figures and budgets: the documents' analyze_soak and analyze_epoch_tail_csv. (Their
 * calculate_percentiles is in extension/profile/percentiles.ts.) Pure.
 */
import type { MachineState } from '../model-experiment.ts';
import type {
  SideName,
  SoakBudget,
  SoakEpoch,
  SoakLimits,
  SoakPlan,
  SoakProcess,
  SoakRow,
  SoakSide,
  SoakSummary,
  SoakTail,
} from '../model-soak.ts';
import { machineNotes } from '../profile/machine-state.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { calculatePercentiles, median, percentileOf } from '../profile/percentiles.ts';
import { readSoakCsv } from './soak-csv.ts';

/**
 * Phase 57: memory stays within 1%; 1.25e-7 calls an operation are "800x under target", hence 1e-4. No budget of the CV
 * is printed; of the two that are (5.38% balanced, 1.58% speed first), the larger one.
 */
export const documentLimits: SoakLimits = { drift: 1, systemCalls: 1e-4, cv: 5.4 };

/**
 * Growth that is no drift whatever its percentage: a page of the engine's, of which the system makes one after the other
 * resident as the random sizes reach new highs.
 */
export const driftGrain = 65_536;

/** Of one process: with fewer there is no fifth to leave out and two to compare. */
export const fewestEpochs = 5;

/** Share of an epoch without a core above which it is named. */
const disturbedAbove = 0.05;

export const sideNames: readonly SideName[] = ['baseline', 'treatment'];

/** Epochs of a side that fit into the plan's time, at least one. */
export function plannedEpochs(plan: Pick<SoakPlan, 'minutes' | 'epochSeconds'>): number {
  return Math.max(1, Math.ceil((plan.minutes * 60) / (2 * plan.epochSeconds) - 1e-9));
}

/** Sample standard deviation (n-1) of the epochs' throughput over its mean, percent; null of fewer than two. */
export function cvPercent(epochs: readonly SoakEpoch[]): number | null {
  const speeds = epochs.map((e) => e.opsPerSecond);
  const stdev = sampleDeviation(speeds);
  const centre = mean(speeds);
  return stdev === null || centre === 0 ? null : (100 * stdev) / centre;
}

/** Resident memory of one process, from the beginning of its steady time to its end. */
export interface Drift {
  readonly percent: number;
  readonly bytes: number;
}

/**
 * Growth of the resident memory of one process: the first fifth of its epochs (at least one) is warm-up and left out;
 * of the others, 100 * (median of the last fifth / median of the first fifth - 1) percent, a fifth being one epoch at
 * least. Null with fewer than five epochs, or where memory could not be read.
 */
export function processDrift(epochs: readonly SoakEpoch[]): Drift | null {
  const resident = epochs.map((e) => e.residentBytes).filter((b): b is number => b !== null);
  if (resident.length < fewestEpochs || resident.length < epochs.length) return null;
  const steady = resident.slice(Math.max(1, Math.floor(resident.length / 5)));
  const fifth = Math.max(1, Math.floor(steady.length / 5));
  const before = median(steady.slice(0, fifth));
  const bytes = median(steady.slice(-fifth)) - before;
  return before === 0 ? null : { percent: (100 * bytes) / before, bytes };
}

/** Of a side: that of the process which grew most of those that ran long enough, null when none did. */
export function sideDrift(epochs: readonly SoakEpoch[]): Drift | null {
  const sessions = new Set(epochs.map((e) => e.session ?? 1));
  let most: Drift | null = null;
  for (const session of sessions) {
    const drift = processDrift(epochs.filter((e) => (e.session ?? 1) === session));
    if (drift !== null && (most === null || drift.percent > most.percent)) most = drift;
  }
  return most;
}

/** Over all operations, the warm-up's included; null when an epoch has none counted. */
export function systemCallsPerOp(epochs: readonly SoakEpoch[]): number | null {
  let calls = 0;
  let operations = 0;
  for (const e of epochs) {
    if (e.systemCalls === null) return null;
    calls += e.systemCalls;
    operations += e.operations;
  }
  return operations === 0 ? null : calls / operations;
}

/** Null of no epochs. */
export function epochTail(epochs: readonly SoakEpoch[]): SoakTail | null {
  const [p50 = 0, p10 = 0, p1 = 0, min = 0] =
    calculatePercentiles(
      epochs.map((e) => e.opsPerSecond),
      [50, 10, 1, 0],
    ) ?? [];
  const [first, ...others] = epochs;
  if (first === undefined) return null;
  const worst = others.reduce((a, b) => (b.p999 > a.p999 ? b : a), first);
  const middle = (of: (e: SoakEpoch) => number): number =>
    percentileOf(
      epochs.map(of).sort((a, b) => a - b),
      50,
    );
  const latency = { p50: middle((e) => e.p50), p99: middle((e) => e.p99), p999: middle((e) => e.p999) };
  return {
    throughput: { p50, p10, p1, min },
    latency: { ...latency, worst: worst.p999, worstEpoch: worst.index },
    ratio: latency.p50 === 0 ? 0 : latency.p999 / latency.p50,
  };
}

/** The same from the text of a soak's CSV. Throws `UserError` when it is none. */
export function analyzeEpochTailCsv(text: string): Readonly<Record<SideName, SoakTail | null>> {
  const { rows } = readSoakCsv(text);
  const of = (side: SideName): SoakTail | null =>
    epochTail(rows.filter((r) => r.side === side).map((r) => r.epoch));
  return { baseline: of('baseline'), treatment: of('treatment') };
}

export interface SoakOutcome {
  readonly plan: SoakPlan;
  readonly processes: Readonly<Record<SideName, SoakProcess>>;
  /** As the sides are shown. */
  readonly labels: Readonly<Record<SideName, string>>;
  readonly rows: readonly SoakRow[];
  readonly machine: MachineState;
  /** ISO 8601. */
  readonly finishedAt: string;
  readonly cancelled: boolean;
}

function budget(name: SoakBudget['name'], limit: number, value: number | null): SoakBudget {
  return { name, limit, value, passed: value === null ? null : value <= limit };
}

function driftBudget(limit: number, drift: Drift | null): SoakBudget {
  const found = budget('drift', limit, drift?.percent ?? null);
  return drift !== null && drift.bytes <= driftGrain ? { ...found, passed: true } : found;
}

function analyzeSide(name: SideName, { plan, labels, processes, rows }: SoakOutcome): SoakSide {
  const label = labels[name];
  const process = processes[name];
  const epochs = rows.filter((r) => r.side === name).map((r) => r.epoch);
  const drift = sideDrift(epochs);
  const calls = systemCallsPerOp(epochs);
  const cv = cvPercent(epochs);
  return {
    label,
    spec: plan[name],
    epochs,
    operations: epochs.reduce((sum, e) => sum + e.operations, 0),
    meanOpsPerSecond:
      epochs.length === 0 ? 0 : epochs.reduce((sum, e) => sum + e.opsPerSecond, 0) / epochs.length,
    cvPercent: cv,
    driftPercent: drift?.percent ?? null,
    driftBytes: drift?.bytes ?? null,
    systemCallsPerOp: calls,
    budgets: [
      driftBudget(plan.limits.drift, drift),
      budget('system calls', plan.limits.systemCalls, calls),
      budget('cv', plan.limits.cv, cv),
    ],
    tail: epochTail(epochs),
    systemCallsExact: process.systemCallsExact,
    sha256: process.sha256,
  };
}

function notesOf({ plan, machine, cancelled }: SoakOutcome, sides: readonly SoakSide[]): string[] {
  const epochs = sides.flatMap((s) => s.epochs);
  const disturbed = epochs.filter((e) => (e.disturbed ?? 0) > disturbedAbove).length;
  const grain = sides.some(
    (s) => (s.driftPercent ?? 0) > plan.limits.drift && (s.driftBytes ?? 0) <= driftGrain,
  );
  const sessions = sides.reduce((most, s) => Math.max(most, s.epochs.at(-1)?.session ?? 1), 0);
  const short = sides.some((s) => s.epochs.length > 0 && s.driftPercent === null);
  return [
    ...(cancelled ? ['It was stopped before its end; the figures are of what had been done.'] : []),
    ...(sessions > 1
      ? [
          `It was continued: ${sessions} processes a side, one after the other, each with a heap of its own. The drift is that of the process whose memory grew most.`,
        ]
      : []),
    ...(grain
      ? ['Growth by less than 64 KiB, a page of the engine, is no drift, whatever its percentage.']
      : []),
    ...(disturbed > 0
      ? [
          `In ${disturbed} of ${epochs.length} epochs others had the core for more than ${100 * disturbedAbove}% of the time: the CV and the tail are theirs too.`,
        ]
      : []),
    ...machineNotes(machine).map((note) => `${note[0]?.toUpperCase()}${note.slice(1)}.`),
    ...(short ? [`Drift needs ${fewestEpochs} epochs of a side in one process.`] : []),
    ...(plan.limits.cv === documentLimits.cv
      ? [
          'The documents print no budget for the CV; 5.4% is the larger of the two CVs that they print (5.38% balanced, 1.58% speed first).',
        ]
      : []),
    ...(sides.every((s) => s.systemCallsExact === true)
      ? []
      : [
          'System calls were seen from outside the engine: growth of its memory in steps of 4 MiB, and each change of the number of pages given back from one batch to the next. HAKMEM_SS_OS_STATS_COMPILED=1 counts them where they are made.',
        ]),
    plan.work.workload === 'random_mixed'
      ? 'Percentiles are of batches of 1,000 operations, an operation being a thousandth of its batch.'
      : 'Percentiles are of whole passes, an operation being its share of the pass.',
  ];
}

/** Everything that is said about a soak. */
export function analyzeSoak(outcome: SoakOutcome): SoakSummary {
  const { plan, machine, finishedAt, cancelled } = outcome;
  const sides = sideNames.map((name) => analyzeSide(name, outcome));
  return {
    schemaVersion: 1,
    id: plan.id,
    minutes: plan.minutes,
    work: plan.work,
    sides,
    passed: sides.every((s) => s.budgets.every((b) => b.passed === true)),
    machine,
    startedAt: plan.startedAt,
    finishedAt,
    epochSeconds: plan.epochSeconds,
    plannedEpochs: plannedEpochs(plan),
    cancelled,
    notes: notesOf(outcome, sides),
  };
}

/** 60 epochs a side, but of 1 to 10 seconds; a soak shorter than that has one of half its time. */
export function defaultEpochSeconds(minutes: number): number {
  const half = (minutes * 60) / 2;
  return Math.min(half, Math.min(10, Math.max(1, half / 60)));
}
