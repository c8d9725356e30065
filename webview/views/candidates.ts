/** Reduction candidates: number first, then the reason, then what would confirm it. */
import type { Candidate, SourceLocation } from '../../extension/model.ts';
import { tag } from '../ui/controls.ts';
import { h } from '../ui/dom.ts';
import { signedPercent } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { emptyState, opener, placeCell, section, sourceLink, type ViewContext } from './context.ts';

const locate = (c: Candidate): SourceLocation => ({ origin: 'project', file: c.file, line: c.line });
const risks = { low: 0, medium: 1, high: 2 };

function columns(context: ViewContext): TableColumn<Candidate>[] {
  return [
    { id: 'letter', title: 'Kind', key: (c) => c.letter, width: '52px', cell: (c) => tag(c.letter) },
    {
      id: 'estimate',
      title: 'Estimate',
      key: (c) => c.estimate.throughputPercent ?? Number.NEGATIVE_INFINITY,
      numeric: true,
      width: '86px',
      cell: (c) =>
        c.estimate.throughputPercent === null ? '–' : signedPercent(c.estimate.throughputPercent),
    },
    { id: 'risk', title: 'Risk', key: (c) => risks[c.risk], width: '68px', cell: (c) => c.risk },
    {
      id: 'title',
      title: 'Candidate',
      key: (c) => c.title,
      cell: (c) => sourceLink(context, locate(c), c.title),
    },
    { id: 'reason', title: 'Reason', width: '38%', cell: (c) => c.reason },
    { id: 'place', title: 'Place', key: (c) => c.file, width: '17%', cell: placeCell },
  ];
}

export function candidatesView(context: ViewContext): HTMLElement {
  const { findings } = context.model;
  if (findings === null)
    return emptyState(context, 'Nothing is analysed yet: candidates come from the sources.', 'analyze');
  if (findings.candidates.length === 0) {
    return emptyState(context, 'No reduction candidate was found in these sources.', null);
  }
  const panel = h('div', { class: 'detail', role: 'region', 'aria-label': 'Candidate' });
  panel.append(h('p', { class: 'note' }, 'Select a row to see what would confirm it.'));
  const table = createTable({
    id: 'candidates',
    label: 'Reduction candidates',
    columns: columns(context),
    rows: findings.candidates,
    sort: context.state.sort('candidates'),
    onSort: (order) => context.state.setSort('candidates', order),
    contained: true,
    onOpen: opener(context, locate),
    onSelect: (c) =>
      panel.replaceChildren(
        h('h3', {}, `${c.letter}: ${c.title}`),
        h('p', {}, c.reason),
        h('p', {}, 'To confirm: ', h('code', {}, c.experiment)),
      ),
  });
  return section(
    'Candidates',
    'estimates until both builds are measured; – means not estimated',
    table.element,
    panel,
  );
}
