/** An experiment's result as a person reads it in a terminal. */
import type {
  CounterTable,
  DocumentFigures,
  DocumentSide,
  Estimate,
  Experiment,
  ExperimentGate,
  ExperimentSide,
  LayoutRow,
} from '../model-experiment.ts';
import { count, digits, percent, printable, speed } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';
import { auditText, checklistText, gapText, hotTableText, topRuleText } from './text-lab.ts';

const signed = (value: number, places = 2): string => {
  const text = value.toFixed(places);
  return value > 0 || (value === 0 && !text.startsWith('-')) ? `+${text}` : text;
};
const range = ([low, high]: readonly [number, number]): string => `[${signed(low)}, ${signed(high)}]`;
const speedOr = (value: number | null): string => (value === null ? '-' : speed(value));

/** `2 h ago`, `3 min ago`. */
function ago(at: string, now: Date): string {
  const minutes = Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 60_000));
  if (!Number.isFinite(minutes)) return 'at an unknown time';
  if (minutes < 90) return `${minutes} min ago`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} h ago` : `${Math.round(minutes / 1440)} days ago`;
}

/**
 * One line: verdict, effect and interval, units, noise floor, smallest visible effect, calibration, layouts, warnings.
 * `now` dates the calibration.
 */
export function experimentLine(e: Experiment, now: Date): string {
  const look = e.looks.at(-1);
  const parts = [
    e.verdict,
    ...(e.effectPercent === null
      ? ['not timed']
      : [`${signed(e.effectPercent)} %${e.interval === null ? '' : ` ${range(e.interval)}`}`]),
    ...(look === undefined
      ? e.processes > 0
        ? [digits(e.processes, 'process', 'processes')]
        : []
      : [`n=${look.units} (look ${e.looks.length})`]),
    ...(e.noiseFloorPercent === null ? [] : [`noise floor ±${e.noiseFloorPercent.toFixed(2)} %`]),
    ...(e.smallestVisiblePercent === null ? [] : [`MDE ${e.smallestVisiblePercent.toFixed(2)} %`]),
    ...(e.calibration === null
      ? []
      : [`A/A ${e.calibration.passed ? 'pass' : 'fail'} ${ago(e.calibration.at, now)}`]),
    ...(e.layouts.length === 0 ? [] : [digits(e.layouts.length, 'layout')]),
    ...(e.warnings.length === 0 ? [] : [`warnings: ${e.warnings.join('; ')}`]),
  ];
  return printable(parts.join('  '));
}

function titled(title: string, table: readonly string[], style: Style): string[] {
  const [head = '', ...rows] = table;
  return ['', style.bold(title), style.dim(head), ...rows];
}

type NamedSide = readonly [name: string, side: ExperimentSide];

function sidesTable(e: Experiment, style: Style): string[] {
  const columns: readonly Column<NamedSide>[] = [
    { title: 'side', cell: ([name]) => name },
    { title: 'mean', cell: ([, s]) => speedOr(s.mean), align: 'right' },
    { title: 'median', cell: ([, s]) => speedOr(s.median), align: 'right' },
    { title: 'stdev', cell: ([, s]) => speedOr(s.stdev), align: 'right' },
    {
      title: 'cv',
      cell: ([, s]) => (s.stdev === null || s.mean === null ? '-' : percent((100 * s.stdev) / s.mean)),
      align: 'right',
    },
    { title: 'runs', cell: ([, s]) => String(s.runs.length), align: 'right' },
    { title: 'what', cell: ([, s]) => s.label },
  ];
  return titled(
    'Sides',
    textTable(columns, [
      ['baseline', e.baseline],
      ['treatment', e.treatment],
    ]),
    style,
  );
}

function gatesTable(gates: readonly ExperimentGate[], style: Style): string[] {
  if (gates.length === 0) return [];
  const columns: readonly Column<ExperimentGate>[] = [
    { title: 'gate', cell: (g) => g.name },
    { title: 'held', cell: (g) => (g.passed ? 'yes' : 'no') },
    { title: 'what was found', cell: (g) => g.note },
  ];
  return titled('Gates', textTable(columns, gates), style);
}

function counterFigure(value: number | null): string {
  if (value === null) return '-';
  return value >= 1000
    ? value.toLocaleString('en-US', { maximumFractionDigits: 0 })
    : String(Number(value.toFixed(3)));
}

function countersTable(table: CounterTable | null, style: Style): string[] {
  if (table === null || table.rows.length === 0) return [];
  const columns: readonly Column<CounterTable['rows'][number]>[] = [
    { title: 'counter', cell: (r) => r.name },
    { title: 'baseline', cell: (r) => counterFigure(r.baseline), align: 'right' },
    { title: 'treatment', cell: (r) => counterFigure(r.treatment), align: 'right' },
    { title: 'delta', cell: (r) => (r.delta === null ? '-' : `${signed(r.delta, 1)}%`), align: 'right' },
  ];
  const tax = table.layoutTax ? [style.warn('layout tax: fewer instructions, and no less time')] : [];
  return [...titled(`Counters (${table.unit} instructions)`, textTable(columns, table.rows), style), ...tax];
}

function layoutsTable(layouts: readonly LayoutRow[], style: Style): string[] {
  if (layouts.length === 0) return [];
  const columns: readonly Column<LayoutRow>[] = [
    { title: 'layout', cell: (r) => r.layout },
    { title: 'units', cell: (r) => String(r.units), align: 'right' },
    { title: 'effect', cell: (r) => `${signed(r.effectPercent)}%`, align: 'right' },
  ];
  return titled('Code layouts', textTable(columns, layouts), style);
}

const methods: Readonly<Record<Estimate['method'], string>> = {
  trimmed: 'trimmed mean',
  'hodges-lehmann': 'Hodges-Lehmann',
  bca: 'BCa bootstrap',
  means: 'means',
  medians: 'medians',
};

function checksLine(checks: readonly Estimate[]): string[] {
  if (checks.length === 0) return [];
  const each = checks.map((c) => `${methods[c.method]} ${signed(c.percent)}% ${range(c.interval)}`);
  return [`cross-checks: ${each.join(' · ')}`];
}

interface FigureRow {
  readonly name: string;
  readonly printed: string;
  readonly ours: string;
}

function sideRows(name: string, printed: DocumentSide | null, ours: ExperimentSide): FigureRow[] {
  const row = (what: string, a: number | null | undefined, b: number | null): FigureRow[] =>
    (a ?? null) === null && b === null
      ? []
      : [{ name: `${name}, ${what}`, printed: speedOr(a ?? null), ours: speedOr(b) }];
  return [
    { name, printed: printed?.label ?? '-', ours: ours.label },
    ...row('mean', printed?.mean, ours.mean),
    ...row('median', printed?.median, ours.median),
    ...row('standard deviation', printed?.stdev, ours.stdev),
  ];
}

const percentOr = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : `${signed(value)}%`;

function documentTable(e: Experiment, d: DocumentFigures, style: Style): string[] {
  const medians =
    e.baseline.median === null || e.treatment.median === null
      ? null
      : 100 * (e.treatment.median / e.baseline.median - 1);
  const rows: FigureRow[] = [
    ...sideRows('baseline', d.baseline, e.baseline),
    ...sideRows('treatment', d.treatment, e.treatment),
    { name: 'effect', printed: percentOr(d.effectPercent), ours: percentOr(e.effectPercent) },
    { name: 'effect of medians', printed: percentOr(d.medianPercent), ours: percentOr(medians) },
    { name: 'expected', printed: d.expected ?? '-', ours: '-' },
    { name: 'threshold', printed: d.threshold === null ? '-' : `${d.threshold}%`, ours: `${e.threshold}%` },
    { name: 'verdict', printed: d.verdict ?? '-', ours: e.verdict },
  ];
  const columns: readonly Column<FigureRow>[] = [
    { title: 'figure', cell: (r) => r.name },
    { title: 'document', cell: (r) => r.printed },
    { title: 'here', cell: (r) => r.ours },
  ];
  return [
    ...titled(`Beside the document (${printable(d.source)})`, textTable(columns, rows), style),
    ...d.notes.map((note) => printable(`- ${note}`)),
  ];
}

/** The whole text of `alloc-lens experiment`, without a final line end. */
export function experimentText(e: Experiment, style: Style, now: Date): string {
  const rule =
    e.rule === 'seed' ? "the documents' rule" : e.source === 'listed' ? 'unpaired intervals' : 'interval';
  const more = e.moreProcesses ?? null;
  return [
    printable(`${e.title} (threshold ±${e.threshold}%, ${rule})`),
    '',
    style.bold(experimentLine(e, now)),
    printable(e.reason),
    ...(more === null ? [] : [`about ${count(more, 'more process', 'more processes')} would decide`]),
    ...checksLine(e.crossChecks),
    ...sidesTable(e, style),
    ...gatesTable(e.gates, style),
    ...countersTable(e.counters, style),
    ...layoutsTable(e.layouts, style),
    ...(e.hot === undefined ? [] : ['', hotTableText(e.hot, style)]),
    ...(e.topRule === undefined ? [] : ['', topRuleText(e.topRule, style)]),
    ...(e.gap === undefined ? [] : ['', gapText(e.gap, style)]),
    ...(e.checks === undefined ? [] : ['', checklistText(e.checks, style)]),
    ...(e.audit === undefined ? [] : ['', auditText(e.audit, style)]),
    ...(e.document === undefined ? [] : documentTable(e, e.document, style)),
    '',
    style.dim(printable(`id ${e.id}`)),
  ].join('\n');
}

/** As `experimentText` without colour, at the time that the experiment ended. */
export function experimentPlainText(e: Experiment): string {
  return experimentText(e, plain, new Date(e.finishedAt));
}
