/** Hot functions in the form of the method's table: function, % time, category, reduction target. */
import type { HotFunctionRow, SourceLocation } from '../../extension/model.ts';
import { h } from '../ui/dom.ts';
import { percent, place } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { emptyState, opener, placeCell, section, sourceLink, type ViewContext } from './context.ts';

/** The project's own function wins over the profiled target's: that is the code the reader can change. */
export function sourceOf(row: HotFunctionRow): SourceLocation | null {
  return row.projectSource ?? row.source;
}

/** Time outside the allocator (the benchmark loop, the kernel, other libraries) is shown, but nobody is asked to reduce it. */
const outside = (row: HotFunctionRow): boolean => ['benchmark', 'kernel', 'library'].includes(row.category);

export function reductionText(row: HotFunctionRow): string {
  if (row.target !== null) return `${row.target}: ${row.reduction}`;
  return outside(row) ? `(${row.reduction})` : row.reduction;
}

function bar(row: HotFunctionRow, largest: number): HTMLElement {
  const element = h('span', { class: outside(row) ? 'bar outside' : 'bar', 'aria-hidden': 'true' });
  element.style.width = `${largest > 0 ? (100 * row.selfPercent) / largest : 0}%`;
  return element;
}

function columns(context: ViewContext, largest: number, wide: boolean): TableColumn<HotFunctionRow>[] {
  const short: TableColumn<HotFunctionRow>[] = [
    {
      id: 'name',
      title: 'Function',
      key: (r) => r.name,
      cell: (r) => {
        const at = sourceOf(r);
        return at === null ? r.name : sourceLink(context, at, r.name);
      },
    },
    {
      id: 'self',
      title: 'Self',
      key: (r) => r.selfPercent,
      numeric: true,
      joined: true,
      width: '64px',
      cell: (r) => percent(r.selfPercent),
    },
    {
      id: 'bar',
      title: 'Share',
      hiddenTitle: true,
      width: wide ? '140px' : '62px',
      cell: (r) => bar(r, largest),
    },
    { id: 'category', title: 'Category', key: (r) => r.category, width: '84px', cell: (r) => r.category },
    {
      id: 'reduce',
      title: 'Reduce?',
      key: (r) => `${r.target ?? 'Z'} ${r.reduction}`,
      width: wide ? '170px' : '116px',
      cell: reductionText,
    },
  ];
  if (!wide) return short;
  return [
    ...short,
    {
      id: 'source',
      title: 'Source',
      width: '32%',
      key: (r) => {
        const at = sourceOf(r);
        return at === null ? '' : place(at);
      },
      cell: (r) => {
        const at = sourceOf(r);
        if (at === null) return '–';
        if (at.origin === 'engine') return placeCell(at, ' (engine)');
        return placeCell(at, r.source?.origin === 'engine' ? ' (engine, by symbol)' : '');
      },
    },
  ];
}

/** `limit` rows for the overview, all of them with their source for the tab. */
export function hotFunctionTable(context: ViewContext, limit: number | null): HTMLElement {
  const all = context.model.hotFunctions;
  const id = limit === null ? 'hot' : 'overview-hot';
  return createTable({
    id,
    label: 'Hot functions',
    columns: columns(context, all[0]?.selfPercent ?? 0, limit === null),
    rows: limit === null ? all : all.slice(0, limit),
    sort: context.state.sort(id),
    onSort: (order) => context.state.setSort(id, order),
    onOpen: opener(context, sourceOf),
    dim: outside,
  }).element;
}

/** What the figures are: whose time, sampled how, at what speed against the fast build. */
export function profileNote(context: ViewContext): string {
  const { profile } = context.model;
  if (profile === null) return '';
  const parts = [
    `${profile.target.name}${profile.target.variant === null ? '' : ` ${profile.target.variant}`}`,
    profile.origin.functions,
  ];
  if (profile.speedAgainstFast !== null) {
    parts.push(`${(100 * profile.speedAgainstFast).toFixed(0)}% of fast’s speed`);
  }
  // The figures were measured on the engine; project functions carry them by name only.
  if (context.model.hotFunctions.some((r) => r.projectSource !== null && r.source?.origin === 'engine')) {
    parts.push('by symbol');
  }
  return parts.join(' · ');
}

export function hotFunctionsView(context: ViewContext): HTMLElement {
  if (context.model.hotFunctions.length === 0) {
    return emptyState(
      context,
      'No profile yet: a benchmark with sampling shows which functions the time goes to.',
      'runBenchmark',
    );
  }
  return section('Hot functions', profileNote(context), hotFunctionTable(context, null));
}
