/**
 * The laboratory's documents in the form of the method's own: one of results for each experiment (implementation, A/B
 * runs, change, statistics, counters, gates, layouts, verdict, files, machine).
 */
import type {
  ChangedPlace,
  CounterTable,
  Estimate,
  Experiment,
  ExperimentGate,
  ExperimentSide,
  LayoutRow,
  Look,
  Verdict,
} from '../model-experiment.ts';
import { workText } from '../experiment/cumulative.ts';
import { digits } from './format.ts';
import { change, count, impact, range, speedOr, tableSection, whole } from './lab-format.ts';
import { replaySections } from './lab-replays.ts';
import { type Column, markdownCell, markdownCode, markdownTable } from './table.ts';

/** First line of every document: what bears it, an export may write anew. */
export const documentMark = '<!-- Made by Alloc Lens from its ledger; the next export writes it anew. -->';

const marks: Readonly<Record<Verdict, string>> = {
  GO: '✅ GO',
  NEUTRAL: '➖ NEUTRAL',
  'NO-GO': '❌ NO-GO',
  'NO-OP': '⏸ NO-OP',
  INCONCLUSIVE: '❔ INCONCLUSIVE',
};

export function verdictText(e: Pick<Experiment, 'verdict' | 'effectPercent'>): string {
  return `${marks[e.verdict]}${e.effectPercent === null ? '' : ` (${impact(e.effectPercent)})`}`;
}

function pairs(values: Readonly<Record<string, string>>): string {
  const names = Object.keys(values).sort();
  return names.length === 0 ? '–' : names.map((n) => markdownCode(`${n}=${values[n] ?? ''}`)).join(' ');
}

interface Compared {
  readonly what: string;
  readonly baseline: string;
  readonly treatment: string;
}

function sides(e: Experiment): string[] {
  const row = (what: string, of: (side: ExperimentSide) => string): Compared => ({
    what,
    baseline: of(e.baseline),
    treatment: of(e.treatment),
  });
  const rows = [
    row('Side', (s) => markdownCell(s.label)),
    row('Target', (s) => markdownCell(s.spec.target)),
    row('Variant', (s) => markdownCell(s.spec.variant)),
    row('Preset', (s) => (s.spec.preset === null ? '–' : markdownCode(s.spec.preset))),
    row('Build flags', (s) => pairs(s.spec.flags)),
    row('Environment', (s) => pairs(s.spec.env)),
    row('SHA-256', (s) => (s.sha256 === null ? '–' : markdownCode(s.sha256))),
  ];
  const columns: readonly Column<Compared>[] = [
    { title: '', cell: (r) => (r.baseline === r.treatment ? r.what : `**${r.what}**`) },
    { title: 'Baseline', cell: (r) => r.baseline },
    { title: 'Treatment', cell: (r) => r.treatment },
  ];
  return ['', 'What differs between the sides is in bold.', '', ...markdownTable(columns, rows)];
}

const placeColumns: readonly Column<ChangedPlace>[] = [
  { title: 'Function', cell: (p) => markdownCode(p.function) },
  { title: 'Place', cell: (p) => markdownCode(`${p.file}:${p.line}`) },
  { title: 'Ran in the baseline', cell: (p) => whole(p.baseline), align: 'right' },
  { title: 'Ran in the treatment', cell: (p) => whole(p.treatment), align: 'right' },
];

function implementation(e: Experiment): string[] {
  const { pruned } = e;
  return [
    '',
    '## Implementation',
    ...sides(e),
    '',
    `- **Workload**: ${markdownCell(workText(e.work))}, seed ${e.work.seed}${e.work.iterations === null ? '' : `, ${digits(e.work.iterations, 'operation')} a pass`}`,
    ...(pruned === undefined
      ? []
      : [
          `- **Atomics removed**: ${pruned.atomics} (${markdownCell(pruned.what)}), ${markdownCell(pruned.frequency)}`,
        ]),
    ...tableSection('### Places that differ', placeColumns, e.changed ?? []),
  ];
}

/** The runs of a side as Phase 64 prints them. */
function runList(title: string, side: ExperimentSide): string[] {
  const least = side.runs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = side.runs.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return [
    '',
    `### ${title}: ${markdownCell(side.label)}`,
    '',
    '```',
    ...side.runs.map((r, i) => `Run ${i + 1}: ${whole(r)} ops/s`),
    `Average: ${speedOr(side.mean)}`,
    `Median: ${speedOr(side.median)}`,
    `Stdev: ${speedOr(side.stdev)}`,
    ...(side.runs.length === 0 ? [] : [`Range: ${whole(least)} - ${whole(most)} ops/s`]),
    '```',
  ];
}

const ruleText: Readonly<Record<Experiment['rule'], string>> = {
  interval: 'the whole interval against the threshold, at planned looks',
  seed: "the documents' own: the difference of the means against the threshold",
};

function results(e: Experiment): string[] {
  const runs = Math.max(e.baseline.runs.length, e.treatment.runs.length);
  if (runs === 0) return ['', '## A/B Test Results', '', 'Nothing was timed: see the verdict.'];
  const average = change(e.baseline.mean, e.treatment.mean);
  const middle = change(e.baseline.median, e.treatment.median);
  return [
    '',
    `## A/B Test Results (${digits(runs, 'run')} each)`,
    ...runList('Baseline', e.baseline),
    ...runList('Treatment', e.treatment),
    '',
    '### Performance Delta',
    '',
    `- **Average Change**: ${average === null ? '–' : impact(average)}`,
    `- **Median Change**: ${middle === null ? '–' : impact(middle)}`,
    ...(e.effectPercent === null
      ? []
      : [
          `- **Effect**: ${impact(e.effectPercent)}${e.interval === null ? '' : ` (${range(e.interval)})`}, positive = the treatment is faster`,
        ]),
    `- **Threshold**: GO above ${impact(e.threshold)}, NO-GO below ${impact(-e.threshold)}`,
    `- **Verdict**: ${e.verdict}`,
  ];
}

const methodNames: Readonly<Record<Estimate['method'], string>> = {
  trimmed: '20% trimmed mean, Yuen',
  'hodges-lehmann': 'Hodges-Lehmann, signed ranks',
  bca: 'trimmed mean, BCa bootstrap',
  means: 'difference of means',
  medians: 'difference of medians',
};

function statistics(e: Experiment): string[] {
  const lookColumns: readonly Column<Look>[] = [
    { title: 'Units', cell: (l) => String(l.units), align: 'right' },
    { title: 'Estimator', cell: (l) => methodNames[l.estimate.method] },
    { title: 'Effect', cell: (l) => impact(l.estimate.percent), align: 'right' },
    { title: 'Interval', cell: (l) => range(l.estimate.interval) },
    { title: 'Verdict', cell: (l) => l.verdict ?? 'undecided' },
  ];
  const checkColumns: readonly Column<Estimate>[] = [
    { title: 'Estimator', cell: (c) => methodNames[c.method] },
    { title: 'Effect', cell: (c) => impact(c.percent), align: 'right' },
    { title: 'Interval', cell: (c) => range(c.interval) },
  ];
  const facts = [
    `- **Rule**: ${ruleText[e.rule]}`,
    `- **Processes timed**: ${e.processes}`,
    ...(e.noiseFloorPercent === null ? [] : [`- **Noise floor**: ±${e.noiseFloorPercent.toFixed(2)}%`]),
    ...(e.smallestVisiblePercent === null
      ? []
      : [`- **Smallest effect that could have been seen**: ${e.smallestVisiblePercent.toFixed(2)}%`]),
    ...(e.moreProcesses == null
      ? []
      : [
          `- **Would decide**: about ${digits(e.moreProcesses, 'more process', 'more processes')} of this kind`,
        ]),
    ...(e.calibration === null
      ? []
      : [
          `- **Identical sides (A/A)**: ${impact(e.calibration.biasPercent)} (${range(e.calibration.interval)}), σ ${e.calibration.sigmaPercent.toFixed(2)}% over ${digits(e.calibration.units, 'unit')}, ${e.calibration.passed ? 'passed' : 'NOT passed'}, ${markdownCell(e.calibration.at)}`,
        ]),
  ];
  return [
    '',
    '## Statistics',
    '',
    ...facts,
    ...tableSection('### Looks', lookColumns, e.looks),
    ...tableSection('### Cross-checks at the last look', checkColumns, e.crossChecks),
  ];
}

type CounterRow = CounterTable['rows'][number];

const counterColumns: readonly Column<CounterRow>[] = [
  { title: 'Metric', cell: (r) => `**${markdownCell(r.name)}**` },
  { title: 'Baseline', cell: (r) => count(r.baseline), align: 'right' },
  { title: 'Treatment', cell: (r) => count(r.treatment), align: 'right' },
  {
    title: 'Delta',
    cell: (r) => {
      if (r.baseline === null || r.treatment === null) return '–';
      const delta = r.treatment - r.baseline;
      return `${delta > 0 ? '+' : ''}${count(delta)}`;
    },
    align: 'right',
  },
  { title: 'Delta %', cell: (r) => (r.delta === null ? '–' : impact(r.delta)), align: 'right' },
];

function counters(e: Experiment): string[] {
  if (e.counters === null) return [];
  const unit = e.counters.unit === 'wasm' ? 'WebAssembly instructions, counted exactly' : 'x86';
  return tableSection(
    `## Performance Counter Analysis (${unit})`,
    counterColumns,
    e.counters.rows,
    ...(e.counters.layoutTax
      ? ['**Layout tax**: instructions an operation fall and time does not (as in Phases 62A and 64).']
      : []),
  );
}

const gateColumns: readonly Column<ExperimentGate>[] = [
  { title: 'Gate', cell: (g) => g.name },
  { title: 'Passed', cell: (g) => (g.passed ? '✓' : '✗') },
  { title: 'Found', cell: (g) => markdownCell(g.note) },
];
const layoutColumns: readonly Column<LayoutRow>[] = [
  { title: 'Layout', cell: (l) => markdownCell(l.layout) },
  { title: 'Units', cell: (l) => String(l.units), align: 'right' },
  { title: 'Effect', cell: (l) => impact(l.effectPercent), align: 'right' },
];

function machine(e: Experiment): string[] {
  const m = e.machine;
  const orNot = (value: string | null): string => (value === null ? 'not readable' : markdownCell(value));
  return [
    '',
    '## Machine',
    '',
    `- **CPU**: ${markdownCell(m.cpu)}, ${digits(m.cores, 'core')}${m.container ? ', in a container' : ''}`,
    `- **System**: ${markdownCell(m.kernel)}; ${markdownCell(m.runtime)}`,
    `- **Governor**: ${orNot(m.governor)}; turbo: ${m.turbo === null ? 'not readable' : m.turbo ? 'on' : 'off'}`,
    `- **Load at the beginning**: ${m.load === null ? 'not readable' : m.load.toFixed(2)}; pinned: ${m.pinned === null ? 'no' : `cores ${m.pinned.join(', ')}`}`,
    ...(m.flags.length === 0 ? [] : [`- **Flags**: ${m.flags.map(markdownCode).join(' ')}`]),
  ];
}

/** Files that the sides differ in, as far as it is known. */
function files(e: Experiment): string[] {
  const names = [...new Set((e.changed ?? []).map((p) => p.file))].sort();
  const traces = e.work.trace === null ? [] : [`- Trace: ${markdownCode(e.work.trace.file)}`];
  const rows = [...names.map((n) => `- ${markdownCode(n)}`), ...traces];
  return rows.length === 0 ? [] : ['', '## Files', '', ...rows];
}

/** The results document of an experiment, with a final line end. */
export function experimentDocument(e: Experiment): string {
  return `${[
    documentMark,
    '',
    `# ${markdownCell(e.title)} — Results`,
    '',
    `**Status**: ${verdictText(e)}  `,
    `**Date**: ${markdownCell(e.startedAt)} to ${markdownCell(e.finishedAt)}  `,
    `**Experiment**: ${markdownCode(e.id)}${e.replay === null ? '' : `, replay of ${markdownCode(e.replay)}`}`,
    ...implementation(e),
    ...results(e),
    ...statistics(e),
    ...counters(e),
    ...replaySections(e),
    ...tableSection('## Gates', gateColumns, e.gates),
    ...tableSection('## Layouts', layoutColumns, e.layouts),
    '',
    '## Verdict & Reasoning',
    '',
    `**${e.verdict}**: ${markdownCell(e.reason)}`,
    // A label before each: text at the beginning of an item could be a heading or a list of its own.
    ...(e.warnings.length === 0 ? [] : ['', ...e.warnings.map((w) => `- **Warning**: ${markdownCell(w)}`)]),
    ...files(e),
    ...machine(e),
  ].join('\n')}\n`;
}
