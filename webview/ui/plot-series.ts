/** Figures over time or over a sequence: lines by epoch, and a running product with its interval. */
import { svg } from './dom.ts';
import { effect, interval } from './format.ts';
import { linearScale, tickDecimals } from './scale.ts';

export interface Series {
  readonly label: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface SeriesOptions {
  /** What is shown, for a screen reader; the figures stand in a table beside it. */
  readonly label: string;
  readonly xText: (x: number) => string;
  readonly yText: (y: number) => string;
  readonly width?: number;
}

const plotHeight = 150;
const left = 96;
const right = 24;

function frame(
  x: ReturnType<typeof linearScale>,
  y: ReturnType<typeof linearScale>,
  options: Pick<SeriesOptions, 'xText' | 'yText'>,
  width: number,
  top: number,
): SVGElement[] {
  const bottom = top + plotHeight;
  return [
    ...y.ticks.flatMap((tick) => {
      const at = y.at(tick).toFixed(1);
      return [
        svg('line', { x1: left, x2: width - right, y1: at, y2: at, class: 'rule' }),
        svg('text', { x: left - 8, y: Number(at) + 4, class: 'tick end' }, options.yText(tick)),
      ];
    }),
    ...x.ticks.map((tick) =>
      svg('text', { x: x.at(tick).toFixed(1), y: bottom + 16, class: 'tick middle' }, options.xText(tick)),
    ),
  ];
}

function describe(series: Series, yText: (y: number) => string): string {
  const ys = series.points.map((p) => p.y).filter(Number.isFinite);
  if (ys.length === 0) return `${series.label}: no figures`;
  const low = ys.reduce((a, b) => Math.min(a, b));
  const high = ys.reduce((a, b) => Math.max(a, b));
  return `${series.label}: ${ys.length} epochs, from ${yText(low)} to ${yText(high)}, at the end ${yText(ys.at(-1) ?? 0)}`;
}

/** A line each; the second one is dashed, so that colour is not needed to tell them apart. Not from zero: axis labels say so. */
export function seriesPlot(all: readonly Series[], options: SeriesOptions): SVGSVGElement {
  const width = options.width ?? 560;
  const legend = 18 * Math.ceil(all.length / 2);
  const top = legend + 6;
  const x = linearScale(
    all.flatMap((s) => s.points.map((p) => p.x)),
    left,
    width - right,
  );
  const y = linearScale(
    all.flatMap((s) => s.points.map((p) => p.y)),
    top + plotHeight,
    top,
    4,
  );
  const parts = frame(x, y, options, width, top);
  for (const [i, series] of all.entries()) {
    const kind = `series s${i % 2}`;
    const lx = left + (i % 2) * ((width - left - right) / 2);
    const ly = 8 + 18 * Math.floor(i / 2);
    const d = series.points
      .filter((p) => Number.isFinite(p.y))
      .map((p, k) => `${k === 0 ? 'M' : 'L'}${x.at(p.x).toFixed(1)} ${y.at(p.y).toFixed(1)}`)
      .join('');
    parts.push(
      svg('line', { x1: lx, x2: lx + 22, y1: ly, y2: ly, class: kind }),
      svg('text', { x: lx + 28, y: ly + 4, class: 'label' }, series.label),
      svg('path', { d, class: kind }),
    );
    // A few epochs are dots too; many would only thicken the line.
    if (series.points.length <= 30) {
      for (const p of series.points) {
        parts.push(
          svg('circle', {
            cx: x.at(p.x).toFixed(1),
            cy: y.at(p.y).toFixed(1),
            r: 2.5,
            class: `point s${i % 2}`,
          }),
        );
      }
    }
  }
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${top + plotHeight + 22}`,
      role: 'img',
      'aria-label': `${options.label}. ${all.map((s) => describe(s, options.yText)).join('. ')}.`,
    },
    ...parts,
  );
}

export interface ProductStep {
  readonly label: string;
  readonly percent: number;
  readonly interval: readonly [number, number] | null;
  readonly counted: boolean;
}

/** A running product: a step a row, its interval as a whisker; steps that are not counted are hollow. Numbers are the table's rows. */
export function productPlot(steps: readonly ProductStep[], width = 820): SVGSVGElement {
  const top = 6;
  const y = linearScale(
    [0, ...steps.flatMap((s) => [s.percent, ...(s.interval ?? [])])],
    top + plotHeight,
    top,
    4,
  );
  const decimals = tickDecimals(y.ticks);
  const slot = (width - left - right) / Math.max(1, steps.length);
  const middle = (i: number): number => left + slot * (i + 0.5);
  const every = Math.ceil(steps.length / 24);
  const parts: SVGElement[] = y.ticks.flatMap((tick) => {
    const at = y.at(tick).toFixed(1);
    const zero = Math.abs(tick) < 1e-9;
    const text = `${tick > 0 && !zero ? '+' : ''}${zero ? '0' : tick.toFixed(decimals)}%`;
    return [
      svg('line', { x1: left, x2: width - right, y1: at, y2: at, class: zero ? 'zero' : 'rule' }),
      svg('text', { x: left - 8, y: Number(at) + 4, class: 'tick end' }, text),
    ];
  });
  const d = steps.map(
    (s, i) =>
      `${i === 0 ? 'M' : 'L'}${(middle(i) - slot / 2).toFixed(1)} ${y.at(s.percent).toFixed(1)}h${slot.toFixed(1)}`,
  );
  parts.push(svg('path', { d: d.join(''), class: 'series s0' }));
  for (const [i, step] of steps.entries()) {
    const x = middle(i).toFixed(1);
    if (step.interval !== null) {
      parts.push(
        svg('line', {
          x1: x,
          x2: x,
          y1: y.at(step.interval[0]).toFixed(1),
          y2: y.at(step.interval[1]).toFixed(1),
          class: 'whisker go',
        }),
      );
    }
    const mark = svg('circle', {
      cx: x,
      cy: y.at(step.percent).toFixed(1),
      r: 4,
      class: step.counted ? 'effect go' : 'effect open',
    });
    mark.append(svg('title', {}, `${step.label}: ${effect(step.percent)} ${interval(step.interval)}`));
    parts.push(mark);
    if (i % every === 0) {
      parts.push(svg('text', { x, y: top + plotHeight + 16, class: 'tick middle' }, String(i + 1)));
    }
  }
  const last = steps.at(-1);
  const end = last === undefined ? 'nothing' : `${effect(last.percent)} ${interval(last.interval)}`;
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${top + plotHeight + 22}`,
      role: 'img',
      'aria-label': `Product of the counted experiments over ${steps.length} steps; at the end ${end}.`,
    },
    ...parts,
  );
}
