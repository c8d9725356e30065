/** The ledger as a person reads it in a terminal. */
import type { LedgerListing, LedgerProblem, LedgerRecord, LedgerRow } from '../model-ledger.ts';
import type { CandidateTable } from '../model-report.ts';
import type { SoakSide } from '../model-soak.ts';
import type { Cumulative } from '../experiment/cumulative.ts';
import { workText } from '../experiment/cumulative.ts';
import { digits, printable, shorten, speed } from './format.ts';
import { impact, range } from './lab-format.ts';
import { plain, type Style } from './style.ts';
import { type Column, textTable } from './table.ts';
import { candidatesText } from './text-lab.ts';

function outcome(row: LedgerRow): string {
  if (row.verdict !== null) return row.verdict;
  return row.passed === null ? '-' : row.passed ? 'passed' : 'failed';
}

function effect(row: LedgerRow): string {
  if (row.effectPercent === null) return '-';
  return `${impact(row.effectPercent)}${row.interval === null ? '' : ` (${range(row.interval)})`}`;
}

const columns: readonly Column<LedgerRow>[] = [
  { title: 'when', cell: (r) => r.at.slice(0, 16).replace('T', ' ') },
  { title: 'id', cell: (r) => r.id },
  { title: 'kind', cell: (r) => r.kind },
  { title: 'outcome', cell: outcome },
  { title: 'effect', cell: effect, align: 'right' },
  { title: 'workload', cell: (r) => shorten(r.workload ?? '-', 40) },
  { title: 'what', cell: (r) => shorten(r.title, 80) },
];

/** `ledger.jsonl:3: not JSON`, one line. */
export function problemText(problem: LedgerProblem): string {
  return printable(`${problem.file}${problem.line === 0 ? '' : `:${problem.line}`}: ${problem.reason}`);
}

/** Lines of the totals, one for each target and work. */
export function totalsText(summary: Cumulative): string[] {
  return summary.groups.flatMap(({ target, work, go, kept, atomics }) => {
    if (kept.changes === 0) return [];
    const total = (t: typeof go): string =>
      `${impact(t.productPercent)}${t.interval === null ? '' : ` (${range(t.interval)})`}`;
    const removed = atomics === null ? '' : `, ${digits(atomics, 'atomic')} removed`;
    return [
      printable(
        `${target}, ${work}: ${digits(go.changes, 'GO change')} ${total(go)}, with NEUTRAL ones ${digits(kept.changes, 'change')} ${total(kept)}${removed}`,
      ),
    ];
  });
}

/** The whole text of `alloc-lens ledger list`, without a final line end; `candidates` with what was measured of them. */
export function ledgerText(
  listing: LedgerListing,
  summary: Cumulative,
  candidates: readonly CandidateTable[] = [],
  style: Style = plain,
): string {
  if (listing.records.length === 0) return `no record in ${printable(listing.path)}`;
  const [title = '', ...rows] = textTable(columns, listing.records);
  const totals = totalsText(summary);
  return [
    style.dim(title),
    ...rows,
    '',
    digits(listing.records.length, 'record'),
    ...(totals.length === 0 ? [] : ['', style.bold('Compounded, kept changes'), ...totals]),
    ...candidates.flatMap((table) => ['', candidatesText(table, style)]),
  ].join('\n');
}

function soakSide(side: SoakSide): string[] {
  const budget = side.budgets.map(
    (b) =>
      `${b.name} ${b.value === null ? 'not measured' : String(b.value)} of ${b.limit}: ${b.passed === null ? '-' : b.passed ? 'passed' : 'FAILED'}`,
  );
  return [
    '',
    printable(side.label),
    `mean ${speed(side.meanOpsPerSecond)} · cv ${side.cvPercent === null ? '-' : `${side.cvPercent.toFixed(2)}%`} · ${digits(side.operations, 'operation')} · ${digits(side.epochs.length, 'epoch')}`,
    ...budget,
  ];
}

/** A record that has no document: the text of `ledger show` for soaks, costs and calibrations. */
export function recordText(record: Exclude<LedgerRecord, { kind: 'experiment' }>): string {
  switch (record.kind) {
    case 'calibration': {
      const c = record.calibration;
      return [
        printable(`A/A of ${c.target} on ${c.host}, ${c.workload}: ${c.passed ? 'passed' : 'not passed'}`),
        `bias ${impact(c.biasPercent)} (${range(c.interval)}) · sigma ${c.sigmaPercent.toFixed(2)}% · ${digits(c.units, 'unit')} · ${printable(c.at)}`,
      ].join('\n');
    }
    case 'soak': {
      const s = record.soak;
      return [
        printable(`soak ${s.id}, ${s.minutes} min, ${workText(s.work)}: ${s.passed ? 'passed' : 'failed'}`),
        `${printable(s.startedAt)} to ${printable(s.finishedAt)}`,
        ...s.sides.flatMap(soakSide),
      ].join('\n');
    }
    case 'costs': {
      const t = record.costs;
      const rows = textTable(
        [
          { title: 'cost', cell: (c) => c.name },
          { title: 'contended', cell: (c) => (c.contended ? 'yes' : 'no') },
          { title: 'ns an operation', cell: (c) => c.ns.toFixed(3), align: 'right' },
          { title: 'interval', cell: (c) => `${c.interval[0].toFixed(3)} to ${c.interval[1].toFixed(3)}` },
          { title: 'of a pair', cell: (c) => `${c.percent.toFixed(2)}%`, align: 'right' },
        ],
        t.costs,
      );
      return [printable(`costs on ${t.host}, ${t.source}, ${t.at}`), '', ...rows].join('\n');
    }
  }
}
