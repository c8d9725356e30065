/** The grammar of `alloc-lens profile`: import, diff and export; `record` has a file of its own. */
import type { Command } from 'commander';
import {
  type ExportFlags,
  type ProfileFlags,
  runProfileDiff,
  runProfileExport,
  runProfileImport,
} from './profile-run.ts';
import { addProfileGates } from './profile-gates.ts';
import { addProfileRecord } from './profile-record.ts';
import type { Services } from './services.ts';

/** Adds one subcommand to `profile`. */
type Subcommand = (profile: Command, services: Services, finish: (status: number) => void) => void;

const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];

function withReading(command: Command): Command {
  return command
    .option(
      '--event <name>',
      'event to take where a recording has several (default: the one with most samples)',
    )
    .option('--thread <name>', 'only samples of this thread, by number or name')
    .option('--map <from=to>', 'folder of the recording and the folder here that it is (repeatable)', collect)
    .option('--root <dir>', 'folder that paths are relative to (default: the current one)');
}

const addImport: Subcommand = (profile, services, finish) => {
  withReading(
    profile
      .command('import')
      .description('read a recording: hot functions and lines')
      .argument(
        '<file>',
        'perf.data, perf script, report or annotate text, folded stacks, callgrind, cachegrind, pprof, .cpuprofile, Firefox or speedscope JSON, or our own',
      ),
  )
    .option('--format <format>', 'text, json or markdown', 'text')
    .action(async (file: string, flags: ProfileFlags) =>
      finish(await runProfileImport(services, file, flags)),
    );
};

const addDiff: Subcommand = (profile, services, finish) => {
  withReading(
    profile
      .command('diff')
      .description('compare two recordings by function and by line, with 95% intervals')
      .argument('<before>', 'as for import')
      .argument('<after>', 'as for import'),
  )
    .option('--format <format>', 'text, json or markdown', 'text')
    .action(async (before: string, after: string, flags: ProfileFlags) =>
      finish(await runProfileDiff(services, before, after, flags)),
    );
};

const addExport: Subcommand = (profile, services, finish) => {
  withReading(
    profile
      .command('export')
      .description('write a recording as speedscope, pprof (gzip) or our own JSON')
      .argument('<file>', 'as for import'),
  )
    .requiredOption('--to <format>', 'speedscope, pprof or json')
    .requiredOption('--out <file>', 'file to write')
    .option('--format <format>', 'text (prints the path) or json', 'text')
    .action(async (file: string, flags: ExportFlags) =>
      finish(await runProfileExport(services, file, flags)),
    );
};

const profileSubcommands: readonly Subcommand[] = [
  addProfileRecord,
  addImport,
  addDiff,
  addExport,
  addProfileGates,
];

export function addProfile(program: Command, services: Services, finish: (status: number) => void): void {
  const profile = program
    .command('profile')
    .description('record, import, compare and export profiles of native programs');
  for (const add of profileSubcommands) add(profile, services, finish);
}
