/** How a verdict is shown: a mark and a word, with a colour that only repeats them. */
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

const marks: Readonly<Record<Verdict, string>> = {
  GO: '▲',
  'NO-GO': '▼',
  NEUTRAL: '●',
  'NO-OP': '◇',
  INCONCLUSIVE: '○',
};

export function toneOf(verdict: Verdict): Tone {
  return tones[verdict];
}

/** The marks are those of the plots. */
export function verdictText(verdict: Verdict): HTMLElement {
  return h(
    'span',
    { class: `verdict ${toneOf(verdict)}` },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, marks[verdict]),
    verdict,
  );
}
