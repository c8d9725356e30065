/** Code placement as a source of variation: does an effect depend on the layout that it was measured in? */
import type { LayoutRow, Unit } from '../model-experiment.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { median } from '../profile/percentiles.ts';
import { fisherTail, studentQuantile } from './quantiles.ts';
import type { Located } from './robust.ts';
import { effectPercent } from './statistics.ts';

type Placed = Pick<Unit, 'layout' | 'logRatio'>;

function byLayout(units: readonly Placed[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const unit of units) {
    const group = groups.get(unit.layout);
    if (group === undefined) groups.set(unit.layout, [unit.logRatio]);
    else group.push(unit.logRatio);
  }
  return groups;
}

/** One row a layout, in the order of their first units; the effect is that of the median unit. */
export function layoutRows(units: readonly Placed[]): LayoutRow[] {
  return [...byLayout(units)].map(([layout, values]) => ({
    layout,
    units: values.length,
    effectPercent: effectPercent(median(values)),
  }));
}

/** Ranks from 1, ties share the mean of theirs. */
function midranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && values[order[to + 1] ?? 0] === values[order[from] ?? 0]) to++;
    for (let i = from; i <= to; i++) ranks[order[i] ?? 0] = (from + to) / 2 + 1;
    from = to + 1;
  }
  return ranks;
}

/**
 * Chance of layouts that differ as much as these when the layout does not matter: a one-way analysis of variance of the
 * ranks (Kruskal & Wallis 1952 in the F form of Iman & Davenport 1976), so that a few bad processes do not decide it.
 * Null where fewer than two layouts have two units.
 */
export function layoutChance(units: readonly Placed[]): number | null {
  const groups = [...byLayout(units).values()];
  const usable = groups.filter((g) => g.length >= 2);
  if (usable.length < 2) return null;
  const ranks = midranks(usable.flat());
  const n = ranks.length;
  const mean = (n + 1) / 2;
  let between = 0;
  let within = 0;
  let at = 0;
  for (const group of usable) {
    const own = ranks.slice(at, at + group.length);
    at += group.length;
    const centre = own.reduce((sum, r) => sum + r, 0) / own.length;
    between += own.length * (centre - mean) ** 2;
    within += own.reduce((sum, r) => sum + (r - centre) ** 2, 0);
  }
  if (between === 0) return 1;
  const [above, below] = [usable.length - 1, n - usable.length];
  return fisherTail(between / above / (within / below), above, below);
}

/**
 * Below this chance the interval is that over layouts. Simulated with layouts whose effects differ by half, once and twice
 * the σ of a process, this keeps the displayed interval's coverage at 95%; a test at 5% lets it fall to 90%, and an sd
 * between layouts above that inside them (ANCHORS 6.6) is met later still.
 */
const widenBelow = 0.4;
/** Below this chance the effect is called layout-sensitive. */
const sensitiveBelow = 0.05;

/** What the layouts ask for, by the chance that `layoutChance` gives. */
export function layoutRule(chance: number | null): { readonly widen: boolean; readonly sensitive: boolean } {
  return {
    widen: chance !== null && chance < widenBelow,
    sensitive: chance !== null && chance < sensitiveBelow,
  };
}

/**
 * The effect with the layout as what is repeated: mean of the layouts' medians with Student's interval (k-1 degrees of
 * freedom for k layouts), and never narrower than `over`, the one over single units.
 */
export function acrossLayouts(units: readonly Placed[], over: Located, confidence: number): Located {
  const centres = [...byLayout(units).values()].map(median);
  const k = centres.length;
  const estimate = mean(centres);
  const sd = sampleDeviation(centres) ?? Number.NaN;
  const half = (studentQuantile(0.5 + confidence / 2, k - 1) * sd) / Math.sqrt(k);
  return {
    estimate,
    interval: [Math.min(over.interval[0], estimate - half), Math.max(over.interval[1], estimate + half)],
  };
}
