/** The documents' experiments as the report lists them: conditions, printed figures, and what does not agree. */
import type { Replay } from '../experiment/replay.ts';
import type { Disagreement, ReplayRow } from '../model-report.ts';

/** In the order of the documents. */
export function replayRows(replays: readonly Replay[]): ReplayRow[] {
  return replays.map((r) => ({
    ...{ name: r.name, title: r.title, threshold: r.threshold },
    thresholdPrinted: r.figures.threshold !== null,
    ...{ iterations: r.work.iterations, workingSet: r.work.workingSet },
    ...{ runs: r.runs, runsPrinted: r.runsPrinted, baselineSide: r.baselineSide },
    ...{ effectPercent: r.figures.meanDeltaPercent, verdict: r.figures.verdict },
  }));
}

/** A sentence once, with all replays that it is about; then those about a document as a whole. */
export function disagreementRows(
  replays: readonly Replay[],
  others: readonly (readonly [document: string, sentence: string])[],
): Disagreement[] {
  const rows = new Map<string, { document: string; replays: string[]; sentence: string }>();
  for (const { name, figures } of replays) {
    for (const sentence of figures.disagreements) {
      const known = rows.get(sentence);
      if (known !== undefined) known.replays.push(name);
      // `Phase 19, FastLane instruction reduction, candidate A`: the sentence is about the document.
      else rows.set(sentence, { document: figures.document, replays: [name], sentence });
    }
  }
  return [...rows.values(), ...others.map(([document, sentence]) => ({ document, replays: [], sentence }))];
}
