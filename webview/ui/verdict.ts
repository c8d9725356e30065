/** How a verdict is shown: a mark (style.css, the plots' shapes) and a word, with a colour that only repeats them. */
import type { Verdict } from '../../extension/model-experiment.ts';
import { h } from './dom.ts';
import type { Tone } from './plot-effects.ts';

const tones: Readonly<Record<Verdict, Tone>> = {
  GO: 'go',
  'NO-GO': 'no-go',
  NEUTRAL: 'neutral',
  'NO-OP': 'no-op',
  INCONCLUSIVE: 'inconclusive',
};

export function toneOf(verdict: Verdict): Tone {
  return tones[verdict];
}

export function verdictText(verdict: Verdict): HTMLElement {
  return h('span', { class: `verdict ${toneOf(verdict)}` }, verdict);
}
