/** What the harness prints, checked before anything believes it. */
import { UserError } from '../model.ts';

export interface HarnessOutput {
  /** Path of the object that defines malloc in that process. */
  readonly allocator: string;
  /** Nanoseconds of each pass. */
  readonly passesNs: readonly number[];
  /** Operations and threads of a pass, as the checked pass counted them. */
  readonly operations: number;
  readonly threads: number;
  /** 16 hex digits for each thread that has a sequence of its own. */
  readonly hash: readonly string[];
  /** Involuntary context switches during the passes: how much others wanted the cores. */
  readonly switches: number;
  /** Minor and major page faults during the passes, all of them; null where the kernel does not say. */
  readonly pageFaults: number | null;
  /** VmHWM over the passes less VmRSS before them; null where the kernel does not say. */
  readonly peakBytes: number | null;
  /** Most bytes that the workload held at once, as requested and as the allocator's usable sizes. */
  readonly requestedBytes: number;
  readonly liveBytes: number;
  readonly faults: { readonly contents: number; readonly alignment: number; readonly zero: number };
  /** Nanoseconds: p50, p99, p999, max. */
  readonly latency: readonly number[];
}

function numbers(value: unknown, length: number | null): number[] | null {
  if (!Array.isArray(value) || (length !== null && value.length !== length)) return null;
  const all: unknown[] = value;
  const out = all.filter((v): v is number => typeof v === 'number' && Number.isFinite(v) && v >= 0);
  return out.length === all.length ? out : null;
}

function hashes(value: unknown): string[] | null {
  if (!Array.isArray(value) || value.length === 0) return null;
  const all: unknown[] = value;
  const out = all.filter((v): v is string => typeof v === 'string' && /^[0-9a-f]{16}$/.test(v));
  return out.length === all.length ? out : null;
}

/**
 * The harness's JSON line. Throws `UserError` when it is not what the harness prints (an allocator wrote into stdout).
 *
 * @param passes how many there have to be; null where the harness chose
 */
export function parseHarnessOutput(text: string, passes: number | null): HarnessOutput {
  const bad = (): UserError =>
    new UserError('the native harness printed no result: does the preloaded library write to stdout?', 3);
  const line = text.split('\n').find((l) => l.startsWith('{"allocator":'));
  if (line === undefined) throw bad();
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad();
  }
  if (typeof value !== 'object' || value === null) throw bad();
  const field = (name: string): unknown => Reflect.get(value, name);
  const allocator = field('allocator');
  const hash = hashes(field('hash'));
  const passesNs = numbers(field('passesNs'), passes);
  const faults = numbers(field('faults'), 3);
  const latency = numbers(field('latency'), 4);
  const counts = numbers([field('operations'), field('threads'), field('switches')], 3);
  const sizes = numbers([field('requestedBytes'), field('liveBytes')], 2);
  const peak = field('peakBytes');
  const pageFaults = field('pageFaults');
  if (
    typeof allocator !== 'string' ||
    hash === null ||
    counts === null ||
    passesNs === null ||
    passesNs.length === 0 ||
    faults === null ||
    latency === null ||
    sizes === null ||
    typeof peak !== 'number' ||
    typeof pageFaults !== 'number'
  ) {
    throw bad();
  }
  return {
    allocator,
    hash,
    passesNs,
    operations: counts[0] ?? 0,
    threads: counts[1] ?? 0,
    switches: counts[2] ?? 0,
    pageFaults: pageFaults >= 0 ? pageFaults : null,
    peakBytes: peak >= 0 ? peak : null,
    requestedBytes: sizes[0] ?? 0,
    liveBytes: sizes[1] ?? 0,
    faults: { contents: faults[0] ?? 0, alignment: faults[1] ?? 0, zero: faults[2] ?? 0 },
    latency,
  };
}
