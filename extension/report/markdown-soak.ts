/** A soak's results document: what ran, on what, figures of both sides, budgets beside Phase 57's, every epoch. */
import type { MachineState } from '../model-experiment.ts';
import type { SoakEpoch, SoakSummary } from '../model-soak.ts';
import { bytes, speed } from './format.ts';
import { type Column, markdownCell, markdownCode, markdownTable } from './table.ts';
import { budgetName, budgetState, soakFigures, soakTitle, soakVerdict, sparkline } from './text-soak.ts';

function machineLines(machine: MachineState): string[] {
  const { cpu, cores, kernel, runtime, governor, turbo, load, container, flags } = machine;
  return [
    `- ${cpu}, ${cores} cores, ${kernel}, ${runtime}`,
    `- governor ${governor ?? 'unknown'}, turbo ${turbo === null ? 'unknown' : turbo ? 'on' : 'off'}, load when it began ${load === null ? 'unknown' : load.toFixed(2)}${container ? ', in a container' : ''}`,
    ...(flags.length === 0 ? [] : [`- V8 with ${flags.join(' ')}`]),
  ].map((line) => `- ${markdownCell(line.slice(2))}`);
}

/** Phase 57's own figures, for the eye: another allocator on another machine, 60 minutes a mode. */
const phase57: readonly (readonly [string, string, string])[] = [
  ['memory drift', '0%', '0%'],
  ['CV', '5.38%', '1.58%'],
  ['system calls an operation', '1.25e-7', '-'],
];

function epochsTable(summary: SoakSummary): string[] {
  const rows = summary.sides.flatMap((side, i) =>
    side.epochs.map((epoch) => ({ side: i === 0 ? 'baseline' : 'treatment', epoch })),
  );
  rows.sort((a, b) => a.epoch.index - b.epoch.index);
  const figure = (title: string, cell: (e: SoakEpoch) => string): Column<(typeof rows)[number]> => ({
    title,
    cell: (r) => cell(r.epoch),
    align: 'right',
  });
  return markdownTable<(typeof rows)[number]>(
    [
      figure('epoch', (e) => String(e.index + 1)),
      { title: 'side', cell: (r) => r.side },
      figure('at', (e) => `${e.at.toFixed(1)} s`),
      figure('throughput', (e) => speed(e.opsPerSecond)),
      figure('p50 ns', (e) => e.p50.toFixed(2)),
      figure('p99 ns', (e) => e.p99.toFixed(2)),
      figure('p99.9 ns', (e) => e.p999.toFixed(2)),
      figure('resident', (e) => (e.residentBytes === null ? '-' : bytes(e.residentBytes))),
      figure('system calls', (e) => (e.systemCalls === null ? '-' : String(e.systemCalls))),
    ],
    rows,
  );
}

/** Text of the document, with a final line end. `csv` is the name of the file with the epochs. */
export function soakMarkdown(summary: SoakSummary, csv: string): string {
  const [baseline, treatment] = summary.sides;
  if (baseline === undefined || treatment === undefined) throw new Error('a soak has two sides');
  const compared = soakFigures.map((f) => ({
    name: f.name,
    baseline: f.of(baseline),
    treatment: f.of(treatment),
  }));
  const budgets = baseline.budgets.map((b, i) => {
    const other = treatment.budgets[i];
    return {
      name: budgetName(b),
      baseline: budgetState(b),
      treatment: other === undefined ? '-' : budgetState(other),
    };
  });
  const columns = (first: string): Column<(typeof compared)[number]>[] => [
    { title: first, cell: (r) => markdownCell(r.name) },
    { title: 'baseline', cell: (r) => markdownCell(r.baseline), align: 'right' },
    { title: 'treatment', cell: (r) => markdownCell(r.treatment), align: 'right' },
  ];
  const charts = summary.sides.flatMap((side, i) =>
    side.epochs.length < 2
      ? []
      : [`${i === 0 ? 'baseline ' : 'treatment'}  ${sparkline(side.epochs.map((e) => e.opsPerSecond))}`],
  );
  return [
    `# Soak: ${markdownCell(soakTitle(summary))}`,
    '',
    `**${markdownCell(soakVerdict(summary))}.**`,
    '',
    `- baseline: ${markdownCode(baseline.label)}${baseline.sha256 == null ? '' : `, module sha256 ${markdownCode(baseline.sha256)}`}`,
    `- treatment: ${markdownCode(treatment.label)}${treatment.sha256 == null ? '' : `, module sha256 ${markdownCode(treatment.sha256)}`}`,
    `- began ${markdownCell(summary.startedAt)}, ended ${markdownCell(summary.finishedAt)}; epochs in ${markdownCode(csv)}`,
    '',
    '## Figures',
    '',
    ...markdownTable(columns('figure'), compared),
    '',
    ...(charts.length === 0
      ? []
      : ['Throughput, each side on its own scale:', '', '```text', ...charts, '```', '']),
    '## Budgets',
    '',
    ...markdownTable(columns('budget'), budgets),
    '',
    ...(summary.notes ?? []).flatMap((n) => [`- ${markdownCell(n)}`]),
    '',
    'Phase 57 prints, for another allocator on another machine and 60 minutes a mode:',
    '',
    ...markdownTable(
      [
        { title: 'figure', cell: (r) => r[0] },
        { title: 'balanced', cell: (r) => r[1], align: 'right' },
        { title: 'speed first', cell: (r) => r[2], align: 'right' },
      ],
      phase57,
    ),
    '',
    '## Machine',
    '',
    ...machineLines(summary.machine),
    '',
    '## Epochs',
    '',
    ...epochsTable(summary),
    '',
  ].join('\n');
}
