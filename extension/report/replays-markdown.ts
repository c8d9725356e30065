/** docs/replays.md: every named replay with its conditions, its document's figures and what does not agree. */
import type { PrintedSide, Replay } from '../experiment/replay.ts';
import { type Column, markdownCell, markdownCode, markdownTable } from './table.ts';

const whole = (value: number | null): string =>
  value === null ? 'not stated' : value.toLocaleString('en-US');
const signed = (value: number | null): string =>
  value === null ? '-' : `${value > 0 ? '+' : ''}${value.toFixed(2)}%`;
const millions = (value: number | null): string =>
  value === null ? '-' : `${Number((value / 1e6).toFixed(4))}M`;

const conditions: readonly Column<Replay>[] = [
  { title: 'replay', cell: (r) => markdownCode(r.name) },
  {
    title: 'threshold',
    cell: (r) => `±${r.threshold}%${r.figures.threshold === null ? ' (not printed)' : ''}`,
    align: 'right',
  },
  { title: 'iterations', cell: (r) => whole(r.work.iterations), align: 'right' },
  { title: 'working set', cell: (r) => whole(r.work.workingSet), align: 'right' },
  {
    title: 'sizes',
    cell: (r) => (r.work.min === null ? 'not stated' : `${r.work.min} to ${whole(r.work.max)} B`),
  },
  { title: 'runs a side', cell: (r) => `${r.runs}${r.runsPrinted ? '' : ' (not printed)'}`, align: 'right' },
  { title: 'baseline of the effect', cell: (r) => markdownCell(r.baselineSide) },
];

const sides: readonly Column<Replay>[] = [
  { title: 'replay', cell: (r) => markdownCode(r.name) },
  { title: 'what', cell: (r) => markdownCell(r.title.replace(/^[^:]*: /, '')) },
  { title: 'how', cell: (r) => r.kind },
  { title: 'baseline', cell: (r) => markdownCode(r.baseline) },
  { title: 'treatment', cell: (r) => markdownCode(r.treatment) },
];

function speeds(side: PrintedSide): string {
  if (side.mean === null && side.median === null) return '-';
  const median = side.median === null ? '' : ` (median ${millions(side.median)})`;
  return `${millions(side.mean)}${median}`;
}

const figures: readonly Column<Replay>[] = [
  { title: 'replay', cell: (r) => markdownCode(r.name) },
  { title: 'baseline, ops/s', cell: (r) => speeds(r.figures.baseline), align: 'right' },
  { title: 'treatment, ops/s', cell: (r) => speeds(r.figures.treatment), align: 'right' },
  { title: 'effect of means', cell: (r) => signed(r.figures.meanDeltaPercent), align: 'right' },
  { title: 'of medians', cell: (r) => signed(r.figures.medianDeltaPercent), align: 'right' },
  { title: 'verdict', cell: (r) => r.figures.verdict ?? '-' },
  { title: 'expected', cell: (r) => markdownCell(r.figures.expected ?? '-') },
];

/** Sentences by the replays that they are about, in the order of their first. */
function bySentence(
  replays: readonly Replay[],
  of: (replay: Replay) => readonly string[],
): readonly (readonly [sentence: string, names: readonly string[]])[] {
  const out = new Map<string, string[]>();
  for (const replay of replays) {
    for (const sentence of of(replay)) out.set(sentence, [...(out.get(sentence) ?? []), replay.name]);
  }
  return [...out];
}

function sentences(replays: readonly Replay[], of: (replay: Replay) => readonly string[]): string[] {
  return bySentence(replays, of).map(
    ([sentence, names]) => `- ${names.map(markdownCode).join(', ')}: ${markdownCell(sentence)}`,
  );
}

/** The whole page, with a final line end. */
export function replaysMarkdown(
  replays: readonly Replay[],
  others: readonly (readonly [document: string, sentence: string])[],
): string {
  return [
    '# Replays of the documents',
    '',
    "`alloc-lens experiment NAME` runs an experiment of the method's documents on the built-in engine and shows the",
    "document's figures beside ours. They need not agree: the machine, the language and the compiler are others. This page",
    'is made from the data in `extension/experiment/replays*.ts` (`npm run docs:replays`); a test holds the two together.',
    '',
    'The effect is always the treatment against the baseline, positive = the treatment is faster. In Phases 24 to 29 the',
    'documents call the compiled-out side their baseline and divide by the compiled-in one; the baseline here is what is divided by.',
    '',
    '## Conditions',
    '',
    ...markdownTable(conditions, replays),
    '',
    "What a document does not state is the workload's own (`random_mixed`, mixed sizes, 400 slots). Where no threshold is",
    'printed, ±0.5% of Phases 24 to 29 is taken.',
    '',
    '## Sides',
    '',
    ...markdownTable(sides, replays),
    '',
    '## Printed figures',
    '',
    ...markdownTable(figures, replays),
    '',
    '## Where a document disagrees with itself',
    '',
    ...sentences(replays, (r) => r.figures.disagreements),
    ...others.map(([document, sentence]) => `- ${markdownCell(document)}: ${markdownCell(sentence)}`),
    '',
    '## What is otherwise here',
    '',
    ...sentences(replays, (r) => r.differs),
    '',
  ].join('\n');
}
