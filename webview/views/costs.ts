/** What one more operation on a malloc hot path costs on this machine. */
import type { Cost } from '../../extension/model-costs.ts';
import { h } from '../ui/dom.ts';
import { dateTime, percent, plural } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { actions, emptyState, section, sorted, type ViewContext } from './context.ts';

const columns: readonly TableColumn<Cost>[] = [
  { id: 'name', title: 'One more', key: (c) => c.name, cell: (c) => c.name },
  {
    id: 'contended',
    title: 'Contended',
    key: (c) => String(c.contended),
    width: '96px',
    cell: (c) => (c.contended ? 'yes' : 'no'),
  },
  {
    id: 'ns',
    title: 'Cost',
    key: (c) => c.ns,
    numeric: true,
    width: '96px',
    cell: (c) => `${c.ns.toFixed(2)} ns`,
  },
  {
    id: 'interval',
    title: 'Interval',
    width: '140px',
    cell: (c) => `[${c.interval[0].toFixed(2)}, ${c.interval[1].toFixed(2)}]`,
  },
  {
    id: 'percent',
    title: 'Of a malloc and free pair',
    key: (c) => c.percent,
    numeric: true,
    width: '190px',
    cell: (c) => percent(c.percent),
  },
];

export function costsView(context: ViewContext): HTMLElement {
  const tables = context.model.costs ?? [];
  if (tables.length === 0) {
    return emptyState(
      context,
      'Nothing is calibrated yet: a calibration measures what one more atomic, gate or call costs on this machine.',
      'calibrateCosts',
    );
  }
  return h(
    'div',
    {},
    ...tables.map((table, i) =>
      section(
        `Costs: ${table.source}`,
        [
          `nanoseconds an operation on ${table.host}`,
          ...(table.pairNs === undefined
            ? []
            : [`a malloc and free pair took ${table.pairNs.toFixed(1)} ns`]),
          ...(table.units === undefined
            ? []
            : [`intervals over ${plural(table.units, 'process', 'processes')}`]),
          dateTime(table.at),
        ].join(' · '),
        h(
          'ul',
          { class: 'warnings', 'aria-label': 'Warnings' },
          ...(table.warnings ?? []).map((w) => h('li', { class: 'warning' }, w)),
        ),
        createTable({
          id: `costs-${i}`,
          label: `Costs, ${table.source}`,
          columns,
          rows: table.costs,
          ...sorted(context, `costs-${i}`),
        }).element,
      ),
    ),
    actions(context, 'calibrateCosts'),
  );
}
