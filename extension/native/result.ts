/** Harness outputs of several fresh processes -> one `BenchResult`. */
import type { BenchRequest, BenchResult } from '../model.ts';
import { benchRun, summarizeRuns } from '../profile/run-statistics.ts';
import { type WorkloadParameters, workloadName } from '../profile/workloads.ts';
import type { HarnessOutput } from './output.ts';

function latencyOf(first: HarnessOutput | undefined): BenchResult['latency'] {
  const [p50, p99, p999, max] = first?.latency ?? [];
  if (p50 === undefined || p99 === undefined || p999 === undefined || max === undefined) return null;
  return { p50, p99, p999, max };
}

/** `outputs` holds one element a fresh process, in order; the first one also carries the checks. */
export function nativeResult(
  request: BenchRequest,
  target: string,
  parameters: WorkloadParameters,
  outputs: readonly HarnessOutput[],
  sha256: string | null,
): BenchResult {
  const first = outputs[0];
  const peaks = outputs.map((o) => o.peakBytes).filter((b): b is number => b !== null);
  const touches = parameters.workload === 'random_mixed';
  return {
    schemaVersion: 1,
    workload: workloadName(request),
    target,
    variant: 'native',
    threads: 1,
    iterations: parameters.iterations,
    ...summarizeRuns(outputs.map((o) => benchRun(o.passesNs, parameters.iterations))),
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
