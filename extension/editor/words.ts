/** The editor's small vocabulary: figures and rows as a reader wants them. Pure. */
import type { AtomicClass, AtomicSite, BenchResult, Gate, Profile, Variable } from '../model.ts';
import type { ProfileFormat } from '../model-profile.ts';

/** `23.8%`; what ran but rounds to nothing is `<0.1%`, never `0.0%`. */
export function percentText(percent: number): string {
  if (percent <= 0) return '0%';
  return percent < 0.05 ? '<0.1%' : `${percent.toFixed(1)}%`;
}

/** `1 counter`, `3 counters`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** Operations per second: `64.1 M ops/s`. */
export function speedText(opsPerSecond: number): string {
  const [divisor, unit] =
    opsPerSecond >= 1e9
      ? [1e9, 'G ']
      : opsPerSecond >= 1e6
        ? [1e6, 'M ']
        : opsPerSecond >= 1e3
          ? [1e3, 'k ']
          : [1, ''];
  return `${(opsPerSecond / divisor).toFixed(divisor === 1 ? 0 : 1)} ${unit}ops/s`;
}

/** Coarse age of an ISO 8601 moment: `just now`, `5 min ago`, `3 h ago`, `2 days ago`. */
export function ageText(recordedAt: string, now: number): string {
  const minutes = Math.floor((now - Date.parse(recordedAt)) / 60_000);
  if (!Number.isFinite(minutes) || minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ago` : `${counted(Math.floor(hours / 24), 'day')} ago`;
}

/** Milliseconds until `ageText` says something else. */
export function ageLasts(recordedAt: string, now: number): number {
  const age = Math.max(0, now - Date.parse(recordedAt));
  const step = age < 3_600_000 ? 60_000 : 3_600_000;
  return step - (age % step);
}

/** `random_mixed:tiny`, and `random_mixed` for its standard profile. */
export const workloadText = (workload: string): string => workload.replace(/:mixed$/, '');

/** `random_mixed, engine fast`: which run the figures are from. */
export function runName(run: BenchResult | null, profile: Profile): string {
  const variant = run?.variant ?? profile.target.variant;
  const target = run?.target ?? profile.target.name;
  return [
    workloadText(run?.workload ?? profile.workload),
    variant === null || variant === 'native' ? target : `${target} ${variant}`,
  ].join(', ');
}

/** `12,345`; the same in every locale, as the rest of the text is. */
export const countText = (n: number): string => Math.round(n).toLocaleString('en-US');

/** Program behind a format, as users know it. */
const tools: Readonly<Record<ProfileFormat, string>> = {
  'alloc-lens': 'Alloc Lens',
  'perf.data': 'perf',
  'perf-script': 'perf',
  'perf-report': 'perf',
  'perf-annotate': 'perf',
  folded: 'folded stacks',
  callgrind: 'callgrind',
  cachegrind: 'cachegrind',
  pprof: 'pprof',
  cpuprofile: 'V8',
  firefox: 'Firefox Profiler',
  speedscope: 'speedscope',
};

/** What a native or imported profile rests on: `perf cpu-clock, 12,345 samples`, `callgrind Ir, 8,200,000 instructions`. */
export function sourceText(profile: Profile): string {
  const { details, origin, samples, unit } = profile;
  if (details === undefined) return `${origin.functions}, ${countText(samples)} samples`;
  const { event, format } = details;
  const tool = [tools[format], event.name].filter((word) => word !== '').join(' ');
  return unit === 'instructions'
    ? `${tool}, ${countText(event.weight)} instructions`
    : `${tool}, ${countText(samples)} samples`;
}

/** Percent points with their sign: `+1.2`, `−0.8`, `±0.0`. */
export function pointsText(points: number): string {
  const size = Math.abs(points).toFixed(1);
  return `${size === '0.0' ? '±' : points > 0 ? '+' : '−'}${size}`;
}

/** How the shares were made: they may come from another variant than the one that was timed. */
export function sharesText(profile: Profile): string {
  const { origin, samples, speedAgainstFast, target } = profile;
  if (target.kind !== 'engine') {
    return `Source: ${sourceText(profile)}.`;
  }
  const speed = speedAgainstFast === null ? '' : ` at ${Math.round(speedAgainstFast * 100)}% of fast’s speed`;
  const variant = target.variant === null ? '' : ` of variant ${target.variant}${speed}`;
  return `Functions: ${origin.functions}, ${samples} samples${variant}. Lines: ${origin.lines}.`;
}

export const classOrder: readonly AtomicClass[] = ['telemetry', 'correctness', 'unknown'];

/** `fetch_add, relaxed`, `fence, seq_cst`. */
export const operationText = (s: AtomicSite): string =>
  s.order === null ? s.operation : `${s.operation}, ${s.order}`;

/** `g_hits`, or `FrontStats.total_calls` for a field. */
export const variableName = (v: Pick<Variable, 'name' | 'owner'>): string =>
  v.owner === null ? v.name : `${v.owner}.${v.name}`;

/** What the site works on, as short as it can be said. */
export const targetText = (s: AtomicSite): string => s.target ?? (s.kind === 'fence' ? 'fence' : s.operation);

/** Why a site does not run, in two or three words; null when it does. */
export function inactivity(s: Pick<AtomicSite, 'activity'>, gates: readonly Gate[]): string | null {
  if (s.activity.state === 'active') return null;
  if (s.activity.state === 'conditional') return 'conditional';
  const by = gates.find((g) => g.name !== null && g.name === s.activity.decidedBy);
  return by?.kind === 'env' ? 'gated off' : 'compiled out';
}

export type Settings = Readonly<Record<string, string>>;

/** A gate's value under the current configuration: `on`, `off`, `=2`, `unset`; `set` says that the user chose it. */
export function gateValue(
  g: Gate,
  env: Settings,
  defines: Settings,
): { readonly text: string; readonly set: boolean } {
  const chosen = g.name === null ? undefined : (g.kind === 'env' ? env : defines)[g.name];
  if (chosen !== undefined) return { text: `= ${chosen === '' ? '(empty)' : chosen}`, set: true };
  if (g.default === null) return { text: 'default unknown', set: false };
  return { text: g.default === 'on' || g.default === 'off' ? g.default : `= ${g.default}`, set: false };
}

const reads: Readonly<Record<NonNullable<Gate['read']>, string>> = {
  'per-call': 'read per call',
  'per-thread': 'read once a thread',
  once: 'read once',
  constructor: 'read at start-up',
};

export const gateReadText = (g: Gate): string | null => (g.read === null ? null : reads[g.read]);

export const gateName = (g: Gate): string => g.name ?? '(computed name)';
