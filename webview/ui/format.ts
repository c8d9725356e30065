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
