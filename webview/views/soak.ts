/** Soaks: throughput and memory by epoch for each side, and the budgets that they had to keep. */
import type { SoakBudget, SoakEpoch, SoakSide, SoakSummary, SoakTail } from '../../extension/model-soak.ts';
import type { StateStore } from '../state.ts';
import { divider } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { bytes, dateTime, number, orDash, percent, plural, signedPercent, speed } from '../ui/format.ts';
import { seriesPlot } from '../ui/plot-series.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { actions, emptyState, section, sorted, type ViewContext } from './context.ts';

const selectedKey = 'soak.selected';

/** Selects a soak for the next time that the view is built; null selects the newest. */
export function selectSoak(state: StateStore, id: string | null): void {
  state.setFilter(selectedKey, id ?? '');
}

function passed(value: boolean | null): HTMLElement {
  const text = value === null ? '– not measured' : value ? '✓ passed' : '✗ failed';
  return h('span', { class: value === null ? 'note' : value ? 'passed' : 'failed' }, text);
}

export function soakTitle(s: SoakSummary): string {
  return `${s.work.workload}, ${plural(Number(s.minutes.toFixed(1)), 'minute')}: ${s.sides.map((side) => side.label).join(' against ')}`;
}

const listColumns: readonly TableColumn<SoakSummary>[] = [
  {
    id: 'passed',
    title: 'Result',
    key: (s) => String(s.passed),
    width: '100px',
    cell: (s) => passed(s.passed),
  },
  { id: 'title', title: 'Soak', key: soakTitle, cell: soakTitle },
  {
    id: 'minutes',
    title: 'Minutes',
    key: (s) => s.minutes,
    numeric: true,
    width: '80px',
    cell: (s) => String(Number(s.minutes.toFixed(1))),
  },
  {
    id: 'date',
    title: 'Date',
    key: (s) => s.finishedAt,
    width: '164px',
    cell: (s) => dateTime(s.finishedAt),
  },
];

/** Small rates keep their digits: `1.3e-7`. */
function perOp(value: number): string {
  return value === 0 ? '0' : value < 0.001 ? value.toExponential(2) : value.toFixed(4);
}

const sideColumns: readonly TableColumn<SoakSide>[] = [
  { id: 'side', title: 'Side', cell: (s) => s.label },
  { id: 'mean', title: 'Mean', numeric: true, width: '122px', cell: (s) => speed(s.meanOpsPerSecond) },
  { id: 'cv', title: 'CV', numeric: true, width: '76px', cell: (s) => orDash(s.cvPercent, percent) },
  {
    id: 'drift',
    title: 'Memory drift',
    numeric: true,
    width: '108px',
    cell: (s) => orDash(s.driftPercent, signedPercent),
  },
  {
    id: 'calls',
    title: 'System calls/op',
    numeric: true,
    width: '126px',
    cell: (s) => orDash(s.systemCallsPerOp, perOp),
  },
  { id: 'operations', title: 'Operations', numeric: true, width: '140px', cell: (s) => number(s.operations) },
];

interface BudgetRow extends SoakBudget {
  readonly side: string;
}

function budgetText(budget: SoakBudget, value: number): string {
  return budget.name === 'system calls' ? perOp(value) : percent(value);
}

const budgetColumns: readonly TableColumn<BudgetRow>[] = [
  { id: 'side', title: 'Side', cell: (b) => b.side },
  { id: 'budget', title: 'Budget', width: '110px', cell: (b) => b.name },
  {
    id: 'value',
    title: 'Measured',
    numeric: true,
    width: '110px',
    cell: (b) => orDash(b.value, (v) => budgetText(b, v)),
  },
  { id: 'limit', title: 'Limit', numeric: true, width: '100px', cell: (b) => `≤ ${budgetText(b, b.limit)}` },
  { id: 'passed', title: 'Result', width: '130px', cell: (b) => passed(b.passed) },
];

interface TailRow extends SoakTail {
  readonly side: string;
}

const ns = (value: number): string => `${Math.round(value)} ns`;

const tailColumns: readonly TableColumn<TailRow>[] = [
  { id: 'side', title: 'Side', cell: (t) => t.side },
  {
    id: 'median',
    title: 'Median epoch',
    numeric: true,
    width: '122px',
    cell: (t) => speed(t.throughput.p50),
  },
  { id: 'slow', title: 'Slowest 10%', numeric: true, width: '122px', cell: (t) => speed(t.throughput.p10) },
  { id: 'least', title: 'Slowest', numeric: true, width: '122px', cell: (t) => speed(t.throughput.min) },
  { id: 'p50', title: 'p50', numeric: true, width: '74px', cell: (t) => ns(t.latency.p50) },
  { id: 'p99', title: 'p99', numeric: true, width: '74px', cell: (t) => ns(t.latency.p99) },
  { id: 'p999', title: 'p99.9', numeric: true, width: '80px', cell: (t) => ns(t.latency.p999) },
  {
    id: 'worst',
    title: 'Worst p99.9',
    numeric: true,
    width: '150px',
    cell: (t) => `${ns(t.latency.worst)} (epoch ${t.latency.worstEpoch + 1})`,
  },
];

interface EpochRow extends SoakEpoch {
  readonly side: string;
}

const epochColumns: readonly TableColumn<EpochRow>[] = [
  { id: 'side', title: 'Side', key: (e) => e.side, cell: (e) => e.side },
  {
    id: 'at',
    title: 'Minute',
    key: (e) => e.at,
    numeric: true,
    width: '80px',
    cell: (e) => (e.at / 60).toFixed(1),
  },
  {
    id: 'speed',
    title: 'Throughput',
    key: (e) => e.opsPerSecond,
    numeric: true,
    width: '122px',
    cell: (e) => speed(e.opsPerSecond),
  },
  { id: 'p50', title: 'p50', key: (e) => e.p50, numeric: true, width: '74px', cell: (e) => ns(e.p50) },
  { id: 'p99', title: 'p99', key: (e) => e.p99, numeric: true, width: '74px', cell: (e) => ns(e.p99) },
  { id: 'p999', title: 'p99.9', key: (e) => e.p999, numeric: true, width: '80px', cell: (e) => ns(e.p999) },
  {
    id: 'memory',
    title: 'Resident',
    key: (e) => e.residentBytes ?? -1,
    numeric: true,
    width: '96px',
    cell: (e) => orDash(e.residentBytes, bytes),
  },
  {
    id: 'calls',
    title: 'System calls',
    key: (e) => e.systemCalls ?? -1,
    numeric: true,
    width: '106px',
    cell: (e) => orDash(e.systemCalls, number),
  },
];

const mebibyte = 1024 * 1024;
const minutes = (value: number): string => `${Number(value.toFixed(2))} min`;
const mebibytes = (value: number): string => `${value.toFixed(1)} MiB`;

function detail(context: ViewContext, s: SoakSummary): readonly HTMLElement[] {
  const points = (value: (e: SoakEpoch) => number | null) =>
    s.sides.map((side) => ({
      label: side.label,
      points: side.epochs.flatMap((e) => {
        const y = value(e);
        return y === null ? [] : [{ x: e.at / 60, y }];
      }),
    }));
  const tails = s.sides.flatMap((side) => (side.tail == null ? [] : [{ ...side.tail, side: side.label }]));
  const resident = points((e) => (e.residentBytes === null ? null : e.residentBytes / mebibyte));
  return [
    h('h3', { class: 'experiment-title' }, soakTitle(s)),
    h('p', { class: 'result' }, passed(s.passed), ' ', h('span', { class: 'reason' }, verdictOf(s))),
    h(
      'ul',
      { class: 'warnings', 'aria-label': 'Notes' },
      ...(s.notes ?? []).map((n) => h('li', { class: 'warning' }, n)),
    ),
    h(
      'div',
      { class: 'grid' },
      h(
        'div',
        {},
        section(
          'Throughput',
          'by epoch; the axis does not begin at zero',
          seriesPlot(
            points((e) => e.opsPerSecond),
            { label: 'Throughput by epoch', xText: minutes, yText: speed },
          ),
        ),
      ),
      h(
        'div',
        {},
        section(
          'Memory',
          'resident, by epoch; the axis does not begin at zero',
          resident.every((r) => r.points.length === 0)
            ? h('p', { class: 'note' }, 'Resident memory could not be read.')
            : seriesPlot(resident, { label: 'Resident memory by epoch', xText: minutes, yText: mebibytes }),
        ),
      ),
    ),
    section(
      'Budgets',
      'of each side',
      createTable({
        id: 'soak-budgets',
        label: 'Budgets',
        columns: budgetColumns,
        rows: s.sides.flatMap((side) => side.budgets.map((b) => ({ ...b, side: side.label }))),
      }).element,
    ),
    section(
      'Sides',
      'over all epochs',
      createTable({ id: 'soak-sides', label: 'Sides', columns: sideColumns, rows: s.sides }).element,
    ),
    ...(tails.length === 0
      ? []
      : [
          section(
            'Tail',
            'throughput by epoch; latency of sampled batches',
            createTable({ id: 'soak-tail', label: 'Tail', columns: tailColumns, rows: tails }).element,
          ),
        ]),
    h(
      'details',
      {},
      h('summary', {}, 'All epochs as a table'),
      createTable({
        id: 'soak-epochs',
        label: 'Epochs',
        columns: epochColumns,
        rows: s.sides.flatMap((side) => side.epochs.map((e) => ({ ...e, side: side.label }))),
        ...sorted(context, 'soak-epochs'),
      }).element,
    ),
  ];
}

/** Which budgets decided it. */
function verdictOf(s: SoakSummary): string {
  const of = (wanted: boolean | null): string[] =>
    s.sides.flatMap((side) =>
      side.budgets.filter((b) => b.passed === wanted).map((b) => `${b.name} of ${side.label}`),
    );
  const failed = of(false);
  if (failed.length > 0) return `Over budget: ${failed.join(', ')}.`;
  const unknown = of(null);
  const kept = s.passed ? 'Every budget that could be measured was kept.' : 'It did not pass.';
  return unknown.length === 0 ? kept : `${kept} Not measured: ${unknown.join(', ')}.`;
}

export function soakView(context: ViewContext): HTMLElement {
  const soaks = context.model.soaks ?? [];
  const newest = soaks.at(-1);
  if (newest === undefined) {
    return emptyState(
      context,
      'No soak is in the ledger yet: one runs a workload for minutes or hours and watches memory and tail.',
      'runSoak',
    );
  }
  const wanted = context.state.filter(selectedKey);
  const shown = soaks.find((s) => s.id === wanted) ?? newest;
  const panel = h('div', { class: 'experiment', role: 'region', 'aria-label': 'Selected soak' });
  let drawn = '';
  const draw = (s: SoakSummary): void => {
    if (drawn === s.id) return;
    drawn = s.id;
    panel.replaceChildren(...detail(context, s));
  };
  const list = createTable({
    id: 'soaks',
    label: 'Soaks',
    columns: listColumns,
    rows: soaks.toReversed(),
    ...sorted(context, 'soaks'),
    current: (s) => s.id === shown.id,
    onSelect: (s) => {
      selectSoak(context.state, s.id);
      draw(s);
    },
  }).element;
  list.classList.add('short');
  draw(shown);
  return h(
    'div',
    {},
    section('Soaks', 'the newest first', list, actions(context, 'runSoak')),
    divider(),
    panel,
  );
}
