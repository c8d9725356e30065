/** Passes and processes of benchmark results on one common axis: a dot a pass, a tick for the median. */
import type { BenchResult } from '../../extension/model.ts';
import { svg } from './dom.ts';
import { speed } from './format.ts';

const left = 150;
const right = 130;
const lane = 16;
const gap = 10;
const maxLanes = 6;

interface Axis {
  readonly low: number;
  readonly high: number;
}

/** The range of all passes with a little room; never empty, also for a single value. */
export function axisOf(results: readonly BenchResult[]): Axis {
  const all = results.flatMap((r) => r.runs.flatMap((run) => run.passes)).filter(Number.isFinite);
  if (all.length === 0) return { low: 0, high: 1 };
  const low = all.reduce((a, b) => Math.min(a, b));
  const high = all.reduce((a, b) => Math.max(a, b));
  const room = (high - low) * 0.06 || high * 0.01 || 1;
  return { low: Math.max(0, low - room), high: high + room };
}

function describe(result: BenchResult): string {
  const spread = result.cv === null ? '' : `, coefficient of variation ${(100 * result.cv).toFixed(2)}%`;
  return `${result.workload} on ${result.target} ${result.variant}: median ${speed(result.median)}, from ${speed(result.min)} to ${speed(result.max)}${spread}`;
}

/** An accessible SVG, `width` CSS pixels wide where there is room; the same numbers stand in a table beside it. */
export function runsPlot(results: readonly BenchResult[], width = 548): SVGSVGElement {
  const axis = axisOf(results);
  const x = (value: number): number => {
    const share = (value - axis.low) / (axis.high - axis.low);
    return left + Math.min(1, Math.max(0, share)) * (width - left - right);
  };
  const parts: SVGElement[] = [];
  let y = 4;
  for (const result of results) {
    // Processes share lanes when there are many of them: the plot shows the spread, the table each process.
    const lanes = Math.min(maxLanes, Math.max(1, result.runs.length));
    const top = y;
    const bottom = top + lanes * lane;
    const middle = (top + bottom) / 2;
    const label = `${result.target} ${result.variant}`;
    parts.push(
      svg(
        'text',
        { x: 0, y: middle + 4, class: 'label' },
        label.length > 22 ? `${label.slice(0, 21)}…` : label,
      ),
      svg('line', { x1: left, x2: width - right, y1: bottom, y2: bottom, class: 'rule' }),
      svg('line', { x1: x(result.median), x2: x(result.median), y1: top, y2: bottom, class: 'median' }),
    );
    for (const [i, run] of result.runs.entries()) {
      const cy = top + (i % lanes) * lane + lane / 2;
      for (const [pass, value] of run.passes.entries()) {
        parts.push(
          svg('circle', { cx: x(value).toFixed(1), cy, r: 3, class: pass === 0 ? 'pass first' : 'pass' }),
        );
      }
      const m = x(run.median);
      parts.push(svg('line', { x1: m, x2: m, y1: cy - 6, y2: cy + 6, class: 'process' }));
    }
    parts.push(
      svg('text', { x: width - right + 10, y: middle + 4, class: 'value' }, `${speed(result.median)}`),
    );
    y = bottom + gap;
  }
  parts.push(
    svg('text', { x: left, y: y + 10, class: 'tick' }, speed(axis.low)),
    svg('text', { x: width - right, y: y + 10, class: 'tick end' }, speed(axis.high)),
  );
  return svg(
    'svg',
    {
      class: 'plot',
      width,
      viewBox: `0 0 ${width} ${y + 16}`,
      role: 'img',
      'aria-label': `Passes of ${results.length} benchmark ${results.length === 1 ? 'result' : 'results'}. ${results.map(describe).join('. ')}.`,
    },
    ...parts,
  );
}
