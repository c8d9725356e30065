/** Every atomic site with filters, and the evidence of the selected one. */
import type { AtomicSite, AuditRow, Evidence, SourceLocation } from '../../extension/model.ts';
import { dropdown, textField } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { activity, number, plural } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { emptyState, opener, placeCell, section, sourceLink, type ViewContext } from './context.ts';

const temperatures = { hot: 0, warm: 1, cold: 2, unreached: 3 };
const activities = { active: 0, conditional: 1, inactive: 2 };

const at = (row: { readonly file: string; readonly line: number }): SourceLocation => ({
  origin: 'project',
  file: row.file,
  line: row.line,
});

/** One row a variable, for the overview. */
export function auditTable(context: ViewContext, limit: number): HTMLElement {
  const locate = (r: AuditRow): SourceLocation => r.decisive ?? r.source;
  const columns: TableColumn<AuditRow>[] = [
    {
      id: 'variable',
      title: 'Variable',
      key: (r) => r.name,
      cell: (r) => sourceLink(context, r.source, r.name),
    },
    { id: 'class', title: 'Class', key: (r) => r.class, width: '96px', cell: (r) => r.class },
    { id: 'role', title: 'Role', key: (r) => r.role ?? '', width: '98px', cell: (r) => r.role ?? '–' },
    {
      id: 'where',
      title: 'Where',
      key: (r) => temperatures[r.temperature] + 4 * activities[r.activity.state],
      width: '76px',
      // An inactive site's temperature would read as if it ran there.
      cell: (r) => (r.sites === 0 ? '–' : r.activity.state === 'inactive' ? 'inactive' : r.temperature),
    },
    {
      id: 'activity',
      title: 'Decided by',
      key: (r) => r.activity.decidedBy ?? '',
      width: '18%',
      cell: (r) => r.activity.decidedBy ?? '–',
    },
    {
      id: 'sites',
      title: 'Sites',
      key: (r) => r.sites,
      numeric: true,
      width: '60px',
      cell: (r) => number(r.sites),
    },
    { id: 'evidence', title: 'Evidence', width: '34%', cell: (r) => r.evidence },
  ];
  return createTable({
    id: 'overview-audit',
    label: 'Atomics audit',
    columns,
    rows: context.model.audit.slice(0, limit),
    sort: context.state.sort('overview-audit'),
    onSort: (order) => context.state.setSort('overview-audit', order),
    onOpen: opener(context, locate),
    dim: (r) => r.activity.state === 'inactive',
  }).element;
}

function siteColumns(context: ViewContext): TableColumn<AtomicSite>[] {
  return [
    {
      id: 'target',
      title: 'Target',
      key: (s) => s.target ?? '',
      cell: (s) => sourceLink(context, at(s), s.target ?? s.operation),
    },
    {
      id: 'operation',
      title: 'Operation',
      key: (s) => s.operation,
      width: '128px',
      cell: (s) => s.operation,
    },
    { id: 'order', title: 'Order', key: (s) => s.order ?? '', width: '66px', cell: (s) => s.order ?? '–' },
    { id: 'class', title: 'Class', key: (s) => s.class, width: '88px', cell: (s) => s.class },
    { id: 'role', title: 'Role', key: (s) => s.role ?? '', width: '90px', cell: (s) => s.role ?? '–' },
    {
      id: 'where',
      title: 'Where',
      key: (s) => temperatures[s.temperature],
      width: '76px',
      cell: (s) => s.temperature,
    },
    {
      id: 'activity',
      title: 'Activity',
      key: (s) => `${activities[s.activity.state]}${s.activity.decidedBy ?? ''}`,
      width: '14%',
      cell: (s) => activity(s.activity),
    },
    {
      id: 'function',
      title: 'Function',
      key: (s) => s.function ?? '',
      width: '15%',
      cell: (s) => s.function ?? '–',
    },
    { id: 'place', title: 'Place', key: (s) => s.file, width: '15%', cell: placeCell },
  ];
}

function evidenceItem(context: ViewContext, e: Evidence): HTMLElement {
  const link = sourceLink(context, at(e));
  link.setAttribute('tabindex', '0');
  return h('li', {}, link, ' ', h('code', {}, e.text), h('span', { class: 'reason' }, ` ${e.reason}`));
}

/** The argument for a site's class, each step a place that can be checked. */
function detail(context: ViewContext, site: AtomicSite): readonly Node[] {
  const variable = context.model.findings?.variables.find((v) => v.id === site.variable);
  const evidence = site.evidence.length > 0 ? site.evidence : (variable?.evidence ?? []);
  const via = site.via.map((v) => (v.file === null ? v.name : `${v.name} (${v.file}:${v.line ?? '?'})`));
  const facts = [
    variable === undefined
      ? null
      : `${variable.type} ${variable.name}, declared at ${variable.file}:${variable.line}`,
    via.length === 0 ? null : `through ${via.join(' → ')}`,
    site.gates.length === 0 ? null : `behind ${site.gates.join(', ')}`,
  ].filter((f) => f !== null);
  return [
    h(
      'h3',
      {},
      `${site.target ?? site.operation}: ${site.class}${site.role === null ? '' : `, ${site.role}`}`,
    ),
    ...(facts.length === 0 ? [] : [h('p', {}, facts.join(' · '))]),
    evidence.length === 0
      ? h('p', {}, 'No evidence was recorded.')
      : h('ul', {}, ...evidence.slice(0, 50).map((e) => evidenceItem(context, e))),
    ...(evidence.length > 50
      ? [h('p', { class: 'note' }, `and ${number(evidence.length - 50)} further accesses`)]
      : []),
  ];
}

const filterNames = ['class', 'where', 'activity', 'text'] as const;

export function atomicsView(context: ViewContext): HTMLElement {
  const { findings } = context.model;
  if (findings === null)
    return emptyState(context, 'Nothing is analysed yet: the audit needs the sources.', 'analyze');
  if (findings.atomics.length === 0) {
    return emptyState(
      context,
      `No atomic operation in ${plural(findings.files.length, 'analysed file')}.`,
      null,
    );
  }
  const { state } = context;
  const value = (name: (typeof filterNames)[number]): string => state.filter(`atomics.${name}`);
  // What runs comes first, hot before cold, until the reader sorts.
  const ordered = [...findings.atomics].sort((a, b) => {
    const off = (s: AtomicSite): number => (s.activity.state === 'inactive' ? 1 : 0);
    return off(a) - off(b) || temperatures[a.temperature] - temperatures[b.temperature];
  });
  const filtered = (): AtomicSite[] => {
    const text = value('text').toLowerCase();
    return ordered.filter(
      (s) =>
        (value('class') === '' || s.class === value('class')) &&
        (value('where') === '' || s.temperature === value('where')) &&
        (value('activity') === '' || s.activity.state === value('activity')) &&
        (text === '' ||
          `${s.target ?? ''} ${s.operation} ${s.function ?? ''} ${s.file} ${s.role ?? ''} ${s.activity.decidedBy ?? ''}`
            .toLowerCase()
            .includes(text)),
    );
  };
  const panel = h('div', { class: 'detail', role: 'region', 'aria-label': 'Evidence' });
  panel.append(h('p', { class: 'note' }, 'Select a row to see why it is classed so.'));
  const table = createTable<AtomicSite>({
    id: 'atomics',
    label: 'Atomic sites',
    columns: siteColumns(context),
    rows: filtered(),
    sort: state.sort('atomics'),
    onSort: (order) => state.setSort('atomics', order),
    contained: true,
    onOpen: opener(context, at),
    onSelect: (site) => panel.replaceChildren(...detail(context, site)),
    dim: (s) => s.activity.state === 'inactive',
  });
  const shown = h('span', { class: 'note', role: 'status' });
  const refresh = (): void => {
    const rows = filtered();
    table.setRows(rows);
    shown.textContent = `${number(rows.length)} of ${plural(findings.atomics.length, 'site')}`;
  };
  const choose = (
    name: (typeof filterNames)[number],
    label: string,
    values: readonly string[],
  ): HTMLElement =>
    dropdown(
      label,
      [{ value: '', text: `any ${label.toLowerCase()}` }, ...values.map((v) => ({ value: v, text: v }))],
      value(name),
      (v) => {
        state.setFilter(`atomics.${name}`, v);
        refresh();
      },
    );
  const filters = h(
    'div',
    { class: 'filters', role: 'search' },
    textField('Filter by text', 'Filter: variable, function, file, gate', value('text'), (v) => {
      state.setFilter('atomics.text', v);
      refresh();
    }),
    choose('class', 'Class', ['telemetry', 'correctness', 'unknown']),
    choose('where', 'Temperature', ['hot', 'warm', 'cold', 'unreached']),
    choose('activity', 'Activity', ['active', 'conditional', 'inactive']),
    shown,
  );
  refresh();
  return section('Atomics', '', filters, table.element, panel);
}
