/** Harness outputs of several fresh processes -> one `BenchResult`. */
import type { BenchRequest, BenchResult, BenchRun } from '../model.ts';
import type { HarnessOutput } from './output.ts';
import type { NativeParameters } from './workloads.ts';

function median(values: readonly number[]): number {
  const v = [...values].sort((a, b) => a - b);
  const mid = v.length >>> 1;
  return v.length % 2 === 1 ? (v[mid] ?? 0) : ((v[mid - 1] ?? 0) + (v[mid] ?? 0)) / 2;
}

/** Over `values`, n-1; null for fewer than two. */
function deviation(values: readonly number[], mean: number): number | null {
  if (values.length < 2) return null;
  return Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1));
}

function latencyOf(first: HarnessOutput | undefined): BenchResult['latency'] {
  const [p50, p99, p999, max] = first?.latency ?? [];
  if (p50 === undefined || p99 === undefined || p999 === undefined || max === undefined) return null;
  return { p50, p99, p999, max };
}

/** `outputs` holds one element a fresh process, in order; the first one also carries the checks. */
export function nativeResult(
  request: BenchRequest,
  target: string,
  parameters: NativeParameters,
  outputs: readonly HarnessOutput[],
  sha256: string | null,
): BenchResult {
  const runs: BenchRun[] = outputs.map((o) => {
    // A pass shorter than the clock's step counts as one nanosecond.
    const passes = o.passesNs.map((ns) => (parameters.iterations / Math.max(1, ns)) * 1e9);
    return { passes, median: median(passes), first: passes[0] ?? 0 };
  });
  const medians = runs.map((r) => r.median);
  const mean = medians.reduce((a, b) => a + b, 0) / medians.length;
  const stdev = deviation(medians, mean);
  const first = outputs[0];
  const peaks = outputs.map((o) => o.peakBytes).filter((b): b is number => b !== null);
  const touches = parameters.workload === 'random_mixed';
  return {
    schemaVersion: 1,
    workload: `${request.workload}:${request.profile}`,
    target,
    variant: 'native',
    threads: 1,
    iterations: parameters.iterations,
    runs,
    mean,
    median: median(medians),
    stdev,
    cv: stdev === null ? null : stdev / mean,
    min: Math.min(...medians),
    max: Math.max(...medians),
    firstOpsPerSecond: median(runs.map((r) => r.first)),
    hash: first === undefined ? [] : [first.hash],
    moduleSha256: sha256,
    counters: null,
    latency: request.latency && touches ? latencyOf(first) : null,
    memory: {
      peakBytes: peaks.length === outputs.length ? Math.max(...peaks) : null,
      liveBytes: touches ? (first?.liveBytes ?? null) : null,
      requestedBytes: touches ? (first?.requestedBytes ?? null) : null,
      wasteByClass: null,
    },
    profile: null,
  };
}
