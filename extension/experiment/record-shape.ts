/**
 * Checks of values from outside against a type: what is wrong is said with its place. The compiler holds each object's
 * checks to the type's required properties, so that one that is added to the model needs a check here to compile.
 */

/** Gives what is wrong with a value, null when nothing is. `of` exists for the compiler only. */
export interface Check<T> {
  (value: unknown, at: string): string | null;
  readonly of?: T;
}

function found(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is null';
  if (Array.isArray(value)) return 'is a list';
  return `is ${typeof value === 'object' ? 'an object' : `a ${typeof value}`}`;
}

const say = (at: string, value: unknown, expected: string): string =>
  `${at} ${found(value)}, not ${expected}`;

export const text: Check<string> = (v, at) => (typeof v === 'string' ? null : say(at, v, 'text'));

export const truth: Check<boolean> = (v, at) => (typeof v === 'boolean' ? null : say(at, v, 'true or false'));

/** JSON writes no infinity, but reads one from 1e999. */
export const figure: Check<number> = (v, at) => {
  if (typeof v !== 'number') return say(at, v, 'a number');
  return Number.isFinite(v) ? null : `${at} is not finite`;
};

export const whole: Check<number> = (v, at) =>
  figure(v, at) ?? (Number.isSafeInteger(v) && Number(v) >= 0 ? null : `${at} is not a whole number from 0`);

/** A date with a time, as `Date.parse` takes it. */
export const time: Check<string> = (v, at) =>
  text(v, at) ??
  (/^\d{4}-\d\d-\d\dT/.test(String(v)) && !Number.isNaN(Date.parse(String(v)))
    ? null
    : `${at} is not a time of ISO 8601`);

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (v, at) => (v === null ? null : check(v, at));
}

export function optional<T>(check: Check<T>): Check<T> {
  return (v, at) => (v === undefined ? null : check(v, at));
}

export function array<T>(check: Check<T>): Check<readonly T[]> {
  return (v, at) => {
    if (!Array.isArray(v)) return say(at, v, 'a list');
    for (const [i, item] of v.entries()) {
      const problem = check(item, `${at}[${i}]`);
      if (problem !== null) return problem;
    }
    return null;
  };
}

/** Lower bound first. */
export const interval: Check<readonly [number, number]> = (v, at) => {
  if (!Array.isArray(v) || v.length !== 2) return say(at, v, 'a pair of numbers');
  const [low, high]: readonly unknown[] = v;
  return (
    figure(low, `${at}[0]`) ??
    figure(high, `${at}[1]`) ??
    (Number(low) <= Number(high) ? null : `${at} has its bounds reversed`)
  );
};

export const texts: Check<Readonly<Record<string, string>>> = (v, at) => {
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return say(at, v, 'an object');
  for (const [name, value] of Object.entries(v)) {
    const problem = text(value, `${at}.${name}`);
    if (problem !== null) return problem;
  }
  return null;
};

/** One of the names; an object, so that the compiler misses those that are left out. */
export function oneOf<T extends string>(names: Readonly<Record<T, true>>): Check<T> {
  return (v, at) =>
    typeof v === 'string' && Object.hasOwn(names, v)
      ? null
      : `${at} ${typeof v === 'string' ? `is '${v.slice(0, 40)}'` : found(v)}, not one of ${Object.keys(names).join(', ')}`;
}

export function exactly<T extends string | number>(value: T): Check<T> {
  return (v, at) => (v === value ? null : `${at} is not ${value}`);
}

type RequiredKeys<T> = { [K in keyof T]-?: Record<never, never> extends Pick<T, K> ? never : K }[keyof T];

/** A check for each property that has to be there. */
type Fields<T> = { readonly [K in RequiredKeys<T>]: Check<T[K]> };

/** Checks of properties that may be absent; those that have none are left alone, as are further properties. */
export function object<T>(
  fields: Fields<T>,
  others: Readonly<Record<string, Check<unknown>>> = {},
): Check<T> {
  const checks: (readonly [string, Check<unknown>])[] = [
    ...Object.entries<Check<unknown>>(fields).filter(([name]) => !Object.hasOwn(others, name)),
    ...Object.entries(others),
  ];
  return (v, at) => {
    if (typeof v !== 'object' || v === null || Array.isArray(v)) return say(at, v, 'an object');
    for (const [name, check] of checks) {
      const problem = check(
        Object.hasOwn(v, name) ? Reflect.get(v, name) : undefined,
        at === '' ? name : `${at}.${name}`,
      );
      if (problem !== null) return problem;
    }
    return null;
  };
}
