/** Harness outputs of several fresh processes -> one `BenchResult`. */
import type { BenchProfile, BenchRequest, BenchResult, FunctionCategory } from '../model.ts';
import type { RawFrame } from '../model-profile.ts';
import { buildProfile } from '../profile/import/build-profile.ts';
import { nativeCategory } from '../profile/import/native-category.ts';
import { benchRun, summarizeRuns } from '../profile/run-statistics.ts';
import { workloadName } from '../profile/workloads.ts';
import type { HarnessOutput } from './output.ts';
import type { HarnessProfile } from './profile-run.ts';

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

/** What of a recording is the profiled allocator. */
export interface ProfiledObjects {
  readonly name: string;
  /** Real path of the object that defines malloc; null for the system's own. */
  readonly object: string | null;
  /** The harness. */
  readonly binary: string;
  /** Whether the allocator is inside the harness. */
  readonly linked: boolean;
}

/** The harness's functions are `benchmark`, the allocator's go by name, what neither is is `kernel` or `library`. */
function categories(of: ProfiledObjects, frames: readonly RawFrame[]): (frame: RawFrame) => FunctionCategory {
  const name = of.object ?? 'system';
  const rule = nativeCategory(
    { kind: 'native', name, variant: 'native', sha256: null },
    frames.map((f) => f.object),
  );
  return (frame) => {
    if (frame.object !== of.binary) return rule(frame);
    return !of.linked || /_(timed|checked|clocked)$/.test(frame.name) ? 'benchmark' : rule(frame);
  };
}

/** The recording as `profile` of a result; null without one. Throws `UserError` when it holds nothing. */
export function nativeBenchProfile(
  { raw, native }: HarnessProfile,
  objects: ProfiledObjects,
  workload: string,
): BenchProfile | null {
  if (raw === null) return null;
  const { functions, lines, samples, details } = buildProfile(raw, {
    target: { kind: 'native', name: objects.name, variant: 'native', sha256: null },
    workload,
    recordedAt: '',
    categoryOf: categories(objects, raw.frames),
  });
  return {
    target: objects.name,
    variant: 'native',
    speedAgainstFast: null,
    ...{ functions, lines, samples },
    ...(details === undefined ? {} : { details: { ...details, counters: native } }),
  };
}
