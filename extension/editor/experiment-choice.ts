/** What an A/B experiment can compare on the engine, and the plans that come of it. Pure. */
import { envGates, flagsOf, variants } from '../../engine/host/variants.ts';
import { presets } from '../../engine/host/presets.ts';
import type { ExperimentPlan, ExperimentWork, SideSpec } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { workloadProfiles } from './benchmark-args.ts';

/** Fixed by the workloads' definition, so that operations can be compared by their hash. */
const defaultSeed = 12345;

export interface Sides {
  /** What differs, for the title: `HAKMEM_X 0 → 1`. */
  readonly title: string;
  readonly baseline: SideSpec;
  readonly treatment: SideSpec;
}

export interface Offer<T> {
  readonly label: string;
  readonly description: string;
  readonly value: T;
}

/** Breaks the allocator on purpose; the gates before any timing would refuse it. */
const testFlag = /^ENGINE_TEST_/;

function side(over: Partial<SideSpec>): SideSpec {
  return { target: 'engine', variant: 'standard', preset: null, flags: {}, env: {}, ...over };
}

/** A change as a title shows it. */
function change(name: string, from: string, to: string): string {
  return `${name} ${from} → ${to}`;
}

/** Builds whose flags can be changed one at a time: the package has a module for each. */
export type FlagBuild = 'standard' | 'fast';

function flagsOfBuild(build: FlagBuild): Readonly<Record<string, number>> {
  const variant = variants.find((v) => v.name === build);
  return variant === undefined ? {} : flagsOf(variant, {});
}

/** Compile flags with the values that they have in a build. */
export function flagOffers(
  build: FlagBuild = 'standard',
): Offer<{ readonly name: string; readonly value: number }>[] {
  return Object.entries(flagsOfBuild(build))
    .filter(([name]) => !testFlag.test(name))
    .map(([name, value]) => ({
      label: name,
      description: value === 0 || value === 1 ? `${value} → ${1 - value}` : `default ${value}`,
      value: { name, value },
    }));
}

/**
 * The build's value against another one: in `standard`, whose gates are read at run time and where every layer is in place,
 * or in `fast`, which has neither.
 */
export function flagSides(name: string, treatment: string, build: FlagBuild = 'standard'): Sides {
  const own = flagsOfBuild(build);
  const known = Object.hasOwn(own, name) ? own[name] : undefined;
  if (known === undefined) throw new UserError(`The engine has no compile flag ${name}.`);
  const value = wholeNumber(treatment, `The value of ${name}`, 0, 255);
  if (value === known) throw new UserError(`${name} is ${known} by default: choose another value.`);
  return {
    title: `${change(name, String(known), String(value))}${build === 'standard' ? '' : ` in ${build}`}`,
    baseline: side({ variant: build, flags: { [name]: String(known) } }),
    treatment: side({ variant: build, flags: { [name]: String(value) } }),
  };
}

export function gateOffers(): Offer<string>[] {
  return envGates.map((name) => ({ label: name, description: '', value: name }));
}

/** Pairs of values that most gates have. Null leaves the variable unset. */
export const gateValues: readonly Offer<readonly [string | null, string | null] | null>[] = [
  { label: '0 → 1', description: 'off, then on', value: ['0', '1'] },
  { label: '1 → 0', description: 'on, then off', value: ['1', '0'] },
  { label: 'default → 1', description: 'the baseline leaves it unset', value: [null, '1'] },
  { label: 'default → 0', description: 'the baseline leaves it unset', value: [null, '0'] },
  { label: 'Other values…', description: 'for gates that hold a number or a word', value: null },
];

/** `8 16` or `8, 16` as two values; `-` stands for unset. */
export function parseGateValues(text: string): readonly [string | null, string | null] {
  const words = text.split(/[\s,]+/).filter((w) => w !== '');
  const [a, b] = words;
  if (a === undefined || b === undefined || words.length !== 2) {
    throw new UserError('Write two values, the baseline’s first; - leaves the variable unset.');
  }
  return [a === '-' ? null : a, b === '-' ? null : b];
}

export function gateSides(name: string, values: readonly [string | null, string | null]): Sides {
  if (!envGates.includes(name)) throw new UserError(`The engine reads no gate ${name}.`);
  const [from, to] = values;
  if (from === to) throw new UserError(`Both sides would have the same ${name}: choose two values.`);
  const env = (value: string | null): Record<string, string> => (value === null ? {} : { [name]: value });
  return {
    title: change(name, from ?? 'default', to ?? 'default'),
    baseline: side({ env: env(from) }),
    treatment: side({ env: env(to) }),
  };
}

export function presetOffers(without: string | null = null): Offer<string>[] {
  return presets
    .filter((p) => p.name !== without)
    .map((p) => ({ label: p.name, description: p.purpose, value: p.name }));
}

/** A preset by name, as a side. Throws `UserError` for any other name. */
export function presetSide(name: string): SideSpec {
  const preset = presets.find((p) => p.name === name);
  if (preset === undefined) throw new UserError(`The engine has no preset ${name}.`);
  return side({ variant: preset.variant, preset: preset.name });
}

export function presetSides(baseline: string, treatment: string): Sides {
  return {
    title: change('preset', baseline, treatment),
    baseline: presetSide(baseline),
    treatment: presetSide(treatment),
  };
}

const variantAbout: Readonly<Record<string, string>> = {
  fast: 'every gate a constant, inlined: the speed build',
  'fast-calls': 'malloc and free kept as calls, as a native library is called',
  sampled: 'box functions kept as calls, so that the sampler sees them',
  standard: 'gates read at run time',
  research: 'all telemetry compiled in',
};

export function variantOffers(without: string | null = null): Offer<string>[] {
  return variants
    .filter((v) => v.name !== without)
    .map((v) => ({ label: v.name, description: variantAbout[v.name] ?? '', value: v.name }));
}

export function variantSide(name: string): SideSpec {
  return side({ variant: name });
}

export function variantSides(baseline: string, treatment: string): Sides {
  return {
    title: change('variant', baseline, treatment),
    baseline: variantSide(baseline),
    treatment: variantSide(treatment),
  };
}

const threaded: readonly { readonly name: 'larson' | 'pc' | 'mstress'; readonly about: string }[] = [
  { name: 'larson', about: 'two threads, blocks freed by successors' },
  { name: 'pc', about: 'producer and consumer: every free is remote' },
  { name: 'mstress', about: 'two threads that hand objects over' },
];

function work(workload: ExperimentWork['workload'], profile: string): ExperimentWork {
  return {
    workload,
    profile,
    trace: null,
    iterations: null,
    workingSet: null,
    min: null,
    max: null,
    seed: defaultSeed,
    threads: null,
  };
}

export function workOffers(): Offer<ExperimentWork>[] {
  return [
    ...workloadProfiles.map((p) => ({
      label: `random_mixed: ${p.name}`,
      description: p.about,
      value: work('random_mixed', p.name),
    })),
    ...threaded.map((t) => ({ label: t.name, description: t.about, value: work(t.name, 'mixed') })),
  ];
}

/** `random_mixed:tiny`, `larson`. */
export function workName(w: ExperimentWork): string {
  return w.workload === 'random_mixed' ? `${w.workload}:${w.profile}` : w.workload;
}

/** Percent; null asks for another one. */
export const thresholds: readonly Offer<number | null>[] = [
  { label: '±0.5%', description: 'the documents’ usual threshold', value: 0.5 },
  { label: '±1%', description: 'on a noisy machine', value: 1 },
  { label: '±2%', description: 'as in Phase 64', value: 2 },
  { label: 'Other…', description: '', value: null },
];

/** @throws UserError unless it is a number above 0 and up to 50 */
export function parseThreshold(text: string): number {
  const value = Number(text.trim().replace(/^±/, '').replace(/%$/, ''));
  if (!(value > 0 && value <= 50)) throw new UserError('The threshold is a number above 0 and up to 50.');
  return value;
}

function wholeNumber(text: string, what: string, low: number, high: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < low || value > high) {
    throw new UserError(`${what} is a whole number from ${low} to ${high}.`);
  }
  return value;
}

/** Minutes of a soak. @throws UserError unless it is a number from 0.1 to 1440 */
export function parseMinutes(text: string): number {
  const value = Number(text.trim());
  if (!(value >= 0.1 && value <= 1440)) {
    throw new UserError('The minutes of a soak are a number from 0.1 to 1440 (a day).');
  }
  return value;
}

/** `ab-20261121-213012-3f9c`: in order of time, and different in two windows. */
export function newId(kind: string, now: Date, random: string): string {
  const [date = '', time = ''] = now.toISOString().replace(/[-:]/g, '').split('T');
  return `${kind}-${date}-${time.slice(0, 6)}-${random.slice(0, 4)}`;
}

export function planOf(
  id: string,
  sides: Sides,
  workload: ExperimentWork,
  threshold: number,
  looks: readonly number[],
): ExperimentPlan {
  return {
    id,
    title: `${sides.title} (${workName(workload)})`,
    baseline: sides.baseline,
    treatment: sides.treatment,
    work: workload,
    threshold,
    rule: 'interval',
    looks,
    replay: null,
  };
}
