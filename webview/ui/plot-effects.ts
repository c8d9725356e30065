/** Effects with their intervals against a threshold's band, and the distribution of an experiment's units. */
import { svg } from './dom.ts';
import { effect, interval } from './format.ts';
import { linearScale, type Scale, tickDecimals } from './scale.ts';

/** How a mark is drawn; its text says the same. */
export type Tone = 'go' | 'no-go' | 'neutral' | 'no-op' | 'inconclusive' | 'open';

/** A mark's outline: shapes differ as colours do. */
export function effectMark(tone: Tone, x: number, y: number): SVGElement {
  const at = `${x.toFixed(1)} ${y.toFixed(1)}`;
  const paths: Readonly<Partial<Record<Tone, string>>> = {
    go: `M${at}m0 -5l5 9h-10z`,
    'no-go': `M${at}m0 5l5 -9h-10z`,
    'no-op': `M${at}m0 -5l5 5l-5 5l-5 -5z`,
  };
  const d = paths[tone];
  return d === undefined
    ? svg('circle', { cx: x.toFixed(1), cy: y.toFixed(1), r: 4, class: `effect ${tone}` })
    : svg('path', { d, class: `effect ${tone}` });
}

export interface EffectRow {
  readonly label: string;
  /** At the right end; empty for the figures themselves. */
  readonly text: string;
  /** Percent, positive = the treatment is faster; null draws no mark. */
  readonly percent: number | null;
  readonly interval: readonly [number, number] | null;
  /** Percent; the band of this row. */
  readonly threshold: number;
  readonly tone: Tone;
}

const lane = 24;
const left = 170;
const right = 190;

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function percentAxis(scale: Scale, top: number, bottom: number): SVGElement[] {
  const decimals = tickDecimals(scale.ticks);
  return scale.ticks.flatMap((tick) => {
    const x = scale.at(tick).toFixed(1);
    const zero = Math.abs(tick) < 1e-9;
    const text = `${tick > 0 && !zero ? '+' : ''}${zero ? '0' : tick.toFixed(decimals)}%`;
    return [
      svg('line', { x1: x, x2: x, y1: top, y2: bottom, class: zero ? 'zero' : 'rule' }),
      svg('text', { x, y: bottom + 14, class: 'tick middle' }, text),
    ];
  });
}

function describeRow(row: EffectRow): string {
  if (row.percent === null) return `${row.label}: ${row.text === '' ? 'no timing' : row.text}`;
  const within = row.interval === null ? '' : `, interval ${interval(row.interval)}`;
  const text = row.text === '' ? effect(row.percent) : row.text;
  return `${row.label}: ${text}${within}, threshold ±${row.threshold}%`;
}

/** A row each: dot, interval, and the ±threshold band behind them. Beyond `limit` percent, marks stand at the edge. */
export function effectPlot(
  rows: readonly EffectRow[],
  label: string,
  width = 560,
  limit = Number.POSITIVE_INFINITY,
): SVGSVGElement {
  const clip = (v: number): number => Math.max(-limit, Math.min(limit, v));
  const values = rows.flatMap((r) => [
    -r.threshold,
    r.threshold,
    ...(r.percent === null ? [] : [clip(r.percent)]),
    ...(r.interval === null ? [] : r.interval.map(clip)),
  ]);
  const scale = linearScale(values, left, width - right);
  const bottom = 4 + rows.length * lane;
  const bands: SVGElement[] = [];
  const marks: SVGElement[] = [];
  for (const [i, row] of rows.entries()) {
    const top = 4 + i * lane;
    const y = top + lane / 2;
    const from = scale.at(-row.threshold);
    bands.push(
      svg('rect', {
        x: from.toFixed(1),
        y: top,
        width: (scale.at(row.threshold) - from).toFixed(1),
        height: lane,
        class: 'band',
      }),
    );
    const name = svg('text', { x: 0, y: y + 4, class: 'label' }, shorten(row.label, 22));
    name.append(svg('title', {}, row.label));
    marks.push(name);
    if (row.interval !== null) {
      const [a, b] = [scale.at(row.interval[0]), scale.at(row.interval[1])];
      const line = (x1: number, y1: number, x2: number, y2: number): SVGElement =>
        svg('line', { x1: x1.toFixed(1), y1, x2: x2.toFixed(1), y2, class: `whisker ${row.tone}` });
      marks.push(line(a, y, b, y), line(a, y - 4, a, y + 4), line(b, y - 4, b, y + 4));
    }
    if (row.percent !== null) {
      marks.push(effectMark(row.tone, scale.at(row.percent), y));
    }
    marks.push(
      svg(
        'text',
        { x: width - right + 12, y: y + 4, class: `value ${row.tone}` },
        row.text === '' ? `${effect(row.percent)} ${interval(row.interval)}` : shorten(row.text, 30),
      ),
    );
  }
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${bottom + 18}`,
      role: 'img',
      'aria-label': `${label}. ${rows.map(describeRow).join('. ')}.`,
    },
    ...bands,
    ...percentAxis(scale, 4, bottom),
    ...marks,
  );
}

export interface UnitMark {
  readonly index: number;
  readonly layout: string;
  /** Percent, positive = faster. */
  readonly percent: number;
  readonly disturbed: boolean;
}

const dot = 7;
const levels = [0, 1, -1, 2, -2];

/** Heights for dots of one lane so that they do not hide each other, as far as the lane allows. */
function stack(xs: readonly number[]): number[] {
  const taken: { x: number; level: number }[] = [];
  return xs.map((x) => {
    const free = levels.find((level) => !taken.some((t) => t.level === level && Math.abs(t.x - x) < dot));
    const level = free ?? 0;
    taken.push({ x, level });
    return level;
  });
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const [a = 0, b = 0] = [sorted[sorted.length % 2 === 0 ? half - 1 : half], sorted[half]];
  return (a + b) / 2;
}

/** A lane a layout, a dot a unit, a tick at the layout's median; disturbed units are hollow and crossed. */
export function unitsPlot(units: readonly UnitMark[], threshold: number, width = 560): SVGSVGElement {
  const layouts = [...new Set(units.map((u) => u.layout))];
  const height = dot * levels.length + 6;
  const margin = 24;
  const scale = linearScale([-threshold, threshold, ...units.map((u) => u.percent)], left, width - margin, 6);
  const bottom = 4 + layouts.length * height;
  const from = scale.at(-threshold);
  const parts: SVGElement[] = [
    svg('rect', {
      x: from.toFixed(1),
      y: 4,
      width: (scale.at(threshold) - from).toFixed(1),
      height: bottom - 4,
      class: 'band',
    }),
    ...percentAxis(scale, 4, bottom),
  ];
  for (const [i, layout] of layouts.entries()) {
    const mine = units.filter((u) => u.layout === layout);
    const y = 4 + i * height + height / 2;
    const name = svg('text', { x: 0, y: y + 4, class: 'label' }, shorten(`${layout} (${mine.length})`, 22));
    name.append(svg('title', {}, layout));
    parts.push(name);
    const middle = median(mine.map((u) => u.percent));
    if (middle !== null) {
      const x = scale.at(middle).toFixed(1);
      parts.push(
        svg('line', { x1: x, x2: x, y1: y - height / 2 + 3, y2: y + height / 2 - 3, class: 'process' }),
      );
    }
    const xs = mine.map((u) => scale.at(u.percent));
    for (const [k, level] of stack(xs).entries()) {
      const unit = mine[k];
      const x = xs[k];
      if (unit === undefined || x === undefined) continue;
      const cy = y + level * dot;
      const mark = svg('circle', {
        cx: x.toFixed(1),
        cy,
        r: 3,
        class: unit.disturbed ? 'unit disturbed' : 'unit',
      });
      mark.append(
        svg(
          'title',
          {},
          `unit ${unit.index + 1}: ${effect(unit.percent)}${unit.disturbed ? ', disturbed' : ''}`,
        ),
      );
      parts.push(mark);
      if (unit.disturbed) {
        const d = `M${(x - 4).toFixed(1)} ${cy - 4}l8 8m0 -8l-8 8`;
        parts.push(svg('path', { d, class: 'cross' }));
      }
    }
  }
  const disturbed = units.filter((u) => u.disturbed).length;
  const words = layouts.map((l) => {
    const mine = units.filter((u) => u.layout === l).map((u) => u.percent);
    return `${l}: ${mine.length} units, median ${effect(median(mine))}`;
  });
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${bottom + 18}`,
      role: 'img',
      'aria-label': `Effects of ${units.length} units by layout. ${words.join('. ')}. ${disturbed} disturbed.`,
    },
    ...parts,
  );
}
