/** From units to a verdict: one look at the data that there is (DESIGN 6, ANCHORS 6.5 and 6.6). */
import type { Estimate, LayoutRow, Unit, Verdict } from '../model-experiment.ts';
import { bcaTrimmedMean, leastForBootstrap } from './bootstrap.ts';
import { leastForNeutral } from './looks.ts';
import { hodgesLehmann, type Located, yuen } from './robust.ts';
import { effectInterval, effectPercent, requireSamples } from './statistics.ts';
import { acrossLayouts, layoutChance, layoutRows, layoutRule } from './verdict-layouts.ts';

/** What a look is taken with. */
export interface LookRules {
  /** Percent of throughput. */
  readonly threshold: number;
  /** Of each interval at this look, the decision's and those displayed. */
  readonly confidence: number;
  /** No look follows. */
  readonly last: boolean;
  /** Of the bootstrap. */
  readonly seed: number;
}

/** What a look saw. */
export interface Judgement {
  /** As displayed: widened where the layout matters. */
  readonly estimate: Estimate;
  /** Null while undecided; INCONCLUSIVE only at the last look. */
  readonly verdict: Verdict | null;
  /** Hodges-Lehmann and BCa; empty at a look that decides nothing and is not the last. */
  readonly crossChecks: readonly Estimate[];
  /** The trimmed mean would have decided and another estimator did not agree. */
  readonly estimatorDependent: boolean;
  readonly layouts: readonly LayoutRow[];
  readonly layoutSensitive: boolean;
  /** In place of the sentence that belongs to an interval. */
  readonly reason?: string;
}

/** Decides at a look; the interval rule is `judge`. */
export type Judge = (units: readonly Unit[], rules: LookRules) => Judgement;

/**
 * GO when the whole interval is above +threshold, NO-GO when below -threshold, NEUTRAL when within, else null. All in
 * percent of throughput, positive = faster.
 */
export function verdictOfInterval(
  interval: readonly [number, number],
  threshold: number,
): 'GO' | 'NO-GO' | 'NEUTRAL' | null {
  const [low, high] = interval;
  if (low > threshold) return 'GO';
  if (high < -threshold) return 'NO-GO';
  return low >= -threshold && high <= threshold ? 'NEUTRAL' : null;
}

/**
 * Confidence of the cross-checks of a NEUTRAL: one look's. The deciding interval pays for all looks; the others, wider
 * at the same confidence where processes are disturbed, would refuse one in twenty sound ones (docs/decisions.md).
 */
const neutralCheck = 0.95;

function estimate(method: Estimate['method'], located: Located): Estimate {
  return { method, percent: effectPercent(located.estimate), interval: effectInterval(located.interval) };
}

/**
 * The interval rule. At least three units with finite log ratios, else `UserError`. NEUTRAL is not said before 24
 * units. The other estimators are asked when the trimmed mean would decide; where they disagree the look decides nothing.
 */
export function judge(units: readonly Unit[], rules: LookRules): Judgement {
  const values = units.map((u) => u.logRatio);
  requireSamples(values, 3, 'a verdict');
  if (!(rules.threshold > 0)) throw new RangeError(`a threshold has to be positive, not ${rules.threshold}`);
  const single = yuen(values, rules.confidence);
  const { widen, sensitive } = layoutRule(layoutChance(units));
  const shown = widen ? acrossLayouts(units, single, rules.confidence) : single;
  const trimmed = estimate('trimmed', shown);
  const decide = (interval: readonly [number, number]): Verdict | null => {
    const verdict = verdictOfInterval(interval, rules.threshold);
    return verdict === 'NEUTRAL' && units.length < leastForNeutral ? null : verdict;
  };
  const wanted = decide(trimmed.interval);
  const crossChecks: Estimate[] = [];
  if (wanted !== null || rules.last) {
    const confidence = wanted === 'NEUTRAL' ? neutralCheck : rules.confidence;
    const walsh = hodgesLehmann(values, confidence);
    // Too few units for its confidence: unbounded, and it agrees with nothing.
    if (Number.isFinite(walsh.interval[0])) crossChecks.push(estimate('hodges-lehmann', walsh));
    if (values.length >= leastForBootstrap) {
      crossChecks.push(estimate('bca', bcaTrimmedMean(values, confidence, rules.seed)));
    }
  }
  const agree = crossChecks.length > 0 && crossChecks.every((c) => decide(c.interval) === wanted);
  const decided = wanted !== null && agree ? wanted : null;
  return {
    estimate: trimmed,
    verdict: decided ?? (rules.last ? 'INCONCLUSIVE' : null),
    crossChecks,
    estimatorDependent: wanted !== null && !agree,
    layouts: layoutRows(units),
    layoutSensitive: sensitive,
  };
}
