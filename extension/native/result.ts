/** Harness outputs of several fresh processes -> one `BenchResult`. */
import type { BenchRequest, BenchResult } from '../model.ts';
import { benchRun, summarizeRuns } from '../profile/run-statistics.ts';
import { workloadName } from '../profile/workloads.ts';
import type { HarnessOutput } from './output.ts';

function latencyOf(first: HarnessOutput): BenchResult['latency'] {
  const [p50, p99, p999, max] = first.latency;
  if (p50 === undefined || p99 === undefined || p999 === undefined || max === undefined) return null;
  return { p50, p99, p999, max };
}

function faultsOf(outputs: readonly HarnessOutput[]): number | null {
  let [faults, passes] = [0, 0];
  for (const o of outputs) {
    if (o.pageFaults === null) return null;
    faults += o.pageFaults;
    passes += o.passesNs.length;
  }
  return passes === 0 ? null : faults / passes;
}

/** `outputs` holds one element a fresh process, in order, at least one; the first one also carries the checks. */
export function nativeResult(
  request: BenchRequest,
  target: string,
  outputs: readonly [HarnessOutput, ...HarnessOutput[]],
  sha256: string | null,
): BenchResult {
  const [first] = outputs;
  const peaks = outputs.map((o) => o.peakBytes).filter((b): b is number => b !== null);
  const allocates = request.workload !== 'floor';
  return {
    schemaVersion: 1,
    workload: workloadName(request),
    target,
    variant: 'native',
    threads: first.threads,
    iterations: first.operations,
    ...summarizeRuns(outputs.map((o) => benchRun(o.passesNs, o.operations))),
    hash: first.hash,
    moduleSha256: sha256,
    counters: null,
    latency: request.latency && allocates ? latencyOf(first) : null,
    memory: {
      peakBytes: peaks.length === outputs.length ? Math.max(...peaks) : null,
      liveBytes: allocates ? first.liveBytes : null,
      requestedBytes: allocates ? first.requestedBytes : null,
      wasteByClass: null,
      pageFaults: faultsOf(outputs),
    },
    profile: null,
  };
}
