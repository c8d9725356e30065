/** Phase 19's gap table: one allocator against a baseline, counts per operation in one unit of instruction. */
import type { GapRow, GapTable } from '../../model-experiment.ts';
import { type BenchCounters, UserError } from '../../model.ts';
import { deltaPercent } from '../seed-rule.ts';

/** Null where it was not counted. */
export interface PerOperation extends BenchCounters {
  readonly label: string;
  readonly cyclesPerOp: number | null;
  /** Percent of the branches. */
  readonly branchMissPercent: number | null;
  /** Instructions a cycle. */
  readonly ipc: number | null;
  readonly opsPerSecond: number | null;
}

/** Counts per operation from the totals of a run, as `perf stat` prints them. Throws `UserError` without operations. */
export function perOperation(
  label: string,
  totals: Readonly<Record<string, number>>,
  operations: number,
  opsPerSecond: number | null,
): PerOperation {
  if (!(Number.isFinite(operations) && operations >= 1)) {
    throw new UserError(`${label}: counts per operation need the number of operations, not ${operations}`);
  }
  const each = (name: string): number | null => {
    const total = totals[name];
    return total === undefined ? null : total / operations;
  };
  const ratio = (over: number | null, under: number | null): number | null =>
    over === null || under === null || under === 0 ? null : over / under;
  const misses = ratio(each('branch-misses'), each('branches'));
  return {
    label,
    unit: 'x86',
    instructionsPerOp: each('instructions'),
    branchesPerOp: each('branches'),
    memoryOpsPerOp: each('memory-operations'),
    callsPerOp: each('calls'),
    cyclesPerOp: each('cycles'),
    branchMissPercent: misses === null ? null : 100 * misses,
    ipc: ratio(each('instructions'), each('cycles')),
    opsPerSecond,
  };
}

/** The counts of a benchmark's result, which has no cycles. */
export function perOperationOf(
  label: string,
  counters: BenchCounters,
  opsPerSecond: number | null,
): PerOperation {
  return { ...counters, label, cyclesPerOp: null, branchMissPercent: null, ipc: null, opsPerSecond };
}

/** Rows where either side has a figure. Throws `UserError` for two units: a wasm instruction is no x86 instruction. */
export function gapTable(ours: PerOperation, theirs: PerOperation): GapTable {
  if (ours.unit !== theirs.unit) {
    throw new UserError(
      `${ours.label} is counted in ${ours.unit} instructions, ${theirs.label} in ${theirs.unit}: they cannot stand in one table`,
    );
  }
  const row = (metric: string, a: number | null, b: number | null, share = false): GapRow => {
    const both = a !== null && b !== null;
    return {
      metric,
      ours: a,
      theirs: b,
      delta: both ? a - b : null,
      deltaPercent: both && !share && b !== 0 ? deltaPercent(b, a) : null,
    };
  };
  const rows = [
    row('instructions/op', ours.instructionsPerOp, theirs.instructionsPerOp),
    row('branches/op', ours.branchesPerOp, theirs.branchesPerOp),
    row('memory operations/op', ours.memoryOpsPerOp, theirs.memoryOpsPerOp),
    row('calls/op', ours.callsPerOp, theirs.callsPerOp),
    row('cycles/op', ours.cyclesPerOp, theirs.cyclesPerOp),
    row('instructions/cycle', ours.ipc, theirs.ipc, true),
    row('branch-miss %', ours.branchMissPercent, theirs.branchMissPercent, true),
    row('ops/s', ours.opsPerSecond, theirs.opsPerSecond),
  ].filter((r) => r.ours !== null || r.theirs !== null);
  return { unit: ours.unit, ours: ours.label, theirs: theirs.label, rows };
}
