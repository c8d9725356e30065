/** How a workload is told to the native harness. */
import type { TraceParameters, WorkloadParameters } from '../profile/workloads.ts';

export interface HarnessChecks {
  /** Null for the workload's own number. */
  readonly passes: number | null;
  readonly verify: boolean;
  /** Single operations to time in each thread, 0 for none. */
  readonly latency: number;
}

/** Names and values of the harness's parameters; `text` is the path of a trace as plain text. */
function fields(
  p: WorkloadParameters | TraceParameters,
  text: string | null,
): (readonly [string, number | string])[] {
  if (p.workload === 'trace') {
    return [
      ['flatten', p.flatten ? 1 : 0],
      ['trace', text ?? p.file],
    ];
  }
  const { seed, min, max, iterations, workingSet } = p;
  switch (p.workload) {
    case 'random_mixed':
    case 'floor':
      return Object.entries({ iterations, ws: workingSet, min, max, seed });
    case 'larson':
      return Object.entries({
        ...{ threads: p.threads, chunks: workingSet, rounds: iterations, gens: p.generations },
        ...{ min, max, seed },
      });
    case 'pc':
      return Object.entries({ threads: p.threads, items: iterations, ring: workingSet, min, max, seed });
    case 'mstress':
      return Object.entries({
        ...{ threads: p.threads, phases: iterations, n: p.batch, ret: workingSet, trans: p.transfers },
        seed,
      });
  }
}

/** The harness's argument vector: the workload, then NAME=VALUE each. */
export function harnessArguments(
  p: WorkloadParameters | TraceParameters,
  text: string | null,
  checks: HarnessChecks,
): string[] {
  const own = fields(p, text).map(([name, value]) => `${name}=${value}`);
  return [
    p.workload,
    ...own,
    `passes=${checks.passes ?? 0}`,
    `verify=${checks.verify ? 1 : 0}`,
    `latency=${checks.latency}`,
  ];
}
