/** `alloc-lens annotate`: a source file with its percentages, as perf annotate prints it. */
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { sourcePattern } from '../analysis/discover.ts';
import type { Profile } from '../model.ts';
import { UserError } from '../model.ts';
import { annotatedSource, type FunctionPlace, heaviestFiles } from '../profile/annotated-source.ts';
import { percent } from '../report/format.ts';
import { annotateText } from '../report/text-annotate.ts';
import { fileProblem } from './files.ts';
import { type LoadFlags, loadProfile, rootOf } from './profile-load.ts';
import type { Services } from './services.ts';
import { parseChoice, quoted } from './values.ts';

/** As commander hands them over. */
interface AnnotateFlags extends LoadFlags {
  readonly profile?: string;
  readonly asm?: boolean;
  readonly format: string;
}

/** Recordings that tools leave in a folder under these names. */
const recordingName =
  /^(?:perf\.data|(?:callgrind|cachegrind)\.out\.\d+|.*\.(?:cpuprofile|folded|pb\.gz|pprof)|.*\.speedscope\.json)$/;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

/** A profile as `profile record --out` and `profile export --to json` write it. */
function isPrintedProfile(file: string): boolean {
  const descriptor = openSync(file, 'r');
  try {
    const head = Buffer.alloc(64);
    readSync(descriptor, head, 0, head.length, 0);
    return head.toString('latin1').startsWith('{"schemaVersion":1,"target":{"kind":');
  } finally {
    closeSync(descriptor);
  }
}

/** The newest profile that is kept in this workspace, else the newest recording or profile that lies in its folder. */
function newestProfile(root: string): string | null {
  const within = (
    folder: string,
    wanted: (name: string, file: string) => boolean,
  ): { readonly file: string; readonly time: number }[] => {
    try {
      return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
        const file = path.join(folder, entry.name);
        return entry.isFile() && wanted(entry.name, file) ? [{ file, time: statSync(file).mtimeMs }] : [];
      });
    } catch {
      return [];
    }
  };
  const kept = within(path.join(root, '.alloc-lens', 'profiles'), (name) => !name.startsWith('.'));
  const found =
    kept.length > 0
      ? kept
      : within(
          root,
          (name, file) => recordingName.test(name) || (name.endsWith('.json') && isPrintedProfile(file)),
        );
  return [...found].sort((a, b) => b.time - a.time)[0]?.file ?? null;
}

function readSource(file: string): { readonly at: string; readonly text: string } {
  try {
    const at = realpathSync(file);
    return { at, text: readFileSync(at, 'utf8') };
  } catch (error) {
    throw new UserError(`source ${quoted(file)}: ${fileProblem(error)}`);
  }
}

/** Functions of a C or C++ file by the analysis; null for other files, and where it cannot say. */
async function placesOf(services: Services, root: string, at: string): Promise<FunctionPlace[] | null> {
  if (!sourcePattern.test(at) || !at.startsWith(`${root}${path.sep}`)) return null;
  try {
    const findings = await services.analyze([at], { root, signal: services.signal });
    const file = path.relative(root, at).split(path.sep).join('/');
    return findings.functions.filter((f) => f.file === file).map(({ name, line }) => ({ name, line }));
  } catch (error) {
    services.signal.throwIfAborted();
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** The name by which the profile has this file: relative to the root, or absolute. */
function nameIn(profile: Profile, root: string, at: string): string {
  const relative = path.relative(root, at).split(path.sep).join('/');
  return profile.lines.some((l) => l.file === relative)
    ? relative
    : profile.lines.some((l) => l.file === at)
      ? at
      : relative;
}

async function runAnnotate(services: Services, file: string, flags: AnnotateFlags): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const root = rootOf(flags);
  const { at, text } = readSource(file);
  const from = flags.profile ?? newestProfile(root);
  if (from === null) {
    throw new UserError(
      'no profile in this workspace: record one (alloc-lens profile record --out profile.json -- COMMAND), or name a recording with --profile FILE',
    );
  }
  if (flags.profile === undefined) services.output.say(`profile: ${path.relative(root, from)}`);
  const profile = await loadProfile(services, from, flags);
  const name = nameIn(profile, root, at);
  const annotated = annotatedSource(profile, name, text, await placesOf(services, root, at));
  services.output.endProgress();
  if (annotated.lines.length === 0) {
    const heaviest = heaviestFiles(profile, 3).map((f) => `${f.file} (${percent(f.percent)})`);
    services.output.say(
      heaviest.length === 0
        ? 'the profile knows no source lines: record it with debug information (-g)'
        : `the profile has no samples in ${name}; most are in ${heaviest.join(', ')}. --map FROM=TO says where recorded files are`,
    );
  } else if (flags.asm === true && annotated.lines.every((l) => l.instructions.length === 0)) {
    services.output.say(
      'the profile holds no instructions: perf.data has them where the recorded binary is still here, perf annotate text too',
    );
  }
  await services.output.print(
    format === 'json'
      ? JSON.stringify(annotated)
      : annotateText(annotated, text, flags.asm === true, services.output.style),
  );
  return 0;
}

export function addAnnotate(program: Command, services: Services, finish: (status: number) => void): void {
  program
    .command('annotate')
    .description('a source file with the percentages of a profile')
    .argument('<file>', 'source file')
    .option('--profile <file>', 'recording or profile (default: the newest of the workspace)')
    .option('--event <name>', 'event to take where a recording has several')
    .option('--thread <name>', 'only samples of this thread, by number or name')
    .option('--map <from=to>', 'folder of the recording and the folder here that it is (repeatable)', collect)
    .option('--root <dir>', 'folder that paths are relative to (default: the current one)')
    .option('--asm', 'hot instructions below their lines')
    .option('--format <format>', 'text or json', 'text')
    .action(async (file: string, flags: AnnotateFlags) => finish(await runAnnotate(services, file, flags)));
}
