/** Phase 19 §7: what has to be checked after each step, and whether the result matches its estimate within 20%. */
import type { CheckItem, Experiment } from '../../model-experiment.ts';
import type { Gain } from '../../model-report.ts';
import { measuredGain } from './candidates.ts';

/** Percent of the estimate. */
export const estimateTolerance = 20;

/** What is known beside the experiment; null for what was not done. */
export interface CheckFacts {
  /** A profile was taken after the step and shows the function with less self time than before. */
  readonly profileFell: boolean | null;
  /** Workload profiles that the step was run on. */
  readonly suite: readonly string[];
  /** Of larson, threaded and stress runs with contents checked. */
  readonly correctness: boolean | null;
  /** Peak memory before and after, bytes. */
  readonly memory: readonly [number, number] | null;
  /** Whether the old side can be had back by a gate or flag alone. */
  readonly reversible: boolean | null;
}

/** RSS "unchanged": within one percent. */
const memoryTolerance = 1;
const suite = ['mixed', 'c6heavy', 'c7heavy'];

const figure = (value: number): string => String(Number(value.toFixed(2)));

function matches(item: string, estimate: number | null, measured: number | null): CheckItem {
  if (estimate === null || estimate === 0) return { item, passed: null, note: 'nothing was estimated' };
  if (measured === null) return { item, passed: null, note: 'not measured' };
  const off = 100 * (measured / estimate - 1);
  return {
    item,
    // A tolerance met but for the last bits of its computation is met.
    passed: Math.abs(off) <= estimateTolerance + 1e-9,
    note: `${figure(measured)} where ${figure(estimate)} was estimated (${off < 0 ? '' : '+'}${off.toFixed(0)}%)`,
  };
}

function done(item: string, passed: boolean | null, note: string): CheckItem {
  return { item, passed, note: passed === null ? 'not done' : note };
}

/** As `matches`, of counts: an estimate in one unit of instruction says nothing about a count in the other. */
function countsMatch(
  item: string,
  key: 'instructionsPerOp' | 'branchesPerOp',
  estimate: Gain,
  measured: Gain | null,
): CheckItem {
  const [a, b] = [estimate.unit, measured?.unit ?? null];
  if (a !== null && b !== null && a !== b) {
    return { item, passed: null, note: `estimated in ${a} instructions, counted in ${b}: not comparable` };
  }
  return matches(item, estimate[key], measured?.[key] ?? null);
}

/** The six steps and the five criteria, in the document's order. */
export function checklist(experiment: Experiment | null, estimate: Gain, facts: CheckFacts): CheckItem[] {
  const measured = experiment === null ? null : measuredGain(experiment);
  const counted = experiment?.counters ?? null;
  const timed = experiment !== null && experiment.effectPercent !== null;
  const missing = suite.filter((name) => !facts.suite.includes(name));
  const growth = facts.memory === null ? null : 100 * (facts.memory[1] / facts.memory[0] - 1);
  const memoryKept = growth === null || !Number.isFinite(growth) ? null : growth <= memoryTolerance;
  const memoryNote = `peak memory ${growth !== null && growth < 0 ? '' : '+'}${figure(growth ?? 0)}%`;
  return [
    done(
      'counters compared per operation',
      counted === null ? null : true,
      `${counted?.rows.length ?? 0} rows`,
    ),
    done(
      'hot path seen to shrink in a profile',
      facts.profileFell,
      facts.profileFell ? 'it did' : 'it did not',
    ),
    done(
      'benchmark suite (mixed, c6heavy, c7heavy)',
      facts.suite.length === 0 ? null : missing.length === 0,
      missing.length === 0 ? 'all run' : `not run: ${missing.join(', ')}`,
    ),
    done(
      'correctness (larson, threads, stress)',
      facts.correctness,
      facts.correctness ? 'all held' : 'failed',
    ),
    done('memory measured', memoryKept === null ? null : true, memoryNote),
    done(
      'A/B test, reversible',
      timed ? facts.reversible : null,
      facts.reversible ? 'by a switch' : 'not by a switch',
    ),
    matches(
      'throughput matches the estimate (±20%)',
      estimate.throughputPercent,
      measured?.throughputPercent ?? null,
    ),
    countsMatch('instructions match the estimate (±20%)', 'instructionsPerOp', estimate, measured),
    countsMatch('branches match the estimate (±20%)', 'branchesPerOp', estimate, measured),
    done('no correctness regressions', facts.correctness, facts.correctness ? 'none' : 'some'),
    done('no memory overhead', memoryKept, memoryNote),
  ];
}
