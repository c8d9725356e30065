/** `alloc-lens bench`: a workload on a target, its speed and, when asked, its profile. */
import type { BenchRequest } from '../model.ts';
import { UserError } from '../model.ts';
import { type Preset, presetByName } from '../../engine/host/presets.ts';
import { benchText } from '../report/text-bench.ts';
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

const workloads = ['random_mixed', 'floor'] as const;
const laterWorkloads: readonly string[] = ['larson', 'pc', 'producer_consumer', 'mstress'];
const profiles = ['mixed', 'tiny', 'c6heavy', 'c7heavy', 'mid', 'large'] as const;
const u32 = 0xffff_ffff;

/** What DESIGN names and this version does not do yet; said plainly instead of being ignored. */
function refuseLater(flags: BenchFlags): void {
  const later = (what: string, instead: string): never => {
    throw new UserError(`${what} is not there yet: ${instead}`);
  };
  if (flags.trace !== undefined || flags.flatten === true) {
    later('trace replay (--trace, --flatten)', `this version runs ${workloads.join(' and ')}`);
  }
  if (flags.threads?.includes(',') === true) {
    later('a list of thread counts (--threads N,N)', 'give one count');
  }
}

function splitWorkload(text: string): Pick<BenchRequest, 'workload' | 'profile'> {
  const [name = '', profile = 'mixed', ...rest] = text.split(':');
  if (laterWorkloads.includes(name)) {
    throw new UserError(
      `workload ${quoted(name)} is not there yet: this version runs ${workloads.join(' and ')}`,
    );
  }
  if (rest.length > 0) throw new UserError(`workload ${quoted(text)}: write it as WORKLOAD:PROFILE`);
  return {
    workload: parseChoice('workload', name, workloads),
    profile: parseChoice(`profile of ${name}`, profile, profiles),
  };
}

function optionalWhole(option: string, text: string | undefined, low: number, high: number): number | null {
  return text === undefined ? null : parseWhole(option, text, low, high);
}

/** The engine's preset that was asked for: single gates and flags, and --variant, win over it. */
function presetOf(flags: BenchFlags): Preset | null {
  if (flags.preset === undefined) return null;
  if (flags.target !== 'engine') {
    throw new UserError(`--preset names gates of the engine: target ${quoted(flags.target)} has none`);
  }
  return presetByName(flags.preset);
}

/** Everything that can be refused before a target is asked is refused here. */
export function benchRequest(workload: string, flags: BenchFlags, variants: readonly string[]): BenchRequest {
  refuseLater(flags);
  const size = splitWorkload(workload);
  const min = optionalWhole('--min', flags.min, 1, 0x4000_0000);
  const max = optionalWhole('--max', flags.max, 1, 0x4000_0000);
  if (min !== null && max !== null && min > max) {
    throw new UserError(`--min ${min} is larger than --max ${max}`);
  }
  const preset = presetOf(flags);
  const variant =
    flags.variant ?? preset?.variant ?? (variants.includes('fast') ? 'fast' : (variants[0] ?? 'fast'));
  if (variants.length > 0 && !variants.includes(variant)) {
    throw new UserError(
      `--variant ${quoted(variant)}: target ${quoted(flags.target)} has ${variants.join(', ')}`,
    );
  }
  return {
    ...size,
    variant,
    env: { ...preset?.env, ...toRecord((flags.env ?? []).map((e) => parseAssignment('--env', e))) },
    flags: { ...preset?.flags, ...toRecord((flags.flag ?? []).map((f) => parseAssignment('--flag', f))) },
    iterations: optionalWhole('--iterations', flags.iterations, 1, u32),
    workingSet: optionalWhole('--working-set', flags.workingSet, 1, 100_000_000),
    min,
    max,
    seed: parseWhole('--seed', flags.seed ?? '12345', 1, u32),
    threads: parseWhole('--threads', flags.threads ?? '1', 1, 256),
    runs: parseWhole('--runs', flags.runs ?? '1', 1, 1000),
    sample: flags.sample === true,
    counters: flags.counters === true,
    latency: flags.latency === true,
    verify: flags.verify === true,
  };
}

export async function runBench(services: Services, workload: string, flags: BenchFlags): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const target = services.target(flags.target);
  const request = benchRequest(workload, flags, target.variants);
  const measured = await target.run(request, {
    onProgress: services.output.onProgress,
    signal: services.signal,
  });
  const result = {
    ...measured,
    environment: { preset: flags.preset ?? null, env: request.env, flags: request.flags },
  };
  services.signal.throwIfAborted();
  await services.output.print(
    format === 'json'
      ? JSON.stringify(result)
      : benchText(result, services.output.style, services.sourceText),
  );
  return 0;
}
