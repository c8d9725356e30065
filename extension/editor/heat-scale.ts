/** Line heat as numbers and pictures: eight steps, a fixed-width column, a gutter bar. Pure. */
import type { LineHeat } from '../model.ts';
import { percentText } from './words.ts';

/**
 * Where each step starts, in percent of the run: the same in every file, so that a colour always means the same. Each is
 * about 1.75 times the one before, since the hottest single lines of an allocator hold three to ten percent.
 */
const stepStarts: readonly number[] = [0.1, 0.2, 0.35, 0.6, 1, 1.75, 3, 5];

export const heatSteps = stepStarts.length;

/** Step 1..8 of a line's share, 0 for a line that ran without reaching the first step. */
export const heatStep = (percent: number): number => stepStarts.filter((start) => percent >= start).length;

const columnWidth = 6;

/** The percentage right-aligned in six characters; no-break spaces, since CSS collapses others. */
export const columnText = (percent: number | null): string =>
  (percent === null ? '' : percentText(percent)).padStart(columnWidth, '\u00a0');

/** A bar for the gutter, its length the step: a channel that needs no colour. */
export function gutterBar(step: number, color: string): string {
  const width = Math.max(2, Math.round((16 * step) / heatSteps));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect x="0" y="2" width="${width}" height="12" rx="1" fill="${color}"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/**
 * Next or previous hot line from `line`, wrapping around. Hot means within two steps of the file's hottest line, so
 * that the command visits the few lines that matter in any file.
 */
export function neighbourHotLine(heat: readonly LineHeat[], line: number, direction: 1 | -1): number | null {
  const top = Math.max(0, ...heat.map((h) => heatStep(h.percent)));
  const hot = heat.filter((h) => heatStep(h.percent) >= Math.max(1, top - 2)).map((h) => h.line);
  if (hot.length === 0) return null;
  const beyond = direction === 1 ? hot.find((l) => l > line) : hot.findLast((l) => l < line);
  return beyond ?? (direction === 1 ? hot[0] : hot.at(-1)) ?? null;
}
