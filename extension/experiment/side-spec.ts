/** Sides of an experiment as people write them: `TARGET[:VARIANT][,FLAG=V...][,env:NAME=V...]`, or `preset:NAME[,...]`. */
import type { SideSpec } from '../model-experiment.ts';
import { UserError } from '../model.ts';

/** The part of an engine preset that a side takes over. */
export interface SidePreset {
  readonly variant: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags: Readonly<Record<string, string>>;
}

/** Throws `UserError` for names that are none. */
export type PresetLookup = (name: string) => SidePreset;

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;
const form = 'TARGET[:VARIANT][,FLAG=VALUE...][,env:NAME=VALUE...], as in engine:standard,env:HAKMEM_LEARN=1';

function quoted(text: string): string {
  return `'${text.length > 80 ? `${text.slice(0, 79)}…` : text}'`;
}

/** Pairs as a record without a prototype, so that no name is special. */
function record(pairs: ReadonlyMap<string, string>): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [name, value] of pairs) out[name] = value;
  return out;
}

/** `TARGET[:VARIANT]`. A path may hold colons: it has no variants. */
function splitHead(head: string): { readonly target: string; readonly variant: string } {
  const at = head.lastIndexOf(':');
  if (at < 0 || head.includes('/')) return { target: head, variant: '' };
  return { target: head.slice(0, at), variant: head.slice(at + 1) };
}

/** One `FLAG=V` or `env:NAME=V` behind the head, into the map that it belongs to. */
function setting(
  part: string,
  say: (problem: string) => never,
  flags: Map<string, string>,
  env: Map<string, string>,
): void {
  const gate = part.startsWith('env:');
  const pair = gate ? part.slice(4) : part;
  const at = pair.indexOf('=');
  const name = at < 0 ? pair : pair.slice(0, at);
  if (part === '') say('nothing stands between two commas');
  if (at < 0 || !identifier.test(name)) say(`${quoted(part)} is neither FLAG=VALUE nor env:NAME=VALUE`);
  const into = gate ? env : flags;
  if (into.has(name)) say(`${name} is there twice`);
  into.set(name, pair.slice(at + 1));
}

/**
 * A side from its text; the target's names, flags and gates are judged by the target. The variant is empty where the text
 * names none (see `withVariants`). A preset's settings are in `env` and `flags`, with the text's own on top.
 *
 * @param option how messages call it, `--baseline`
 * @throws UserError with what would be right
 */
export function parseSide(option: string, text: string, preset: PresetLookup): SideSpec {
  const say = (problem: string): never => {
    throw new UserError(`${option} ${quoted(text)}: ${problem}; write it as ${form}`);
  };
  const [head = '', ...rest] = text.split(',').map((part) => part.trim());
  const named = head.startsWith('preset:') ? head.slice('preset:'.length) : null;
  const { target, variant } = named === null ? splitHead(head) : { target: 'engine', variant: '' };
  if (target === '' || named === '') say('the target is missing');
  if (head.endsWith(':') || head.includes('=')) say(`${quoted(head)} is no target`);
  const flags = new Map<string, string>();
  const env = new Map<string, string>();
  for (const part of rest) setting(part, say, flags, env);
  if (named === null) return { target, variant, preset: null, flags: record(flags), env: record(env) };
  const { variant: own, ...base } = preset(named);
  return {
    target,
    variant: own,
    preset: named,
    flags: record(new Map([...Object.entries(base.flags), ...flags])),
    env: record(new Map([...Object.entries(base.env), ...env])),
  };
}

/**
 * Both sides with their variants. The engine's default is `fast`, and `standard` for both sides as soon as one of them
 * names a gate: `fast` has its gates fixed, and a gate compared across two variants would compare the variants.
 */
export function withVariants(
  baseline: SideSpec,
  treatment: SideSpec,
): { readonly baseline: SideSpec; readonly treatment: SideSpec } {
  const gates = [baseline, treatment].some((s) => s.target === 'engine' && Object.keys(s.env).length > 0);
  const fill = (side: SideSpec): SideSpec => {
    if (side.variant !== '') return side;
    return { ...side, variant: side.target !== 'engine' ? 'native' : gates ? 'standard' : 'fast' };
  };
  return { baseline: fill(baseline), treatment: fill(treatment) };
}

/** `engine standard, HAKMEM_X=1, env HAKMEM_Y=0`; of a preset its name and what differs from its settings. */
export function sideLabel(side: SideSpec, preset: PresetLookup): string {
  const base = side.preset === null ? null : preset(side.preset);
  const own = (
    settings: Readonly<Record<string, string>>,
    given: Readonly<Record<string, string>> | undefined,
  ): [string, string][] => Object.entries(settings).filter(([name, value]) => given?.[name] !== value);
  return [
    `${side.target} ${side.variant}`.trim(),
    ...(side.preset === null ? [] : [`preset ${side.preset}`]),
    ...own(side.flags, base?.flags).map(([name, value]) => `${name}=${value}`),
    ...own(side.env, base?.env).map(([name, value]) => `env ${name}=${value}`),
  ].join(', ');
}
