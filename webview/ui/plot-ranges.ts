/** A bar a row from zero, with the range over its rounds: for figures whose sizes are compared. */
import { svg } from './dom.ts';

export interface RangeRow {
  readonly label: string;
  readonly middle: number;
  readonly low: number;
  readonly high: number;
  /** The figure as it is written beside the bar. */
  readonly text: string;
}

const left = 150;
const right = 130;
const lane = 26;
const bar = 12;

/** An accessible SVG; the same figures stand in a table beside it. */
export function rangePlot(rows: readonly RangeRow[], title: string, width = 820): SVGSVGElement {
  const most = rows.reduce((m, r) => Math.max(m, r.high), 0) || 1;
  const x = (value: number): number => left + (value / most) * (width - left - right);
  const parts = rows.flatMap((row, i) => {
    const middle = i * lane + lane / 2;
    const label = row.label.length > 22 ? `${row.label.slice(0, 21)}…` : row.label;
    const at = (value: number): string => x(value).toFixed(1);
    return [
      svg('text', { x: 0, y: middle + 4, class: 'label' }, label),
      svg('rect', {
        ...{ x: left, y: middle - bar / 2, height: bar, class: 'bar' },
        width: Math.max(1, x(row.middle) - left).toFixed(1),
      }),
      svg('line', { x1: at(row.low), x2: at(row.high), y1: middle, y2: middle, class: 'whisker' }),
      svg('line', { x1: at(row.low), x2: at(row.low), y1: middle - 4, y2: middle + 4, class: 'whisker' }),
      svg('line', { x1: at(row.high), x2: at(row.high), y1: middle - 4, y2: middle + 4, class: 'whisker' }),
      svg('text', { x: width - right + 10, y: middle + 4, class: 'value' }, row.text),
    ];
  });
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${rows.length * lane + 4}`,
      role: 'img',
      'aria-label': `${title}. ${rows.map((r) => `${r.label}: ${r.text}`).join('. ')}.`,
    },
    ...parts,
  );
}
