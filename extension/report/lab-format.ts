/** Figures and tables of the laboratory's documents. */
import { type Column, markdownTable } from './table.ts';

/** `-4.05%`, `+0.93%`: always two decimals and a sign, as the documents print an impact. */
export function impact(percent: number): string {
  const text = percent.toFixed(2);
  return `${percent > 0 && Number(text) !== 0 ? '+' : ''}${Number(text) === 0 ? '0.00' : text}%`;
}

export function range(interval: readonly [number, number]): string {
  return `${impact(interval[0])} to ${impact(interval[1])}`;
}

// Halves go to the even number, as in the documents: their 59,142,000.5 is printed 59,142,000, their 59,111,587.5 ...588.
const rounded = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0, roundingMode: 'halfEven' });
export const whole = (value: number): string => rounded.format(value);
export const speedOr = (value: number | null): string => (value === null ? '–' : `${whole(value)} ops/s`);

/** Percent that `to` is above `from`, null when either is missing. */
export function change(from: number | null, to: number | null): number | null {
  return from === null || to === null || from === 0 ? null : 100 * (to / from - 1);
}

/** A table under a heading, or nothing. */
export function tableSection<Row>(
  title: string,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  ...notes: readonly string[]
): string[] {
  if (rows.length === 0) return [];
  return ['', title, '', ...markdownTable(columns, rows), ...notes.flatMap((n) => ['', n])];
}

export const count = (value: number | null): string =>
  value === null
    ? '–'
    : value.toLocaleString('en-US', { maximumFractionDigits: Math.abs(value) < 1e4 ? 2 : 0 });
