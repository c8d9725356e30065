/** Figures as people read them. */
import type { Activity, SourceLocation } from '../../extension/model.ts';

export function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

export function signedPercent(value: number): string {
  return `${value > 0 ? '+' : ''}${String(Number(value.toFixed(2)))}%`;
}

export function speed(opsPerSecond: number): string {
  if (opsPerSecond >= 1e6) return `${(opsPerSecond / 1e6).toFixed(2)} M ops/s`;
  if (opsPerSecond >= 1e3) return `${(opsPerSecond / 1e3).toFixed(1)} k ops/s`;
  return `${opsPerSecond.toFixed(1)} ops/s`;
}

export function number(n: number): string {
  return n.toLocaleString('en-US');
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${number(n)} ${n === 1 ? one : many}`;
}

export function place(at: SourceLocation): string {
  return `${at.file}:${at.line}`;
}

/** `file.c:12` without the folders, for narrow columns. */
export function shortPlace(at: { readonly file: string; readonly line: number }): string {
  return `${at.file.slice(at.file.lastIndexOf('/') + 1)}:${at.line}`;
}

export function activity(value: Activity): string {
  return value.decidedBy === null ? value.state : `${value.state}: ${value.decidedBy}`;
}

/** `+73.17`, `-12.40`; zero has no sign. */
export function signed(value: number, places = 2): string {
  const text = value.toFixed(places);
  const zero = Number(text) === 0;
  return zero ? (0).toFixed(places) : `${value > 0 ? '+' : ''}${text}`;
}

/** An effect, always signed and with two decimals: `+1.07%`; – where there is none. */
export function effect(value: number | null): string {
  if (value === null) return '–';
  const text = value.toFixed(2);
  return `${value > 0 ? '+' : ''}${text === '-0.00' ? '0.00' : text}%`;
}

/** `[+0.80, +1.34]`, percent. */
export function interval(value: readonly [number, number] | null): string {
  if (value === null) return '–';
  const bound = (n: number): string => effect(n).slice(0, -1);
  return `[${bound(value[0])}, ${bound(value[1])}]`;
}

/** A figure or – where there is none. */
export function orDash<T, R = string>(value: T | null, text: (value: T) => R): R | string {
  return value === null ? '–' : text(value);
}

export function bytes(n: number): string {
  if (n >= 1024 * 1024) return `${(n / 1024 / 1024).toFixed(1)} MiB`;
  if (n >= 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${n} B`;
}

/** `20 Nov 2026, 10:31`; the text itself when it is no date. */
export function dateTime(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.valueOf())
    ? iso
    : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
