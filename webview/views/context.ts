/** What every view gets: the model, the host, remembered state and the two things views do. */
import type { ReportAction, ReportModel, SourceLocation } from '../../extension/model.ts';
import type { Host } from '../host.ts';
import type { StateStore } from '../state.ts';
import { button } from '../ui/controls.ts';
import { type Child, h } from '../ui/dom.ts';
import { place, shortPlace } from '../ui/format.ts';
import type { TableOptions } from '../ui/table.ts';

export interface ViewContext {
  readonly model: ReportModel;
  readonly host: Host;
  readonly state: StateStore;
  /** `again` builds the view anew, for what was selected meanwhile. */
  readonly showTab: (tab: string, again?: boolean) => void;
}

/** Row handler that opens a source line; null where there is no editor, so that rows do not look as if they opened. */
export function opener<Row>(
  context: ViewContext,
  locate: (row: Row) => SourceLocation | null,
): ((row: Row) => void) | null {
  if (!context.host.interactive) return null;
  return (row) => {
    const at = locate(row);
    if (at !== null) context.host.open(at);
  };
}

/** A source place: a link in the editor, plain `file:line` in an exported file. */
export function sourceLink(context: ViewContext, at: SourceLocation, text = place(at)): HTMLElement {
  if (!context.host.interactive) return h('span', { class: 'place', title: place(at) }, text);
  const element = h('button', { type: 'button', class: 'link', tabindex: -1, title: place(at) }, text);
  element.addEventListener('click', (event) => {
    event.stopPropagation();
    context.host.open(at);
  });
  return element;
}

/** A place without its folders; the whole path in the tooltip. */
export function placeCell(at: { readonly file: string; readonly line: number }, note = ''): HTMLElement {
  return h('span', { title: `${at.file}:${at.line}${note}` }, `${shortPlace(at)}${note}`);
}

export function section(title: string, note: string, ...children: readonly Child[]): HTMLElement {
  return h(
    'section',
    { 'aria-label': title },
    h('h2', {}, title, note === '' ? null : h('span', { class: 'note' }, ` ${note}`)),
    ...children,
  );
}

export const actionWords: Readonly<Record<ReportAction, string>> = {
  runBenchmark: 'Run benchmark…',
  analyze: 'Analyze workspace',
  runExperiment: 'Run A/B experiment…',
  compareAllocators: 'Compare allocators…',
  runSoak: 'Run soak…',
  calibrateCosts: 'Calibrate costs',
  writeDocuments: 'Write documents',
};

/** Buttons of a view; none in an exported file, which has nobody to answer them. */
export function actions(context: ViewContext, ...all: readonly ReportAction[]): HTMLElement | null {
  if (!context.host.interactive) return null;
  return h(
    'div',
    { class: 'actions' },
    ...all.map((action, i) => button(actionWords[action], i === 0, () => context.host.request(action))),
  );
}

/** Remembered order of a table. */
export function sorted(context: ViewContext, id: string): Pick<TableOptions<unknown>, 'sort' | 'onSort'> {
  return {
    sort: context.state.sort(id),
    onSort: (order) => context.state.setSort(id, order),
  };
}

/** Says why a view is empty and offers what fills it. */
export function emptyState(context: ViewContext, text: string, action: ReportAction | null): HTMLElement {
  return h(
    'div',
    { class: 'empty' },
    h('p', {}, text),
    action === null || !context.host.interactive
      ? null
      : button(actionWords[action], true, () => context.host.request(action)),
  );
}

export function goTo(context: ViewContext, tab: string, text: string): HTMLElement {
  const element = h('button', { type: 'button', class: 'link' }, text);
  element.addEventListener('click', () => context.showTab(tab));
  return element;
}
