/** The profile inside a benchmark's result as a profile of its own, with the identity of what ran. */
import type { BenchResult, Profile } from '../model.ts';

/**
 * Null when the benchmark was not sampled. `recordedAt` is ISO 8601. The module's SHA-256 is carried only where the
 * profiled variant is the one that was timed: otherwise it names another module.
 */
export function profileFromBench(result: BenchResult, recordedAt: string): Profile | null {
  const profile = result.profile;
  if (profile === null) return null;
  const engine = profile.target === 'engine';
  const { details } = profile;
  const recorder = details === undefined ? 'perf' : `${details.format} (${details.event.name})`;
  return {
    target: {
      kind: engine ? 'engine' : 'native',
      name: profile.target,
      variant: profile.variant,
      sha256: profile.variant === result.variant ? result.moduleSha256 : null,
    },
    workload: result.workload,
    origin: engine
      ? { functions: 'V8 sampler', lines: 'counted instructions' }
      : { functions: recorder, lines: recorder },
    unit: details?.event.unit ?? 'samples',
    samples: profile.samples ?? 0,
    recordedAt,
    speedAgainstFast: profile.speedAgainstFast,
    functions: profile.functions,
    lines: profile.lines,
    ...(details === undefined ? {} : { details }),
  };
}
