/** One workload on several targets, their fresh processes interleaved: the table of Phase 59. */
import {
  type BenchRequest,
  type BenchResult,
  type CompareResult,
  type CompareRow,
  type Target,
  UserError,
} from '../model.ts';
import { median } from '../profile/percentiles.ts';
import { summarizeRuns } from '../profile/run-statistics.ts';
import { workloadName } from '../profile/workloads.ts';

/** One target to be compared, with the variant that runs. */
export interface Comparand {
  readonly target: Target;
  readonly variant: string;
}

interface Arm extends Comparand {
  readonly results: BenchResult[];
  systemCallsPerOp: number | null;
  error: string | null;
}

export interface CompareHooks {
  readonly signal?: AbortSignal;
  readonly onProgress?: (message: string, fraction: number) => void;
}

/** The other allocators are set against it, as Phase 59 does. */
const reference = 'mimalloc';

/** Median and range of the ratios formed inside each round; null where one side has no figures. */
function ratioTo(arm: Arm, base: Arm | undefined): CompareRow['ratio'] {
  if (base === undefined || base === arm || base.error !== null || arm.error !== null) return null;
  const ratios = arm.results.map((r, i) => r.median / (base.results[i]?.median ?? Number.NaN));
  if (ratios.length === 0 || !ratios.every(Number.isFinite)) return null;
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

function largest(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((v): v is number => typeof v === 'number');
  return known.length === 0 ? null : Math.max(...known);
}

function rowOf(arm: Arm, first: Arm | undefined, base: Arm | undefined): CompareRow {
  const name = { target: arm.target.name, variant: arm.variant, error: arm.error };
  if (arm.error !== null || arm.results.length === 0) {
    const none = { median: null, min: null, max: null, firstOpsPerSecond: null, peakBytes: null };
    return {
      ...name,
      ...none,
      ratio: null,
      cv: null,
      ratioToMimalloc: null,
      pageFaults: null,
      systemCallsPerOp: null,
    };
  }
  const { cv, firstOpsPerSecond, ...sums } = summarizeRuns(
    arm.results.map((r) => ({ passes: [], median: r.median, first: r.firstOpsPerSecond })),
  );
  const faults = arm.results
    .map((r) => r.memory.pageFaults)
    .filter((f): f is number => typeof f === 'number');
  return {
    ...name,
    median: sums.median,
    min: sums.min,
    max: sums.max,
    firstOpsPerSecond,
    peakBytes: largest(arm.results.map((r) => r.memory.peakBytes)),
    ratio: ratioTo(arm, first),
    cv: cv === null ? null : 100 * cv,
    ratioToMimalloc: ratioTo(arm, base),
    pageFaults: faults.length === 0 ? null : median(faults),
    systemCallsPerOp: arm.systemCallsPerOp,
  };
}

/** Errors of one target leave it out of the rounds that follow; bad input and a cancelled run end everything. */
async function guarded(arm: Arm, hooks: CompareHooks, work: () => Promise<void>): Promise<void> {
  if (arm.error !== null) return;
  try {
    await work();
  } catch (error) {
    if (!(error instanceof UserError) || hooks.signal?.aborted) throw error;
    arm.error = error.message;
  }
}

/**
 * @param request without a variant: each arm has its own
 * @param rounds fresh processes of each target
 * @throws UserError when the targets did different operations; an AbortError on the signal
 */
export async function compareAllocators(
  comparands: readonly Comparand[],
  request: Omit<BenchRequest, 'variant'>,
  rounds: number,
  hooks: CompareHooks,
): Promise<CompareResult> {
  const arms: Arm[] = comparands.map((c) => ({ ...c, results: [], systemCallsPerOp: null, error: null }));
  const steps = (rounds + 1) * arms.length;
  const runHooks = (label: string, done: number) => ({
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    onProgress: ({ message, fraction }: { readonly message: string; readonly fraction: number }) =>
      hooks.onProgress?.(`${label}: ${message}`, (done + fraction) / steps),
  });
  for (let round = 0; round < rounds; round++) {
    // Every other round runs backwards: what follows what must not decide.
    const order = round % 2 === 0 ? arms : [...arms].reverse();
    for (const [i, arm] of order.entries()) {
      await guarded(arm, hooks, async () => {
        const label = `round ${round + 1} of ${rounds}`;
        const done = round * arms.length + i;
        arm.results.push(await arm.target.run({ ...request, variant: arm.variant }, runHooks(label, done)));
      });
    }
  }
  for (const [i, arm] of arms.entries()) {
    await guarded(arm, hooks, async () => {
      const own = arm.results[0]?.memory.systemCallsPerOp ?? null;
      const hooksOfRun = runHooks('system calls', rounds * arms.length + i);
      const counted = await arm.target.systemCallsPerOp?.({ ...request, variant: arm.variant }, hooksOfRun);
      arm.systemCallsPerOp = counted ?? own;
    });
  }
  hooks.signal?.throwIfAborted();
  const results = arms.filter((a) => a.error === null).flatMap((a) => a.results);
  const hashes = new Set(results.map((r) => r.hash.join(' ')).filter((h) => h !== ''));
  if (hashes.size > 1) throw new UserError('the targets did different operations: their hashes differ', 3);
  const base = arms.find((a) => a.target.name === reference);
  return {
    schemaVersion: 1,
    workload: workloadName({ ...request, variant: '' }),
    threads: results[0]?.threads ?? request.threads ?? 1,
    rounds,
    at: new Date().toISOString(),
    hash: results.find((r) => r.hash.length > 0)?.hash ?? [],
    rows: arms.map((arm) => rowOf(arm, arms[0], base)),
  };
}
