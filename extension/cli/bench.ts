/** `alloc-lens bench`: a workload or a trace on a target, its speed and, when asked, its profile. */
import type { BenchRequest, BenchResult } from '../model.ts';
import { UserError } from '../model.ts';
import { parametersOf, traceOf } from '../profile/workloads.ts';
import { type Preset, presetByName } from '../../engine/host/presets.ts';
import { benchText } from '../report/text-bench.ts';
import type { Services } from './services.ts';
import { parseAssignment, parseChoice, parseWhole, quoted, toRecord } from './values.ts';
import type { WorkFlags } from './work-options.ts';

/** As commander hands them over. */
export interface BenchFlags extends WorkFlags {
  readonly target: string;
  readonly variant?: string;
  readonly preset?: string;
  readonly env?: readonly string[];
  readonly flag?: readonly string[];
  readonly runs?: string;
  readonly passes?: string;
  readonly sample?: boolean;
  readonly counters?: boolean;
  readonly latency?: boolean;
  readonly verify?: boolean;
  readonly format: string;
}

const workloads = ['random_mixed', 'floor', 'larson', 'pc', 'mstress'] as const;
const profiles = ['mixed', 'tiny', 'c6heavy', 'c7heavy', 'mid', 'large'] as const;
const u32 = 0xffff_ffff;

type Work = Pick<BenchRequest, 'workload' | 'profile' | 'trace'>;

/** `WORKLOAD[:PROFILE]`, for the workloads with threads `WORKLOAD[:T4]`, which is `--threads 4`. */
function splitWorkload(text: string): Work & { readonly threads: number | null } {
  const [given = '', profile = 'mixed', ...rest] = text.split(':');
  const name = given === 'producer_consumer' ? 'pc' : given;
  if (rest.length > 0) throw new UserError(`workload ${quoted(text)}: write it as WORKLOAD:PROFILE`);
  const workload = parseChoice('workload', name, workloads);
  if (workload === 'random_mixed' || workload === 'floor') {
    return { workload, profile: parseChoice(`profile of ${name}`, profile, profiles), threads: null };
  }
  const threads = /^T(\d{1,3})$/.exec(profile)?.[1];
  if (threads === undefined && text.includes(':')) {
    throw new UserError(
      `workload ${quoted(text)}: ${workload} has no profiles but threads, as in ${workload}:T4`,
    );
  }
  return { workload, profile: 'mixed', threads: threads === undefined ? null : Number(threads) };
}

function traceWork(workload: string | undefined, flags: BenchFlags): Work | null {
  if (flags.trace === undefined) {
    if (flags.flatten === true) throw new UserError('--flatten is for traces: give --trace FILE with it');
    return null;
  }
  if (workload !== undefined) {
    throw new UserError(`give a workload (${quoted(workload)}) or --trace FILE, not both`);
  }
  return {
    workload: 'trace',
    profile: 'mixed',
    trace: { file: flags.trace, flatten: flags.flatten === true },
  };
}

/** Counts of `--threads N[,N...]`, null for the workload's own. */
function threadCounts(text: string | undefined): readonly (number | null)[] {
  if (text === undefined) return [null];
  const counts = text.split(',').map((count) => parseWhole('--threads', count, 1, 256));
  const twice = counts.find((count, i) => counts.indexOf(count) !== i);
  if (twice !== undefined) throw new UserError(`--threads ${quoted(text)}: ${twice} is there twice`);
  return counts;
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

/** Everything that can be refused before a target is asked is refused here. One request for each count of threads. */
export function benchRequests(
  workload: string | undefined,
  flags: BenchFlags,
  variants: readonly string[],
): BenchRequest[] {
  const trace = traceWork(workload, flags);
  const { threads: own, ...work } =
    trace === null ? splitWorkload(workload ?? 'random_mixed') : { ...trace, threads: null };
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
  if (own !== null && flags.threads !== undefined) {
    throw new UserError(`${quoted(workload ?? '')} names its threads: leave --threads out`);
  }
  const request: Omit<BenchRequest, 'threads'> = {
    ...work,
    variant,
    env: { ...preset?.env, ...toRecord((flags.env ?? []).map((e) => parseAssignment('--env', e))) },
    flags: { ...preset?.flags, ...toRecord((flags.flag ?? []).map((f) => parseAssignment('--flag', f))) },
    iterations: optionalWhole('--iterations', flags.iterations, 1, u32),
    workingSet: optionalWhole('--working-set', flags.workingSet, 1, 100_000_000),
    min,
    max,
    seed: parseWhole('--seed', flags.seed ?? '12345', 1, u32),
    runs: parseWhole('--runs', flags.runs ?? '1', 1, 1000),
    passes: optionalWhole('--passes', flags.passes, 1, 1000),
    sample: flags.sample === true,
    counters: flags.counters === true,
    latency: flags.latency === true,
    verify: flags.verify === true,
  };
  const requests = threadCounts(flags.threads).map((threads) => ({ ...request, threads: threads ?? own }));
  // A count that cannot be is found before the counts in front of it have run.
  for (const r of requests) {
    if (r.workload === 'trace') traceOf(r);
    else parametersOf(r);
  }
  return requests;
}

/** What several counts of threads give: one result each, in the order of the option. */
export interface BenchResults {
  readonly schemaVersion: 1;
  readonly results: readonly BenchResult[];
}

export async function runBench(
  services: Services,
  workload: string | undefined,
  flags: BenchFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const target = services.target(flags.target);
  const requests = benchRequests(workload, flags, target.variants);
  const results: BenchResult[] = [];
  for (const request of requests) {
    const share = results.length / requests.length;
    const result = await target.run(request, {
      onProgress: ({ message, fraction }) =>
        services.output.onProgress({
          message: requests.length === 1 ? message : `${request.threads} threads, ${message}`,
          fraction: share + fraction / requests.length,
        }),
      signal: services.signal,
    });
    services.signal.throwIfAborted();
    results.push({
      ...result,
      environment: {
        preset: flags.preset ?? null,
        env: { ...result.environment?.env, ...request.env },
        flags: request.flags,
      },
    });
  }
  const [first] = results;
  const all: BenchResults = { schemaVersion: 1, results };
  await services.output.print(
    format === 'json'
      ? JSON.stringify(results.length === 1 ? first : all)
      : results.map((r) => benchText(r, services.output.style, services.sourceText)).join('\n\n'),
  );
  return 0;
}
