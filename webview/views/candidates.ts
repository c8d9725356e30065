/** Reduction candidates: estimated and, after their experiment, measured; what they come to together. */
import type { CandidateGain, CandidateTable, Gain, Projection } from '../../extension/model-report.ts';
import type { Candidate, SourceLocation } from '../../extension/model.ts';
import { tag } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { effect, interval, orDash, signed, signedPercent, speed } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { verdictText } from '../ui/verdict.ts';
import { emptyState, opener, placeCell, section, sorted, sourceLink, type ViewContext } from './context.ts';
import { openExperiment } from './experiments.ts';

/** A candidate of the sources with what is known of its gain. */
interface Row extends Candidate {
  readonly measured: CandidateGain['measured'];
}

const locate = (c: Candidate): SourceLocation => ({ origin: 'project', file: c.file, line: c.line });
const risks = { low: 0, medium: 1, high: 2 };
const smallest = Number.NEGATIVE_INFINITY;

function columns(context: ViewContext): TableColumn<Row>[] {
  return [
    { id: 'letter', title: 'Kind', key: (c) => c.letter, width: '52px', cell: (c) => tag(c.letter) },
    {
      id: 'estimate',
      title: 'Estimate',
      key: (c) => c.estimate.throughputPercent ?? smallest,
      numeric: true,
      width: '86px',
      cell: (c) => orDash(c.estimate.throughputPercent, signedPercent),
    },
    {
      id: 'measured',
      title: 'Measured',
      key: (c) => c.measured?.throughputPercent ?? smallest,
      numeric: true,
      width: '90px',
      cell: (c) => effect(c.measured?.throughputPercent ?? null),
    },
    {
      id: 'verdict',
      title: 'Verdict',
      key: (c) => c.measured?.verdict ?? '',
      width: '148px',
      cell: (c) => orDash(c.measured?.verdict ?? null, verdictText),
    },
    { id: 'risk', title: 'Risk', key: (c) => risks[c.risk], width: '74px', cell: (c) => c.risk },
    {
      id: 'title',
      title: 'Candidate',
      key: (c) => c.title,
      cell: (c) => sourceLink(context, locate(c), c.title),
    },
    { id: 'reason', title: 'Reason', width: '24%', cell: (c) => c.reason },
    { id: 'place', title: 'Place', key: (c) => c.file, width: '13%', cell: placeCell },
  ];
}

/** `-5 instructions/op, -2.5 branches/op (x86), +4% throughput`; empty where nothing is known. */
export function gainText(gain: Gain): string {
  const counts = [
    ...(gain.instructionsPerOp === null ? [] : [`${signed(gain.instructionsPerOp)} instructions/op`]),
    ...(gain.branchesPerOp === null ? [] : [`${signed(gain.branchesPerOp)} branches/op`]),
  ];
  const unit = counts.length === 0 || gain.unit === null ? '' : ` (${gain.unit})`;
  return [
    ...(counts.length === 0 ? [] : [`${counts.join(', ')}${unit}`]),
    ...(gain.throughputPercent === null ? [] : [`${signedPercent(gain.throughputPercent)} throughput`]),
  ].join(', ');
}

/** How an experiment came to be this candidate's. */
function linkText({ link, target }: NonNullable<CandidateGain['measured']>): string {
  if (link === 'named in its title' || link === 'id') return `on ${target}, ${link}`;
  return link === 'replay' ? `on ${target}, its replay` : `on ${target}, through the gate ${link}`;
}

function detail(context: ViewContext, c: Row): Node[] {
  const estimate = gainText({ unit: 'x86', ...c.estimate });
  const { measured } = c;
  return [
    h('h3', {}, `${c.letter}: ${c.title}`),
    h('p', {}, c.reason),
    ...(estimate === '' ? [] : [h('p', {}, `Estimated: ${estimate}.`)]),
    ...(measured === null
      ? [
          h('p', {}, 'To confirm: ', h('code', {}, c.experiment)),
          h(
            'p',
            { class: 'note' },
            'An experiment whose title holds the candidate’s own stands here as its measured gain.',
          ),
        ]
      : [
          h(
            'p',
            {},
            `Measured ${linkText(measured)}: ${gainText(measured)} ${interval(measured.interval)} `,
            verdictText(measured.verdict),
            ' ',
            experimentLink(context, measured.experiment, measured.title),
          ),
        ]),
  ];
}

function experimentLink(context: ViewContext, id: string, title: string): HTMLElement {
  const link = h('button', { type: 'button', class: 'link', title: id }, title);
  link.addEventListener('click', () => openExperiment(context, id));
  return link;
}

/** What the rows come to together. */
function totals(table: CandidateTable): HTMLElement | null {
  const { combined, measuredPercent } = table;
  if (combined === null && measuredPercent === null) return null;
  return h(
    'ul',
    { class: 'totals', 'aria-label': 'Together' },
    combined === null
      ? null
      : h(
          'li',
          {},
          h('strong', {}, 'Combined estimate'),
          ` of ${table.combinedOf}, ${(100 * table.efficiency).toFixed(0)}% of the sum since savings overlap: ${gainText(combined)}`,
        ),
    measuredPercent === null
      ? null
      : h('li', {}, h('strong', {}, 'Measured together'), `, as a product: ${effect(measuredPercent)}`),
  );
}

const perOp = (value: number | null): string => orDash(value, (v) => signed(v, 1));

function gainColumns(context: ViewContext): TableColumn<CandidateGain>[] {
  return [
    { id: 'letter', title: 'Kind', key: (c) => c.letter, width: '52px', cell: (c) => tag(c.letter) },
    { id: 'title', title: 'Candidate', key: (c) => c.title, cell: (c) => c.title },
    {
      id: 'instructions',
      title: 'Instr./op',
      key: (c) => c.estimate.instructionsPerOp ?? smallest,
      numeric: true,
      width: '84px',
      cell: (c) => perOp(c.estimate.instructionsPerOp),
    },
    {
      id: 'branches',
      title: 'Branches/op',
      key: (c) => c.estimate.branchesPerOp ?? smallest,
      numeric: true,
      width: '100px',
      cell: (c) => perOp(c.estimate.branchesPerOp),
    },
    {
      id: 'estimate',
      title: 'Estimate',
      key: (c) => c.estimate.throughputPercent ?? smallest,
      numeric: true,
      width: '86px',
      cell: (c) => orDash(c.estimate.throughputPercent, signedPercent),
    },
    {
      id: 'measured',
      title: 'Measured',
      key: (c) => c.measured?.throughputPercent ?? smallest,
      numeric: true,
      width: '90px',
      cell: (c) => effect(c.measured?.throughputPercent ?? null),
    },
    {
      id: 'interval',
      title: 'Interval',
      width: '126px',
      cell: (c) => interval(c.measured?.interval ?? null),
    },
    {
      id: 'verdict',
      title: 'Verdict',
      key: (c) => c.measured?.verdict ?? '',
      width: '148px',
      cell: (c) => orDash(c.measured?.verdict ?? null, verdictText),
    },
    { id: 'risk', title: 'Risk', key: (c) => risks[c.risk], width: '74px', cell: (c) => c.risk },
    {
      id: 'experiment',
      title: 'Experiment',
      width: '16%',
      cell: (c) =>
        c.measured === null
          ? (c.experiment ?? '–')
          : experimentLink(context, c.measured.experiment, c.experiment ?? c.measured.experiment),
    },
  ];
}

const projected = (p: Projection, value: number): string =>
  p.metric === 'ops/s' ? speed(value) : value.toFixed(2);

const projectionColumns: readonly TableColumn<Projection>[] = [
  { id: 'metric', title: 'Metric', key: (p) => p.metric, cell: (p) => p.metric },
  { id: 'now', title: 'Now', numeric: true, width: '130px', cell: (p) => projected(p, p.now) },
  { id: 'then', title: 'Projected', numeric: true, width: '130px', cell: (p) => projected(p, p.projected) },
  { id: 'gap', title: 'Gap now', numeric: true, width: '92px', cell: (p) => effect(p.gapNowPercent) },
  {
    id: 'gap-then',
    title: 'Gap projected',
    numeric: true,
    width: '112px',
    cell: (p) => effect(p.gapProjectedPercent),
  },
];

/** Phase 19's A to E: the document's estimates beside what its replays measured here. */
function documentSection(context: ViewContext, table: CandidateTable): HTMLElement {
  return section(
    'Candidates of Phase 19',
    table.source,
    createTable({
      id: 'gains',
      label: 'Candidates of Phase 19, estimated and measured',
      columns: gainColumns(context),
      rows: table.rows,
      ...sorted(context, 'gains'),
    }).element,
    totals(table),
    table.projection.length === 0
      ? null
      : h(
          'div',
          { class: 'after' },
          h('h3', {}, 'Projection with the combined estimate'),
          createTable({
            id: 'projection',
            label: 'Projection with the combined estimate',
            columns: projectionColumns,
            rows: table.projection,
          }).element,
        ),
  );
}

function projectSection(context: ViewContext, candidates: readonly Candidate[]): HTMLElement {
  const table = context.model.candidateTables?.find((t) => t.of === 'project');
  const gains = new Map(table?.rows.map((r) => [r.id, r.measured]));
  const panel = h('div', { class: 'detail', role: 'region', 'aria-label': 'Candidate' });
  panel.append(h('p', { class: 'note' }, 'Select a row to see what would confirm it.'));
  return section(
    'Candidates',
    'estimates until both builds are measured; – means not estimated, not measured',
    createTable<Row>({
      id: 'candidates',
      label: 'Reduction candidates',
      columns: columns(context),
      rows: candidates.map((c) => ({ ...c, measured: gains.get(c.id) ?? null })),
      ...sorted(context, 'candidates'),
      contained: true,
      onOpen: opener(context, locate),
      onSelect: (c) => panel.replaceChildren(...detail(context, c)),
    }).element,
    table === undefined ? null : totals(table),
    panel,
  );
}

export function candidatesView(context: ViewContext): HTMLElement {
  const { findings, candidateTables } = context.model;
  const document = candidateTables?.find((t) => t.of === 'document');
  const own =
    findings === null
      ? emptyState(context, 'Nothing is analysed yet: candidates come from the sources.', 'analyze')
      : findings.candidates.length === 0
        ? emptyState(context, 'No reduction candidate was found in these sources.', null)
        : projectSection(context, findings.candidates);
  return h('div', {}, own, document === undefined ? null : documentSection(context, document));
}
