/** The report page: header, tabs, and views that are built when they are first shown. */
import type { ReportModel } from '../extension/model.ts';
import { connect, type Host } from './host.ts';
import { StateStore } from './state.ts';
import { panels, registerControls, showPanel } from './ui/controls.ts';
import { h } from './ui/dom.ts';
import { percent, plural, speed } from './ui/format.ts';
import { allocatorsView } from './views/allocators.ts';
import { atomicsView } from './views/atomics.ts';
import { candidatesView } from './views/candidates.ts';
import type { ViewContext } from './views/context.ts';
import { costsView } from './views/costs.ts';
import { experimentsView, selectExperiment } from './views/experiments.ts';
import { gatesView } from './views/gates.ts';
import { hotFunctionsView } from './views/hot-functions.ts';
import { overviewView } from './views/overview.ts';
import { runsView } from './views/runs.ts';
import { selectSoak, soakView } from './views/soak.ts';

interface View {
  readonly id: string;
  readonly title: string;
  readonly build: (context: ViewContext) => HTMLElement;
  readonly count: (model: ReportModel) => number | null;
}

const views: readonly View[] = [
  { id: 'overview', title: 'Overview', build: overviewView, count: () => null },
  { id: 'hot', title: 'Hot functions', build: hotFunctionsView, count: () => null },
  { id: 'atomics', title: 'Atomics', build: atomicsView, count: (m) => m.findings?.atomics.length ?? null },
  { id: 'gates', title: 'Gates', build: gatesView, count: (m) => m.findings?.gates.length ?? null },
  {
    id: 'candidates',
    title: 'Candidates',
    build: candidatesView,
    count: (m) => m.findings?.candidates.length ?? null,
  },
  { id: 'runs', title: 'Runs', build: runsView, count: (m) => (m.runs.length === 0 ? null : m.runs.length) },
  {
    id: 'allocators',
    title: 'Allocators',
    build: allocatorsView,
    count: (m) => m.comparisons?.length || null,
  },
  {
    id: 'experiments',
    title: 'Experiments',
    build: experimentsView,
    count: (m) => m.experiments?.length || null,
  },
  { id: 'soak', title: 'Soak', build: soakView, count: (m) => m.soaks?.length || null },
  { id: 'costs', title: 'Costs', build: costsView, count: () => null },
];

/** `random_mixed · engine fast · 64.1 M ops/s · cv 0.30% · 24 processes · 20 Nov 2026, 10:31`. */
function subtitle(model: ReportModel): string {
  const run = model.runs.at(-1);
  const when = new Date(model.createdAt);
  return [
    ...(run === undefined
      ? []
      : [
          run.workload,
          `${run.target} ${run.variant}`,
          speed(run.median),
          ...(run.cv === null ? [] : [`cv ${percent(100 * run.cv)}`]),
          plural(run.runs.length, 'process', 'processes'),
        ]),
    ...(Number.isNaN(when.valueOf())
      ? []
      : [when.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })]),
  ].join(' · ');
}

/** Draws the whole page for one model; the tab, filters and sort orders come from the state store. */
function draw(root: HTMLElement, model: ReportModel, host: Host, state: StateStore): void {
  const active = views.some((v) => v.id === state.tab) ? state.tab : 'overview';
  const contents = new Map(views.map((v) => [v.id, h('div', { class: 'view' })]));
  const showTab = (id: string, again = false): void => {
    if (again) contents.get(id)?.replaceChildren();
    showPanel(tabs, id);
    shown(id);
  };
  const context: ViewContext = { model, host, state, showTab };
  const fill = (id: string): void => {
    const view = views.find((v) => v.id === id);
    const content = contents.get(id);
    if (view !== undefined && content !== undefined && content.childElementCount === 0) {
      content.append(view.build(context));
    }
  };
  const shown = (id: string): void => {
    state.setTab(id);
    fill(id);
  };
  const tabs = panels(
    'Report',
    views.map((v) => ({
      id: v.id,
      title: v.title,
      count: v.count(model),
      content: contents.get(v.id) ?? h('div'),
    })),
    active,
    shown,
  );
  root.replaceChildren(
    h('header', {}, h('h1', {}, model.title), h('p', { class: 'subtitle' }, subtitle(model))),
    tabs,
  );
  // Built when attached: windowed tables measure themselves.
  fill(active);
}

/** Redraws without moving the page or its tables under the reader. */
function keepingScroll(root: HTMLElement, redraw: () => void): void {
  const page = window.scrollY;
  const tables = [...root.querySelectorAll('.table')].map((t) => [t.id, t.scrollTop] as const);
  redraw();
  for (const [id, top] of tables) {
    const table = document.getElementById(id);
    if (table !== null) table.scrollTop = top;
  }
  window.scrollTo({ top: page });
}

/** The toolkit reads theme variables when the body's class changes; a browser's colour scheme is told to it so. */
function followColourScheme(): void {
  const scheme = window.matchMedia('(prefers-color-scheme: light)');
  const apply = (): void => {
    document.body.classList.toggle('scheme-light', scheme.matches);
    document.body.classList.toggle('scheme-dark', !scheme.matches);
  };
  scheme.addEventListener('change', apply);
  apply();
}

function main(): void {
  const root = document.getElementById('report');
  if (root === null) return;
  registerControls();
  const host = connect();
  if (!host.interactive) {
    document.documentElement.classList.add('offline');
    followColourScheme();
  }
  const state = new StateStore(host);
  let shown = '';
  let latest: ReportModel | null = null;
  host.start(
    (model) => {
      latest = model;
      // A model that differs in its time only would cost the reader focus and selection for nothing.
      const content = JSON.stringify({ ...model, createdAt: '' });
      if (content === shown) return;
      shown = content;
      keepingScroll(root, () => draw(root, model, host, state));
    },
    ({ tab, id }) => {
      state.setTab(tab);
      if (tab === 'experiments') selectExperiment(state, id);
      else if (tab === 'soak') selectSoak(state, id);
      if (latest !== null) draw(root, latest, host, state);
    },
  );
}

main();
