/** Allocators side by side on one workload: the table of Phase 59, and its throughputs as a plot. */
import type { CompareResult, CompareRow } from '../../extension/model.ts';
import { h } from '../ui/dom.ts';
import { bytes, dateTime, number, orDash, percent, plural, speed } from '../ui/format.ts';
import { type RangeRow, rangePlot } from '../ui/plot-ranges.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { actions, emptyState, section, sorted, type ViewContext } from './context.ts';

const name = (r: CompareRow): string => (r.variant === 'native' ? r.target : `${r.target} ${r.variant}`);

function ratio(value: CompareRow['ratio'] | undefined, own: boolean): HTMLElement | string {
  if (value == null) return own ? '1' : '–';
  const range = `${value.min.toFixed(2)} to ${value.max.toFixed(2)}`;
  return h('span', { title: `from ${range}, formed inside each round` }, `${value.median.toFixed(2)}×`);
}

/** `3.1e-5`: small rates keep their digits. */
function perOp(value: number): string {
  return value === 0 ? '0' : value < 0.001 ? value.toExponential(1) : value.toFixed(4);
}

function columns(result: CompareResult): TableColumn<CompareRow>[] {
  const mimalloc = result.rows.some((r) => r.target === 'mimalloc' && r.error === null);
  const figure = (
    id: string,
    title: string,
    width: string,
    key: (r: CompareRow) => number | null | undefined,
    cell: (r: CompareRow) => HTMLElement | string,
  ): TableColumn<CompareRow> => ({ id, title, numeric: true, width, key: (r) => key(r) ?? -1, cell });
  return [
    {
      id: 'target',
      title: 'Allocator',
      key: name,
      cell: (r) => (r.error === null ? name(r) : h('span', { title: r.error }, `${name(r)} – ${r.error}`)),
    },
    figure(
      'median',
      'Median',
      '122px',
      (r) => r.median,
      (r) => orDash(r.median, speed),
    ),
    figure(
      'cv',
      'CV',
      '76px',
      (r) => r.cv,
      (r) => orDash(r.cv ?? null, percent),
    ),
    figure(
      'ratio',
      `To ${name(result.rows[0] ?? ({ target: 'first', variant: 'native' } as CompareRow))}`,
      '122px',
      (r) => r.ratio?.median,
      (r) => ratio(r.ratio, r === result.rows[0] && r.error === null),
    ),
    ...(mimalloc
      ? [
          figure(
            'mimalloc',
            'To mimalloc',
            '108px',
            (r) => r.ratioToMimalloc?.median,
            (r) => ratio(r.ratioToMimalloc, r.target === 'mimalloc' && r.error === null),
          ),
        ]
      : []),
    figure(
      'first',
      'First pass',
      '122px',
      (r) => r.firstOpsPerSecond,
      (r) => orDash(r.firstOpsPerSecond, speed),
    ),
    figure(
      'peak',
      'Peak',
      '96px',
      (r) => r.peakBytes,
      (r) => orDash(r.peakBytes, bytes),
    ),
    figure(
      'faults',
      'Faults/pass',
      '100px',
      (r) => r.pageFaults,
      (r) => orDash(r.pageFaults ?? null, (v) => number(Math.round(v))),
    ),
    figure(
      'calls',
      'System calls/op',
      '122px',
      (r) => r.systemCallsPerOp,
      (r) => orDash(r.systemCallsPerOp ?? null, perOp),
    ),
  ];
}

function plotRows(result: CompareResult): RangeRow[] {
  return result.rows.flatMap((r) =>
    r.median === null || r.min === null || r.max === null
      ? []
      : [{ label: name(r), middle: r.median, low: r.min, high: r.max, text: speed(r.median) }],
  );
}

export function allocatorsView(context: ViewContext): HTMLElement {
  const all = context.model.comparisons ?? [];
  if (all.length === 0)
    return emptyState(context, 'No allocators have been compared yet.', 'compareAllocators');
  return h(
    'div',
    {},
    actions(context, 'compareAllocators'),
    ...all.map((result, i) =>
      section(
        result.workload,
        `${plural(result.threads, 'thread')}, ${plural(result.rounds, 'round')} of fresh processes, interleaved${result.at === undefined ? '' : `, ${dateTime(result.at)}`}`,
        rangePlot(
          plotRows(result),
          `Median throughput on ${result.workload}, with the range over the rounds`,
        ),
        createTable({
          id: `allocators-${i}`,
          label: `Allocators on ${result.workload}`,
          columns: columns(result),
          rows: result.rows,
          ...sorted(context, `allocators-${i}`),
        }).element,
        h(
          'p',
          { class: 'note' },
          'Bars start at zero. System calls are those that manage memory, counted in a run of their own; of the engine, growths of its memory and pages given back, as seen between passes.',
        ),
      ),
    ),
  );
}
