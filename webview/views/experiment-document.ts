/** A replayed experiment beside the figures that its document prints. */
import type {
  DocumentFigures,
  DocumentSide,
  Experiment,
  ExperimentSide,
} from '../../extension/model-experiment.ts';
import { h } from '../ui/dom.ts';
import { effect, orDash, speed } from '../ui/format.ts';
import { createTable, type TableColumn } from '../ui/table.ts';
import { section } from './context.ts';

interface Row {
  readonly what: string;
  readonly document: string;
  readonly here: string;
}

const columns: readonly TableColumn<Row>[] = [
  { id: 'what', title: 'Figure', width: '180px', cell: (r) => r.what },
  { id: 'document', title: 'Document', cell: (r) => r.document },
  { id: 'here', title: 'Here', cell: (r) => r.here },
];

function sideRows(name: string, theirs: DocumentSide | null, ours: ExperimentSide): Row[] {
  const figure = (what: string, a: number | null | undefined, b: number | null): Row => ({
    what: `${name} ${what}`,
    document: orDash(a ?? null, speed),
    here: orDash(b, speed),
  });
  return [
    { what: name, document: theirs?.label ?? '–', here: ours.label },
    figure('mean', theirs?.mean, ours.mean),
    figure('median', theirs?.median, ours.median),
    figure('stdev', theirs?.stdev, ours.stdev),
    {
      what: `${name} runs`,
      document: orDash(theirs?.runs ?? null, String),
      here: String(ours.runs.length),
    },
  ];
}

/** Of the sides' medians, as the documents print it beside that of the means. */
function medians(e: Experiment): string {
  const [from, to] = [e.baseline.median, e.treatment.median];
  return from === null || to === null ? '–' : effect(100 * (to / from - 1));
}

export function documentTable(e: Experiment, document: DocumentFigures): HTMLElement {
  const rows: Row[] = [
    { what: 'Verdict', document: document.verdict ?? '–', here: e.verdict },
    { what: 'Effect', document: effect(document.effectPercent), here: effect(e.effectPercent) },
    ...(document.medianPercent == null
      ? []
      : [{ what: 'Effect of the medians', document: effect(document.medianPercent), here: medians(e) }]),
    ...(document.expected == null ? [] : [{ what: 'Expected', document: document.expected, here: '–' }]),
    {
      what: 'Threshold',
      document: orDash(document.threshold, (t) => `±${t}%`),
      here: `±${e.threshold}%`,
    },
    ...sideRows('Baseline', document.baseline, e.baseline),
    ...sideRows('Treatment', document.treatment, e.treatment),
  ];
  return section(
    'The document beside it',
    `${document.source}; another machine, another language: the figures need not agree`,
    createTable({ id: 'experiment-document', label: 'Document and replay', columns, rows }).element,
    document.notes.length === 0 ? null : h('ul', {}, ...document.notes.map((n) => h('li', {}, n))),
  );
}
