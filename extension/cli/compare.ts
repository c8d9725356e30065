/** `alloc-lens compare-allocators`: one workload on several targets, their runs interleaved. */
import { type Comparand, compareAllocators } from '../experiment/compare-allocators.ts';
import { UserError } from '../model.ts';
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

/** `TARGET[:VARIANT]`; a path may hold colons, so that only a known variant is taken for one. */
function comparandOf(services: Services, text: string): Comparand {
  const at = text.lastIndexOf(':');
  const named = services.target(at < 0 || text.includes('/') ? text : text.slice(0, at));
  const variant = at < 0 || text.includes('/') ? (named.variants[0] ?? 'native') : text.slice(at + 1);
  if (!named.variants.includes(variant)) {
    throw new UserError(`--targets ${quoted(text)}: ${named.name} has ${named.variants.join(', ')}`);
  }
  return { target: named, variant };
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
  const comparands = (await targetNames(services, flags)).map((name) => comparandOf(services, name));
  const result = await compareAllocators(comparands, base, rounds, {
    signal: services.signal,
    onProgress: (message, fraction) => services.output.onProgress({ message, fraction }),
  });
  await services.output.print(
    format === 'json' ? JSON.stringify(result) : compareText(result, services.output.style),
  );
  return result.rows.some((r) => r.error !== null) ? 3 : 0;
}
