/**
 * Targets as the user writes them (`allocLens.targets`, `alloc-lens.json`) -> `TargetConfig`. Whatever does not fit is
 * refused with its place, never guessed; one bad target leaves the others alone.
 */
import type { TargetConfig, ThroughputRule } from '../model-profile.ts';
import { UserError } from '../model.ts';
import { checkRule } from './throughput.ts';

export interface ParsedTargets {
  readonly targets: readonly TargetConfig[];
  /** One line each: file or setting, target, field, what is wrong. */
  readonly problems: readonly string[];
}

/** Names that mean something already; a target of that name could not be asked for. */
export const reservedNames: readonly string[] = [
  'engine',
  'system',
  'glibc',
  'libc',
  'mimalloc',
  'jemalloc',
  'tcmalloc',
  'tcmalloc_minimal',
  'preset',
  'env',
];

const mostTargets = 100;
const mostElements = 200;
const mostText = 4096;
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}$/;
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const units: readonly ThroughputRule['unit'][] = ['ops/s', 'Kops/s', 'Mops/s', 'ns/op', 'us/op', 'seconds'];

/** Shown values stay on one line and short. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** A field of a target, with what messages call it. */
class Field {
  readonly #value: unknown;
  readonly #place: string;

  constructor(value: unknown, place: string) {
    this.#value = value;
    this.#place = place;
  }

  fail(problem: string): never {
    throw new UserError(`${this.#place}: ${problem}`);
  }

  get absent(): boolean {
    return this.#value === undefined || this.#value === null;
  }

  /** The members of an object, none but `known`. */
  members<K extends string>(known: readonly K[]): (name: K) => Field {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail(`an object is expected, not ${shown(value)}`);
    }
    const stranger = Object.keys(value).find((key) => !known.some((k) => k === key));
    if (stranger !== undefined) this.fail(`${shown(stranger)} is no field; known are ${known.join(', ')}`);
    const own = (name: string): unknown =>
      Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
    return (name) => new Field(own(name), `${this.#place}.${name}`);
  }

  text(): string {
    const value = this.#value;
    if (typeof value !== 'string') return this.fail(`a text is expected, not ${shown(value)}`);
    if (value === '') return this.fail('it is empty');
    return this.#checked(value);
  }

  #checked(value: string): string {
    if (value.length > mostText) this.fail(`it is longer than ${mostText} characters`);
    if (value.includes('\0')) this.fail('it holds a NUL character, which no program can be given');
    return value;
  }

  optionalText(): string | null {
    return this.absent ? null : this.text();
  }

  /** An argument vector. */
  command(): readonly string[] {
    const value = this.#value;
    if (typeof value === 'string') {
      return this.fail(
        'a command is a list of a program and its arguments, as in ["make", "all"]: no shell reads it',
      );
    }
    if (!Array.isArray(value)) return this.fail(`a list of texts is expected, not ${shown(value)}`);
    const all: readonly unknown[] = value;
    if (all.length === 0) this.fail('it is empty: the program is missing');
    if (all.length > mostElements) this.fail(`it has more than ${mostElements} elements`);
    return all.map((element, i) => {
      if (typeof element !== 'string') return this.fail(`element ${i + 1} is ${shown(element)}, not a text`);
      if (i === 0 && element.trim() === '') this.fail('the program is missing');
      if (i === 0 && element.startsWith('-')) this.fail(`${shown(element)} is an option, not a program`);
      return this.#checked(element);
    });
  }

  commands(): readonly (readonly string[])[] {
    const value = this.#value;
    if (!Array.isArray(value)) return this.fail(`a list of commands is expected, not ${shown(value)}`);
    const all: readonly unknown[] = value;
    if (all.length > 20) this.fail('it has more than 20 commands');
    return all.map((command, i) => new Field(command, `${this.#place}[${i}]`).command());
  }

  /** Names and values, in a record without a prototype, so that no name is special. */
  texts(names: RegExp | null, what: string): Readonly<Record<string, string>> {
    const out: Record<string, string> = Object.create(null);
    if (this.absent) return out;
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.fail(`an object of ${what} is expected, not ${shown(value)}`);
    }
    const pairs = Object.entries(value);
    if (pairs.length > mostElements) this.fail(`it has more than ${mostElements} entries`);
    for (const [name, raw] of pairs) {
      if (name === '' || (names !== null && !names.test(name))) {
        this.fail(`${shown(name)} is no name of a variable`);
      }
      if (typeof raw !== 'string') this.fail(`${shown(name)} is ${shown(raw)}, not a text`);
      out[name] = this.#checked(raw as string);
    }
    return out;
  }

  wholeOrNull(): number | null {
    const value = this.#value;
    if (this.absent) return null;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
    return this.fail(`a whole number above 0 is expected, not ${shown(value)}`);
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const found = allowed.find((a) => a === this.#value);
    return found ?? this.fail(`${allowed.join(', ')} are expected, not ${shown(this.#value)}`);
  }
}

function parseRule(field: Field): ThroughputRule {
  const at = field.members(['pattern', 'unit', 'operations']);
  const rule: ThroughputRule = {
    pattern: at('pattern').text(),
    unit: at('unit').oneOf(units),
    operations: at('operations').wholeOrNull(),
  };
  const problem = checkRule(rule);
  if (problem !== null) at(problem.field).fail(problem.text);
  return rule;
}

function parseBuild(field: Field): TargetConfig['build'] {
  if (field.absent) return null;
  const at = field.members(['command', 'next', 'cwd', 'env']);
  const next = at('next').absent ? null : at('next').commands();
  return {
    command: at('command').command(),
    ...(next === null ? {} : { next }),
    cwd: at('cwd').optionalText(),
    env: at('env').texts(identifier, 'environment variables'),
  };
}

function parseRun(field: Field): TargetConfig['run'] {
  if (field.absent) return null;
  const at = field.members(['command', 'throughput']);
  return { command: at('command').command(), throughput: parseRule(at('throughput')) };
}

const fields = ['name', 'build', 'preload', 'run', 'cwd', 'env', 'sourceMap'] as const;

/** Longest first, so that the most exact one is met first. */
function sortedMap(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const out: Record<string, string> = Object.create(null);
  for (const [from, to] of Object.entries(map).sort(([a], [b]) => b.length - a.length)) out[from] = to;
  return out;
}

function parseTarget(value: unknown, place: string): TargetConfig {
  const whole = new Field(value, place);
  const named = whole.members(fields)('name');
  const name = named.text();
  if (!namePattern.test(name)) {
    named.fail(
      `${shown(name)} is no name: letters, digits and _ . + - (at most 64, none of . + - at the beginning)`,
    );
  }
  if (reservedNames.includes(name)) named.fail(`'${name}' has a meaning of its own: choose another name`);
  const at = new Field(value, `${place} '${name}'`).members(fields);
  const preload = at('preload').optionalText();
  const run = parseRun(at('run'));
  if (preload === null && run === null) {
    at('preload').fail('give the library to preload, or in run a program of your own');
  }
  if (preload !== null && run !== null) at('preload').fail('a target has either preload or run, not both');
  return {
    name,
    build: parseBuild(at('build')),
    preload,
    run,
    cwd: at('cwd').optionalText(),
    env: at('env').texts(identifier, 'environment variables'),
    sourceMap: sortedMap(at('sourceMap').texts(null, 'paths')),
  };
}

/**
 * A list of targets.
 *
 * @param source what messages call the place: `alloc-lens.json`, `allocLens.targets`
 */
export function parseTargetList(value: unknown, source: string): ParsedTargets {
  if (value === undefined || value === null) return { targets: [], problems: [] };
  if (!Array.isArray(value)) {
    return { targets: [], problems: [`${source}: a list of targets is expected, not ${shown(value)}`] };
  }
  const all: readonly unknown[] = value;
  if (all.length > mostTargets) {
    return { targets: [], problems: [`${source}: ${all.length} targets, at most ${mostTargets} are read`] };
  }
  const targets: TargetConfig[] = [];
  const problems: string[] = [];
  for (const [i, element] of all.entries()) {
    try {
      const target = parseTarget(element, `${source}: target ${i + 1}`);
      if (targets.some((t) => t.name === target.name)) {
        problems.push(
          `${source}: target ${i + 1}.name: '${target.name}' is there twice, the first one counts`,
        );
      } else targets.push(target);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  return { targets, problems };
}

/** The text of an `alloc-lens.json`. */
export function parseTargetsFile(text: string, source: string): ParsedTargets {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    const what = text.trim() === '' ? 'it is empty' : `it is not JSON (${why.slice(0, 120)})`;
    return { targets: [], problems: [`${source}: ${what}`] };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {
      targets: [],
      problems: [`${source}: an object with "targets" is expected, not ${shown(value)}`],
    };
  }
  const stranger = Object.keys(value).find((key) => key !== 'targets' && key !== '$schema');
  const parsed = parseTargetList(
    Object.hasOwn(value, 'targets') ? Reflect.get(value, 'targets') : undefined,
    source,
  );
  return stranger === undefined
    ? parsed
    : {
        ...parsed,
        problems: [`${source}: ${shown(stranger)} is no field; known is targets`, ...parsed.problems],
      };
}
