/** Benchmark results: the distribution of passes as a plot, the numbers as tables. */
import type { BenchResult } from '../../extension/model.ts';
import { divider } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { number, percent, plural, speed } from '../ui/format.ts';
import { runsPlot } from '../ui/plot.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { emptyState, section, type ViewContext } from './context.ts';

const resultColumns: readonly TableColumn<BenchResult>[] = [
  { id: 'workload', title: 'Workload', key: (r) => r.workload, cell: (r) => r.workload },
  {
    id: 'target',
    title: 'Target',
    key: (r) => `${r.target} ${r.variant}`,
    cell: (r) => `${r.target} ${r.variant}`,
  },
  {
    id: 'threads',
    title: 'Threads',
    key: (r) => r.threads,
    numeric: true,
    width: '72px',
    cell: (r) => String(r.threads),
  },
  {
    id: 'processes',
    title: 'Processes',
    key: (r) => r.runs.length,
    numeric: true,
    width: '84px',
    cell: (r) => String(r.runs.length),
  },
  {
    id: 'median',
    title: 'Median',
    key: (r) => r.median,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.median),
  },
  {
    id: 'mean',
    title: 'Mean',
    key: (r) => r.mean,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.mean),
  },
  {
    id: 'cv',
    title: 'CV',
    key: (r) => r.cv ?? -1,
    numeric: true,
    width: '72px',
    cell: (r) => (r.cv === null ? '–' : percent(100 * r.cv)),
  },
  {
    id: 'first',
    title: 'First pass',
    key: (r) => r.firstOpsPerSecond,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.firstOpsPerSecond),
  },
];

interface ProcessRow {
  readonly result: string;
  readonly process: number;
  readonly median: number;
  readonly first: number;
  readonly passes: number;
  readonly low: number;
  readonly high: number;
}

const processColumns: readonly TableColumn<ProcessRow>[] = [
  { id: 'result', title: 'Result', key: (r) => r.result, cell: (r) => r.result },
  {
    id: 'process',
    title: 'Process',
    key: (r) => r.process,
    numeric: true,
    width: '76px',
    cell: (r) => String(r.process),
  },
  {
    id: 'passes',
    title: 'Passes',
    key: (r) => r.passes,
    numeric: true,
    width: '72px',
    cell: (r) => number(r.passes),
  },
  {
    id: 'median',
    title: 'Median',
    key: (r) => r.median,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.median),
  },
  {
    id: 'low',
    title: 'Slowest',
    key: (r) => r.low,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.low),
  },
  {
    id: 'high',
    title: 'Fastest',
    key: (r) => r.high,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.high),
  },
  {
    id: 'first',
    title: 'First pass',
    key: (r) => r.first,
    numeric: true,
    width: '120px',
    cell: (r) => speed(r.first),
  },
];

function processRows(runs: readonly BenchResult[]): ProcessRow[] {
  return runs.flatMap((r) =>
    r.runs.map((run, i) => ({
      result: `${r.workload} · ${r.target} ${r.variant}`,
      process: i + 1,
      median: run.median,
      first: run.first,
      passes: run.passes.length,
      low: run.passes.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
      high: run.passes.reduce((a, b) => Math.max(a, b), 0),
    })),
  );
}

export const plotNote = 'a dot a pass, hollow the first; ticks are medians';

export function runsView(context: ViewContext): HTMLElement {
  const { runs } = context.model;
  if (runs.length === 0) return emptyState(context, 'No benchmark has run yet.', 'runBenchmark');
  const sorted = (id: string) => ({
    sort: context.state.sort(id),
    onSort: (order: { column: string; descending: boolean }) => context.state.setSort(id, order),
  });
  return h(
    'div',
    {},
    section('Distribution', plotNote, runsPlot(runs, 820)),
    divider(),
    section(
      'Results',
      plural(runs.length, 'benchmark'),
      createTable({
        id: 'runs',
        label: 'Benchmark results',
        columns: resultColumns,
        rows: runs,
        ...sorted('runs'),
      }).element,
    ),
    section(
      'Processes',
      'each a fresh start',
      createTable({
        id: 'processes',
        label: 'Processes',
        columns: processColumns,
        rows: processRows(runs),
        ...sorted('processes'),
      }).element,
    ),
  );
}
