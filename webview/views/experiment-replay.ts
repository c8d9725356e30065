/** What only replays of the method's documents have: gap, hot functions, the Top-50 rule, audit and checklist. */
import type {
  AuditedOperation,
  CheckItem,
  Experiment,
  GapRow,
  HotTableRow,
  TopRule,
} from '../../extension/model-experiment.ts';
import { h } from '../ui/dom.ts';
import { number, orDash, percent, plural, signed, speed } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { verdictText } from '../ui/verdict.ts';
import { section, sorted, type ViewContext } from './context.ts';
import { byCategory } from './hot-functions.ts';

const smallest = Number.NEGATIVE_INFINITY;

function gapFigure(row: GapRow, value: number): string {
  return row.metric === 'ops/s' ? speed(value) : value.toFixed(2);
}

function gapDelta(row: GapRow, delta: number): string {
  if (row.metric !== 'ops/s') return signed(delta);
  return `${delta < 0 ? '-' : '+'}${speed(Math.abs(delta))}`;
}

/** Phase 19: per operation, one unit of instruction throughout. */
export function gapSection(context: ViewContext, { gap }: Experiment): HTMLElement | null {
  if (gap === undefined) return null;
  const columns: readonly TableColumn<GapRow>[] = [
    { id: 'metric', title: 'Metric', key: (r) => r.metric, width: '30%', cell: (r) => r.metric },
    {
      id: 'ours',
      title: 'Ours',
      key: (r) => r.ours ?? smallest,
      numeric: true,
      cell: (r) => orDash(r.ours, (v) => gapFigure(r, v)),
    },
    {
      id: 'theirs',
      title: 'Theirs',
      key: (r) => r.theirs ?? smallest,
      numeric: true,
      cell: (r) => orDash(r.theirs, (v) => gapFigure(r, v)),
    },
    {
      id: 'delta',
      title: 'Delta',
      key: (r) => r.delta ?? smallest,
      numeric: true,
      width: '96px',
      cell: (r) => orDash(r.delta, (v) => gapDelta(r, v)),
    },
    {
      id: 'percent',
      title: 'Delta %',
      key: (r) => r.deltaPercent ?? smallest,
      numeric: true,
      width: '92px',
      cell: (r) => orDash(r.deltaPercent, (v) => `${signed(v, 1)}%`),
    },
  ];
  return section(
    'Gap per operation',
    `ours ${gap.ours}, theirs ${gap.theirs}; ${gap.unit === 'wasm' ? 'WebAssembly' : 'x86'} instructions on both sides`,
    createTable({
      id: 'experiment-gap',
      label: 'Gap per operation',
      columns,
      rows: gap.rows,
      ...sorted(context, 'experiment-gap'),
    }).element,
  );
}

const hotColumns: readonly TableColumn<HotTableRow>[] = [
  {
    id: 'rank',
    title: 'Rank',
    key: (r) => r.rank,
    numeric: true,
    width: '62px',
    cell: (r) => String(r.rank),
  },
  { id: 'name', title: 'Function', key: (r) => r.name, cell: (r) => r.name },
  {
    id: 'self',
    title: 'Self',
    key: (r) => r.selfPercent,
    numeric: true,
    width: '78px',
    cell: (r) => percent(r.selfPercent),
  },
  { id: 'category', title: 'Category', key: (r) => r.category, width: '96px', cell: (r) => r.category },
];

export function hotSection(context: ViewContext, { hot }: Experiment): HTMLElement | null {
  if (hot === undefined) return null;
  const table = createTable({
    id: 'experiment-hot',
    label: 'Hot functions of the experiment',
    columns: hotColumns,
    rows: hot.rows,
    ...sorted(context, 'experiment-hot'),
  }).element;
  table.classList.add('short');
  return section('Hot functions', hot.source, table, h('p', { class: 'note more' }, byCategory(hot.rows)));
}

type Gate = TopRule['gates'][number];

const stateOrder: readonly Gate['state'][] = ['hot', 'below the floor', 'below the top', 'not seen'];

const gateColumns: readonly TableColumn<Gate>[] = [
  { id: 'gate', title: 'Present in the code', key: (g) => g.name, cell: (g) => g.name },
  {
    id: 'state',
    title: 'Seen in the profile',
    key: (g) => stateOrder.indexOf(g.state),
    width: '144px',
    cell: (g) => h('span', { class: g.state === 'hot' ? 'state-hot' : 'state' }, g.state),
  },
  {
    id: 'rank',
    title: 'Rank',
    key: (g) => -(g.rank ?? Number.MAX_SAFE_INTEGER),
    numeric: true,
    width: '72px',
    cell: (g) => orDash(g.rank, String),
  },
  {
    id: 'self',
    title: 'Self',
    key: (g) => g.selfPercent ?? -1,
    numeric: true,
    width: '80px',
    cell: (g) => orDash(g.selfPercent, percent),
  },
];

/** Phase 42: present in the code against seen in the profile. */
export function topRuleSection(
  context: ViewContext,
  rule: TopRule | undefined,
  id = 'experiment-top-rule',
): HTMLElement | null {
  if (rule === undefined) return null;
  const { top, floor, functions, gates, verdict, reason } = rule;
  const seen = gates.filter((g) => g.rank !== null).length;
  const table = createTable({
    id,
    label: 'Gates in the code and in the profile',
    columns: gateColumns,
    rows: gates,
    ...sorted(context, id),
  }).element;
  table.classList.add('short');
  return section(
    `Top-${top} rule`,
    `${plural(gates.length, 'gate')} in the code, ${number(seen)} of them in a profile of ${plural(functions, 'function')}; below ${floor}% of self time a gate is no target`,
    table,
    h('p', { class: 'more' }, verdictText(verdict), ` ${reason}`),
  );
}

const classOrder = { telemetry: 0, unknown: 1, correctness: 2 };

const auditColumns: readonly TableColumn<AuditedOperation>[] = [
  { id: 'variable', title: 'Variable', key: (a) => a.variable, width: '20%', cell: (a) => a.variable },
  { id: 'operation', title: 'Operation', key: (a) => a.operation, width: '16%', cell: (a) => a.operation },
  {
    id: 'class',
    title: 'Class',
    key: (a) => classOrder[a.class],
    width: '120px',
    cell: (a) => a.class.toUpperCase(),
  },
  {
    id: 'place',
    title: 'Function',
    key: (a) => `${a.file} ${a.function}`,
    width: '20%',
    cell: (a) => h('span', { title: a.file }, a.function),
  },
  { id: 'reason', title: 'Reason', cell: (a) => h('span', { class: 'wraps' }, a.reason) },
];

/** Phase 28: every atomic operation that was looked at. */
export function auditSection(context: ViewContext, e: Experiment): HTMLElement | null {
  const audit = e.audit ?? [];
  if (audit.length === 0) return null;
  const classes = new Map<string, number>();
  for (const a of audit) classes.set(a.class, (classes.get(a.class) ?? 0) + 1);
  const counts = [...classes].map(([name, n]) => `${n}/${audit.length} ${name}`).join(', ');
  const files = [...new Set(audit.map((a) => a.file))].join(', ');
  return section(
    'Audit',
    `${counts}; ${files}`,
    createTable({
      id: 'experiment-audit',
      label: 'Audited atomic operations',
      columns: auditColumns,
      rows: audit,
      ...sorted(context, 'experiment-audit'),
    }).element,
  );
}

function checkResult({ passed }: CheckItem): HTMLElement {
  if (passed === null) return h('span', {}, '– open');
  return h('span', { class: passed ? 'passed' : 'failed' }, passed ? '✓ passed' : '✗ failed');
}

const checkColumns: readonly TableColumn<CheckItem>[] = [
  {
    id: 'result',
    title: 'Result',
    key: (c) => (c.passed === null ? 1 : c.passed ? 2 : 0),
    width: '82px',
    cell: checkResult,
  },
  {
    id: 'item',
    title: 'Step or criterion',
    key: (c) => c.item,
    cell: (c) => h('span', { class: 'wraps' }, c.item),
  },
  { id: 'note', title: 'What was found', cell: (c) => h('span', { class: 'wraps' }, c.note) },
];

/** Phase 19 §7. */
export function checksSection(context: ViewContext, e: Experiment): HTMLElement | null {
  const checks = e.checks ?? [];
  if (checks.length === 0) return null;
  const count = (passed: boolean | null): number => checks.filter((c) => c.passed === passed).length;
  return section(
    'Validation checklist',
    `${count(true)} passed, ${count(false)} failed, ${count(null)} open`,
    createTable({
      id: 'experiment-checks',
      label: 'Validation checklist',
      columns: checkColumns,
      rows: checks,
      ...sorted(context, 'experiment-checks'),
    }).element,
  );
}
