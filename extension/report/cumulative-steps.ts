/** The ledger's running product, change by change, as the report draws it. */
import { combine, cumulative } from '../experiment/cumulative.ts';
import type { CumulativeStep, Experiment } from '../model-experiment.ts';

/** One row for each change that counts or was dropped, groups one after the other. */
export function cumulativeSteps(experiments: readonly Experiment[]): CumulativeStep[] {
  return cumulative(experiments).groups.flatMap(({ target, work, rows }) => {
    const counted: { effectPercent: number; interval: readonly [number, number] | null }[] = [];
    return rows.map(({ experiment: e, counts }) => {
      if (counts !== 'no') counted.push({ effectPercent: e.effectPercent ?? 0, interval: e.interval });
      const total = combine(counted);
      return {
        ...{ id: e.id, title: e.title, work: `${target}, ${work}`, verdict: e.verdict },
        ...{ effectPercent: e.effectPercent, counted: counts !== 'no' },
        ...{ percent: total.productPercent, interval: total.interval },
      };
    });
  });
}
