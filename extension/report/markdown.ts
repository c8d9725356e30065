/** The report as Markdown, its tables in the form of the method's documents. */
import type {
  AuditRow,
  BenchResult,
  Candidate,
  CompareRow,
  Gate,
  HotFunctionRow,
  ReportModel,
} from '../model.ts';
import { bytes, percent, signedPercent, speed } from './format.ts';
import { gateRuleMarkdown } from './lab-replays.ts';
import { candidatesMarkdown, laboratoryMarkdown } from './markdown-laboratory.ts';
import { callsText } from './text-compare.ts';
import { estimateNote } from './text-costs.ts';
import { categoriesText } from './text-lab.ts';
import { type Column, markdownCell, markdownCode, markdownSection } from './table.ts';
import { activityText } from './text-findings.ts';

const capitals: Record<HotFunctionRow['category'], string> = {
  wrapper: 'Wrapper',
  core: 'Core',
  env: 'ENV',
  benchmark: 'Benchmark',
  kernel: 'Kernel',
  stats: 'Stats',
  library: 'Library',
};

const outside: ReadonlySet<HotFunctionRow['category']> = new Set(['benchmark', 'kernel', 'library']);

/** The documents' wording: `✓ **YES** (remove layer)`, `(baseline)`, `Optimize later`. */
function reduction(row: HotFunctionRow): string {
  if (row.target !== null) return `✓ **YES** (${row.target}: ${markdownCell(row.reduction)})`;
  if (outside.has(row.category)) return `(${markdownCell(row.reduction)})`;
  return markdownCell(row.reduction.charAt(0).toUpperCase() + row.reduction.slice(1));
}

const hotColumns: readonly Column<HotFunctionRow>[] = [
  {
    title: 'Function',
    cell: (r) => (r.target === null ? markdownCell(r.name) : `**${markdownCell(r.name)}**`),
  },
  { title: '% time', cell: (r) => percent(r.selfPercent), align: 'right' },
  { title: 'Category', cell: (r) => capitals[r.category] },
  { title: 'Reduction Target?', cell: reduction },
];

const auditColumns: readonly Column<AuditRow>[] = [
  { title: 'Variable', cell: (r) => markdownCode(r.name) },
  { title: 'Class', cell: (r) => r.class },
  { title: 'Role', cell: (r) => r.role ?? '–' },
  { title: 'Where', cell: (r) => r.temperature },
  { title: 'Activity', cell: (r) => markdownCell(activityText(r.activity)) },
  { title: 'Sites', cell: (r) => String(r.sites), align: 'right' },
  { title: 'Declared', cell: (r) => markdownCode(`${r.source.file}:${r.source.line}`) },
  { title: 'Evidence', cell: (r) => markdownCell(r.evidence) },
];

const gateColumns: readonly Column<Gate>[] = [
  { title: 'Gate', cell: (g) => (g.name === null ? '(computed)' : markdownCode(g.name)) },
  { title: 'Kind', cell: (g) => g.kind },
  { title: 'Default', cell: (g) => (g.default === null ? '?' : markdownCode(g.default)) },
  { title: 'Read', cell: (g) => g.read ?? '–' },
  { title: 'Hot', cell: (g) => (g.hot ? 'yes' : '') },
  { title: 'Guards', cell: (g) => String(g.guards.length), align: 'right' },
  { title: 'Place', cell: (g) => markdownCode(`${g.file}:${g.line}`) },
];

const candidateColumns: readonly Column<Candidate>[] = [
  { title: 'Candidate', cell: (c) => `**${c.letter}** ${markdownCell(c.title)}` },
  {
    title: 'Estimate',
    cell: (c) =>
      c.estimate.throughputPercent === null ? 'not estimated' : signedPercent(c.estimate.throughputPercent),
  },
  { title: 'Risk', cell: (c) => c.risk.toUpperCase() },
  { title: 'Place', cell: (c) => markdownCode(`${c.file}:${c.line}`) },
  { title: 'Reason', cell: (c) => markdownCell(c.reason) },
  { title: 'Experiment', cell: (c) => markdownCell(c.experiment) },
];

const runColumns: readonly Column<BenchResult>[] = [
  { title: 'Workload', cell: (r) => markdownCell(r.workload) },
  { title: 'Target', cell: (r) => markdownCell(`${r.target} ${r.variant}`) },
  { title: 'Threads', cell: (r) => String(r.threads), align: 'right' },
  { title: 'Processes', cell: (r) => String(r.runs.length), align: 'right' },
  { title: 'Median', cell: (r) => speed(r.median), align: 'right' },
  { title: 'Mean', cell: (r) => speed(r.mean), align: 'right' },
  { title: 'CV', cell: (r) => (r.cv === null ? '–' : percent(r.cv * 100)), align: 'right' },
  { title: 'First pass', cell: (r) => speed(r.firstOpsPerSecond), align: 'right' },
];

const ratioCell = (ratio: CompareRow['ratio'] | undefined): string =>
  ratio == null ? '–' : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`;

const allocatorColumns: readonly Column<CompareRow>[] = [
  {
    title: 'Allocator',
    cell: (r) => markdownCell(r.variant === 'native' ? r.target : `${r.target} ${r.variant}`),
  },
  {
    title: 'Median',
    cell: (r) => (r.median === null ? markdownCell(r.error ?? '–') : speed(r.median)),
    align: 'right',
  },
  { title: 'CV', cell: (r) => (r.cv == null ? '–' : percent(r.cv)), align: 'right' },
  { title: 'To the first', cell: (r) => ratioCell(r.ratio), align: 'right' },
  { title: 'To mimalloc', cell: (r) => ratioCell(r.ratioToMimalloc), align: 'right' },
  { title: 'Peak', cell: (r) => (r.peakBytes === null ? '–' : bytes(r.peakBytes)), align: 'right' },
  {
    title: 'Faults/pass',
    cell: (r) => (r.pageFaults == null ? '–' : r.pageFaults.toFixed(0)),
    align: 'right',
  },
  { title: 'System calls/op', cell: (r) => callsText(r.systemCallsPerOp), align: 'right' },
];

/** Markdown with a final line end. */
export function renderMarkdown(model: ReportModel): string {
  const { findings, profile } = model;
  const profileNote =
    profile === null
      ? ''
      : `Self time on ${markdownCell(profile.target.name)} ${markdownCell(profile.target.variant ?? '')}, ${markdownCell(profile.workload)}; functions: ${markdownCell(profile.origin.functions)}. By category: ${categoriesText(model.hotFunctions)}.`;
  const env = findings?.gates.filter((g) => g.kind === 'env') ?? [];
  const compile = findings?.gates.filter((g) => g.kind === 'compile') ?? [];
  return `${[
    `# ${markdownCell(model.title)}`,
    '',
    markdownCell(model.lead),
    ...markdownSection(
      `Top ${Math.min(10, model.hotFunctions.length)} hot functions`,
      profileNote,
      hotColumns,
      model.hotFunctions.slice(0, 10),
    ),
    ...markdownSection('Atomics audit', '', auditColumns, model.audit),
    ...gateRuleMarkdown(model.gateRule),
    ...markdownSection('Environment gates', '', gateColumns, env),
    ...markdownSection('Compile gates', '', gateColumns, compile),
    ...markdownSection(
      'Candidates',
      markdownCell(estimateNote(findings?.candidates ?? [])),
      candidateColumns,
      findings?.candidates ?? [],
    ),
    ...candidatesMarkdown((model.candidateTables ?? []).filter((t) => t.of === 'project')),
    ...markdownSection('Runs', '', runColumns, model.runs),
    ...(model.comparisons ?? []).flatMap((c) =>
      markdownSection(`Allocators on ${markdownCell(c.workload)}`, '', allocatorColumns, c.rows),
    ),
    ...laboratoryMarkdown(model),
    '',
    `Made by Alloc Lens, ${model.createdAt}.`,
  ].join('\n')}\n`;
}
