/** The report's sections about experiments, soaks and costs: one table each; the full documents are the ledger's. */
import type { Cost, CostTable } from '../model-costs.ts';
import type { CumulativeStep, Experiment } from '../model-experiment.ts';
import type { CandidateGain, CandidateTable, Disagreement, PhaseRow, PhaseTable } from '../model-report.ts';
import type { SoakBudget, SoakSummary } from '../model-soak.ts';
import type { ReportModel } from '../model.ts';
import { bytes, digits, percent, speed } from './format.ts';
import { type Column, markdownCell, markdownCode, markdownSection, markdownTable } from './table.ts';

/** Always signed, two decimals: `+1.07%`. */
function effect(value: number | null): string {
  if (value === null) return '–';
  const text = value.toFixed(2);
  return `${value > 0 ? '+' : ''}${text === '-0.00' ? '0.00' : text}%`;
}

function interval(value: readonly [number, number] | null): string {
  return value === null ? '–' : `[${effect(value[0]).slice(0, -1)}, ${effect(value[1]).slice(0, -1)}]`;
}

const day = (at: string): string => markdownCell(at.slice(0, 10));

const experimentColumns: readonly Column<Experiment>[] = [
  { title: 'Experiment', cell: (e) => markdownCell(e.title) },
  { title: 'Verdict', cell: (e) => `**${e.verdict}**` },
  { title: 'Effect', cell: (e) => effect(e.effectPercent), align: 'right' },
  { title: 'Interval', cell: (e) => markdownCell(interval(e.interval)) },
  { title: 'Threshold', cell: (e) => `±${e.threshold}%`, align: 'right' },
  { title: 'Processes', cell: (e) => String(e.processes), align: 'right' },
  {
    title: 'Noise floor',
    cell: (e) => (e.noiseFloorPercent === null ? '–' : `±${percent(e.noiseFloorPercent)}`),
    align: 'right',
  },
  { title: 'Reason', cell: (e) => markdownCell(e.reason) },
  { title: 'Date', cell: (e) => day(e.finishedAt) },
];

const figureOr = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en-US'));

const phaseColumns: readonly Column<PhaseRow>[] = [
  { title: 'Phase', cell: (r) => r.phase ?? '–' },
  { title: 'Change', cell: (r) => markdownCell(r.title) },
  {
    title: 'Atomics removed',
    cell: (r) => (r.pruned === null ? '–' : markdownCell(`${r.pruned.atomics} (${r.pruned.what})`)),
  },
  { title: 'Frequency', cell: (r) => markdownCell(r.pruned?.frequency ?? '–') },
  {
    title: 'Impact',
    cell: (r) =>
      markdownCell(`${effect(r.effectPercent)} ${r.interval === null ? '' : interval(r.interval)}`),
  },
  { title: 'Threshold', cell: (r) => `±${r.threshold}%`, align: 'right' },
  { title: 'Iterations', cell: (r) => figureOr(r.iterations), align: 'right' },
  { title: 'Working set', cell: (r) => figureOr(r.workingSet), align: 'right' },
  { title: 'Baseline side', cell: (r) => markdownCell(r.baselineSide) },
  { title: 'Status', cell: (r) => r.status },
  { title: 'Counted', cell: (r) => (r.counts === 'no' ? `no: ${markdownCell(r.why)}` : 'yes') },
];

/** The prune document's cumulative table of one target and work, with its totals. */
function phaseSection(table: PhaseTable): string[] {
  const total = (t: PhaseTable['go']): string =>
    `${effect(t.sumPercent)} as a sum, ${effect(t.productPercent)} ${markdownCell(interval(t.interval))} compounded`;
  return [
    '',
    `### ${markdownCell(table.work)}`,
    '',
    ...markdownTable(phaseColumns, table.rows),
    ...(table.kept.changes === 0
      ? []
      : [
          '',
          `- **GO changes** (${table.go.changes}): ${total(table.go)}`,
          `- **GO and NEUTRAL changes, all that are kept** (${table.kept.changes}): ${total(table.kept)}`,
          ...(table.atomics === null ? [] : [`- **Atomics removed**: ${table.atomics}`]),
        ]),
  ];
}

function phases(tables: readonly PhaseTable[]): string[] {
  if (tables.length === 0) return [];
  return ['', '## Cumulative summary', ...tables.flatMap(phaseSection)];
}

const perOp = (value: number | null): string =>
  value === null ? '–' : `${value > 0 ? '+' : ''}${Number(value.toFixed(2))}`;

const gainColumns: readonly Column<CandidateGain>[] = [
  { title: 'Candidate', cell: (c) => `**${c.letter}** ${markdownCell(c.title)}` },
  { title: 'Instructions/op', cell: (c) => perOp(c.estimate.instructionsPerOp), align: 'right' },
  { title: 'Branches/op', cell: (c) => perOp(c.estimate.branchesPerOp), align: 'right' },
  { title: 'Estimated', cell: (c) => effect(c.estimate.throughputPercent), align: 'right' },
  { title: 'Measured', cell: (c) => effect(c.measured?.throughputPercent ?? null), align: 'right' },
  { title: 'Interval', cell: (c) => markdownCell(interval(c.measured?.interval ?? null)) },
  { title: 'Verdict', cell: (c) => c.measured?.verdict ?? '–' },
  { title: 'Risk', cell: (c) => c.risk.toUpperCase() },
  {
    title: 'Experiment',
    cell: (c) => {
      if (c.measured === null) return c.experiment === null ? '–' : markdownCode(c.experiment);
      return `${markdownCode(c.measured.experiment)} on ${markdownCell(c.measured.target)}`;
    },
  },
];

/** `-32 instructions/op, -12.4 branches/op (x86), +20.80% throughput`. */
export function combinedText(table: CandidateTable): string {
  const { combined } = table;
  if (combined === null) return '';
  const counts = [
    ...(combined.instructionsPerOp === null ? [] : [`${perOp(combined.instructionsPerOp)} instructions/op`]),
    ...(combined.branchesPerOp === null ? [] : [`${perOp(combined.branchesPerOp)} branches/op`]),
  ];
  const unit = counts.length === 0 || combined.unit === null ? '' : ` (${combined.unit})`;
  const gain =
    combined.throughputPercent === null ? [] : [`${effect(combined.throughputPercent)} throughput`];
  return [`${counts.join(', ')}${unit}`, ...gain].filter((t) => t !== '').join(', ');
}

/**
 * A document's candidates as they are, a project's only where something was measured: all of them stand in the section of the
 * findings.
 */
export function candidatesMarkdown(tables: readonly CandidateTable[]): string[] {
  return tables.flatMap((table) => {
    const rows = table.of === 'document' ? table.rows : table.rows.filter((r) => r.measured !== null);
    const combined = combinedText(table);
    if (rows.length === 0 && combined === '') return [];
    const title = table.of === 'document' ? 'Candidates of Phase 19' : 'Candidates, estimated and measured';
    return [
      '',
      `## ${title}`,
      ...(table.source === '' ? [] : ['', `${markdownCell(table.source)}.`]),
      ...(rows.length === 0 ? [] : ['', ...markdownTable(gainColumns, rows)]),
      ...(combined === ''
        ? []
        : [
            '',
            `- **Combined estimate** of ${table.combinedOf}, ${(100 * table.efficiency).toFixed(0)}% of the sum since savings overlap: ${combined}`,
          ]),
      ...(table.measuredPercent === null
        ? []
        : [`- **Measured together**, as a product: ${effect(table.measuredPercent)}`]),
      ...table.projection.map(
        (p) =>
          `- **Projection**, ${p.metric}: ${p.metric === 'ops/s' ? speed(p.now) : p.now.toFixed(2)} to ${p.metric === 'ops/s' ? speed(p.projected) : p.projected.toFixed(2)}, gap ${effect(p.gapNowPercent)} to ${effect(p.gapProjectedPercent)}`,
      ),
    ];
  });
}

/** What the replayed documents do not agree with themselves about. */
function disagreements(model: ReportModel): string[] {
  const replayed = new Set((model.experiments ?? []).map((e) => e.replay));
  const rows = (model.disagreements ?? []).filter((d) => d.replays.some((name) => replayed.has(name)));
  if (rows.length === 0) return [];
  const line = (d: Disagreement): string =>
    `- ${d.replays.map(markdownCode).join(', ')}: ${markdownCell(d.sentence)}`;
  return ['', '## Where the replayed documents disagree with themselves', '', ...rows.map(line)];
}

const stepColumns: readonly Column<CumulativeStep>[] = [
  { title: 'Work', cell: (s) => markdownCell(s.work) },
  { title: 'Experiment', cell: (s) => markdownCell(s.title) },
  { title: 'Verdict', cell: (s) => s.verdict },
  { title: 'Effect', cell: (s) => effect(s.effectPercent), align: 'right' },
  { title: 'Counted', cell: (s) => (s.counted ? 'yes' : 'no') },
  { title: 'Product', cell: (s) => effect(s.percent), align: 'right' },
  { title: 'Interval', cell: (s) => markdownCell(interval(s.interval)) },
];

interface SoakRow {
  readonly soak: SoakSummary;
  readonly label: string;
  readonly mean: number;
  readonly cv: number | null;
  readonly resident: number | null;
  readonly budgets: readonly SoakBudget[];
}

const budgetWords = (b: SoakBudget): string =>
  `${b.name} ${b.passed === null ? 'not measured' : b.passed ? 'kept' : '**broken**'}`;

const soakColumns: readonly Column<SoakRow>[] = [
  { title: 'Workload', cell: (r) => markdownCell(`${r.soak.work.workload}:${r.soak.work.profile}`) },
  { title: 'Side', cell: (r) => markdownCell(r.label) },
  { title: 'Minutes', cell: (r) => String(Number(r.soak.minutes.toFixed(1))), align: 'right' },
  { title: 'Mean', cell: (r) => speed(r.mean), align: 'right' },
  { title: 'CV', cell: (r) => (r.cv === null ? '–' : percent(r.cv)), align: 'right' },
  { title: 'Resident', cell: (r) => (r.resident === null ? '–' : bytes(r.resident)), align: 'right' },
  { title: 'Budgets', cell: (r) => r.budgets.map(budgetWords).join(', ') },
  { title: 'Date', cell: (r) => day(r.soak.finishedAt) },
];

interface CostRow extends Cost {
  readonly table: CostTable;
}

const costColumns: readonly Column<CostRow>[] = [
  { title: 'One more', cell: (c) => markdownCell(c.name) },
  { title: 'Contended', cell: (c) => (c.contended ? 'yes' : 'no') },
  { title: 'ns/op', cell: (c) => c.ns.toFixed(2), align: 'right' },
  {
    title: 'Interval',
    cell: (c) => markdownCell(`[${c.interval[0].toFixed(2)}, ${c.interval[1].toFixed(2)}]`),
  },
  { title: '% of a malloc and free pair', cell: (c) => percent(c.percent), align: 'right' },
  { title: 'Source', cell: (c) => markdownCode(c.table.source) },
];

/** Lines for the report; none where nothing was measured. */
export function laboratoryMarkdown(model: ReportModel): string[] {
  const problems = model.ledgerProblems ?? [];
  const soaks = (model.soaks ?? []).flatMap((soak) =>
    soak.sides.map((side) => ({
      soak,
      label: side.label,
      mean: side.meanOpsPerSecond,
      cv: side.cvPercent,
      resident: side.epochs.at(-1)?.residentBytes ?? null,
      budgets: side.budgets,
    })),
  );
  const costs = (model.costs ?? []).flatMap((table) => table.costs.map((c) => ({ ...c, table })));
  return [
    ...markdownSection(
      'Experiments',
      'Effect of the treatment on throughput, positive is faster; each against its own threshold.',
      experimentColumns,
      model.experiments ?? [],
    ),
    ...markdownSection(
      'Cumulative effect',
      'Running product of the counted effects on the same work, with its interval.',
      stepColumns,
      model.cumulative ?? [],
    ),
    ...phases(model.phases ?? []),
    ...candidatesMarkdown((model.candidateTables ?? []).filter((t) => t.of === 'document')),
    ...disagreements(model),
    ...markdownSection('Soaks', 'Long runs against their budgets.', soakColumns, soaks),
    ...markdownSection(
      'Costs',
      'What one more of each costs on a malloc hot path, on the machine that measured it.',
      costColumns,
      costs,
    ),
    ...(problems.length === 0
      ? []
      : [
          '',
          `${digits(problems.length, 'line')} of the ledger could not be used:`,
          '',
          ...problems.map((p) => `- ${markdownCell(p)}`),
        ]),
  ];
}
