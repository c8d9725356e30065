/** Counters of both sides beside each other (Phase 64), and the layout tax that they reveal (Phases 62A and 64). */
import type { CounterTable, PairFacts } from '../model-experiment.ts';
import type { BenchCounters } from '../model.ts';

/** Instructions an operation have to fall by more than this for a layout tax, percent. */
const taxAbove = 1;

const rows: readonly (readonly [string, keyof Omit<BenchCounters, 'unit' | 'native'>])[] = [
  ['instructions/op', 'instructionsPerOp'],
  ['branches/op', 'branchesPerOp'],
  ['memory operations/op', 'memoryOpsPerOp'],
  ['calls/op', 'callsPerOp'],
];

function delta(baseline: number | null, treatment: number | null): number | null {
  return baseline === null || treatment === null || baseline === 0 ? null : 100 * (treatment / baseline - 1);
}

/**
 * Whether the code got shorter and time did not: instructions an operation fall by more than 1%, while the interval of
 * the effect (percent, faster positive) shows no gain and excludes one beyond the threshold.
 */
export function hasLayoutTax(
  instructions: number | null,
  effect: number | null,
  interval: readonly [number, number] | null,
  threshold: number,
): boolean {
  if (instructions === null || instructions >= -taxAbove || effect === null) return false;
  return interval === null ? effect <= 0 : interval[0] <= 0 && interval[1] <= threshold;
}

/** Null where a side has no counters or the two count different things. */
export function counterTable(
  facts: PairFacts,
  effect: number | null,
  interval: readonly [number, number] | null,
  threshold: number,
): CounterTable | null {
  const [a, b] = [facts.baseline.counters, facts.treatment.counters];
  if (a === null || b === null || a.unit !== b.unit) return null;
  const table = rows
    .map(([name, key]) => ({ name, baseline: a[key], treatment: b[key], delta: delta(a[key], b[key]) }))
    .filter((row) => row.baseline !== null || row.treatment !== null);
  const instructions = delta(a.instructionsPerOp, b.instructionsPerOp);
  return { unit: a.unit, rows: table, layoutTax: hasLayoutTax(instructions, effect, interval, threshold) };
}
