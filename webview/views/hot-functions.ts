/** Hot functions in the form of the method's table: function, % time, category, reduction target. */
import type { HotFunctionRow, SourceLocation } from '../../extension/model.ts';
import { h } from '../ui/dom.ts';
import { number as count, percent, place } from '../ui/format.ts';
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

const baseName = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** Columns that only profiles of native programs fill. */
function nativeColumns(rows: readonly HotFunctionRow[]): TableColumn<HotFunctionRow>[] {
  const columns: TableColumn<HotFunctionRow>[] = [];
  if (rows.some((r) => r.totalPercent !== undefined)) {
    columns.push({
      id: 'total',
      title: 'Total',
      key: (r) => r.totalPercent ?? 0,
      numeric: true,
      width: '76px',
      cell: (r) => (r.totalPercent === undefined ? '–' : percent(r.totalPercent)),
    });
  }
  if (rows.some((r) => r.object !== undefined)) {
    columns.push({
      id: 'object',
      title: 'Object',
      key: (r) => r.object ?? '',
      width: '104px',
      cell: (r) => h('span', { title: r.object ?? '' }, baseName(r.object ?? '–')),
    });
  }
  return columns;
}

/** `wrapper 54.63% · benchmark 22.02%`, largest first. */
export function byCategory(
  rows: readonly { readonly category: string; readonly selfPercent: number }[],
): string {
  const shares = new Map<string, number>();
  for (const r of rows) shares.set(r.category, (shares.get(r.category) ?? 0) + r.selfPercent);
  return [...shares]
    .sort(([, a], [, b]) => b - a)
    .map(([category, share]) => `${category} ${percent(share)}`)
    .join(' · ');
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
  const [name, self, share, ...rest] = short;
  const native = nativeColumns(context.model.hotFunctions);
  // Two columns more: the names keep their place before bars and words do.
  const narrow: Readonly<Record<string, string>> =
    native.length > 0 ? { name: '28%', bar: '62px', reduce: '130px' } : {};
  const fitted = (c: TableColumn<HotFunctionRow>): TableColumn<HotFunctionRow> => {
    const width = narrow[c.id];
    return width === undefined ? c : { ...c, width };
  };
  return [
    ...[name, self, ...native.filter((c) => c.id === 'total'), share]
      .filter((c) => c !== undefined)
      .map(fitted),
    ...rest.map(fitted),
    ...native.filter((c) => c.id === 'object'),
    {
      id: 'source',
      title: 'Source',
      ...(native.length > 0 ? {} : { width: '32%' }),
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
  const { details, samples, target } = profile;
  const parts = [
    `${target.name}${target.variant === null ? '' : ` ${target.variant}`}`,
    profile.origin.functions,
  ];
  if (target.kind !== 'engine') {
    parts.push(
      profile.unit === 'instructions' && details !== undefined
        ? `${count(details.event.weight)} instructions`
        : `${count(samples)} samples`,
    );
  }
  if (profile.speedAgainstFast !== null) {
    parts.push(`${(100 * profile.speedAgainstFast).toFixed(0)}% of fast’s speed`);
  }
  // The figures were measured on the engine; project functions carry them by name only.
  if (context.model.hotFunctions.some((r) => r.projectSource !== null && r.source?.origin === 'engine')) {
    parts.push('by symbol');
  }
  return parts.join(' · ');
}

const unmappedShown = 5;
/** Percent of the samples. */
const worthNaming = 0.05;

/** What a reader of a native profile should know: how it was made, what was skipped, whose files are not here. */
function notes(context: ViewContext): HTMLElement | null {
  const details = context.model.profile?.details;
  if (details === undefined) return null;
  const lines = [...details.notes];
  const { counters, skipped, threads, unmapped } = details;
  if (counters !== null) {
    const figures = [
      ['cycles', counters.cyclesPerOp],
      ['instructions', counters.instructionsPerOp],
      ['branches', counters.branchesPerOp],
      ['branch misses', counters.branchMissesPerOp],
      ['cache misses', counters.cacheMissesPerOp],
    ].flatMap(([name, value]) => (typeof value === 'number' ? [`${value.toFixed(2)} ${name}`] : []));
    if (figures.length > 0) lines.push(`An operation takes ${figures.join(', ')} (${counters.source}).`);
  }
  if (threads.length > 1) {
    const busiest = threads.slice(0, 4).map((t) => `${t.name} ${percent(t.percent)}`);
    lines.push(`${threads.length} threads: ${busiest.join(', ')}${threads.length > 4 ? ', …' : ''}.`);
  }
  if (skipped !== null) {
    lines.push(`${count(skipped.count)} lines could not be read, the first: ${skipped.first}`);
  }
  const lost = unmapped.filter((u) => u.percent >= worthNaming);
  if (lost.length > 0) {
    const shown = lost.slice(0, unmappedShown).map((u) => `${u.file} (${percent(u.percent)})`);
    const more = lost.length > unmappedShown ? `, and ${lost.length - unmappedShown} more` : '';
    lines.push(`Not in this workspace: ${shown.join(', ')}${more}.`);
  }
  if (lines.length === 0) return null;
  return h('ul', { class: 'notes' }, ...lines.map((line) => h('li', {}, line)));
}

export function hotFunctionsView(context: ViewContext): HTMLElement {
  if (context.model.hotFunctions.length === 0) {
    return emptyState(
      context,
      'No profile yet: a benchmark with sampling shows which functions the time goes to.',
      'runBenchmark',
    );
  }
  return section(
    'Hot functions',
    profileNote(context),
    notes(context),
    h('p', { class: 'categories' }, byCategory(context.model.hotFunctions)),
    hotFunctionTable(context, null),
  );
}
