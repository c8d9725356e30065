/** What an experiment's plan means for the engine: variant, flags and gates of a side, the workload's parameters. */
import { type BenchRequest, UserError } from '../../extension/model.ts';
import type { ExperimentWork, SideSpec } from '../../extension/model-experiment.ts';
import { sideLabel } from '../../extension/profile/side-label.ts';
import {
  parametersOf,
  type TraceParameters,
  traceOf,
  type WorkloadParameters,
} from '../../extension/profile/workloads.ts';
import { presetByName } from './presets.ts';

/** A side with its preset resolved. */
export interface EngineSide {
  readonly variant: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Single flags and gates, and a variant, win over the preset's. Throws `UserError` for what the engine does not have. */
export function engineSide(spec: SideSpec): EngineSide {
  if (spec.target !== 'engine') {
    throw new UserError(`${spec.target} is not the engine: both sides have to be of one kind`);
  }
  const preset = spec.preset === null ? null : presetByName(spec.preset);
  const variant = spec.variant === '' ? (preset?.variant ?? 'fast') : spec.variant;
  if (variant === 'counted') {
    throw new UserError(
      'counted counts and is not timed: compare fast, of which every side is counted anyway',
    );
  }
  return { variant, flags: { ...preset?.flags, ...spec.flags }, env: { ...preset?.env, ...spec.env } };
}

/** How it is shown, with the variant that it runs: a preset's own, or `fast`, where the plan names none. */
export function engineSideLabel(spec: SideSpec): string {
  return sideLabel({ ...spec, variant: engineSide(spec).variant });
}

/** Throws `UserError` for workloads and values that do not exist. */
export function workParameters(work: ExperimentWork): WorkloadParameters | TraceParameters {
  const request: BenchRequest = {
    ...{ workload: work.workload, profile: work.profile, trace: work.trace },
    ...{ iterations: work.iterations, workingSet: work.workingSet, min: work.min, max: work.max },
    ...{ seed: work.seed, threads: work.threads },
    ...{ variant: 'fast', env: {}, flags: {}, runs: 1 },
    ...{ sample: false, counters: false, latency: false, verify: false },
  };
  return work.workload === 'trace' ? traceOf(request) : parametersOf(request);
}

/** Whether the workload itself has several threads. How many a trace has stands in its file. */
export function hasThreads(p: WorkloadParameters | TraceParameters): boolean {
  return p.workload === 'larson' || p.workload === 'pc' || p.workload === 'mstress';
}
