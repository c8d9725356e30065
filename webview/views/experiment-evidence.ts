/** What an experiment's verdict rests on beside its effect: gates, looks, counters, places that differ, both sides' runs. */
import type {
  ChangedPlace,
  CounterTable,
  Experiment,
  ExperimentGate,
  ExperimentSide,
  Look,
} from '../../extension/model-experiment.ts';
import { h } from '../ui/dom.ts';
import { effect, interval, number, orDash, plural, speed } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { verdictText } from '../ui/verdict.ts';
import { placeCell, section, sorted, type ViewContext } from './context.ts';

const gateColumns: readonly TableColumn<ExperimentGate>[] = [
  { id: 'gate', title: 'Gate', width: '96px', cell: (g) => g.name },
  {
    id: 'passed',
    title: 'Result',
    width: '82px',
    cell: (g) => h('span', { class: g.passed ? 'passed' : 'failed' }, g.passed ? '✓ passed' : '✗ failed'),
  },
  { id: 'note', title: 'What was found', cell: (g) => h('span', { class: 'wraps' }, g.note) },
];

const lookColumns: readonly TableColumn<Look & { readonly n: number }>[] = [
  { id: 'look', title: 'Look', numeric: true, width: '60px', cell: (l) => String(l.n) },
  { id: 'units', title: 'Units', numeric: true, width: '70px', cell: (l) => String(l.units) },
  { id: 'effect', title: 'Effect', numeric: true, width: '90px', cell: (l) => effect(l.estimate.percent) },
  { id: 'interval', title: 'Interval', width: '150px', cell: (l) => interval(l.estimate.interval) },
  {
    id: 'verdict',
    title: 'Decision',
    cell: (l) => (l.verdict === null ? 'goes on' : verdictText(l.verdict)),
  },
];

type CounterRow = CounterTable['rows'][number];

function figure(value: number): string {
  return Math.abs(value) >= 1000 ? number(Math.round(value)) : value.toFixed(2);
}

const counterColumns: readonly TableColumn<CounterRow>[] = [
  { id: 'name', title: 'Counter', cell: (r) => r.name },
  {
    id: 'baseline',
    title: 'Baseline',
    numeric: true,
    width: '120px',
    cell: (r) => orDash(r.baseline, figure),
  },
  {
    id: 'treatment',
    title: 'Treatment',
    numeric: true,
    width: '120px',
    cell: (r) => orDash(r.treatment, figure),
  },
  { id: 'delta', title: 'Delta', numeric: true, width: '90px', cell: (r) => effect(r.delta) },
];

export function countersSection(counters: CounterTable | null): HTMLElement | null {
  if (counters === null) return null;
  return section(
    'Counters',
    counters.unit === 'wasm' ? 'WebAssembly, counted exactly' : 'x86, from the processor',
    counters.layoutTax
      ? h(
          'p',
          { class: 'warning' },
          h('strong', {}, 'Layout tax: '),
          'instructions an operation fall and time does not, the pattern of Phases 62A and 64.',
        )
      : null,
    createTable({
      id: 'experiment-counters',
      label: 'Counters',
      columns: counterColumns,
      rows: counters.rows,
    }).element,
  );
}

const changedColumns: readonly TableColumn<ChangedPlace>[] = [
  { id: 'place', title: 'Place', key: (c) => `${c.file}:${c.line}`, cell: (c) => placeCell(c) },
  { id: 'function', title: 'Function', key: (c) => c.function, cell: (c) => c.function },
  {
    id: 'baseline',
    title: 'Baseline',
    key: (c) => c.baseline,
    numeric: true,
    width: '110px',
    cell: (c) => number(c.baseline),
  },
  {
    id: 'treatment',
    title: 'Treatment',
    key: (c) => c.treatment,
    numeric: true,
    width: '110px',
    cell: (c) => number(c.treatment),
  },
];

/** Phase 29's lesson: what differs, and whether it ran at all. A preset can differ in hundreds of places. */
export function changedSection(context: ViewContext, e: Experiment): HTMLElement | null {
  const changed = e.changed ?? [];
  if (changed.length === 0) return null;
  const table = createTable({
    id: 'experiment-changed',
    label: 'Changed places',
    columns: changedColumns,
    rows: changed,
    ...sorted(context, 'experiment-changed'),
  }).element;
  table.classList.add('short');
  return section('What differs', `${plural(changed.length, 'place')}; executions, counted exactly`, table);
}

interface SideRow extends ExperimentSide {
  readonly side: string;
}

const sideColumns: readonly TableColumn<SideRow>[] = [
  { id: 'side', title: 'Side', width: '90px', cell: (s) => s.side },
  { id: 'label', title: 'Build', cell: (s) => s.label },
  { id: 'runs', title: 'Runs', numeric: true, width: '64px', cell: (s) => String(s.runs.length) },
  { id: 'mean', title: 'Mean', numeric: true, width: '126px', cell: (s) => orDash(s.mean, speed) },
  { id: 'median', title: 'Median', numeric: true, width: '126px', cell: (s) => orDash(s.median, speed) },
  { id: 'stdev', title: 'Stdev', numeric: true, width: '126px', cell: (s) => orDash(s.stdev, speed) },
  { id: 'sha256', title: 'SHA-256', width: '110px', cell: (s) => s.sha256?.slice(0, 12) ?? '–' },
];

interface RunRow {
  readonly run: number;
  readonly baseline: number | null;
  readonly treatment: number | null;
}

const runColumns: readonly TableColumn<RunRow>[] = [
  { id: 'run', title: 'Run', numeric: true, width: '60px', cell: (r) => String(r.run) },
  { id: 'baseline', title: 'Baseline', numeric: true, cell: (r) => orDash(r.baseline, number) },
  { id: 'treatment', title: 'Treatment', numeric: true, cell: (r) => orDash(r.treatment, number) },
];

export function runsSection(e: Experiment): HTMLElement {
  const count = Math.max(e.baseline.runs.length, e.treatment.runs.length);
  const rows = Array.from({ length: count }, (_, i) => ({
    run: i + 1,
    baseline: e.baseline.runs[i] ?? null,
    treatment: e.treatment.runs[i] ?? null,
  }));
  return section(
    'Both sides',
    'operations per second over their runs',
    createTable({
      id: 'experiment-sides',
      label: 'Both sides',
      columns: sideColumns,
      rows: [
        { side: 'baseline', ...e.baseline },
        { side: 'treatment', ...e.treatment },
      ],
    }).element,
    rows.length === 0
      ? null
      : h(
          'details',
          {},
          h('summary', {}, `All runs, operations per second`),
          createTable({ id: 'experiment-runs', label: 'Runs of both sides', columns: runColumns, rows })
            .element,
        ),
  );
}

export function gatesSection(e: Experiment): HTMLElement {
  return section(
    'Gates',
    'before any statistics',
    createTable({ id: 'experiment-gates', label: 'Gates', columns: gateColumns, rows: e.gates }).element,
  );
}

export function looksSection(e: Experiment): HTMLElement | null {
  if (e.looks.length === 0) return null;
  return section(
    'Looks',
    'planned before it began',
    createTable({
      id: 'experiment-looks',
      label: 'Looks',
      columns: lookColumns,
      rows: e.looks.map((l, i) => ({ ...l, n: i + 1 })),
    }).element,
  );
}
