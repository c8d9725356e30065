/** A comparison of allocators as a person reads it in a terminal. */
import type { CompareResult, CompareRow } from '../model.ts';
import { bytes, digits, printable, speed } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';

function ratioText(ratio: NonNullable<CompareRow['ratio']>): string {
  return `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} .. ${ratio.max.toFixed(2)})`;
}

function ratioOf(row: CompareRow): string {
  if (row.ratio === null) return row.error === null ? '1 (baseline)' : '-';
  return ratioText(row.ratio);
}

function toMimalloc(row: CompareRow): string {
  if (row.ratioToMimalloc != null) return ratioText(row.ratioToMimalloc);
  return row.target === 'mimalloc' && row.error === null ? '1' : '-';
}

/** Rates from a thousandth down keep two digits: `3.1e-5`. Exposed for the report's documents. */
export function callsText(value: number | null | undefined): string {
  if (value == null) return '-';
  return value === 0 ? '0' : value < 0.001 ? value.toExponential(1) : value.toFixed(4);
}

const speedOr = (value: number | null): string => (value === null ? '-' : speed(value));

/** The whole text of `alloc-lens compare-allocators`, without a final line end. */
export function compareText(result: CompareResult, style: Style = plain): string {
  const columns: readonly Column<CompareRow>[] = [
    { title: 'target', cell: (r) => (r.variant === 'native' ? r.target : `${r.target} ${r.variant}`) },
    { title: 'median', cell: (r) => speedOr(r.median), align: 'right' },
    { title: 'CV', cell: (r) => (r.cv == null ? '-' : `${r.cv.toFixed(2)}%`), align: 'right' },
    { title: 'against the first', cell: ratioOf, align: 'right' },
    ...(result.rows.some((r) => r.target === 'mimalloc' && r.error === null)
      ? [{ title: 'against mimalloc', cell: toMimalloc, align: 'right' as const }]
      : []),
    { title: 'first pass', cell: (r) => speedOr(r.firstOpsPerSecond), align: 'right' },
    { title: 'peak', cell: (r) => (r.peakBytes === null ? '-' : bytes(r.peakBytes)), align: 'right' },
    {
      title: 'faults/pass',
      cell: (r) => (r.pageFaults == null ? '-' : Math.round(r.pageFaults).toLocaleString('en-US')),
      align: 'right',
    },
    { title: 'syscalls/op', cell: (r) => callsText(r.systemCallsPerOp), align: 'right' },
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
    'System calls are those that manage memory (mmap, munmap, mremap, madvise, mprotect, brk), in a run of its own; of the',
    'engine, growths of its memory and pages given back, as seen between passes. Ratios are formed inside each round.',
    `sequence hash: ${result.hash.join(' ')}`,
  ].join('\n');
}
