/** The cumulative summary in the form of the method's prune document: phases, atomics removed, impact, status, total. */
import {
  type Cumulative,
  type CumulativeGroup,
  type CumulativeRow,
  phaseName,
} from '../experiment/cumulative.ts';
import type { CumulativeTotal } from '../model-report.ts';
import { digits } from './format.ts';
import { documentMark, verdictText } from './lab-documents.ts';
import { impact, range } from './lab-format.ts';
import { type Column, markdownCell, markdownCode, markdownTable } from './table.ts';

/** `24`, `19A`; `–` for what is no phase. */
export function phaseText(row: CumulativeRow): string {
  return phaseName(row.experiment) ?? '–';
}

export function atomicsText(row: CumulativeRow): string {
  return row.pruned === null ? '–' : `${row.pruned.atomics} (${row.pruned.what})`;
}

function impactText({ experiment: e }: CumulativeRow): string {
  if (e.effectPercent === null) return 'N/A';
  return `${impact(e.effectPercent)}${e.interval === null ? '' : ` (${range(e.interval)})`}`;
}

const figureOr = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en-US'));

const columns: readonly Column<CumulativeRow>[] = [
  { title: 'Phase', cell: phaseText },
  { title: 'Change', cell: (r) => markdownCell(r.experiment.title) },
  { title: 'Atomics Removed', cell: (r) => markdownCell(atomicsText(r)) },
  { title: 'Frequency', cell: (r) => markdownCell(r.pruned?.frequency ?? '–') },
  { title: 'Impact', cell: impactText },
  { title: 'Threshold', cell: (r) => `±${r.experiment.threshold}%` },
  { title: 'Iterations', cell: (r) => figureOr(r.experiment.work.iterations), align: 'right' },
  { title: 'Working set', cell: (r) => figureOr(r.experiment.work.workingSet), align: 'right' },
  { title: 'Baseline side', cell: (r) => markdownCell(r.experiment.baseline.label) },
  { title: 'Status', cell: (r) => r.experiment.verdict },
];

function totalText(total: CumulativeTotal): string {
  const interval = total.interval === null ? '' : ` (${range(total.interval)})`;
  return `**${impact(total.sumPercent)}** as a sum, **${impact(total.productPercent)}**${interval} compounded`;
}

function groupLines(group: CumulativeGroup): string[] {
  const atomics = group.atomics === null ? '–' : `**${digits(group.atomics, 'atomic')}**`;
  const left = group.rows.filter((r) => r.counts === 'no');
  return [
    '',
    `## ${markdownCell(group.target)}, ${markdownCell(group.work)}`,
    '',
    ...markdownTable(columns, group.rows),
    `| **Total** |  | ${atomics} | Mixed | **${impact(group.go.sumPercent)}** |  |  |  |  |  |`,
    '',
    `- **GO changes** (${group.go.changes}): ${totalText(group.go)}`,
    `- **GO and NEUTRAL changes, all that are kept** (${group.kept.changes}): ${totalText(group.kept)}`,
    ...left.map((r) => `- Not counted: ${markdownCode(r.experiment.id)}, ${markdownCell(r.why)}`),
  ];
}

/** The summary of a ledger's experiments, with a final line end. */
export function cumulativeDocument(summary: Cumulative): string {
  const status = summary.groups.flatMap((g) => g.rows).map((r) => verdictText(r.experiment));
  return `${[
    documentMark,
    '',
    '# Cumulative Summary',
    '',
    `**Status**: ${status.length === 0 ? 'no experiment yet' : digits(status.length, 'change')}  `,
    '**Sign**: positive = the treatment is faster; for a prune the treatment is the compiled-out side',
    ...summary.groups.flatMap(groupLines),
    ...(summary.excluded.length === 0
      ? []
      : [
          '',
          '## In no total',
          '',
          ...summary.excluded.map(
            (r) =>
              `- ${markdownCode(r.experiment.id)} (${verdictText(r.experiment)}): ${markdownCell(r.why)}`,
          ),
        ]),
    '',
    '## How the totals are made',
    '',
    "- The total of the table is the documents' own: the sum of the GO changes. It leans towards gains: what chance moved over the threshold is counted, what it moved below is not. The second total has the NEUTRAL changes too, which are kept as well.",
    '- Compounded: with L = ln(1 + effect/100), exp(ΣL) − 1; its interval is ΣL ∓ √Σ(L − bound)², the variances of the single effects added. It takes the effects for independent: changes in one place gain less together.',
    '- Of repetitions only the newest counts. NO-GO, NO-OP and INCONCLUSIVE changes count for nothing. Different work or targets are never added.',
  ].join('\n')}\n`;
}
