/** Linear scales with round ticks, for the plots. */

export interface Scale {
  readonly low: number;
  readonly high: number;
  /** Pixel of a value, kept inside the axis. */
  at(value: number): number;
  /** Round values inside the axis. */
  readonly ticks: readonly number[];
}

function stepFor(span: number, ticks: number): number {
  const raw = span / Math.max(1, ticks);
  const power = 10 ** Math.floor(Math.log10(raw));
  const leading = raw / power;
  return power * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}

/**
 * An axis over all finite `values`, with a little room, from pixel `from` to pixel `to`. Never empty, also for one value
 * or none.
 */
export function linearScale(values: readonly number[], from: number, to: number, tickCount = 5): Scale {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    low = Math.min(low, v);
    high = Math.max(high, v);
  }
  if (low > high) [low, high] = [0, 1];
  const room = (high - low) * 0.06 || Math.abs(high) * 0.02 || 1;
  low -= room;
  high += room;
  const step = stepFor(high - low, tickCount);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step); i * step <= high; i++) ticks.push(i * step);
  return {
    low,
    high,
    ticks,
    at: (value) => from + (Math.min(high, Math.max(low, value)) - low) * ((to - from) / (high - low)),
  };
}

/** Decimals that tell neighbouring ticks apart. */
export function tickDecimals(ticks: readonly number[]): number {
  const step = Math.abs((ticks[1] ?? 1) - (ticks[0] ?? 0));
  return step === 0 ? 0 : Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
}
