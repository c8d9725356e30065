/** The prune document's cumulative table, and the documents' experiments with where they do not agree with themselves. */
import type { Experiment } from '../../extension/model-experiment.ts';
import type { Disagreement, PhaseRow, PhaseTable, ReplayRow } from '../../extension/model-report.ts';
import { h } from '../ui/dom.ts';
import { effect, interval, number, orDash, plural } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { verdictText } from '../ui/verdict.ts';
import { section, sorted, type ViewContext } from './context.ts';

const smallest = Number.NEGATIVE_INFINITY;

const phaseColumns: readonly TableColumn<PhaseRow>[] = [
  { id: 'phase', title: 'Phase', key: (r) => r.phase ?? '', width: '60px', cell: (r) => r.phase ?? '–' },
  { id: 'title', title: 'Change', key: (r) => r.title, width: '18%', cell: (r) => r.title },
  {
    id: 'atomics',
    title: 'Atomics removed',
    key: (r) => r.pruned?.atomics ?? -1,
    width: '136px',
    cell: (r) => orDash(r.pruned, (p) => `${p.atomics} (${p.what})`),
  },
  {
    id: 'frequency',
    title: 'Frequency',
    key: (r) => r.pruned?.frequency ?? '',
    width: '140px',
    cell: (r) => r.pruned?.frequency ?? '–',
  },
  {
    id: 'impact',
    title: 'Impact',
    key: (r) => r.effectPercent ?? smallest,
    numeric: true,
    width: '92px',
    cell: (r) => effect(r.effectPercent),
  },
  { id: 'interval', title: 'Interval', width: '120px', cell: (r) => interval(r.interval) },
  {
    id: 'status',
    title: 'Status',
    key: (r) => r.status,
    width: '148px',
    cell: (r) => verdictText(r.status),
  },
  {
    id: 'threshold',
    title: 'Threshold',
    key: (r) => r.threshold,
    numeric: true,
    width: '86px',
    cell: (r) => `±${r.threshold}%`,
  },
  {
    id: 'iterations',
    title: 'Iterations',
    key: (r) => r.iterations ?? -1,
    numeric: true,
    width: '98px',
    cell: (r) => orDash(r.iterations, number),
  },
  {
    id: 'slots',
    title: 'Working set',
    key: (r) => r.workingSet ?? -1,
    numeric: true,
    width: '98px',
    cell: (r) => orDash(r.workingSet, number),
  },
  { id: 'baseline', title: 'Baseline side', key: (r) => r.baselineSide, cell: (r) => r.baselineSide },
];

function totalItem(name: string, total: PhaseTable['go']): HTMLElement {
  return h(
    'li',
    {},
    h('strong', {}, name),
    ` (${total.changes}): ${effect(total.sumPercent)} as a sum, ${effect(total.productPercent)} ${total.interval === null ? '' : interval(total.interval)} compounded`,
  );
}

const conditions: ReadonlySet<string> = new Set(['iterations', 'slots']);

/** A ledger of many repetitions has many that do not count; the table names each of them. */
const mostInline = 8;
const mostListed = 200;

const notCounted = (r: PhaseRow): HTMLElement => h('li', {}, `Not counted: ${r.title}: ${r.why}`);

/** The table of one target and work, its totals below. */
export function phaseTable(context: ViewContext, table: PhaseTable, index: number): HTMLElement[] {
  const id = `phases-${index}`;
  // Where nothing but the workload's own was asked for, two columns would say nothing.
  const own = table.rows.every((r) => r.iterations === null && r.workingSet === null);
  const left = table.rows.filter((r) => r.counts === 'no' && r.why !== '');
  const element = createTable({
    id,
    label: `Cumulative summary, ${table.work}`,
    columns: own ? phaseColumns.filter((c) => !conditions.has(c.id)) : phaseColumns,
    rows: table.rows,
    dim: (r) => r.counts === 'no',
    ...sorted(context, id),
  }).element;
  if (!own) element.classList.add('roomy');
  return [
    element,
    h(
      'ul',
      { class: 'totals', 'aria-label': `Totals, ${table.work}` },
      table.atomics === null
        ? null
        : h(
            'li',
            {},
            h('strong', {}, plural(table.atomics, 'atomic')),
            ' removed by the changes that are kept',
          ),
      ...(table.kept.changes === 0
        ? []
        : [
            totalItem('GO changes', table.go),
            totalItem('GO and NEUTRAL changes, all that are kept', table.kept),
          ]),
      ...(left.length > mostInline ? [] : left.map(notCounted)),
    ),
    ...(left.length > mostInline
      ? [
          h(
            'details',
            {},
            h('summary', {}, `${number(left.length)} are not counted`),
            h('ul', { class: 'totals' }, ...left.slice(0, mostListed).map(notCounted)),
          ),
        ]
      : []),
  ];
}

interface ReplayWithOurs extends ReplayRow {
  /** The newest of its name. */
  readonly ours: Experiment | null;
}

const replayColumns: readonly TableColumn<ReplayWithOurs>[] = [
  { id: 'name', title: 'Replay', key: (r) => r.name, width: '92px', cell: (r) => r.name },
  {
    id: 'title',
    title: 'What',
    width: '20%',
    key: (r) => r.title,
    cell: (r) => r.title.replace(/^[^:]*: /, ''),
  },
  {
    id: 'effect',
    title: 'Printed',
    key: (r) => r.effectPercent ?? smallest,
    numeric: true,
    width: '86px',
    cell: (r) => effect(r.effectPercent),
  },
  {
    id: 'verdict',
    title: 'Printed verdict',
    key: (r) => r.verdict ?? '',
    width: '124px',
    cell: (r) => orDash(r.verdict, verdictText),
  },
  {
    id: 'here',
    title: 'Here',
    key: (r) => r.ours?.effectPercent ?? smallest,
    numeric: true,
    width: '92px',
    cell: (r) => effect(r.ours?.effectPercent ?? null),
  },
  {
    id: 'here-verdict',
    title: 'Verdict here',
    key: (r) => r.ours?.verdict ?? '',
    width: '148px',
    cell: (r) => orDash(r.ours?.verdict ?? null, verdictText),
  },
  {
    id: 'threshold',
    title: 'Threshold',
    key: (r) => r.threshold,
    numeric: true,
    width: '92px',
    cell: (r) => `±${r.threshold}%${r.thresholdPrinted ? '' : ' *'}`,
  },
  {
    id: 'iterations',
    title: 'Iterations',
    key: (r) => r.iterations ?? -1,
    numeric: true,
    width: '106px',
    cell: (r) => orDash(r.iterations, number),
  },
  {
    id: 'slots',
    title: 'Working set',
    key: (r) => r.workingSet ?? -1,
    numeric: true,
    width: '98px',
    cell: (r) => orDash(r.workingSet, number),
  },
  {
    id: 'runs',
    title: 'Runs',
    key: (r) => r.runs,
    numeric: true,
    width: '62px',
    cell: (r) => `${r.runs}${r.runsPrinted ? '' : ' *'}`,
  },
  {
    id: 'side',
    title: 'Baseline side',
    key: (r) => r.baselineSide,
    width: '17%',
    cell: (r) => r.baselineSide,
  },
];

const disagreementColumns: readonly TableColumn<Disagreement>[] = [
  {
    id: 'replays',
    title: 'About',
    key: (d) => (d.replays.length === 0 ? `~${d.document}` : d.replays.join(', ')),
    width: '24%',
    cell: (d) => h('span', { class: 'wraps' }, d.replays.length === 0 ? d.document : d.replays.join(', ')),
  },
  {
    id: 'sentence',
    title: 'What does not agree',
    cell: (d) => h('span', { class: 'wraps' }, d.sentence),
  },
];

/** Conditions and printed figures of all the documents' experiments, ours beside them. `open` shows an experiment. */
export function documentsSection(
  context: ViewContext,
  open: (experiment: Experiment) => void,
): HTMLElement | null {
  const { replays = [], disagreements = [], experiments = [] } = context.model;
  if (replays.length === 0) return null;
  const rows = replays.map((r) => ({ ...r, ours: experiments.findLast((e) => e.replay === r.name) ?? null }));
  const done = rows.filter((r) => r.ours !== null).length;
  return section(
    'The documents',
    `${done} of ${plural(replays.length, 'experiment')} of the method’s documents replayed here; * not printed there`,
    h(
      'details',
      { open: done > 0 },
      h('summary', {}, 'Conditions, printed figures and ours'),
      createTable({
        id: 'replays',
        label: 'Experiments of the documents',
        columns: replayColumns,
        rows,
        ...sorted(context, 'replays'),
        dim: (r) => r.ours === null,
        onOpen: (r) => {
          if (r.ours !== null) open(r.ours);
        },
      }).element,
    ),
    disagreements.length === 0
      ? null
      : h(
          'details',
          {},
          h(
            'summary',
            {},
            `${plural(disagreements.length, 'place')} where a document disagrees with itself or its own data`,
          ),
          createTable({
            id: 'disagreements',
            label: 'Disagreements inside the documents',
            columns: disagreementColumns,
            rows: disagreements,
            ...sorted(context, 'disagreements'),
          }).element,
        ),
  );
}
