/** The whole report in a terminal. */
import type { HotFunctionRow, ReportModel } from '../model.ts';
import { percent, printable } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';
import { benchText } from './text-bench.ts';
import { findingsText } from './text-findings.ts';

const hotColumns: readonly Column<HotFunctionRow>[] = [
  { title: 'function', cell: (r) => r.name },
  { title: '% time', cell: (r) => percent(r.selfPercent), align: 'right' },
  { title: 'category', cell: (r) => r.category },
  { title: 'reduction target', cell: (r) => reductionText(r) },
  {
    title: 'source',
    cell: (r) => {
      const at = r.projectSource ?? r.source;
      if (at === null) return '-';
      if (at.origin === 'engine') return `${at.file}:${at.line} (engine)`;
      return `${at.file}:${at.line}${r.source?.origin === 'engine' ? ' (engine, by symbol)' : ''}`;
    },
  },
];

/** `A: remove layer`, `(baseline)`, `optimize later`. */
export function reductionText(row: HotFunctionRow): string {
  if (row.target !== null) return `${row.target}: ${row.reduction}`;
  return ['benchmark', 'kernel', 'library'].includes(row.category) ? `(${row.reduction})` : row.reduction;
}

/** Plain text without a final line end. */
export function renderText(model: ReportModel, style: Style = plain): string {
  const parts = [`${style.bold(printable(model.title))}\n\n${printable(model.lead)}`];
  if (model.hotFunctions.length > 0) {
    const [title = '', ...rows] = textTable(hotColumns, model.hotFunctions.slice(0, 10));
    parts.push([style.bold('Hot functions'), style.dim(title), ...rows].join('\n'));
  }
  for (const run of model.runs) parts.push(benchText(run, style));
  if (model.findings !== null) parts.push(findingsText(model.findings, style));
  return parts.join('\n\n');
}
