/** How a verdict is shown: a word, with a colour that only repeats it. */
import type { Verdict } from '../../extension/model-experiment.ts';
import { h } from './dom.ts';
import type { Tone } from './plot-effects.ts';

export function toneOf(verdict: Verdict): Tone {
  if (verdict === 'GO') return 'go';
  if (verdict === 'NO-GO') return 'no-go';
  return verdict === 'NEUTRAL' ? 'neutral' : 'open';
}

export function verdictText(verdict: Verdict): HTMLElement {
  return h('span', { class: `verdict ${toneOf(verdict)}` }, verdict);
}
