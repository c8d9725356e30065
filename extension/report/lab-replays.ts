/** What only replays of the method's documents have: their figures beside ours, Phase 19's, 28's and 42's tables. */
import type {
  AuditedOperation,
  CheckItem,
  DocumentSide,
  Experiment,
  ExperimentSide,
  GapRow,
  HotTableRow,
  TopRule,
} from '../model-experiment.ts';
import { percent } from './format.ts';
import { change, count, impact, speedOr, tableSection } from './lab-format.ts';
import { categoriesText } from './text-lab.ts';
import { type Column, markdownCell, markdownCode, markdownTable } from './table.ts';

interface Compared {
  readonly what: string;
  readonly theirs: string;
  readonly ours: string;
}

/** What the replayed document prints, beside ours. */
function beside(e: Experiment): string[] {
  const { document } = e;
  if (document === undefined) return [];
  const row = (what: string, theirs: string, ours: string): Compared => ({
    what,
    theirs,
    ours,
  });
  const percentOr = (value: number | null | undefined): string => (value == null ? '–' : impact(value));
  const sideRows = (what: string, theirs: DocumentSide | null, ours: ExperimentSide): Compared[] => [
    row(what, theirs === null ? '–' : markdownCell(theirs.label), markdownCell(ours.label)),
    row(`${what}, mean`, speedOr(theirs?.mean ?? null), speedOr(ours.mean)),
    row(`${what}, median`, speedOr(theirs?.median ?? null), speedOr(ours.median)),
    row(`${what}, stdev`, speedOr(theirs?.stdev ?? null), speedOr(ours.stdev)),
  ];
  const rows = [
    ...sideRows('Baseline', document.baseline, e.baseline),
    ...sideRows('Treatment', document.treatment, e.treatment),
    row('Effect', percentOr(document.effectPercent), percentOr(e.effectPercent)),
    row(
      'Effect of the medians',
      percentOr(document.medianPercent),
      percentOr(change(e.baseline.median, e.treatment.median)),
    ),
    row('Threshold', document.threshold === null ? '–' : `±${document.threshold}%`, `±${e.threshold}%`),
    row('Verdict', document.verdict === null ? '–' : markdownCell(document.verdict), e.verdict),
  ];
  const columns: readonly Column<Compared>[] = [
    { title: '', cell: (r) => r.what },
    { title: 'The document', cell: (r) => r.theirs },
    { title: 'Here', cell: (r) => r.ours },
  ];
  return [
    '',
    '## Beside the document',
    '',
    `${markdownCell(document.source)}. Another machine and another language: the figures need not agree.`,
    '',
    ...markdownTable(columns, rows),
    ...(document.expected == null ? [] : ['', `- **Expected there**: ${markdownCell(document.expected)}`]),
    ...(document.notes.length === 0
      ? []
      : ['', ...document.notes.map((n) => `- **Note**: ${markdownCell(n)}`)]),
  ];
}

type Gate = TopRule['gates'][number];

const gateColumns: readonly Column<Gate>[] = [
  { title: 'Gate', cell: (g) => markdownCode(g.name) },
  { title: 'Rank', cell: (g) => (g.rank === null ? '–' : String(g.rank)), align: 'right' },
  { title: 'Self', cell: (g) => (g.selfPercent === null ? '–' : percent(g.selfPercent)), align: 'right' },
  { title: 'State', cell: (g) => g.state },
];

const auditColumns: readonly Column<AuditedOperation>[] = [
  { title: 'Variable', cell: (a) => markdownCode(a.variable) },
  { title: 'Operation', cell: (a) => markdownCode(a.operation) },
  { title: 'Class', cell: (a) => a.class.toUpperCase() },
  { title: 'Place', cell: (a) => markdownCode(`${a.file}, ${a.function}`) },
  { title: 'Reason', cell: (a) => markdownCell(a.reason) },
];

const checkColumns: readonly Column<CheckItem>[] = [
  { title: '', cell: (c) => (c.passed === null ? '–' : c.passed ? '✓' : '✗') },
  { title: 'Item', cell: (c) => markdownCell(c.item) },
  { title: 'Found', cell: (c) => markdownCell(c.note) },
];

function gapSection({ gap }: Experiment): string[] {
  if (gap === undefined) return [];
  const columns: readonly Column<GapRow>[] = [
    { title: 'Metric', cell: (r) => `**${markdownCell(r.metric)}**` },
    { title: markdownCell(gap.ours), cell: (r) => count(r.ours), align: 'right' },
    { title: markdownCell(gap.theirs), cell: (r) => count(r.theirs), align: 'right' },
    { title: 'Delta', cell: (r) => count(r.delta), align: 'right' },
    {
      title: 'Delta %',
      cell: (r) => (r.deltaPercent === null ? '–' : impact(r.deltaPercent)),
      align: 'right',
    },
  ];
  const unit = gap.unit === 'wasm' ? 'WebAssembly instructions' : 'x86';
  return tableSection(`## Gap Analysis (${unit})`, columns, gap.rows);
}

const hotColumns: readonly Column<HotTableRow>[] = [
  { title: 'Rank', cell: (r) => String(r.rank), align: 'right' },
  { title: 'Function', cell: (r) => markdownCode(r.name) },
  { title: '% time', cell: (r) => percent(r.selfPercent), align: 'right' },
  { title: 'Category', cell: (r) => r.category },
];

function hotSection({ hot }: Experiment): string[] {
  if (hot === undefined) return [];
  const shown = hot.rows.slice(0, 50);
  return tableSection(
    `## Top ${shown.length} Hot Functions`,
    hotColumns,
    shown,
    `${markdownCell(hot.source)}. By category: ${categoriesText(hot.rows)}.`,
  );
}

/** The rule in the report, as a section of its own; empty without one. */
export function gateRuleMarkdown(rule: TopRule | undefined): string[] {
  if (rule === undefined) return [];
  const title = `## Gates in the code and in the profile (Top ${rule.top})`;
  return tableSection(title, gateColumns, rule.gates, `**${rule.verdict}**: ${markdownCell(rule.reason)}`);
}

/** Sections of a replay, none for an experiment of one's own. */
export function replaySections(e: Experiment): string[] {
  return [
    ...gapSection(e),
    ...hotSection(e),
    ...(e.topRule === undefined
      ? []
      : tableSection(
          `## Gates in the Code and in the Profile (Top ${e.topRule.top})`,
          gateColumns,
          e.topRule.gates,
          `**${e.topRule.verdict}**: ${markdownCell(e.topRule.reason)}`,
        )),
    ...tableSection('## Audit', auditColumns, e.audit ?? []),
    ...tableSection('## Validation Checklist', checkColumns, e.checks ?? []),
    ...beside(e),
  ];
}
