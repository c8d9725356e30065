/** Results of the laboratory in few words, for messages and lists. Pure. */
import type { Experiment } from '../model-experiment.ts';
import type { SoakSummary } from '../model-soak.ts';

export function signed(percent: number): string {
  const text = percent.toFixed(2);
  return `${percent > 0 ? '+' : ''}${text === '-0.00' ? '0.00' : text}`;
}

/** `GO +1.07% [+0.80, +1.34]`. */
export function experimentText(e: Pick<Experiment, 'verdict' | 'effectPercent' | 'interval'>): string {
  const effect = e.effectPercent === null ? '' : ` ${signed(e.effectPercent)}%`;
  const interval = e.interval === null ? '' : ` [${signed(e.interval[0])}, ${signed(e.interval[1])}]`;
  return `${e.verdict}${effect}${interval}`;
}

/** `passed after 10 minutes`, `failed after 10 minutes: drift of engine standard`. */
export function soakText(s: Pick<SoakSummary, 'passed' | 'minutes' | 'sides'>): string {
  const failed = s.sides.flatMap((side) =>
    side.budgets.filter((b) => b.passed === false).map((b) => `${b.name} of ${side.label}`),
  );
  const minutes = Number(s.minutes.toFixed(1));
  const after = `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
  if (s.passed) return `passed after ${after}`;
  return `failed after ${after}${failed.length === 0 ? '' : `: ${failed.join(', ')}`}`;
}
