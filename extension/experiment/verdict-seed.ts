/** The documents' own rule on units that were run here: difference of the sides' mean speeds, with this machine's interval. */
import type { Estimate, Verdict } from '../model-experiment.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { median } from '../profile/percentiles.ts';
import { studentQuantile } from './quantiles.ts';
import { requireSamples } from './statistics.ts';
import type { Judge } from './verdict.ts';
import { layoutRows } from './verdict-layouts.ts';

/** Operations per second of both sides and the threshold in percent, to the documents' verdict. */
export type SeedRule = (
  baseline: readonly number[],
  treatment: readonly number[],
  threshold: number,
) => { readonly verdict: Verdict; readonly reason: string; readonly meanDeltaPercent: number };

/**
 * `rule` decides, at the last look alone. The interval is for the reader, the rule does not see it: Student's, over the
 * units' own differences in percent of the baseline's mean. At least two units, else `UserError`.
 */
export function seedJudge(rule: SeedRule): Judge {
  return (units, rules) => {
    const baseline = units.map((u) => u.baseline);
    const treatment = units.map((u) => u.treatment);
    requireSamples([...baseline, ...treatment], 4, 'a difference of means');
    const decided = rule(baseline, treatment, rules.threshold);
    const base = mean(baseline);
    const differences = units.map((u) => (100 * (u.treatment - u.baseline)) / base);
    const n = units.length;
    const error = (sampleDeviation(differences) ?? Number.NaN) / Math.sqrt(n);
    const half = studentQuantile(0.5 + rules.confidence / 2, n - 1) * error;
    const around = (percent: number): [number, number] => [percent - half, percent + half];
    const percent = decided.meanDeltaPercent;
    const estimate: Estimate = { method: 'means', percent, interval: around(percent) };
    const medians = 100 * (median(treatment) / median(baseline) - 1);
    return {
      estimate,
      verdict: rules.last ? decided.verdict : null,
      crossChecks: [{ method: 'medians', percent: medians, interval: around(medians) }],
      estimatorDependent: false,
      layouts: layoutRows(units),
      layoutSensitive: false,
      reason: decided.reason,
    };
  };
}
