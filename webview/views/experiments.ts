/** The ledger's experiments: a list, the selected one's argument, and what all of them come to together. */
import type { CumulativeStep, Experiment } from '../../extension/model-experiment.ts';
import type { StateStore } from '../state.ts';
import { divider } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { dateTime, effect, interval, plural } from '../ui/format.ts';
import { type EffectRow, effectPlot } from '../ui/plot-effects.ts';
import { productPlot } from '../ui/plot-series.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { toneOf, verdictText } from '../ui/verdict.ts';
import { actions, emptyState, section, sorted, type ViewContext } from './context.ts';
import { experimentDetail } from './experiment-detail.ts';
import { documentsSection, phaseTable } from './phases.ts';

const selectedKey = 'experiments.selected';
/** Effects beyond it stand at the edge of the overview, so that the others can still be told apart. */
const widestPercent = 12;

/** Selects an experiment for the next time that the view is built; null selects the newest. */
export function selectExperiment(state: StateStore, id: string | null): void {
  state.setFilter(selectedKey, id ?? '');
}

/** Shows the experiments with this one selected. */
export function openExperiment(context: ViewContext, id: string): void {
  selectExperiment(context.state, id);
  context.showTab('experiments', true);
  window.scrollTo({ top: 0 });
}

const columns: readonly TableColumn<Experiment>[] = [
  {
    id: 'verdict',
    title: 'Verdict',
    key: (e) => e.verdict,
    width: '148px',
    cell: (e) => verdictText(e.verdict),
  },
  { id: 'title', title: 'Experiment', key: (e) => e.title, cell: (e) => e.title },
  {
    id: 'effect',
    title: 'Effect',
    key: (e) => e.effectPercent ?? Number.NEGATIVE_INFINITY,
    numeric: true,
    width: '86px',
    cell: (e) => effect(e.effectPercent),
  },
  { id: 'interval', title: 'Interval', width: '126px', cell: (e) => interval(e.interval) },
  {
    id: 'threshold',
    title: 'Threshold',
    key: (e) => e.threshold,
    numeric: true,
    width: '86px',
    cell: (e) => `±${e.threshold}%`,
  },
  {
    id: 'processes',
    title: 'Processes',
    key: (e) => e.processes,
    numeric: true,
    width: '88px',
    cell: (e) => String(e.processes),
  },
  {
    id: 'date',
    title: 'Date',
    key: (e) => e.finishedAt,
    width: '164px',
    cell: (e) => dateTime(e.finishedAt),
  },
];

/** Row of the overview's plot. */
export function effectRow(e: Experiment): EffectRow {
  return {
    label: e.title,
    text: e.effectPercent === null ? e.verdict : `${e.verdict} ${effect(e.effectPercent)}`,
    percent: e.effectPercent,
    interval: e.interval,
    threshold: e.threshold,
    tone: toneOf(e.verdict),
  };
}

export function effectsOverview(experiments: readonly Experiment[], width = 560): SVGSVGElement {
  return effectPlot(experiments.map(effectRow), 'Effect on throughput', width, widestPercent);
}

const stepColumns: readonly TableColumn<CumulativeStep & { readonly step: number }>[] = [
  {
    id: 'step',
    title: 'Step',
    key: (s) => s.step,
    numeric: true,
    width: '60px',
    cell: (s) => String(s.step),
  },
  { id: 'title', title: 'Experiment', key: (s) => s.title, cell: (s) => s.title },
  {
    id: 'verdict',
    title: 'Verdict',
    key: (s) => s.verdict,
    width: '148px',
    cell: (s) => verdictText(s.verdict),
  },
  {
    id: 'effect',
    title: 'Effect',
    key: (s) => s.effectPercent ?? Number.NEGATIVE_INFINITY,
    numeric: true,
    width: '86px',
    cell: (s) => effect(s.effectPercent),
  },
  {
    id: 'counted',
    title: 'Counted',
    key: (s) => String(s.counted),
    width: '74px',
    cell: (s) => (s.counted ? 'yes' : 'no'),
  },
  {
    id: 'product',
    title: 'Product',
    key: (s) => s.percent,
    numeric: true,
    width: '86px',
    cell: (s) => effect(s.percent),
  },
  { id: 'interval', title: 'Interval', width: '126px', cell: (s) => interval(s.interval) },
];

/** A section for each workload and target, the longest first: the prune document's table, then how the product grew. */
function cumulative(context: ViewContext, steps: readonly CumulativeStep[]): HTMLElement[] {
  const tables = context.model.phases ?? [];
  const groups = new Map<string, CumulativeStep[]>(tables.map((t) => [t.work, []]));
  for (const step of steps) groups.set(step.work, [...(groups.get(step.work) ?? []), step]);
  const sections = [...groups].sort(([, a], [, b]) => b.length - a.length);
  return sections.map(([work, own], i) => {
    const table = tables.find((t) => t.work === work);
    return section(
      `Cumulative: ${work}`,
      'phases as the prune document lists them, and the product of the kept effects with its interval',
      ...(table === undefined ? [] : phaseTable(context, table, i)),
      // Where nothing counts the product stays at nothing.
      ...(own.some((s) => s.counted) ? product(context, own, i) : []),
    );
  });
}

function product(context: ViewContext, own: readonly CumulativeStep[], i: number): HTMLElement[] {
  return [
    h(
      'h3',
      { class: 'after' },
      'Product over time',
      h('span', { class: 'note' }, ' hollow: not counted; numbers are the steps below'),
    ),
    h('div', { class: 'plot-box' }, productPlot(own.map((s) => ({ ...s, label: s.title })))),
    createTable({
      id: `cumulative-${i}`,
      label: `Product over time, ${own[0]?.work ?? ''}`,
      columns: stepColumns,
      rows: own.map((s, k) => ({ ...s, step: k + 1 })),
      ...sorted(context, `cumulative-${i}`),
    }).element,
  ];
}

/** What could not be read of the ledger; nothing is dropped in silence. */
export function ledgerProblems(context: ViewContext): HTMLElement | null {
  const problems = context.model.ledgerProblems ?? [];
  if (problems.length === 0) return null;
  return h(
    'details',
    { class: 'problems' },
    h('summary', {}, `${plural(problems.length, 'line')} of the ledger could not be used`),
    h('ul', {}, ...problems.map((p) => h('li', {}, p))),
  );
}

export function experimentsView(context: ViewContext): HTMLElement {
  const experiments = context.model.experiments ?? [];
  const newest = experiments.at(-1);
  if (newest === undefined) {
    return h(
      'div',
      {},
      ledgerProblems(context),
      emptyState(
        context,
        'No experiment is in the ledger yet: one compares two builds, gates or presets, and ends with a verdict.',
        'runExperiment',
      ),
    );
  }
  const wanted = context.state.filter(selectedKey);
  const shown = experiments.find((e) => e.id === wanted) ?? newest;
  const panel = h('div', { class: 'experiment', role: 'region', 'aria-label': 'Selected experiment' });
  let drawn = '';
  const draw = (e: Experiment): void => {
    if (drawn === e.id) return;
    drawn = e.id;
    panel.replaceChildren(...experimentDetail(context, e));
  };
  const list = createTable({
    id: 'experiments',
    label: 'Experiments',
    columns,
    rows: experiments.toReversed(),
    ...sorted(context, 'experiments'),
    current: (e) => e.id === shown.id,
    onSelect: (e) => {
      selectExperiment(context.state, e.id);
      draw(e);
    },
  }).element;
  list.classList.add('short');
  draw(shown);
  const sections = cumulative(context, context.model.cumulative ?? []);
  const documents = documentsSection(context, (e) => openExperiment(context, e.id));
  return h(
    'div',
    {},
    ledgerProblems(context),
    section(
      'Experiments',
      'effect on throughput of the treatment, positive is faster; the newest first',
      list,
      actions(context, 'runExperiment', 'writeDocuments'),
    ),
    divider(),
    panel,
    ...(sections.length === 0 ? [] : [divider(), ...sections]),
    ...(documents === null ? [] : [divider(), documents]),
  );
}
