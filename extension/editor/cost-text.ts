/** What lenses and hovers say of costs: always an estimate, with its source. Pure. */
import { type RemovableCost, nsInterval, nsText } from '../profile/cost-estimates.ts';
import { counted } from './words.ts';

/** In a lens, after the number of atomics: `about 2.10 ns/op here (estimate)`; which ones, where not all are meant. */
export function costClause(cost: RemovableCost, of: number): string {
  const which = cost.sites === of ? '' : `${cost.sites} hot `;
  return `${which}about ${nsText(cost.ns)} here (estimate)`;
}

/**
 * `3 hot telemetry atomics, about 2.10 ns/op here (1.80 .. 2.40; estimate, C, gcc 12.2.0 on this machine), if each runs
 * once an operation and nobody else writes to it.`
 */
export function costSentence(cost: RemovableCost): string {
  const { ns, interval, source, sites } = cost;
  const seen = interval[0] <= 0 && interval[1] >= 0 ? ' Not told apart from nothing.' : '';
  const each = sites === 1 ? 'it runs' : 'each runs';
  return `${counted(sites, 'hot telemetry atomic')}, about ${nsText(ns)} here (${nsInterval(interval)}; estimate, ${source}), if ${each} once an operation and no other thread writes to ${sites === 1 ? 'it' : 'them'}.${seen}`;
}
