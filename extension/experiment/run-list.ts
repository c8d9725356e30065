/** Experiments from lists of runs that were measured elsewhere: `experiment --from RUNS.json`. */
import type {
  Estimate,
  Experiment,
  ExperimentSide,
  ExperimentWork,
  Look,
  MachineState,
  Rule,
  SideSpec,
  Verdict,
} from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { checkedCounters, counterTable, type ListedCounters } from './listed-counters.ts';
import { checkedRuns, checkedThreshold, type SeedResult, type SeedSide, seedRule } from './seed-rule.ts';
import { ratioOfMeans, ratioOfMedians, standardErrorPercent, unpaired } from './unpaired.ts';

export interface ListedSide {
  readonly label: string;
  /** Operations per second. */
  readonly runs: readonly number[];
}

/** What RUNS.json says, checked. */
export interface RunList {
  readonly title: string;
  readonly baseline: ListedSide;
  readonly treatment: ListedSide;
  /** Percent, null when the file names none. */
  readonly threshold: number | null;
  readonly counters: ListedCounters | null;
}

const known = ['title', 'baseline', 'treatment', 'threshold', 'counters'];
const longestText = 200;

function text(value: unknown, what: string, otherwise: string): string {
  if (value === undefined) return otherwise;
  if (typeof value !== 'string') throw new UserError(`${what}: expected text`);
  return value.slice(0, longestText);
}

function side(value: unknown, what: string): ListedSide {
  if (Array.isArray(value)) return { label: what, runs: checkedRuns(value, what) };
  if (typeof value !== 'object' || value === null) {
    throw new UserError(`${what}: expected {"label": "...", "runs": [operations per second, ...]}`);
  }
  return {
    label: text(Reflect.get(value, 'label'), `${what}, label`, what),
    runs: checkedRuns(Reflect.get(value, 'runs'), `${what}, runs`),
  };
}

/** The value that RUNS.json holds. Throws `UserError` with the place that is wrong. */
export function checkedRunList(value: unknown): RunList {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError('expected an object with "baseline" and "treatment", each with "runs"');
  }
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other !== undefined) {
    throw new UserError(`${other.slice(0, 60)} means nothing here: a list of runs has ${known.join(', ')}`);
  }
  const [threshold, counters]: readonly unknown[] = [
    Reflect.get(value, 'threshold'),
    Reflect.get(value, 'counters'),
  ];
  return {
    title: text(Reflect.get(value, 'title'), 'title', 'listed runs'),
    baseline: side(Reflect.get(value, 'baseline'), 'baseline'),
    treatment: side(Reflect.get(value, 'treatment'), 'treatment'),
    threshold:
      threshold === undefined || threshold === null ? null : checkedThreshold(threshold, 'threshold'),
    counters: counters === undefined || counters === null ? null : checkedCounters(counters),
  };
}

const listedSpec: SideSpec = { target: 'listed', variant: '', preset: null, flags: {}, env: {} };

const listedWork: ExperimentWork = {
  ...{ workload: 'random_mixed', profile: 'listed', trace: null, iterations: null, workingSet: null },
  ...{ min: null, max: null, seed: 0, threads: null },
};

const unknownMachine: MachineState = {
  ...{ cpu: 'unknown', cores: 0, kernel: 'unknown', runtime: 'unknown', governor: null, turbo: null },
  ...{ load: null, container: false, pinned: null, flags: [] },
};

function shownSide(label: string, side: SeedSide): ExperimentSide {
  const { mean, median, stdev, runs } = side;
  return { label, spec: listedSpec, sha256: null, mean, median, stdev, runs };
}

interface Decision {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly effectPercent: number;
  readonly interval: readonly [number, number] | null;
  readonly looks: readonly Look[];
  readonly crossChecks: readonly Estimate[];
  readonly warnings: readonly string[];
}

function decisionOf(rule: Rule, seed: SeedResult, threshold: number): Decision {
  const [b, t] = [seed.baseline.runs, seed.treatment.runs];
  const units = Math.min(b.length, t.length);
  const statistics = unpaired(b, t, threshold);
  if (rule === 'seed') {
    const means = statistics === null ? null : ratioOfMeans(b, t);
    return {
      verdict: seed.verdict,
      reason: seed.reason,
      effectPercent: seed.meanDeltaPercent,
      interval: null,
      looks: means === null ? [] : [{ units, estimate: means, verdict: seed.verdict }],
      crossChecks: statistics === null ? [] : [ratioOfMedians(b, t)],
      warnings: ["the documents' rule: a difference of means, without an interval"],
    };
  }
  if (statistics === null) {
    return {
      verdict: 'INCONCLUSIVE',
      reason: 'one run of a side has no spread: list at least six',
      effectPercent: seed.medianDeltaPercent,
      ...{ interval: null, looks: [], crossChecks: [], warnings: [] },
    };
  }
  return {
    verdict: statistics.verdict,
    reason: statistics.reason,
    effectPercent: statistics.estimate.percent,
    interval: statistics.estimate.interval,
    looks: [{ units, estimate: statistics.estimate, verdict: statistics.verdict }],
    crossChecks: [statistics.check],
    warnings: [`Mann-Whitney p ${statistics.p < 0.0001 ? 'below 0.0001' : `= ${statistics.p.toFixed(4)}`}`],
  };
}

export interface ListedOptions {
  readonly id: string;
  readonly rule: Rule;
  /** Percent. */
  readonly threshold: number;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * The experiment that two lists of runs are. With the rule `seed` the documents' difference of means; else the ratio of
 * medians with its interval, cross-checked by the means. Both are unpaired.
 */
export function experimentOfRuns(list: RunList, options: ListedOptions): Experiment {
  const { rule, threshold } = options;
  const [b, t] = [list.baseline.runs, list.treatment.runs];
  const seed = seedRule(b, t, threshold);
  const decision = decisionOf(rule, seed, threshold);
  const error = b.length < 2 || t.length < 2 ? null : standardErrorPercent(b, t);
  return {
    schemaVersion: 1,
    id: options.id,
    title: list.title,
    replay: null,
    ...decision,
    threshold,
    rule,
    processes: b.length + t.length,
    // Of a 95% interval, and of an effect that is found with 80% power: the usual factors of the standard error.
    noiseFloorPercent: error === null ? null : 1.96 * error,
    smallestVisiblePercent: error === null ? null : 2.8 * error,
    warnings: ['unpaired, drift possible', ...decision.warnings],
    work: listedWork,
    baseline: shownSide(list.baseline.label, seed.baseline),
    treatment: shownSide(list.treatment.label, seed.treatment),
    counters: list.counters === null ? null : counterTable(list.counters, decision.effectPercent),
    ...{ gates: [], layouts: [], units: [], calibration: null, machine: unknownMachine },
    startedAt: options.at,
    finishedAt: options.at,
    source: 'listed',
  };
}
