/** A comparison of allocators as a person reads it in a terminal. */
import type { CompareResult, CompareRow } from '../model.ts';
import { bytes, digits, printable, speed } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';

function ratioOf(row: CompareRow): string {
  if (row.ratio === null) return row.error === null ? '1 (baseline)' : '-';
  const { median, min, max } = row.ratio;
  return `${median.toFixed(2)} (${min.toFixed(2)} .. ${max.toFixed(2)})`;
}

const speedOr = (value: number | null): string => (value === null ? '-' : speed(value));

/** The whole text of `alloc-lens compare-allocators`, without a final line end. */
export function compareText(result: CompareResult, style: Style = plain): string {
  const columns: readonly Column<CompareRow>[] = [
    { title: 'target', cell: (r) => (r.variant === 'native' ? r.target : `${r.target} ${r.variant}`) },
    { title: 'median', cell: (r) => speedOr(r.median), align: 'right' },
    { title: 'against the first', cell: ratioOf, align: 'right' },
    { title: 'first pass', cell: (r) => speedOr(r.firstOpsPerSecond), align: 'right' },
    { title: 'peak', cell: (r) => (r.peakBytes === null ? '-' : bytes(r.peakBytes)), align: 'right' },
  ];
  const [title = '', ...rows] = textTable(columns, result.rows);
  const failed = result.rows.filter((r) => r.error !== null);
  return [
    printable(
      `${result.workload}: ${digits(result.threads, 'thread')}, ${digits(result.rounds, 'round')} of fresh processes`,
    ),
    '',
    style.dim(title),
    ...rows,
    ...failed.map((r) => printable(`${r.target}: ${r.error ?? ''}`)),
    '',
    `sequence hash: ${result.hash.join(' ')}`,
  ].join('\n');
}
