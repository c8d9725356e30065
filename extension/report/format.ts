/** Figures and words as people read them; shared by the exporters. */

const smallNumbers = [
  'no',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
];

/** `three wrappers`, `1,024 sites`: words up to twelve. `many` defaults to `one` + s. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${smallNumbers[n] ?? n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

/** Figures always in digits: `3 sites`, `1,024 sites`. */
export function digits(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

/** A share of 0..100 with two decimals. */
export function percent(value: number): string {
  return `${value.toFixed(2)}%`;
}

/** `+12%`, `-0.4%`: at most two decimals. */
export function signedPercent(value: number): string {
  return `${value > 0 ? '+' : ''}${String(Number(value.toFixed(2)))}%`;
}

/** Operations per second: `64.1 M ops/s`, `950.0 k ops/s`. */
export function speed(opsPerSecond: number): string {
  if (opsPerSecond >= 1e6) return `${(opsPerSecond / 1e6).toFixed(2)} M ops/s`;
  if (opsPerSecond >= 1e3) return `${(opsPerSecond / 1e3).toFixed(1)} k ops/s`;
  return `${opsPerSecond.toFixed(1)} ops/s`;
}

/** `4.0 KiB`, `1.5 MiB`. */
export function bytes(n: number): string {
  if (n >= 1024 * 1024) return `${(n / 1024 / 1024).toFixed(1)} MiB`;
  if (n >= 1024) return `${(n / 1024).toFixed(1)} KiB`;
  return `${n} B`;
}

/** Control characters, escape sequences included, never reach a terminal or a table from a source text. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ');
}

/** Cut to `width` characters with an ellipsis. */
export function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
