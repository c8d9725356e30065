/** What code lenses say and do, without the editor: each part is a few words and one action. Pure. */
import type {
  AtomicClass,
  AtomicSite,
  FileAnnotations,
  Findings,
  FunctionAnnotation,
  FunctionInfo,
  Gate,
} from '../model.ts';
import type { CostTable } from '../model-costs.ts';
import { removableCost } from '../profile/cost-estimates.ts';
import { costClause, costSentence } from './cost-text.ts';
import {
  classOrder,
  counted,
  gateName,
  gateReadText,
  gateValue,
  inactivity,
  percentText,
  pointsText,
  type Settings,
} from './words.ts';

export type LensAction =
  | { readonly kind: 'report' }
  | { readonly kind: 'runBenchmark' }
  /** Ids of sites or counters of this file. */
  | { readonly kind: 'rows'; readonly ids: readonly string[] }
  | { readonly kind: 'gate'; readonly id: string }
  /** A function of the engine's own sources. */
  | { readonly kind: 'engine'; readonly file: string; readonly line: number }
  /** Disassembly of the function that the profile knows by this name. */
  | { readonly kind: 'assembly'; readonly function: string };

export interface LensPart {
  readonly title: string;
  readonly tooltip: string;
  readonly action: LensAction;
}

export interface LensRow {
  /** 1-based, as analysed. */
  readonly line: number;
  readonly parts: readonly LensPart[];
}

export interface LensContext {
  readonly gates: readonly Gate[];
  /** Ids of gates that so much depends on that naming them on every function would say nothing. */
  readonly wideGates: ReadonlySet<string>;
  readonly env: Settings;
  readonly defines: Settings;
  /** Show a lens on cold functions without findings too. */
  readonly coldFunctions: boolean;
  /** Where the engine's function of that name is, for shares by symbol. */
  readonly engineSource: (name: string) => { readonly file: string; readonly line: number } | null;
  /** `random_mixed, engine fast, 5 min ago`; null without a profile. */
  readonly run: string | null;
  /** How the shares were made; empty without a profile. */
  readonly shares: string;
  /** Why marks of the profile may be off in this file; null when they are not. */
  readonly caution: string | null;
  /** Symbol under which a measured function can be disassembled, null where there is none. */
  readonly symbolOf: (f: FunctionInfo) => string | null;
  /** What things cost on this machine, null before any calibration. */
  readonly costs: CostTable | null;
}

const separator = ' · ';

const temperatureText = {
  hot: 'hot path',
  warm: 'warm path',
  cold: 'cold',
  unreached: 'not reached',
} as const;

const inclusiveText = ({ totalPercent }: FunctionAnnotation): string =>
  totalPercent === undefined ? '' : `, ${percentText(totalPercent)} into it or what it calls`;

/** `; 12.0% before, 95% of the change between +0.4 and +2.0 points`; nothing while nothing is compared. */
function beforeText({ change }: FunctionAnnotation): string {
  if (change === undefined) return '';
  const before = change.before === null ? 'not seen before' : `${percentText(change.before)} before`;
  if (change.interval === null) return `; ${before}`;
  const [low, high] = change.interval.map(pointsText);
  return `; ${before}, 95% of the change between ${low} and ${high} points`;
}

function headPart(a: FunctionAnnotation, ctx: LensContext): LensPart {
  const { category, temperature, name } = a.function;
  if (a.selfPercent === null) {
    return {
      title: [temperatureText[temperature], category].join(separator),
      tooltip: `${name}: ${temperatureText[temperature]} by following calls; not measured. Click to run a benchmark.`,
      action: { kind: 'runBenchmark' },
    };
  }
  const share = percentText(a.selfPercent);
  const change = a.change === undefined ? '' : ` (${pointsText(a.change.delta)} points)`;
  const title = [`${share} self${change}`];
  if (a.totalPercent !== undefined) title.push(`${percentText(a.totalPercent)} total`);
  title.push(category);
  if (a.bySymbol !== null) title.push(`${a.bySymbol}, by symbol`);
  const whose =
    a.bySymbol === null
      ? `${share} of all samples fell into ${name} itself${inclusiveText(a)}${beforeText(a)}`
      : `${share} of the ${a.bySymbol}'s samples fell into its function of the same name; this code did not run`;
  return {
    title: title.join(separator),
    tooltip: `${whose} (${ctx.run ?? 'unknown run'}). Click for the report.`,
    action: { kind: 'report' },
  };
}

/** `(compiled out)`, `(2 compiled out)`, `(1 compiled out, 1 conditional)`, or nothing. */
function activityText(sites: readonly AtomicSite[], gates: readonly Gate[]): string {
  const counts = new Map<string, number>();
  for (const s of sites) {
    const why = inactivity(s, gates);
    if (why !== null) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  const all = [...counts].map(([why, n]) => (n === sites.length ? why : `${n} ${why}`));
  return all.length === 0 ? '' : ` (${all.join(', ')})`;
}

function rolesText(sites: readonly AtomicSite[]): string {
  const roles = [...new Set(sites.map((s) => s.role).filter((r) => r !== null))];
  return roles.length === 0 ? '' : `: ${roles.join(', ')}`;
}

function atomicsPart(cls: AtomicClass, sites: readonly AtomicSite[], ctx: LensContext): LensPart {
  const n = sites.length;
  // Only telemetry can go.
  const cost = cls === 'telemetry' && ctx.costs !== null ? removableCost(sites, ctx.costs) : null;
  const what = {
    telemetry: counted(n, 'telemetry atomic'),
    correctness: `${n} correctness${rolesText(sites)}`,
    unknown: counted(n, 'unclassified atomic'),
  }[cls];
  return {
    title: `${what}${activityText(sites, ctx.gates)}${cost === null ? '' : `, ${costClause(cost, n)}`}`,
    tooltip: `${cost === null ? '' : `${costSentence(cost)} `}Show them with their evidence.`,
    action: { kind: 'rows', ids: sites.map((s) => s.id) },
  };
}

function gatePart(g: Gate, ctx: LensContext): LensPart {
  const value = gateValue(g, ctx.env, ctx.defines);
  const known = g.name === null ? gateName(g) : `${g.name} ${value.text}`;
  const words = [`gate ${known}`, gateReadText(g)].filter((w) => w !== null);
  return {
    title: words.join(', '),
    tooltip: value.set
      ? 'As set in allocLens.env or allocLens.defines.'
      : 'Its default when unset. Click for where it is read.',
    action: { kind: 'gate', id: g.id },
  };
}

/** Functions that a gate may guard before its name on each of them is noise. */
const narrow = 8;

/** Gates that guard many functions, such as the one that sends every call to libc. */
export function wideGates(findings: Pick<Findings, 'gates' | 'functions'>): Set<string> {
  const functions = new Set(findings.functions.map((f) => f.id));
  const guarded = (g: Gate): number => g.guards.filter((id) => functions.has(id)).length;
  return new Set(findings.gates.filter((g) => guarded(g) > narrow).map((g) => g.id));
}

/**
 * Gates worth a word, each name once: environment gates that decide a site here, are read here, or guard little else.
 * Compile gates are already told by `(compiled out)`, so only when set by hand.
 */
function shownGates(a: FunctionAnnotation, ctx: LensContext): Gate[] {
  const deciding = new Set([...a.atomics, ...a.counters].map((r) => r.activity.decidedBy));
  const rank = (g: Gate): number => {
    if (deciding.has(g.name)) return 0;
    if (g.file === a.function.file && g.function === a.function.name) return 1;
    return ctx.wideGates.has(g.id) ? 3 : 2;
  };
  const seen = new Set<string>();
  return a.gates
    .filter((g) => rank(g) < 3 && (g.kind === 'env' || gateValue(g, ctx.env, ctx.defines).set))
    .sort((x, y) => rank(x) - rank(y) || Number(x.default === null) - Number(y.default === null))
    .filter((g) => !seen.has(gateName(g)) && seen.add(gateName(g)));
}

const gatesNamed = 2;

/** Parts of one function's lens; none for a function that has nothing to say. */
export function functionLens(a: FunctionAnnotation, ctx: LensContext): LensPart[] {
  const gates = shownGates(a, ctx);
  const bare = a.atomics.length + a.counters.length + gates.length === 0;
  const quiet = a.selfPercent === null && bare && a.function.temperature !== 'hot';
  if (quiet && !ctx.coldFunctions) return [];
  const parts = [headPart(a, ctx)];
  const measured = a.bySymbol === null ? null : ctx.engineSource(a.function.name);
  if (measured !== null) {
    parts.push({
      title: 'engine source',
      tooltip: `Open what was measured: ${a.function.name} in ${measured.file}, with its line heat.`,
      action: { kind: 'engine', ...measured },
    });
  }
  const symbol = a.selfPercent === null || a.bySymbol !== null ? null : ctx.symbolOf(a.function);
  if (symbol !== null) {
    parts.push({
      title: 'assembly',
      tooltip: `Open the disassembly of ${symbol} beside the source, with the share of each instruction.`,
      action: { kind: 'assembly', function: symbol },
    });
  }
  for (const cls of classOrder) {
    const sites = a.atomics.filter((s) => s.class === cls);
    if (sites.length > 0) parts.push(atomicsPart(cls, sites, ctx));
  }
  if (a.counters.length > 0) {
    parts.push({
      title: counted(a.counters.length, 'plain counter'),
      tooltip: 'Telemetry without an atomic: still a load, an add and a store each time.',
      action: { kind: 'rows', ids: a.counters.map((c) => c.id) },
    });
  }
  for (const g of gates.slice(0, gatesNamed)) parts.push(gatePart(g, ctx));
  const more = gates.slice(gatesNamed);
  const first = more[0];
  if (first !== undefined) {
    parts.push({
      title: `${more.length} more ${more.length === 1 ? 'gate' : 'gates'}`,
      tooltip: more.map(gateName).join(', '),
      action: { kind: 'gate', id: first.id },
    });
  }
  return parts;
}

/** The lens on line 1: this file's share, its counts and whose figures they are; none for a file with nothing. */
export function fileLens(
  annotations: FileAnnotations,
  atomics: readonly AtomicSite[],
  gates: readonly Gate[],
  ctx: LensContext,
): LensPart[] {
  const measured = annotations.functions.filter((a) => a.selfPercent !== null);
  const share = measured.reduce((sum, a) => sum + (a.selfPercent ?? 0), 0);
  const parts: LensPart[] = [];
  if (measured.length > 0) {
    const bySymbol = measured.find((a) => a.bySymbol !== null)?.bySymbol ?? null;
    parts.push({
      title:
        bySymbol === null
          ? `Hot ${percentText(share)} of samples in this file`
          : `Hot ${percentText(share)} of ${bySymbol} samples, by symbol`,
      tooltip: `Sum of the self shares of its functions. ${ctx.shares} Click for the report.`,
      action: { kind: 'report' },
    });
  }
  if (atomics.length > 0) {
    const classes = classOrder
      .map((cls) => ({ cls, n: atomics.filter((s) => s.class === cls).length }))
      .filter(({ n }) => n > 0)
      .map(({ cls, n }) => `${n} ${cls}`);
    parts.push({
      title: `${counted(atomics.length, 'atomic')} (${classes.join(', ')})`,
      tooltip: 'Show them.',
      action: { kind: 'rows', ids: atomics.map((s) => s.id) },
    });
  }
  const first = gates[0];
  if (first !== undefined) {
    const names = [...new Set(gates.map(gateName))];
    parts.push({
      title: counted(names.length, 'gate'),
      tooltip: names.join(', '),
      action: { kind: 'gate', id: first.id },
    });
  }
  if (parts.length === 0) return [];
  if (ctx.run !== null && measured.length > 0) {
    parts.push({
      title: ctx.run,
      tooltip: `The run behind the figures. ${ctx.shares}`,
      action: { kind: 'report' },
    });
    if (ctx.caution !== null) {
      parts.push({
        title: ctx.caution,
        tooltip: 'Marks follow what is typed here. Measure again for figures of the file as it is.',
        action: { kind: 'runBenchmark' },
      });
    }
  } else if (ctx.run === null) {
    parts.push({
      title: 'Run benchmark…',
      tooltip: 'Measure which of these functions cost time.',
      action: { kind: 'runBenchmark' },
    });
  }
  return parts;
}

/** All lens rows of one file, in order of line. */
export function lensRows(
  annotations: FileAnnotations,
  atomics: readonly AtomicSite[],
  gates: readonly Gate[],
  ctx: LensContext,
): LensRow[] {
  const rows: LensRow[] = [{ line: 1, parts: fileLens(annotations, atomics, gates, ctx) }];
  for (const a of annotations.functions) rows.push({ line: a.function.line, parts: functionLens(a, ctx) });
  return rows.filter((r) => r.parts.length > 0);
}
