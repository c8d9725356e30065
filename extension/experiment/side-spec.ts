/** Sides of an experiment as people write them: `TARGET[:VARIANT][,FLAG=V...][,env:NAME=V...]`, or `preset:NAME[,...]`. */
import type { SideSpec } from '../model-experiment.ts';
import { UserError } from '../model.ts';

/** The variant of an engine preset. Throws `UserError` for names that are none. */
export type PresetVariant = (name: string) => string;

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
 * A side from its text; the target's names, flags and gates are judged by the target, a preset's name and settings by the
 * engine. The variant is empty where the text names none (see `withVariants`); `flags` and `env` are the text's own, on top
 * of the preset's.
 *
 * @param option how messages call it, `--baseline`
 * @throws UserError with what would be right
 */
export function parseSide(option: string, text: string): SideSpec {
  const say = (problem: string): never => {
    throw new UserError(`${option} ${quoted(text)}: ${problem}; write it as ${form}`);
  };
  const [head = '', ...rest] = text.split(',').map((part) => part.trim());
  const preset = head.startsWith('preset:') ? head.slice('preset:'.length) : null;
  const { target, variant } = preset === null ? splitHead(head) : { target: 'engine', variant: '' };
  if (target === '' || preset === '') say('the target is missing');
  if (head.endsWith(':') || head.includes('=')) say(`${quoted(head)} is no target`);
  const flags = new Map<string, string>();
  const env = new Map<string, string>();
  for (const part of rest) setting(part, say, flags, env);
  return { target, variant, preset, flags: record(flags), env: record(env) };
}

/**
 * Both sides with their variants: a preset's own, else that of a preset on the other side, else `fast`, and `standard` for
 * both as soon as one of them names a gate. `fast` has its gates fixed, and a gate compared across two variants would
 * compare the variants.
 */
export function withVariants(
  baseline: SideSpec,
  treatment: SideSpec,
  variantOf: PresetVariant,
): { readonly baseline: SideSpec; readonly treatment: SideSpec } {
  const sides = [baseline, treatment].filter((s) => s.target === 'engine');
  const preset = sides.find((s) => s.preset !== null)?.preset ?? null;
  const gates = sides.some((s) => Object.keys(s.env).length > 0);
  const fill = (side: SideSpec): SideSpec => {
    if (side.variant !== '') return side;
    if (side.target !== 'engine') return { ...side, variant: 'native' };
    const from = side.preset ?? preset;
    return { ...side, variant: from !== null ? variantOf(from) : gates ? 'standard' : 'fast' };
  };
  return { baseline: fill(baseline), treatment: fill(treatment) };
}
