/** Figures out of a table of samples: medians, ratios formed inside each round, net costs. */
import type { Sample, Samples, Table } from './measure.ts';
import { median } from '../extension/profile/percentiles.ts';
import { range } from './stats.ts';

/** A figure with the range that it had over the rounds. */
export interface Figure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Some run behind it stayed disturbed. */
  readonly disturbed: boolean;
}

export type Pick = (sample: Sample) => number | null;
export const medianPass: Pick = (s) => s.median;
export const firstPass: Pick = (s) => s.first;
export const peakOf: Pick = (s) => s.peakBytes;
export const tail: Pick = (s) => s.latency?.p999 ?? null;

export function samplesOf(table: Table, work: string, arm: string): Samples {
  return table.get(work)?.get(arm) ?? [];
}

function values(samples: Samples, pick: Pick): (number | null)[] {
  return Array.from(samples, (s) => (s === undefined ? null : pick(s)));
}

function figure(all: readonly (number | null)[], samples: Samples): Figure | null {
  const known = all.filter((v): v is number => v !== null && Number.isFinite(v));
  if (known.length === 0) return null;
  const [low, high] = range(known);
  return { value: median(known), low, high, disturbed: samples.some((s) => s?.disturbed === true) };
}

/** Median and range of one arm on one work. */
export function figureOf(table: Table, work: string, arm: string, pick: Pick): Figure | null {
  const samples = samplesOf(table, work, arm);
  return figure(values(samples, pick), samples);
}

export interface Place {
  readonly work: string;
  readonly arm: string;
}

/** Ratio of two medians, with the range of the ratios formed inside the rounds. */
export function ratioOf(table: Table, over: Place, under: Place, pick: Pick): Figure | null {
  const a = samplesOf(table, over.work, over.arm);
  const b = samplesOf(table, under.work, under.arm);
  const top = figure(values(a, pick), a);
  const bottom = figure(values(b, pick), b);
  const below = values(b, pick);
  const inside = values(a, pick).map((v, i) => {
    const w = below[i] ?? null;
    return v === null || w === null ? null : v / w;
  });
  const spread = figure(inside, [...a, ...b]);
  if (top === null || bottom === null || spread === null) return null;
  return { ...spread, value: top.value / bottom.value };
}

/** The arm whose floor is that of this arm's own harness: the same loop by the same compiler and flags. */
export function floorOf(arm: string): string {
  if (arm.startsWith('engine')) return 'engine fast';
  return arm.endsWith('(preload)') ? 'glibc' : arm;
}

/** Nanoseconds that an allocator takes for one operation of random_mixed: what the loop takes less its own floor. */
export function netOf(table: Table, profile: string, arm: string): Figure | null {
  const loop = samplesOf(table, `random_mixed:${profile}`, arm);
  const floor = samplesOf(table, `floor:${profile}`, floorOf(arm));
  const nets = Array.from(loop, (s, i) => {
    const f = floor[i];
    return s === undefined || f === undefined ? null : 1e9 / s.median - 1e9 / f.median;
  });
  return figure(nets, [...loop, ...floor]);
}

/** The arm with the largest median among `arms`. */
export function bestOf(table: Table, work: string, arms: readonly string[], pick: Pick): string | null {
  let best: { arm: string; value: number } | null = null;
  for (const arm of arms) {
    const value = figureOf(table, work, arm, pick)?.value;
    if (value !== undefined && (best === null || value > best.value)) best = { arm, value };
  }
  return best?.arm ?? null;
}

export function geometricMean(all: readonly number[]): number {
  return Math.exp(all.reduce((sum, v) => sum + Math.log(v), 0) / all.length);
}
