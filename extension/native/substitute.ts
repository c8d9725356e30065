/**
 * `${workspaceFolder}`, `${out}` and `${cflags}` in commands, paths and environments of targets: put in as text. make and
 * cmake hand what they are given to shells, so everything that is put into a command is held to characters that no
 * shell and no make reads as anything but themselves.
 */
import path from 'node:path';
import type { TargetConfig, WorkspaceTarget } from '../model-profile.ts';
import { UserError } from '../model.ts';

export interface Variables {
  readonly workspaceFolder: string;
  /** Build folder of this combination of flags; null where nothing is built. */
  readonly out: string | null;
  readonly flags: Readonly<Record<string, string>>;
}

const flagName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const flagValue = /^[A-Za-z0-9_.+-]*$/;
/** Letters of any script too: they mean nothing to a shell. */
const safePath = /^[\p{L}\p{N}\p{M}_.+@,/-]*$/u;
/** Of the environment of a build, which make imports as its variables: `CFLAGS=-O2 -g`. */
const safeValue = /^[\p{L}\p{N}\p{M}_.+@,/=: -]*$/u;
/** What makes a shell, or make itself, run or write something. */
const running = /`|;|&|\||<|>|[\r\n]|\$[({]|\$\$/;

const quoted = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);

/** `-DNAME=VALUE` each. Throws `UserError` for names and values that a shell could read as more than that. */
export function defineArguments(flags: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(flags).map(([name, value]) => {
    if (!flagName.test(name)) {
      throw new UserError(
        `${quoted(name)} is no name of a compile flag: letters, digits and _, no digit first`,
      );
    }
    if (!flagValue.test(value)) {
      throw new UserError(
        `${name}=${quoted(value)}: values of compile flags are letters, digits and _ . + -, since make hands them to a shell`,
      );
    }
    return `-D${name}=${value}`;
  });
}

/** Throws `UserError` for a path that must not stand in a command of make or cmake. */
export function requireSafePath(file: string, what: string): void {
  const odd = [...file].find((c) => !safePath.test(c));
  if (odd === undefined) return;
  throw new UserError(
    `${what} ${quoted(file)} holds ${quoted(odd)}, which make or a shell that it starts would not take as part of a name: build in a folder without it`,
  );
}

/** The environment of a build: make expands what it imports, and its recipes are shell text. */
export function requireSafeEnvironment(env: Readonly<Record<string, string>>, target: string): void {
  for (const [name, value] of Object.entries(env)) {
    const odd = [...value].find((c) => !safeValue.test(c));
    if (odd === undefined) continue;
    throw new UserError(
      `target '${target}': build.env.${name} holds ${quoted(odd)}, which make or a shell that it starts would read as more than text`,
    );
  }
}

const makes = /^(?:[\w.-]*make|ctest|ninja|samu|meson)$/;

/** Arguments of make and its like are shell text in the end; of other programs they are what they are. */
export function requireSafeArguments(command: readonly string[], target: string): void {
  const [program = '', ...args] = command;
  if (!makes.test(path.basename(program))) return;
  for (const argument of args) {
    const found = running.exec(argument)?.[0];
    if (found === undefined) continue;
    throw new UserError(
      `target '${target}': ${quoted(argument)} holds ${quoted(found)}, which ${path.basename(program)} hands to a shell that would act on it`,
    );
  }
}

function put(text: string, variables: Variables, place: string): string {
  return text.replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    if (name === 'workspaceFolder') return variables.workspaceFolder;
    if (name === 'cflags') return defineArguments(variables.flags).join(' ');
    if (name === 'out' && variables.out !== null) return variables.out;
    const known = ['workspaceFolder', ...(variables.out === null ? [] : ['out']), 'cflags'];
    throw new UserError(
      `${place}: ${whole} is not known here; known are ${known.map((k) => `\${${k}}`).join(', ')}`,
    );
  });
}

/** Elements of a command; one that is `${cflags}` alone becomes one element for each flag. */
export function substituteCommand(command: readonly string[], variables: Variables, place: string): string[] {
  return command.flatMap((element) =>
    element === `\${cflags}` ? defineArguments(variables.flags) : [put(element, variables, place)],
  );
}

/** An absolute path; relative ones begin at the workspace folder. */
export function substitutePath(file: string, variables: Variables, place: string): string {
  return path.resolve(variables.workspaceFolder, put(file, variables, place));
}

export function substituteEnvironment(
  env: Readonly<Record<string, string>>,
  variables: Variables,
  place: string,
): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(env)) out[name] = put(value, variables, `${place}.${name}`);
  return out;
}

function commandTexts(build: NonNullable<TargetConfig['build']>): readonly string[] {
  return [...[build.command, ...(build.next ?? [])].flat(), ...Object.values(build.env)];
}

/** Why a target is always run as it was built, a clause; null when compile flags may be given. */
export function flagsRefusal({ config }: Pick<WorkspaceTarget, 'config'>): string | null {
  if (config.build === null) return 'it is not built here';
  const texts = commandTexts(config.build);
  if (!texts.some((t) => t.includes(`\${cflags}`))) return `its build command takes no \${cflags}`;
  if (!texts.some((t) => t.includes(`\${out}`))) {
    return `it is built in its own folder (no \${out}), where two builds would overwrite each other`;
  }
  return null;
}

/** Whether the target has a build folder of ours for each combination of flags. */
export function buildsOutOfSource({ config }: Pick<WorkspaceTarget, 'config'>): boolean {
  return config.build !== null && commandTexts(config.build).some((t) => t.includes(`\${out}`));
}

/** A command as it could be typed: for reading, nothing is ever run from it. */
export function commandText(command: readonly string[]): string {
  return command
    .map((element) =>
      /^[A-Za-z0-9_@%+=:,./-]+$/.test(element) ? element : `'${element.replaceAll("'", "'\\''")}'`,
    )
    .join(' ');
}
