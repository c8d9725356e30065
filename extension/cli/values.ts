/** Values of options: each parser gives the value or throws one clear line with what would be right. */
import { UserError } from '../model.ts';

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Quoted for a message, cut when it is long. */
export function quoted(text: string): string {
  return `'${text.length > 60 ? `${text.slice(0, 59)}…` : text}'`;
}

/** `N[=V]`, V defaults to 1 as for a compiler's -D. */
export function parseDefine(option: string, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (!identifier.test(name)) {
    throw new UserError(`${option} ${quoted(text)}: a name has to be a C identifier, as in ${option} NAME=1`);
  }
  return [name, at < 0 ? '1' : text.slice(at + 1)];
}

/** `N=V`; the value may be empty. */
export function parseAssignment(option: string, text: string): readonly [string, string] {
  const at = text.indexOf('=');
  const name = at < 0 ? text : text.slice(0, at);
  if (at < 0 || !identifier.test(name)) {
    throw new UserError(`${option} ${quoted(text)}: write it as ${option} NAME=VALUE`);
  }
  return [name, text.slice(at + 1)];
}

/** Pairs as a record without a prototype, so that no name is special; a later one wins. */
export function toRecord(pairs: readonly (readonly [string, string])[]): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) out[name] = value;
  return out;
}

/** A whole number within [low, high]; `_` may group digits. */
export function parseWhole(option: string, text: string, low: number, high: number): number {
  const digits = text.trim().replace(/(?<=\d)_(?=\d)/g, '');
  const value = /^\d{1,16}$/.test(digits) ? Number(digits) : Number.NaN;
  if (!(value >= low && value <= high)) {
    throw new UserError(
      `${option} ${quoted(text)}: expected a whole number from ${low} to ${high.toLocaleString('en-US')}`,
    );
  }
  return value;
}

/** One of the names in `allowed`. */
export function parseChoice<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((a) => a === text);
  if (found === undefined) {
    throw new UserError(`${option} ${quoted(text)}: expected ${allowed.join(', ')}`);
  }
  return found;
}
