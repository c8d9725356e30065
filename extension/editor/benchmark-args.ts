/** What can be benchmarked from the editor, and the arguments of `allocLens.runBenchmark`. Pure. */
import type { WorkspaceTarget } from '../model-profile.ts';
import { type BenchRequest, UserError } from '../model.ts';

export interface BenchmarkChoice {
  readonly workload: BenchRequest['workload'];
  readonly profile: string;
  /** `engine` or the name of a native target. */
  readonly target: string;
  readonly variant: string;
  /** Null for the workload's own number. */
  readonly iterations: number | null;
}

/** Rows of the workload's parameter table, with what they stand for. */
export const workloadProfiles: readonly { readonly name: string; readonly about: string }[] = [
  { name: 'mixed', about: '16 to 1040 bytes: the standard profile' },
  { name: 'tiny', about: '8 to 128 bytes' },
  { name: 'c6heavy', about: '257 to 512 bytes: size class 6' },
  { name: 'c7heavy', about: '513 to 1024 bytes: size class 7' },
  { name: 'mid', about: '1 to 32 KiB' },
  { name: 'large', about: '32 KiB to 1 MiB' },
];

export const engineVariants: readonly { readonly name: string; readonly about: string }[] = [
  { name: 'fast', about: 'every gate a constant, inlined: the speed build' },
  { name: 'fast-calls', about: 'malloc and free kept as calls, as a native library is called' },
  { name: 'sampled', about: 'box functions kept as calls, so that the sampler sees them' },
  { name: 'standard', about: 'gates read at run time' },
];

const origins: Readonly<Record<WorkspaceTarget['origin'], string>> = {
  settings: 'your settings',
  'alloc-lens.json': 'alloc-lens.json',
  detected: 'found in this folder',
};

/** A target of the workspace as it is offered. */
export function targetOffer({ config, origin }: WorkspaceTarget): {
  readonly label: string;
  readonly description: string;
} {
  const what =
    config.run !== null
      ? 'your own benchmark program'
      : config.build === null
        ? 'preloaded'
        : 'built, then preloaded';
  return { label: config.name, description: `native: ${what} (${origins[origin]})` };
}

/** Fixed by the workloads' definition, so that runs can be compared by their hash. */
const defaultSeed = 12345;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The command's argument object, each field optional; without `target` it is `preferred`. Anything else (none, or what a lens or menu passes along)
 * gives null: ask the user.
 *
 * @throws UserError for a field that cannot be used
 */
export function parseBenchmarkArgs(
  value: unknown,
  targets: readonly string[],
  preferred = 'engine',
): BenchmarkChoice | null {
  if (!isRecord(value)) return null;
  const known = ['workload', 'profile', 'target', 'variant', 'iterations'];
  if (!known.some((key) => key in value)) return null;
  const text = (key: string, fallback: string, allowed: readonly string[]): string => {
    const given = value[key] ?? fallback;
    if (typeof given === 'string' && allowed.includes(given)) return given;
    throw new UserError(`Run Benchmark: ${key} must be one of ${allowed.join(', ')}.`);
  };
  // Variants are the engine's alone.
  const target = text('target', 'variant' in value ? 'engine' : preferred, targets);
  const iterations = value.iterations ?? null;
  if (
    iterations !== null &&
    !(typeof iterations === 'number' && Number.isInteger(iterations) && iterations > 0)
  ) {
    throw new UserError('Run Benchmark: iterations must be a whole number above 0.');
  }
  const workload = text('workload', 'random_mixed', ['random_mixed', 'floor']);
  return {
    workload: workload === 'floor' ? 'floor' : 'random_mixed',
    profile: text(
      'profile',
      'mixed',
      workloadProfiles.map((p) => p.name),
    ),
    target,
    variant:
      target === 'engine'
        ? text(
            'variant',
            'fast',
            engineVariants.map((v) => v.name),
          )
        : 'native',
    iterations,
  };
}

/** The run behind a choice: one fresh process, and where the time went; only `floor` has nothing to look into. */
export function benchmarkRequest(
  choice: BenchmarkChoice,
  env: Readonly<Record<string, string>>,
): BenchRequest {
  const engine = choice.target === 'engine';
  return {
    workload: choice.workload,
    profile: choice.profile,
    variant: choice.variant,
    env: engine ? env : {},
    flags: {},
    iterations: choice.iterations,
    workingSet: null,
    min: null,
    max: null,
    seed: defaultSeed,
    threads: 1,
    runs: 1,
    sample: choice.workload === 'random_mixed',
    counters: false,
    latency: false,
    verify: false,
  };
}
