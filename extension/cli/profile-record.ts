/** `alloc-lens profile record -- COMMAND`: a program's profile, by perf where it can record, else by callgrind. */
import path from 'node:path';
import type { Command } from 'commander';
import { UserError } from '../model.ts';
import { type Recorded, recordProgram, usualFrequency } from '../native/profile-run.ts';
import { buildProfile } from '../profile/import/build-profile.ts';
import { requireWritable, writeWhole } from './files.ts';
import { mapped, parseMap, rootOf } from './profile-load.ts';
import { printedProfile, printProfile } from './profile-run.ts';
import type { Services } from './services.ts';
import { parseChoice, parseWhole } from './values.ts';

/** As commander hands them over. */
export interface RecordFlags {
  readonly event?: string;
  readonly callGraph: string;
  readonly frequency?: string;
  readonly seconds?: string;
  readonly out?: string;
  readonly map?: readonly string[];
  readonly root?: string;
  readonly format: string;
}

/** Passes on what the program prints, by lines and to stderr: stdout is ours. */
function speaker(services: Services): {
  readonly hear: (bytes: Uint8Array) => void;
  readonly end: () => void;
} {
  const decoder = new TextDecoder();
  let rest = '';
  const hear = (bytes: Uint8Array): void => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) services.output.say(line);
  };
  return {
    hear,
    end: () => {
      if (rest !== '') services.output.say(rest);
    },
  };
}

function endNote({ end }: Recorded, program: string): string | null {
  if (end.signal !== null) return `${program} was ended by ${end.signal}.`;
  return end.status === null || end.status === 0 ? null : `${program} ended with exit status ${end.status}.`;
}

export async function runProfileRecord(
  services: Services,
  command: readonly string[],
  flags: RecordFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json', 'markdown']);
  const callGraph = parseChoice('--call-graph', flags.callGraph, ['fp', 'dwarf']);
  const frequency =
    flags.frequency === undefined ? usualFrequency : parseWhole('--frequency', flags.frequency, 1, 100_000);
  const seconds = flags.seconds === undefined ? null : parseWhole('--seconds', flags.seconds, 1, 86_400);
  const root = rootOf(flags);
  const map = parseMap(flags.map ?? []);
  const [program, ...args] = command;
  if (program === undefined || program === '') throw new UserError('give the program after --');
  const out = flags.out === undefined ? null : path.resolve(flags.out);
  if (out !== null) requireWritable(out);
  const { hear, end } = speaker(services);
  const name = path.basename(program);
  services.output.onProgress({ message: `recording ${name}`, fraction: 0 });
  const preload = process.env.LD_PRELOAD;
  const recorded = await recordProgram({
    command: [program, ...args],
    programEnv: preload === undefined || preload === '' ? {} : { LD_PRELOAD: preload },
    event: flags.event ?? null,
    frequency: callGraph === 'dwarf' ? Math.min(frequency, 997) : frequency,
    callGraph,
    seconds,
    signal: services.signal,
    onOutput: hear,
    onErrorLine: (line) => services.output.say(line),
    onProgress: (message) => services.output.onProgress({ message: `${name}: ${message}`, fraction: 1 }),
  });
  end();
  const built = buildProfile(recorded.raw, {
    target: { kind: 'native', name: program, variant: null, sha256: null },
    workload: [name, ...args].join(' ').slice(0, 200),
    recordedAt: new Date().toISOString(),
  });
  const note = endNote(recorded, name);
  const { details } = built;
  const told =
    note === null || details === undefined
      ? built
      : { ...built, details: { ...details, notes: [note, ...details.notes] } };
  const profile = mapped(told, root, map);
  if (out !== null) {
    writeWhole(out, `${JSON.stringify(printedProfile(profile))}\n`);
    services.output.say(`wrote ${out}`);
  }
  await printProfile(services, profile, format, root);
  return 0;
}

export function addProfileRecord(
  profile: Command,
  services: Services,
  finish: (status: number) => void,
): void {
  profile
    .command('record')
    .description('run a program under perf (else callgrind): hot functions, lines and instructions')
    .argument('<command...>', 'program and its arguments, after --')
    .option(
      '--event <name>',
      'perf event, or one of callgrind (Ir); default: cycles, else cpu-clock, else Ir',
    )
    .option('--call-graph <how>', 'fp (frame pointers) or dwarf (debug information, larger)', 'fp')
    .option('--frequency <n>', `samples a second (default: ${usualFrequency}, at most 997 with dwarf)`)
    .option('--seconds <n>', 'end the program after so many seconds')
    .option('--out <file>', 'also write the profile as JSON')
    .option(
      '--map <from=to>',
      'folder of the debug information and the folder here that it is (repeatable)',
      (value: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), value],
    )
    .option('--root <dir>', 'folder that paths are relative to (default: the current one)')
    .option('--format <format>', 'text, json or markdown', 'text')
    .action(async (command: readonly string[], flags: RecordFlags) =>
      finish(await runProfileRecord(services, command, flags)),
    );
}
