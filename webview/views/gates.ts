/** Environment and compile gates: default, how they are read, what they guard. */
import type { Gate, SourceLocation } from '../../extension/model.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { topRuleSection } from './experiment-replay.ts';
import { emptyState, opener, placeCell, section, sourceLink, type ViewContext } from './context.ts';

const locate = (g: Gate): SourceLocation => ({ origin: 'project', file: g.file, line: g.line });

/** `compact` leaves out where it is read: a row opens that place anyway. */
function columns(context: ViewContext, kind: Gate['kind'], compact: boolean): TableColumn<Gate>[] {
  const all: (TableColumn<Gate> | null)[] = [
    {
      id: 'name',
      title: kind === 'env' ? 'Variable' : 'Flag',
      key: (g) => g.name ?? '',
      cell: (g) => sourceLink(context, locate(g), g.name ?? '(computed)'),
    },
    {
      id: 'default',
      title: 'Default',
      key: (g) => g.default ?? '',
      width: '88px',
      cell: (g) => g.default ?? '?',
    },
    kind === 'env'
      ? { id: 'read', title: 'Read', key: (g) => g.read ?? '', width: '96px', cell: (g) => g.read ?? '–' }
      : null,
    kind === 'env'
      ? {
          id: 'hot',
          title: 'Hot',
          key: (g) => (g.hot ? 1 : 0),
          width: '60px',
          cell: (g) => (g.hot ? 'hot' : ''),
        }
      : null,
    {
      id: 'guards',
      title: 'Guards',
      key: (g) => g.guards.length,
      numeric: true,
      width: '72px',
      cell: (g) => String(g.guards.length),
    },
    kind === 'env' && !compact
      ? {
          id: 'function',
          title: 'Read in',
          key: (g) => g.function ?? '',
          width: '22%',
          cell: (g) => g.function ?? '–',
        }
      : null,
    compact ? null : { id: 'place', title: 'Place', key: (g) => g.file, width: '26%', cell: placeCell },
  ];
  return all.filter((c) => c !== null);
}

export function gateTable(
  context: ViewContext,
  id: string,
  kind: Gate['kind'],
  rows: readonly Gate[],
  compact = false,
): HTMLElement {
  return createTable({
    id,
    label: kind === 'env' ? 'Environment gates' : 'Compile gates',
    columns: columns(context, kind, compact),
    rows,
    sort: context.state.sort(id),
    onSort: (order) => context.state.setSort(id, order),
    onOpen: opener(context, locate),
  }).element;
}

const readOrder = { 'per-call': 0, 'per-thread': 1, once: 2, constructor: 3 };

/** Hot reads first, then reads on every call, then those that guard most. */
export function envGates(context: ViewContext): Gate[] {
  return (context.model.findings?.gates ?? [])
    .filter((g) => g.kind === 'env')
    .sort(
      (a, b) =>
        Number(b.hot) - Number(a.hot) ||
        (a.read === null ? 4 : readOrder[a.read]) - (b.read === null ? 4 : readOrder[b.read]) ||
        b.guards.length - a.guards.length,
    );
}

export function gatesView(context: ViewContext): HTMLElement {
  const { findings } = context.model;
  if (findings === null)
    return emptyState(context, 'Nothing is analysed yet: gates are found in the sources.', 'analyze');
  const env = envGates(context);
  const compile = findings.gates.filter((g) => g.kind === 'compile');
  if (env.length + compile.length === 0) {
    return emptyState(context, 'No environment or compile gate was found.', null);
  }
  const view = document.createElement('div');
  const rule = topRuleSection(context, context.model.gateRule, 'gates-rule');
  if (rule !== null) view.append(rule);
  if (env.length > 0) {
    view.append(
      section('Environment gates', 'read at run time', gateTable(context, 'gates-env', 'env', env)),
    );
  }
  if (compile.length > 0) {
    view.append(
      section(
        'Compile gates',
        'decided when it is built',
        gateTable(context, 'gates-compile', 'compile', compile),
      ),
    );
  }
  return view;
}
