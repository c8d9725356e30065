/** One experiment: its verdict with the reason first, then what it rests on. */
import type { Estimate, Experiment, LayoutRow, Unit } from '../../extension/model-experiment.ts';
import { type Child, h } from '../ui/dom.ts';
import { dateTime, effect, interval, orDash, percent, plural, speed } from '../ui/format.ts';
import { type EffectRow, effectPlot, unitsPlot } from '../ui/plot-effects.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { toneOf, verdictText } from '../ui/verdict.ts';
import { section, type ViewContext } from './context.ts';
import { documentTable } from './experiment-document.ts';
import {
  changedSection,
  countersSection,
  gatesSection,
  looksSection,
  runsSection,
} from './experiment-evidence.ts';
import { auditSection, checksSection, gapSection, hotSection, topRuleSection } from './experiment-replay.ts';

/** Share of a unit's time taken by other processes above which it is marked, as the experiment's own warning has it. */
const disturbedAbove = 0.2;

/** Percent of throughput of a log ratio of times. */
export function unitEffect(unit: Pick<Unit, 'logRatio'>): number {
  return 100 * (Math.exp(-unit.logRatio) - 1);
}

const isDisturbed = (unit: Unit): boolean => (unit.disturbed ?? 0) > disturbedAbove;

const methodNames: Readonly<Record<Estimate['method'], string>> = {
  trimmed: 'trimmed mean (Yuen)',
  'hodges-lehmann': 'Hodges-Lehmann',
  bca: 'BCa bootstrap',
  means: 'difference of means',
  medians: 'difference of medians',
};

/** The deciding estimate first, then those that it is checked against. */
function estimates(e: Experiment): Estimate[] {
  const last = e.looks.at(-1)?.estimate;
  const deciding: Estimate | null =
    last ??
    (e.effectPercent === null || e.interval === null
      ? null
      : {
          method: e.rule === 'seed' ? 'means' : 'trimmed',
          percent: e.effectPercent,
          interval: e.interval,
        });
  return [...(deciding === null ? [] : [deciding]), ...e.crossChecks];
}

const estimateColumns: readonly TableColumn<Estimate>[] = [
  { id: 'method', title: 'Estimator', cell: (r) => methodNames[r.method] },
  { id: 'effect', title: 'Effect', numeric: true, width: '90px', cell: (r) => effect(r.percent) },
  { id: 'interval', title: 'Interval', width: '150px', cell: (r) => interval(r.interval) },
];

function effectSection(e: Experiment): HTMLElement {
  const all = estimates(e);
  if (all.length === 0)
    return section('Effect', '', h('p', { class: 'note' }, 'No timing was taken or believed.'));
  const rows: EffectRow[] = all.map((r, i) => ({
    label: methodNames[r.method],
    text: '',
    percent: r.percent,
    interval: r.interval,
    threshold: e.threshold,
    tone: i === 0 ? toneOf(e.verdict) : 'open',
  }));
  return section(
    'Effect',
    `against the band of ±${e.threshold}%; the first estimator decides, the others check it`,
    effectPlot(rows, `Effect of ${e.title}`),
    createTable({
      id: 'experiment-estimates',
      label: 'Estimators',
      columns: estimateColumns,
      rows: all,
    }).element,
  );
}

const unitColumns: readonly TableColumn<Unit>[] = [
  {
    id: 'unit',
    title: 'Unit',
    key: (u) => u.index,
    numeric: true,
    width: '60px',
    cell: (u) => String(u.index + 1),
  },
  { id: 'layout', title: 'Layout', key: (u) => u.layout, cell: (u) => u.layout },
  { id: 'first', title: 'First', key: (u) => u.first, width: '90px', cell: (u) => u.first },
  {
    id: 'effect',
    title: 'Effect',
    key: unitEffect,
    numeric: true,
    width: '86px',
    cell: (u) => effect(unitEffect(u)),
  },
  {
    id: 'baseline',
    title: 'Baseline',
    key: (u) => u.baseline,
    numeric: true,
    width: '122px',
    cell: (u) => speed(u.baseline),
  },
  {
    id: 'treatment',
    title: 'Treatment',
    key: (u) => u.treatment,
    numeric: true,
    width: '122px',
    cell: (u) => speed(u.treatment),
  },
  {
    id: 'batch',
    title: 'Batch',
    key: (u) => u.batchNs,
    numeric: true,
    width: '86px',
    cell: (u) => `${(u.batchNs / 1e6).toFixed(1)} ms`,
  },
  {
    id: 'disturbed',
    title: 'Taken by others',
    key: (u) => u.disturbed ?? -1,
    numeric: true,
    width: '124px',
    cell: (u) => orDash(u.disturbed, (d) => `${percent(100 * d)}${isDisturbed(u) ? ' !' : ''}`),
  },
];

const layoutColumns: readonly TableColumn<LayoutRow>[] = [
  { id: 'layout', title: 'Layout', cell: (r) => r.layout },
  { id: 'units', title: 'Units', numeric: true, width: '70px', cell: (r) => String(r.units) },
  { id: 'effect', title: 'Effect', numeric: true, width: '90px', cell: (r) => effect(r.effectPercent) },
];

function unitsSection(context: ViewContext, e: Experiment): HTMLElement | null {
  if (e.units.length === 0) return null;
  const marks = e.units.map((u) => ({
    index: u.index,
    layout: u.layout,
    percent: unitEffect(u),
    disturbed: isDisturbed(u),
  }));
  const disturbed = marks.filter((m) => m.disturbed).length;
  const note = disturbed === 0 ? '' : `; crossed: disturbed by other processes (${disturbed})`;
  return section(
    'Units',
    `a dot a unit (its median block), by code layout; the tick is the median${note}`,
    unitsPlot(marks, e.threshold),
    e.layouts.length < 2
      ? null
      : createTable({
          id: 'experiment-layouts',
          label: 'Effect by layout',
          columns: layoutColumns,
          rows: e.layouts,
        }).element,
    h(
      'details',
      {},
      h('summary', {}, `All ${plural(e.units.length, 'unit')} as a table`),
      createTable({
        id: 'experiment-units',
        label: 'Units',
        columns: unitColumns,
        rows: e.units,
        sort: context.state.sort('experiment-units'),
        onSort: (order) => context.state.setSort('experiment-units', order),
      }).element,
    ),
  );
}

/** What the figures have to be read with, in one line of words. */
function facts(e: Experiment): string {
  const { work } = e;
  const profile = work.workload === 'random_mixed' ? `:${work.profile}` : '';
  const looks = e.looks.length === 0 ? '' : ` in ${plural(e.looks.length, 'look')}`;
  const aa = e.calibration;
  return [
    `${work.workload}${profile}`,
    e.rule === 'seed' ? 'the documents’ rule' : 'interval rule',
    `threshold ±${e.threshold}%`,
    `${plural(e.processes, 'process', 'processes')}${looks}`,
    aa === null
      ? 'not calibrated'
      : `A/A ${aa.passed ? 'passed' : 'FAILED'} ${dateTime(aa.at)} (σ ${percent(aa.sigmaPercent)})`,
    dateTime(e.finishedAt),
  ].join(' · ');
}

function floor(e: Experiment): string {
  const of = (value: number | null): string => (value === null ? 'not known' : `±${value.toFixed(2)}%`);
  return `Noise floor ${of(e.noiseFloorPercent)} · smallest effect that could have been seen ${of(e.smallestVisiblePercent)}`;
}

function machineText(e: Experiment): string {
  const m = e.machine;
  return [
    m.cpu,
    plural(m.cores, 'core'),
    m.kernel,
    m.runtime,
    `governor ${m.governor ?? 'unknown'}`,
    `turbo ${m.turbo === null ? 'unknown' : m.turbo ? 'on' : 'off'}`,
    `load ${m.load === null ? 'unknown' : m.load.toFixed(2)}`,
    ...(m.container ? ['in a container'] : []),
    m.pinned === null ? 'not pinned' : `pinned to ${m.pinned.join(', ')}`,
    ...(m.flags.length === 0 ? [] : [m.flags.join(' ')]),
  ].join(' · ');
}

/** Tables of a replay: two beside each other where there are two, the audit over the whole width. */
function replayParts(context: ViewContext, e: Experiment): HTMLElement[] {
  const small = [gapSection(context, e), hotSection(context, e)].filter((s) => s !== null);
  const whole = [checksSection(context, e), auditSection(context, e)].filter((s) => s !== null);
  const [first] = small;
  return [
    ...(first !== undefined && small.length === 1
      ? [h('div', { class: 'wide' }, first)]
      : small.map((s) => h('div', {}, s))),
    ...whole.map((s) => h('div', { class: 'wide' }, s)),
  ];
}

/** How many more would decide; nothing where nothing is open or more would not help. */
function moreText(e: Experiment): string {
  const more = e.moreProcesses ?? null;
  return more === null ? '' : ` · about ${plural(more, 'more process', 'more processes')} would decide`;
}

/** All parts, top to bottom. */
export function experimentDetail(context: ViewContext, e: Experiment): readonly HTMLElement[] {
  const tail = (...parts: readonly Child[]): HTMLElement => h('div', {}, ...parts);
  const document = e.document ?? context.model.documents?.find((d) => d.replay === e.replay);
  return [
    h('h3', { class: 'experiment-title' }, e.title),
    h(
      'p',
      { class: 'result' },
      verdictText(e.verdict),
      ` ${effect(e.effectPercent)} ${e.interval === null ? '' : interval(e.interval)} `,
      h('span', { class: 'reason' }, e.reason),
    ),
    h('p', { class: 'floor' }, floor(e), h('strong', {}, moreText(e))),
    h('p', { class: 'note' }, facts(e)),
    h(
      'ul',
      { class: 'warnings', 'aria-label': 'Warnings' },
      ...e.warnings.map((w) => h('li', { class: 'warning' }, w)),
    ),
    h(
      'div',
      { class: 'grid' },
      tail(effectSection(e), unitsSection(context, e)),
      tail(
        gatesSection(e),
        looksSection(e),
        countersSection(e.counters),
        changedSection(context, e),
        topRuleSection(context, e.topRule),
      ),
      ...replayParts(context, e),
      h('div', { class: 'wide' }, runsSection(e)),
      ...(document === undefined ? [] : [h('div', { class: 'wide' }, documentTable(e, document))]),
    ),
    h('p', { class: 'note machine' }, `Machine: ${machineText(e)}`),
  ];
}
