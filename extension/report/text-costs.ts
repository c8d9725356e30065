/** A cost table as a person reads it in a terminal. */
import type { Candidate } from '../model.ts';
import type { Cost, CostTable } from '../model-costs.ts';
import { digits, printable } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';

const ns = (value: number): string => value.toFixed(2);
/** An interval that holds zero shows nothing; its figures stand as they are. */
const seen = (c: Cost): string =>
  c.interval[0] <= 0 && c.interval[1] >= 0 ? 'not seen' : c.interval[1] < 0 ? 'below zero' : '';

const columns: readonly Column<Cost>[] = [
  { title: 'one more', cell: (c) => c.name },
  { title: '', cell: (c) => (c.contended ? 'contended' : '') },
  { title: 'ns/op', cell: (c) => ns(c.ns), align: 'right' },
  { title: '95% interval', cell: (c) => `${ns(c.interval[0])} .. ${ns(c.interval[1])}`, align: 'right' },
  { title: 'of a pair', cell: (c) => `${c.percent.toFixed(1)}%`, align: 'right' },
  { title: '', cell: seen },
];

/** The whole text of `alloc-lens calibrate`, without a final line end. */
export function costsText(table: CostTable, style: Style = plain): string {
  const [title = '', ...rows] = textTable(columns, table.costs);
  const pair = table.pairNs === undefined ? '' : `, a malloc and free pair takes ${ns(table.pairNs)} ns`;
  const over =
    table.units === undefined ? '' : `; intervals over ${digits(table.units, 'process', 'processes')}`;
  return [
    printable(`Costs on a malloc hot path: ${table.source}, ${table.machine.cpu}`),
    printable(`small free-list allocator, random_mixed${pair}${over}`),
    '',
    style.dim(title),
    ...rows,
    ...(table.warnings ?? []).flatMap((w, i) => [...(i === 0 ? [''] : []), printable(w)]),
  ].join('\n');
}

/** What the throughput estimates of candidates rest on, one sentence; empty where none has any. */
export function estimateNote(candidates: readonly Candidate[]): string {
  const sources = new Set(candidates.map((c) => c.estimate.throughputSource).filter((s) => s !== undefined));
  if (sources.size === 0) return '';
  return `Throughput is an ${[...sources].join('; ')}, for a place that runs once for each malloc and free pair.`;
}
