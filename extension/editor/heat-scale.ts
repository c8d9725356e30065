/** Line heat as numbers and pictures: eight steps, a fixed-width column, a gutter bar. Pure. */
import type { HeatChange, LineHeat } from '../model.ts';
import { percentText, pointsText } from './words.ts';

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

/** Own share, then in a column of its own what was inlined here: `  8.9%  (12.3%)`. */
export function sharesColumn(heat: LineHeat | null, callSites: boolean): string {
  const own = columnText(heat === null || heat.percent <= 0 ? null : heat.percent);
  if (!callSites) return own;
  const here = heat?.callSitePercent ?? 0;
  return `${own}${(here > 0 ? `(${percentText(here)})` : '').padStart(columnWidth + 3, '\u00a0')}`;
}

// ------------------------------------------------------------------------------------------ differences

/** Where each step of a difference starts, in percent points; four in either direction. */
const changeStarts: readonly number[] = [0.2, 0.6, 1.8, 5];

export const changeSteps = changeStarts.length;

/**
 * -4..4: cooler below, hotter above, 0 where nothing is shown to have changed: less than the first step, or an interval
 * that holds 0.
 */
export function changeStep({ delta, interval }: HeatChange): number {
  if (interval !== null && interval[0] <= 0 && interval[1] >= 0) return 0;
  const size = changeStarts.filter((start) => Math.abs(delta) >= start).length;
  return delta < 0 ? -size : size;
}

/** The difference with its sign, right-aligned in six characters. */
export const changeText = (change: HeatChange | null): string =>
  (change === null ? '' : pointsText(change.delta)).padStart(columnWidth, '\u00a0');

/** A bar from the gutter's middle, to the left for cooler and to the right for hotter: no colour is needed to tell. */
export function changeBar(step: number, color: string): string {
  const width = Math.max(2, Math.round((8 * Math.abs(step)) / changeSteps));
  const x = step < 0 ? 8 - width : 8;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect x="7.5" y="1" width="1" height="14" fill="${color}" opacity="0.5"/><rect x="${x}" y="3" width="${width}" height="10" rx="1" fill="${color}"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/**
 * Next or previous hot line from `line`, wrapping around. Hot means within two steps of the file's hottest line, so
 * that the command visits the few lines that matter in any file.
 */
export function neighbourHotLine(heat: readonly LineHeat[], line: number, direction: 1 | -1): number | null {
  // While two profiles are compared, the lines that changed most are what is looked for.
  const stepOf = ({ percent, change }: LineHeat): number =>
    change === undefined ? heatStep(percent) : Math.abs(changeStep(change)) * 2;
  const compared = heat.some((h) => h.change !== undefined);
  const steps = heat
    .filter((h) => !compared || h.change !== undefined)
    .map((h) => ({ line: h.line, step: stepOf(h) }));
  const top = Math.max(0, ...steps.map((s) => s.step));
  const hot = steps.filter((s) => s.step >= Math.max(1, top - 2)).map((s) => s.line);
  if (hot.length === 0) return null;
  const beyond = direction === 1 ? hot.find((l) => l > line) : hot.findLast((l) => l < line);
  return beyond ?? (direction === 1 ? hot[0] : hot.at(-1)) ?? null;
}
