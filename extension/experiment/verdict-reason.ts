/** A verdict's reason in one sentence, and how much more measuring an undecided one needs. */
import type { Estimate } from '../model-experiment.ts';
import { normalQuantile } from './quantiles.ts';
import { noisyPercent } from './verdict-gates.ts';
import type { Judgement } from './verdict.ts';

export function percentText(value: number): string {
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(2)}%`;
}

export function intervalText(interval: readonly [number, number]): string {
  return `[${percentText(interval[0])}, ${percentText(interval[1])}]`;
}

/**
 * Units beyond these `n` that would decide in four of five experiments if the effect is what it seems: the interval's
 * half width shrinks with √n until it fits between the effect and the nearest threshold (ANCHORS 6.7, at the look's own
 * level). Infinity where the effect sits on the threshold. Percent throughout.
 */
export function moreUnits(estimate: Estimate, n: number, threshold: number, confidence: number): number {
  const distance = Math.abs(Math.abs(estimate.percent) - threshold);
  const half = (estimate.interval[1] - estimate.interval[0]) / 2;
  if (half === 0) return 0;
  const z = normalQuantile(0.5 + confidence / 2);
  const needed = n * ((half / distance) * ((z + normalQuantile(0.8)) / z)) ** 2;
  return Number.isFinite(needed) ? Math.max(1, Math.ceil(needed - n)) : Number.POSITIVE_INFINITY;
}

/** Beyond this the advice would be a number that nobody runs. */
const mostAdvised = 1000;

export interface ReasonFacts {
  readonly judgement: Judgement;
  readonly units: number;
  /** Fresh processes of a unit. */
  readonly processesPerUnit: number;
  readonly threshold: number;
  readonly confidence: number;
  readonly sigmaPercent: number | null;
}

function undecided(facts: ReasonFacts, processes: number): { reason: string; more: number | null } {
  const { judgement, units, threshold } = facts;
  const { estimate } = judgement;
  const [low, high] = estimate.interval;
  const place = `${percentText(estimate.percent)} ${intervalText(estimate.interval)} after ${processes} processes`;
  const lean = low > 0 ? ', which leans faster' : high < 0 ? ', which leans slower' : '';
  if (judgement.estimatorDependent) {
    const others = judgement.crossChecks
      .map((c) => `${c.method} ${percentText(c.percent)} ${intervalText(c.interval)}`)
      .join(', ');
    return { reason: `estimator-dependent: the trimmed mean gives ${place}, but ${others}`, more: null };
  }
  if (judgement.layoutSensitive) {
    return {
      reason: `layout-sensitive: the effect is ${place}${lean}; layouts differ more than units inside one do, so that more layouts would decide, not more processes`,
      more: null,
    };
  }
  const more = moreUnits(estimate, units, threshold, facts.confidence) * facts.processesPerUnit;
  const noisy = facts.sigmaPercent !== null && facts.sigmaPercent > noisyPercent;
  const advice = noisy
    ? `this machine is too noisy (σ ${facts.sigmaPercent?.toFixed(2)}%, at most ${noisyPercent}% is usable): quieten it before anything else`
    : more > mostAdvised
      ? `the effect lies so near the threshold that more than ${mostAdvised} further processes would be needed`
      : `about ${more} more processes would decide`;
  return {
    reason: `the effect is ${place}${lean}, and the interval crosses a threshold of ±${threshold}%; ${advice}`,
    more: noisy || more > mostAdvised ? null : more,
  };
}

/** Throws nothing; `more` is null where more processes would not help or nothing is open. */
export function reasonOf(facts: ReasonFacts): { reason: string; more: number | null } {
  const { judgement, threshold } = facts;
  const { estimate, verdict } = judgement;
  if (judgement.reason !== undefined) return { reason: judgement.reason, more: null };
  const processes = facts.units * facts.processesPerUnit;
  if (verdict === 'INCONCLUSIVE' || verdict === null) return undecided(facts, processes);
  const all = `the whole interval ${intervalText(estimate.interval)}`;
  const after = `after ${processes} processes${judgement.layoutSensitive ? ', although it depends on the layout' : ''}`;
  const sentence = {
    GO: `faster by ${percentText(estimate.percent)}: ${all} is above +${threshold}% ${after}`,
    'NO-GO': `slower, ${percentText(estimate.percent)}: ${all} is below -${threshold}% ${after}`,
    NEUTRAL: `no difference that matters (${percentText(estimate.percent)}): ${all} is within ±${threshold}% ${after}`,
    'NO-OP': 'the changed code never ran',
  }[verdict];
  return { reason: sentence, more: null };
}
