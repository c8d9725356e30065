/** The profile inside a benchmark's result as a profile of its own, with the identity of what ran. */
import type { BenchProfile, BenchResult, Profile } from '../model.ts';

/**
 * Null when the benchmark was not sampled. `recordedAt` is ISO 8601. The module's SHA-256 is carried only where the
 * profiled variant is the one that was timed: otherwise it names another module.
 */
export function profileFromBench(result: BenchResult, recordedAt: string): Profile | null {
  const profile = result.profile;
  if (profile === null) return null;
  const engine = profile.target === 'engine';
  return {
    target: {
      kind: engine ? 'engine' : 'native',
      name: profile.target,
      variant: profile.variant,
      sha256: profile.variant === result.variant ? result.moduleSha256 : null,
    },
    workload: result.workload,
    origin: originOf(profile),
    unit: profile.details?.event.unit ?? 'samples',
    samples: profile.samples ?? profile.details?.event.samples ?? 0,
    recordedAt,
    speedAgainstFast: profile.speedAgainstFast,
    functions: profile.functions,
    lines: profile.lines,
    ...(profile.details === undefined ? {} : { details: profile.details }),
  };
}

function originOf({ target, details }: BenchProfile): Profile['origin'] {
  if (target === 'engine') return { functions: 'V8 sampler', lines: 'counted instructions' };
  const { format, event } = details ?? { format: 'perf.data', event: { name: '' } };
  const tool = `${format.startsWith('perf') ? 'perf' : format} ${event.name}`.trim();
  return { functions: tool, lines: tool };
}
