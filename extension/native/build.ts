/**
 * Builds a target: argument vectors, never a shell, one folder for each combination of compile flags. The command runs
 * each time, and make decides what there is to do.
 */
import { createHash } from 'node:crypto';
import { mkdir, opendir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildProblem, WorkspaceTarget } from '../model-profile.ts';
import { UserError } from '../model.ts';
import { BuildProblems } from './build-problems.ts';
import { abortError, oneLine, runProcess } from './process.ts';
import {
  buildsOutOfSource,
  commandText,
  flagsRefusal,
  requireSafeArguments,
  requireSafeEnvironment,
  requireSafePath,
  substituteCommand,
  substituteEnvironment,
  substitutePath,
  type Variables,
} from './substitute.ts';

/** A command as it is run: nothing of it is left to be replaced. */
export interface ExactCommand {
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** On top of this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** An exact command with its folder and environment as it could be typed; for reading and for being remembered. */
export function exactText({ command, cwd, env }: ExactCommand): string {
  const settings = Object.entries(env).map(([name, value]) => commandText([`${name}=${value}`]));
  return [`cd ${commandText([cwd])} &&`, ...settings, commandText(command)].join(' ');
}

export interface BuildPlan {
  readonly commands: readonly ExactCommand[];
  readonly variables: Variables;
}

export interface BuildHooks {
  readonly signal?: AbortSignal | undefined;
  /** Each line that the build prints, and each command before it runs. */
  readonly onLine?: (line: string) => void;
}

export interface BuildReport {
  readonly problems: readonly BuildProblem[];
  /** Null when it succeeded, else one line. */
  readonly failure: string | null;
}

/** Below a workspace folder. */
const buildFolder = path.join('.alloc-lens', 'build');

/** Name of the folder of one combination: the target's name, and a hash of everything that the build is told. */
function outFolder(target: WorkspaceTarget, flags: Readonly<Record<string, string>>): string {
  const { name, build } = target.config;
  const told = JSON.stringify([
    build?.command,
    build?.next ?? [],
    build?.cwd,
    Object.entries(build?.env ?? {}).sort(),
    Object.entries(flags).sort(),
  ]);
  const hash = createHash('sha256').update(told).digest('hex').slice(0, 12);
  return path.join(target.folder, buildFolder, `${name}-${hash}`);
}

/** What stands for `${...}` in this target with these flags. Throws `UserError` for flags that it cannot have. */
export function variablesOf(target: WorkspaceTarget, flags: Readonly<Record<string, string>>): Variables {
  const [flag] = Object.keys(flags);
  const refusal = flagsRefusal(target);
  if (flag !== undefined && refusal !== null) {
    throw new UserError(`${flag} is a compile flag, and ${target.config.name} has none: ${refusal}`);
  }
  const out = buildsOutOfSource(target) ? outFolder(target, flags) : null;
  return { workspaceFolder: target.folder, out, flags };
}

/**
 * The commands of a build, null for a target that is not built.
 *
 * @throws UserError for flags, paths and environments that must not come near a shell
 */
export function planBuild(
  target: WorkspaceTarget,
  flags: Readonly<Record<string, string>>,
): BuildPlan | null {
  const variables = variablesOf(target, flags);
  const { name, build, cwd: own } = target.config;
  if (build === null) return null;
  const place = `target '${name}'`;
  const cwd = substitutePath(build.cwd ?? own ?? '.', variables, `${place}: build.cwd`);
  requireSafePath(target.folder, 'the workspace folder');
  requireSafePath(cwd, `${place}: its build folder`);
  const env = substituteEnvironment(build.env, variables, `${place}: build.env`);
  requireSafeEnvironment(env, name);
  const commands = [build.command, ...(build.next ?? [])].map((command) => {
    const exact = substituteCommand(command, variables, `${place}: build.command`);
    requireSafeArguments(exact, name);
    return { command: exact, cwd, env };
  });
  return { commands, variables };
}

const sourceFile = /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|s|inc|in|am|mk|cmake|o|a|so)$/i;
const skipped = new Set(['.git', '.alloc-lens', 'node_modules']);
const mostEntries = 20_000;
const mostDepth = 8;
/** What makes a shell run or write something when make puts a file's name into a recipe. */
const running = /[`$;&|<>\r\n]/;

/** The first source file or folder whose name a shell would act on; makefiles list files by pattern. Null when none is. */
async function actingName(folder: string): Promise<string | null> {
  let left = mostEntries;
  const walk = async (dir: string, depth: number): Promise<string | null> => {
    let entries: Awaited<ReturnType<typeof opendir>>;
    try {
      entries = await opendir(dir);
    } catch {
      return null;
    }
    const below: string[] = [];
    for await (const entry of entries) {
      if (left-- <= 0) return null;
      const folderLike = entry.isDirectory();
      if (skipped.has(entry.name)) continue;
      const at = path.join(dir, entry.name);
      if ((folderLike || sourceFile.test(entry.name)) && running.test(entry.name)) return at;
      if (folderLike && depth < mostDepth) below.push(at);
    }
    for (const at of below) {
      const found = await walk(at, depth + 1);
      if (found !== null) return found;
    }
    return null;
  };
  return walk(folder, 0);
}

/** Creates the build folder, with a `.gitignore` beside it that leaves all builds out. */
async function prepareOut(out: string): Promise<void> {
  const above = path.dirname(out);
  try {
    await mkdir(out, { recursive: true });
    await writeFile(path.join(above, '.gitignore'), '*\n', { flag: 'wx' });
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'EEXIST') return;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`the build folder cannot be made: ${why}`, 3);
  }
}

/** This process's environment without what a make around it left, and with messages that can be read. */
function buildEnvironment(env: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { MAKEFLAGS: _flags, MFLAGS: _short, MAKELEVEL: _level, LD_PRELOAD: _preload, ...rest } = process.env;
  return { ...rest, ...env, LC_ALL: 'C', GCC_COLORS: '', CLICOLOR_FORCE: '' };
}

/**
 * Runs a build to its end or its first failing command.
 *
 * @throws an AbortError when the signal is raised, after the whole process group has ended; `UserError` when nothing can
 * be run at all. A build that fails is a report with a failure.
 */
export async function runBuild(plan: BuildPlan, name: string, hooks: BuildHooks): Promise<BuildReport> {
  const [first] = plan.commands;
  if (first === undefined) return { problems: [], failure: null };
  const isFolder = await stat(first.cwd).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (!isFolder)
    throw new UserError(`target '${name}': ${first.cwd} is no folder: nothing can be built there`);
  const odd = await actingName(first.cwd);
  if (odd !== null) {
    throw new UserError(
      `${JSON.stringify(odd)} has a name that a shell acts on when make lists files: rename it before building ${name}`,
    );
  }
  if (plan.variables.out !== null) await prepareOut(plan.variables.out);
  const problems = new BuildProblems(first.cwd);
  const onLine = (line: string): void => {
    problems.line(line);
    hooks.onLine?.(line);
  };
  for (const { command, cwd, env } of plan.commands) {
    const [program = '', ...args] = command;
    hooks.onLine?.(`$ ${commandText(command)}`);
    const outcome = await runProcess(program, args, {
      env: buildEnvironment(env),
      cwd,
      signal: hooks.signal,
      group: true,
      onOutputLine: onLine,
      onErrorLine: onLine,
    });
    if (hooks.signal?.aborted) throw abortError();
    if (outcome.startError !== null) {
      throw new UserError(
        `${name} cannot be built: \`${oneLine(program)}\` cannot be started (${outcome.startError})`,
        3,
      );
    }
    if (outcome.status !== 0) {
      const how = outcome.signal === null ? `exit status ${outcome.status}` : outcome.signal;
      const said = problems.summary(cwd) ?? outcome.stderr.trim().split('\n').at(-1)?.slice(0, 300) ?? '';
      return { problems: problems.problems, failure: `${how}${said === '' ? '' : `: ${said}`}` };
    }
  }
  return { problems: problems.problems, failure: null };
}
