/** A soak as a person reads it in a terminal: both sides' figures, budgets, a small chart of the epochs. */
import type { SoakBudget, SoakSide, SoakSummary } from '../model-soak.ts';
import { mean } from '../profile/moments.ts';
import { bytes, digits, percent, printable, signedPercent, speed } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';

const bars = '▁▂▃▄▅▆▇█';
/** Columns of a chart. */
const chartWidth = 60;

/** Means of neighbours, so that no more than `width` figures are left. */
function thinned(values: readonly number[], width: number): number[] {
  if (values.length <= width) return [...values];
  return Array.from({ length: width }, (_, i) => {
    const part = values.slice(
      Math.floor((i * values.length) / width),
      Math.floor(((i + 1) * values.length) / width),
    );
    return mean(part);
  });
}

/** A long soak has more epochs than a call takes arguments: not by `Math.min(...values)`. */
function rangeOf(values: readonly number[]): readonly [number, number] {
  return [
    values.reduce((a, b) => Math.min(a, b), Infinity),
    values.reduce((a, b) => Math.max(a, b), -Infinity),
  ];
}

/**
 * One character a figure, from the lowest to the highest of `range` (default: of the figures themselves); all figures the
 * same are a line at half height.
 */
export function sparkline(
  values: readonly number[],
  width: number = chartWidth,
  range: readonly [number, number] = rangeOf(values),
): string {
  const [low, high] = range;
  return thinned(values, width)
    .map((v) => {
      const share = high > low ? (v - low) / (high - low) : 0.5;
      return bars[Math.min(bars.length - 1, Math.max(0, Math.floor(share * bars.length)))] ?? '';
    })
    .join('');
}

/** `1.25e-7`, `0`. */
function tiny(value: number): string {
  return value === 0 ? '0' : value.toExponential(2);
}

function ns(value: number): string {
  return `${value.toFixed(2)} ns`;
}

/** A row of figures: its name, and how a side shows it. */
export interface SoakFigure {
  readonly name: string;
  readonly of: (side: SoakSide) => string;
}

const orNone = (value: number | null | undefined, show: (v: number) => string): string =>
  value === null || value === undefined ? '-' : show(value);

function residentRange(side: SoakSide): string {
  const known = side.epochs.map((e) => e.residentBytes).filter((b): b is number => b !== null);
  const [first, last] = [known[0], known.at(-1)];
  return first === undefined || last === undefined ? '-' : `${bytes(first)} to ${bytes(last)}`;
}

function signedBytes(n: number): string {
  return `${n < 0 ? '-' : n > 0 ? '+' : ''}${bytes(Math.abs(n))}`;
}

/** Everything that is measured of a side, in the order in which it is shown. */
export const soakFigures: readonly SoakFigure[] = [
  { name: 'operations', of: (s) => s.operations.toLocaleString('en-US') },
  { name: 'throughput, mean of epochs', of: (s) => speed(s.meanOpsPerSecond) },
  { name: 'CV of epochs', of: (s) => orNone(s.cvPercent, percent) },
  { name: 'slow epochs, 10th percentile', of: (s) => orNone(s.tail?.throughput.p10, speed) },
  { name: 'slow epochs, 1st percentile', of: (s) => orNone(s.tail?.throughput.p1, speed) },
  { name: 'slowest epoch', of: (s) => orNone(s.tail?.throughput.min, speed) },
  { name: 'latency p50', of: (s) => orNone(s.tail?.latency.p50, ns) },
  { name: 'latency p99', of: (s) => orNone(s.tail?.latency.p99, ns) },
  { name: 'latency p99.9', of: (s) => orNone(s.tail?.latency.p999, ns) },
  {
    name: 'worst p99.9 of an epoch',
    of: (s) =>
      orNone(s.tail?.latency.worst, (v) => `${ns(v)} (epoch ${(s.tail?.latency.worstEpoch ?? 0) + 1})`),
  },
  { name: 'p99.9 over p50', of: (s) => orNone(s.tail?.ratio, (v) => `${v.toFixed(2)}x`) },
  { name: 'resident memory', of: residentRange },
  {
    name: 'memory drift',
    of: (s) =>
      `${orNone(s.driftPercent, signedPercent)}${orNone(s.driftBytes, (b) => ` (${signedBytes(b)})`).replace(/^-$/, '')}`,
  },
  { name: 'system calls an operation', of: (s) => orNone(s.systemCallsPerOp, tiny) },
];

function amount(budget: Pick<SoakBudget, 'name'>, value: number): string {
  return budget.name === 'system calls' ? tiny(value) : percent(value);
}

/** `drift at most 1.00%`. */
export function budgetName(budget: SoakBudget): string {
  const what = { drift: 'memory drift', 'system calls': 'system calls an operation', cv: 'CV of epochs' };
  return `${what[budget.name]} at most ${amount(budget, budget.limit)}`;
}

/** `0.12%, kept`. */
export function budgetState(budget: SoakBudget): string {
  if (budget.value === null || budget.passed === null) return 'not measured';
  return `${amount(budget, budget.value)}, ${budget.passed ? 'kept' : 'BROKEN'}`;
}

/** What the budgets say together, in words. */
export function soakVerdict(summary: SoakSummary): string {
  const all = summary.sides.flatMap((s) => s.budgets);
  if (summary.passed) return 'all budgets kept';
  const broken = all.filter((b) => b.passed === false).length;
  if (broken > 0) return `${digits(broken, 'budget')} broken`;
  return `${digits(all.filter((b) => b.passed === null).length, 'budget')} not measured, none broken`;
}

/** `random_mixed:tiny`, `trace x.trace.gz`, `larson`. */
export function soakWork({ work }: SoakSummary): string {
  if (work.trace !== null) return `trace ${work.trace.file}${work.trace.flatten ? ', flattened' : ''}`;
  const profile = work.workload === 'random_mixed' && work.profile !== 'mixed' ? `:${work.profile}` : '';
  const set = work.workingSet === null ? '' : `, working set ${work.workingSet.toLocaleString('en-US')}`;
  return `${work.workload}${profile}${set}`;
}

/** One line: what ran, how long, in how many epochs. */
export function soakTitle(summary: SoakSummary): string {
  const done = Math.max(0, ...summary.sides.map((s) => s.epochs.length));
  const planned = summary.plannedEpochs ?? done;
  const of = done === planned ? '' : ` of ${planned}`;
  const each = summary.epochSeconds === undefined ? '' : ` of ${Number(summary.epochSeconds.toFixed(3))} s`;
  const minutes = `${Number(summary.minutes.toFixed(2))} ${summary.minutes === 1 ? 'minute' : 'minutes'}`;
  return `${soakWork(summary)}, ${minutes}, two sides in turns, ${done}${of} epochs a side${each}`;
}

function charts(summary: SoakSummary, style: Style): string[] {
  const named = summary.sides.map((side, i) => ({ side, name: i === 0 ? 'baseline' : 'treatment' }));
  const chart = (
    title: string,
    of: (side: SoakSide) => readonly number[],
    show: (v: number) => string,
  ): string[] => {
    const all = summary.sides.flatMap((s) => [...of(s)]);
    if (all.length < 2) return [];
    // One scale for both, so that they can be compared.
    const range = rangeOf(all);
    return [
      '',
      `${style.bold(title)} ${style.dim(`${show(range[0])} to ${show(range[1])}`)}`,
      ...named
        .filter(({ side }) => of(side).length > 0)
        .map(({ side, name }) => `${name.padEnd(9)}  ${sparkline(of(side), chartWidth, range)}`),
    ];
  };
  const resident = (s: SoakSide): number[] =>
    s.epochs.map((e) => e.residentBytes).filter((b): b is number => b !== null);
  return [
    ...chart('Throughput', (s) => s.epochs.map((e) => e.opsPerSecond), speed),
    ...chart('Resident memory', resident, bytes),
    ...chart('Latency p99.9', (s) => s.epochs.map((e) => e.p999), ns),
  ];
}

/** The whole text of `alloc-lens soak`, without a final line end. */
export function soakText(summary: SoakSummary, style: Style = plain): string {
  const [baseline, treatment] = summary.sides;
  if (baseline === undefined || treatment === undefined) return printable(soakTitle(summary));
  const columns: readonly Column<SoakFigure>[] = [
    { title: 'figure', cell: (f) => f.name },
    { title: 'baseline', cell: (f) => f.of(baseline), align: 'right' },
    { title: 'treatment', cell: (f) => f.of(treatment), align: 'right' },
  ];
  const [title = '', ...rows] = textTable(columns, soakFigures);
  const budgetColumns: readonly Column<number>[] = [
    { title: 'budget', cell: (i) => orBudget(baseline, i, budgetName) },
    { title: 'baseline', cell: (i) => orBudget(baseline, i, budgetState) },
    { title: 'treatment', cell: (i) => orBudget(treatment, i, budgetState) },
  ];
  const [budgetTitle = '', ...budgets] = textTable(
    budgetColumns,
    baseline.budgets.map((_, i) => i),
  );
  const verdict = soakVerdict(summary);
  return [
    printable(soakTitle(summary)),
    printable(`baseline:  ${baseline.label}`),
    printable(`treatment: ${treatment.label}`),
    '',
    style.dim(title),
    ...rows,
    '',
    style.dim(budgetTitle),
    ...budgets,
    ...charts(summary, style),
    '',
    summary.passed ? style.bold(verdict) : style.warn(verdict),
    ...(summary.notes ?? []).map((n) => style.dim(printable(n))),
  ].join('\n');
}

function orBudget(side: SoakSide, index: number, show: (b: SoakBudget) => string): string {
  const budget = side.budgets[index];
  return budget === undefined ? '-' : show(budget);
}
