/** `alloc-lens compare-allocators`: one workload on several targets, their runs interleaved. */
import type { BenchResult, CompareResult, CompareRow, Target } from '../model.ts';
import { UserError } from '../model.ts';
import { median } from '../profile/percentiles.ts';
import { workloadName } from '../profile/workloads.ts';
import { compareText } from '../report/text-compare.ts';
import { benchRequests } from './bench.ts';
import type { Services } from './services.ts';
import { parseChoice, parseWhole, quoted } from './values.ts';

/** As commander hands them over. */
export interface CompareFlags {
  readonly trace?: string;
  readonly flatten?: boolean;
  readonly targets?: string;
  readonly runs?: string;
  readonly iterations?: string;
  readonly seed?: string;
  readonly threads?: string;
  readonly format: string;
}

interface Arm {
  readonly target: Target;
  readonly variant: string;
  readonly results: BenchResult[];
  error: string | null;
}

/** `TARGET[:VARIANT]`; a path may hold colons, so that only a known variant is taken for one. */
function armOf(services: Services, text: string): Arm {
  const at = text.lastIndexOf(':');
  const named = services.target(at < 0 || text.includes('/') ? text : text.slice(0, at));
  const variant = at < 0 || text.includes('/') ? (named.variants[0] ?? 'native') : text.slice(at + 1);
  if (!named.variants.includes(variant)) {
    throw new UserError(`--targets ${quoted(text)}: ${named.name} has ${named.variants.join(', ')}`);
  }
  return { target: named, variant, results: [], error: null };
}

async function targetNames(services: Services, flags: CompareFlags): Promise<readonly string[]> {
  if (flags.targets === undefined) {
    return ['engine:fast', 'engine:fast-calls', 'system', ...(await services.installed())];
  }
  const names = flags.targets
    .split(',')
    .map((t) => t.trim())
    .filter((t) => t !== '');
  if (names.length === 0) throw new UserError('--targets needs at least one target');
  return names;
}

function rowOf(arm: Arm, first: Arm): CompareRow {
  const name = { target: arm.target.name, variant: arm.variant, error: arm.error };
  if (arm.error !== null || arm.results.length === 0) {
    const none = { median: null, min: null, max: null, firstOpsPerSecond: null, peakBytes: null };
    return { ...name, ...none, ratio: null };
  }
  const medians = arm.results.map((r) => r.median);
  const peaks = arm.results.map((r) => r.memory.peakBytes).filter((b): b is number => b !== null);
  const comparable = arm !== first && first.error === null;
  const ratios = comparable ? medians.map((m, i) => m / (first.results[i]?.median ?? Number.NaN)) : [];
  return {
    ...name,
    median: median(medians),
    min: Math.min(...medians),
    max: Math.max(...medians),
    firstOpsPerSecond: median(arm.results.map((r) => r.firstOpsPerSecond)),
    peakBytes: peaks.length === 0 ? null : Math.max(...peaks),
    ratio:
      ratios.length === 0
        ? null
        : { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
  };
}

/** The rounds of all arms. An arm that fails is left out of the following rounds; bad input ends everything. */
async function measure(
  services: Services,
  arms: readonly Arm[],
  request: (arm: Arm) => Parameters<Target['run']>[0],
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // Every other round runs backwards: what follows what must not decide.
    const order = round % 2 === 0 ? arms : [...arms].reverse();
    for (const [i, arm] of order.entries()) {
      if (arm.error !== null) continue;
      try {
        const result = await arm.target.run(request(arm), {
          signal: services.signal,
          onProgress: ({ message, fraction }) =>
            services.output.onProgress({
              message: `round ${round + 1} of ${rounds}: ${message}`,
              fraction: (round + (i + fraction) / arms.length) / rounds,
            }),
        });
        arm.results.push(result);
      } catch (error) {
        if (!(error instanceof UserError) || services.signal.aborted) throw error;
        arm.error = error.message;
      }
    }
  }
}

/** Exit status: 0 when every target has figures, 3 when one has none. */
export async function runCompare(
  services: Services,
  workload: string | undefined,
  flags: CompareFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const rounds = parseWhole('--runs', flags.runs ?? '3', 1, 1000);
  const [base, ...more] = benchRequests(workload, { ...flags, runs: '1', target: '' }, []);
  if (base === undefined || more.length > 0) {
    throw new UserError(`--threads ${quoted(flags.threads ?? '')}: give one count to compare at`);
  }
  const arms = (await targetNames(services, flags)).map((name) => armOf(services, name));
  await measure(services, arms, (arm) => ({ ...base, variant: arm.variant }), rounds);
  services.signal.throwIfAborted();
  const first = arms[0];
  const done = arms.filter((a) => a.error === null);
  const hashes = new Set(done.flatMap((a) => a.results.map((r) => r.hash.join(' '))).filter((h) => h !== ''));
  if (hashes.size > 1) throw new UserError('the targets did different operations: their hashes differ', 3);
  const sample = done.flatMap((a) => a.results)[0];
  const result: CompareResult = {
    schemaVersion: 1,
    workload: workloadName(base),
    threads: sample?.threads ?? base.threads ?? 1,
    rounds,
    hash: done.flatMap((a) => a.results).find((r) => r.hash.length > 0)?.hash ?? [],
    rows: first === undefined ? [] : arms.map((arm) => rowOf(arm, first)),
  };
  await services.output.print(
    format === 'json' ? JSON.stringify(result) : compareText(result, services.output.style),
  );
  return arms.some((a) => a.error !== null) ? 3 : 0;
}
