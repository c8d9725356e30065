/** The report's sections about experiments, soaks and costs: one table each; the full documents are the ledger's. */
import type { Cost, CostTable } from '../model-costs.ts';
import type { CumulativeStep, Experiment } from '../model-experiment.ts';
import type { SoakBudget, SoakSummary } from '../model-soak.ts';
import type { ReportModel } from '../model.ts';
import { bytes, digits, percent, speed } from './format.ts';
import { type Column, markdownCell, markdownCode, markdownSection } from './table.ts';

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
