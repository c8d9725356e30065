/** What an A/B experiment can compare of a target of the workspace, and the sides that come of it. Pure. */
import type { SideSpec } from '../model-experiment.ts';
import type { WorkspaceTarget } from '../model-profile.ts';
import { type Findings, type Gate, UserError } from '../model.ts';
import { flagsRefusal } from '../native/substitute.ts';
import type { Offer, Sides } from './experiment-choice.ts';

export type NativeDifference = 'native-flag' | 'native-env' | 'native-other';

/** A gate of the sources with its default as a value, null when that is not known. */
export interface NativeGate {
  readonly name: string;
  readonly default: string | null;
}

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

function side(target: string, over: Partial<SideSpec> = {}): SideSpec {
  return { target, variant: 'native', preset: null, flags: {}, env: {}, ...over };
}

/** What can differ, for the workspace's targets; nothing without one. */
export function nativeDifferences(own: readonly WorkspaceTarget[]): Offer<NativeDifference>[] {
  const [first] = own;
  if (first === undefined) return [];
  const { name } = first.config;
  const built = own.some((t) => flagsRefusal(t) === null);
  const offers: Offer<NativeDifference>[] = [
    {
      label: `${name}: environment`,
      description: 'one value of a variable against another, on your own build',
      value: 'native-env',
    },
    {
      label: `${name}: another allocator`,
      description: 'your own build against another target',
      value: 'native-other',
    },
  ];
  return built
    ? [
        {
          label: `${name}: two builds`,
          description: 'a compile flag against its default, both built from your sources',
          value: 'native-flag',
        },
        ...offers,
      ]
    : offers;
}

function settingOf(gate: Gate): string | null {
  return gate.default === 'off' ? '0' : gate.default === 'on' ? '1' : gate.default;
}

/** Gates of one kind that the analysis found, each name once, hot ones first. */
export function gateOffersOf(findings: Findings | null, kind: Gate['kind']): Offer<NativeGate>[] {
  const gates = (findings?.gates ?? []).filter((g) => g.kind === kind && g.name !== null);
  const ordered = [...gates.filter((g) => g.hot), ...gates.filter((g) => !g.hot)];
  const seen = new Set<string>();
  return ordered.flatMap((gate) => {
    const name = gate.name ?? '';
    if (seen.has(name) || !identifier.test(name)) return [];
    seen.add(name);
    const value = settingOf(gate);
    const description =
      value === null
        ? ''
        : value === '0' || value === '1'
          ? `${value} → ${1 - Number(value)}`
          : `default ${value}`;
    return [{ label: name, description, value: { name, default: value } }];
  });
}

/** `NAME` or `NAME=VALUE`, as typed where the analysis names no gate. */
export function parseSetting(text: string): { readonly name: string; readonly value: string } {
  const [name = '', ...rest] = text.trim().split('=');
  const value = rest.length === 0 ? '1' : rest.join('=');
  if (!identifier.test(name)) throw new UserError('Write NAME or NAME=VALUE.');
  return { name, value };
}

/** The build as it is against the one with a flag. */
export function nativeFlagSides(target: string, name: string, value: string): Sides {
  return {
    title: `${target}: ${name} default → ${value}`,
    baseline: side(target),
    treatment: side(target, { flags: { [name]: value } }),
  };
}

/** One build in two environments; null leaves the variable as it is. */
export function nativeEnvSides(
  target: string,
  name: string,
  [from, to]: readonly [string | null, string | null],
): Sides {
  if (from === to) throw new UserError(`Both sides would have the same ${name}: choose two values.`);
  const env = (value: string | null): Record<string, string> => (value === null ? {} : { [name]: value });
  return {
    title: `${target}: ${name} ${from ?? 'default'} → ${to ?? 'default'}`,
    baseline: side(target, { env: env(from) }),
    treatment: side(target, { env: env(to) }),
  };
}

/** What a target can be held against; the other one is the baseline. */
export function otherOffers(own: readonly WorkspaceTarget[], target: string): Offer<SideSpec>[] {
  return [
    ...own
      .filter((t) => t.config.name !== target)
      .map((t) => ({
        label: t.config.name,
        description: 'a target of this workspace',
        value: side(t.config.name),
      })),
    { label: 'system', description: 'the system’s own malloc', value: side('system') },
    {
      label: 'engine',
      description: 'the built-in engine, malloc and free kept as calls',
      value: side('engine', { variant: 'fast-calls' }),
    },
  ];
}

export function otherSides(target: string, other: SideSpec): Sides {
  return { title: `${other.target} → ${target}`, baseline: other, treatment: side(target) };
}
