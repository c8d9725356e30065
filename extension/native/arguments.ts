/** How a workload is told to the native harness. */
import { latencyOperations, passCount, type WorkloadParameters } from '../profile/workloads.ts';

/** The harness's argument vector. */
export function harnessArguments(
  p: WorkloadParameters,
  checks: { verify: boolean; latency: boolean },
): string[] {
  const latency = checks.latency ? Math.min(p.iterations, latencyOperations) : 0;
  return [
    p.workload,
    ...[p.iterations, p.workingSet, p.min, p.max, p.seed].map(String),
    String(passCount),
    checks.verify ? '1' : '0',
    String(latency),
  ];
}
