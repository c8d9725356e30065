/** `alloc-lens bench`: a workload on a target, its speed and, when asked, its profile. */
import type { BenchRequest } from '../model.ts';
import { UserError } from '../model.ts';
import { benchText } from '../report/text-bench.ts';
import { requireExists } from './files.ts';
import type { Services } from './services.ts';
import { parseAssignment, parseChoice, parseWhole, quoted, toRecord } from './values.ts';

/** As commander hands them over. */
export interface BenchFlags {
  readonly trace?: string;
  readonly flatten?: boolean;
  readonly target: string;
  readonly variant?: string;
  readonly preset?: string;
  readonly env?: readonly string[];
  readonly flag?: readonly string[];
  readonly iterations?: string;
  readonly workingSet?: string;
  readonly min?: string;
  readonly max?: string;
  readonly seed?: string;
  readonly threads?: string;
  readonly runs?: string;
  readonly sample?: boolean;
  readonly counters?: boolean;
  readonly latency?: boolean;
  readonly verify?: boolean;
  readonly format: string;
}

const workloads = ['random_mixed', 'floor', 'larson', 'pc', 'mstress'] as const;
/** The definition's long name. */
const aliases: Readonly<Record<string, string>> = { producer_consumer: 'pc' };
const profiles = ['mixed', 'tiny', 'c6heavy', 'c7heavy', 'mid', 'large'] as const;
const u32 = 0xffff_ffff;

/** What DESIGN names and this version does not do yet; said plainly instead of being ignored. */
function refuseLater(flags: BenchFlags): void {
  const later = (what: string, instead: string): never => {
    throw new UserError(`${what} is not there yet: ${instead}`);
  };
  if (flags.preset !== undefined) later('--preset', 'set gates one by one with --env NAME=VALUE');
  if (flags.threads?.includes(',') === true) {
    later('a list of thread counts (--threads N,N)', 'give one count');
  }
}

function splitWorkload(text: string): Pick<BenchRequest, 'workload' | 'profile'> {
  const [name = '', profile, ...rest] = text.split(':');
  if (rest.length > 0) throw new UserError(`workload ${quoted(text)}: write it as WORKLOAD:PROFILE`);
  const workload = parseChoice(
    'workload',
    Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name,
    workloads,
  );
  if (profile !== undefined && workload !== 'random_mixed' && workload !== 'floor') {
    throw new UserError(`workload ${quoted(text)}: ${workload} has no profiles`);
  }
  return { workload, profile: parseChoice(`profile of ${name}`, profile ?? 'mixed', profiles) };
}

/** The work of a request: a workload by its name, or a trace. */
function workOf(
  workload: string | undefined,
  flags: Pick<BenchFlags, 'trace' | 'flatten'>,
): Pick<BenchRequest, 'workload' | 'profile' | 'trace'> {
  if (flags.trace === undefined) {
    if (flags.flatten === true) throw new UserError('--flatten needs --trace FILE');
    return splitWorkload(workload ?? 'random_mixed');
  }
  if (workload !== undefined) {
    throw new UserError(`give a workload or --trace, not both (${quoted(workload)})`);
  }
  requireExists(flags.trace, '--trace');
  return {
    workload: 'trace',
    profile: 'mixed',
    trace: { file: flags.trace, flatten: flags.flatten === true },
  };
}

function optionalWhole(option: string, text: string | undefined, low: number, high: number): number | null {
  return text === undefined ? null : parseWhole(option, text, low, high);
}

/** Everything that can be refused before a target is asked is refused here. */
export function benchRequest(
  workload: string | undefined,
  flags: BenchFlags,
  variants: readonly string[],
): BenchRequest {
  refuseLater(flags);
  const work = workOf(workload, flags);
  const min = optionalWhole('--min', flags.min, 1, 0x4000_0000);
  const max = optionalWhole('--max', flags.max, 1, 0x4000_0000);
  if (min !== null && max !== null && min > max) {
    throw new UserError(`--min ${min} is larger than --max ${max}`);
  }
  const variant = flags.variant ?? (variants.includes('fast') ? 'fast' : (variants[0] ?? 'fast'));
  if (variants.length > 0 && !variants.includes(variant)) {
    throw new UserError(
      `--variant ${quoted(variant)}: target ${quoted(flags.target)} has ${variants.join(', ')}`,
    );
  }
  return {
    ...work,
    variant,
    env: toRecord((flags.env ?? []).map((e) => parseAssignment('--env', e))),
    flags: toRecord((flags.flag ?? []).map((f) => parseAssignment('--flag', f))),
    iterations: optionalWhole('--iterations', flags.iterations, 1, u32),
    workingSet: optionalWhole('--working-set', flags.workingSet, 1, 100_000_000),
    min,
    max,
    seed: parseWhole('--seed', flags.seed ?? '12345', 1, u32),
    threads: optionalWhole('--threads', flags.threads, 1, 64),
    runs: parseWhole('--runs', flags.runs ?? '1', 1, 1000),
    sample: flags.sample === true,
    counters: flags.counters === true,
    latency: flags.latency === true,
    verify: flags.verify === true,
  };
}

export async function runBench(
  services: Services,
  workload: string | undefined,
  flags: BenchFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const target = services.target(flags.target);
  const request = benchRequest(workload, flags, target.variants);
  const result = await target.run(request, {
    onProgress: services.output.onProgress,
    signal: services.signal,
  });
  services.signal.throwIfAborted();
  await services.output.print(
    format === 'json'
      ? JSON.stringify(result)
      : benchText(result, services.output.style, services.sourceText),
  );
  return 0;
}
