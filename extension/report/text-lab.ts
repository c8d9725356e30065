/** The laboratory's tables as a person reads them in a terminal. */
import type {
  AuditedOperation,
  CheckItem,
  GapRow,
  GapTable,
  HotTable,
  HotTableRow,
  TopRule,
} from '../model-experiment.ts';
import type { CandidateGain, CandidateTable, Gain, Projection } from '../model-report.ts';
import { shareByCategory } from '../experiment/tables/hot-table.ts';
import { digits, percent, printable, speed } from './format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';

function block<Row>(
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  style: Style,
): string {
  const [head = '', ...lines] = textTable(columns, rows);
  return [style.bold(printable(title)), style.dim(head), ...lines].join('\n');
}

const signed = (value: number, places: number): string => `${value > 0 ? '+' : ''}${value.toFixed(places)}`;

function gapFigure(row: GapRow, value: number | null): string {
  if (value === null) return '-';
  return row.metric === 'ops/s' ? speed(value) : value.toFixed(2);
}

/** Phase 19's table of one allocator against another. */
export function gapText(table: GapTable, style: Style = plain): string {
  const columns: readonly Column<GapRow>[] = [
    { title: 'metric', cell: (r) => r.metric },
    { title: table.ours, cell: (r) => gapFigure(r, r.ours), align: 'right' },
    { title: table.theirs, cell: (r) => gapFigure(r, r.theirs), align: 'right' },
    {
      title: 'delta',
      cell: (r) =>
        r.delta === null
          ? '-'
          : r.metric === 'ops/s'
            ? `${r.delta < 0 ? '-' : '+'}${speed(Math.abs(r.delta))}`
            : signed(r.delta, 2),
      align: 'right',
    },
    {
      title: 'delta %',
      cell: (r) => (r.deltaPercent === null ? '-' : `${signed(r.deltaPercent, 1)}%`),
      align: 'right',
    },
  ];
  return block(`Gap per operation (${table.unit} instructions)`, columns, table.rows, style);
}

const shownFunctions = 20;

/** `wrapper 54.63%, benchmark 22.02%`: where the time goes, largest first. */
export function categoriesText(rows: readonly Pick<HotTableRow, 'selfPercent' | 'category'>[]): string {
  return [...shareByCategory(rows)]
    .sort(([, a], [, b]) => b - a)
    .map(([category, share]) => `${category} ${percent(share)}`)
    .join(', ');
}

/** Functions by self time with their categories, the first twenty. */
export function hotTableText({ rows, source }: HotTable, style: Style = plain): string {
  const columns: readonly Column<HotTableRow>[] = [
    { title: '#', cell: (r) => String(r.rank), align: 'right' },
    { title: 'function', cell: (r) => r.name },
    { title: '% time', cell: (r) => percent(r.selfPercent), align: 'right' },
    { title: 'category', cell: (r) => r.category },
  ];
  return [
    block(`Hot functions (${source})`, columns, rows.slice(0, shownFunctions), style),
    printable(categoriesText(rows)),
  ].join('\n');
}

/** Phase 42's list: present in the code against seen in the profile. */
export function topRuleText(rule: TopRule, style: Style = plain): string {
  const columns: readonly Column<TopRule['gates'][number]>[] = [
    { title: 'gate in the code', cell: (g) => g.name },
    { title: 'rank', cell: (g) => (g.rank === null ? '-' : String(g.rank)), align: 'right' },
    { title: 'self', cell: (g) => (g.selfPercent === null ? '-' : percent(g.selfPercent)), align: 'right' },
    ...(rule.gates.some((g) => g.inBinary !== undefined)
      ? [
          {
            title: 'in the binary',
            cell: (g: TopRule['gates'][number]) => (g.inBinary ? 'yes' : 'inlined or not built'),
          },
        ]
      : []),
    { title: 'in the profile', cell: (g) => g.state },
  ];
  const title = `Top-${rule.top} rule (floor ${rule.floor}%, a profile of ${digits(rule.functions, 'function')})`;
  return `${block(title, columns, rule.gates, style)}\n${printable(rule.reason)}`;
}

/** Every atomic operation that an audit looked at. */
export function auditText(audit: readonly AuditedOperation[], style: Style = plain): string {
  const columns: readonly Column<AuditedOperation>[] = [
    { title: 'function', cell: (o) => o.function },
    { title: 'operation', cell: (o) => o.operation },
    { title: 'variable', cell: (o) => o.variable },
    { title: 'class', cell: (o) => o.class },
    { title: 'reason', cell: (o) => o.reason },
  ];
  return block(`Audit of ${audit[0]?.file ?? 'no file'}`, columns, audit, style);
}

const change = (value: number | null): string => (value === null ? '-' : signed(value, 1));
const gain = (value: number | null): string => (value === null ? '-' : `${signed(value, 1)}%`);

interface GainRow {
  readonly name: string;
  readonly gain: Gain;
  readonly measured: CandidateGain['measured'];
  readonly risk: string;
}

/** Estimated and, where an experiment was run, measured; the combined estimate in the last row. */
export function candidatesText(table: CandidateTable, style: Style = plain): string {
  const { rows, combined, efficiency, measuredPercent, projection } = table;
  const columns: readonly Column<GainRow>[] = [
    { title: 'candidate', cell: (r) => r.name },
    { title: 'instructions/op', cell: (r) => change(r.gain.instructionsPerOp), align: 'right' },
    { title: 'branches/op', cell: (r) => change(r.gain.branchesPerOp), align: 'right' },
    { title: 'throughput', cell: (r) => gain(r.gain.throughputPercent), align: 'right' },
    { title: 'risk', cell: (r) => r.risk },
    {
      title: 'measured',
      cell: (r) =>
        r.measured === null
          ? '-'
          : `${gain(r.measured.throughputPercent)} ${r.measured.verdict} (${r.measured.target})`,
    },
  ];
  const shown: GainRow[] = rows.map((r) => ({
    name: `${r.letter}: ${r.title}`,
    ...{ gain: r.estimate, measured: r.measured, risk: r.risk },
  }));
  const last: GainRow[] =
    combined === null
      ? []
      : [
          {
            name: `combined, ${table.combinedOf} (${(100 * efficiency).toFixed(0)}% efficiency)`,
            ...{ gain: combined, measured: null, risk: '' },
          },
        ];
  const unit = combined?.unit == null ? '' : ` (${combined.unit} instructions)`;
  return [
    block(`Reduction candidates, estimated${unit} and measured`, columns, [...shown, ...last], style),
    ...(table.source === '' ? [] : [printable(table.source)]),
    ...(measuredPercent === null ? [] : [`measured together, as a product: ${gain(measuredPercent)}`]),
    ...(projection.length === 0 ? [] : ['', projectionText(projection, style)]),
  ].join('\n');
}

/** Where the combined estimate leads, and what gap remains. */
export function projectionText(rows: readonly Projection[], style: Style = plain): string {
  const figure = (r: Projection, value: number): string =>
    r.metric === 'ops/s' ? speed(value) : value.toFixed(2);
  const columns: readonly Column<Projection>[] = [
    { title: 'metric', cell: (r) => r.metric },
    { title: 'now', cell: (r) => figure(r, r.now), align: 'right' },
    { title: 'projected', cell: (r) => figure(r, r.projected), align: 'right' },
    { title: 'gap now', cell: (r) => `${signed(r.gapNowPercent, 1)}%`, align: 'right' },
    { title: 'gap projected', cell: (r) => `${signed(r.gapProjectedPercent, 1)}%`, align: 'right' },
  ];
  return block('Projection', columns, rows, style);
}

/** Phase 19 §7. */
export function checklistText(items: readonly CheckItem[], style: Style = plain): string {
  const mark = (passed: boolean | null): string => (passed === null ? '[ ]' : passed ? '[x]' : '[!]');
  return [
    style.bold('Validation checklist'),
    ...items.map((i) => printable(`${mark(i.passed)} ${i.item}: ${i.note}`)),
  ].join('\n');
}
