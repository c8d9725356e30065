/**
 * Puts a process where an experiment wants it: on one core, at the same addresses each time, with a stack that begins
 * where the layout says. Size of the environment block and address randomisation move the stack, and with it what shares a
 * cache set or aliases (Mytkowicz, Diwan, Hauswirth, Sweeney: Producing wrong data without doing anything obviously
 * wrong!, ASPLOS 2009).
 */
import { spawn } from 'node:child_process';
import os from 'node:os';
import type { Placement } from '../model.ts';
import { probePin } from './pin.ts';

export interface Placing {
  /** Null: processes cannot be pinned here, or should not be. */
  readonly core: number | null;
  /** Address randomisation can be turned off for a process (`setarch -R`; containers may forbid it). */
  readonly fixedAddresses: boolean;
}

const page = 4096;

function succeeds(command: readonly string[]): Promise<boolean> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

/** What this machine lets us do; two trials. Nothing but on Linux. */
export async function probePlacing(): Promise<Placing> {
  if (process.platform !== 'linux') return { core: null, fixedAddresses: false };
  const [pin, fixedAddresses] = await Promise.all([
    probePin(process.execPath),
    succeeds(['setarch', os.machine(), '-R', 'true']),
  ]);
  return { core: pin?.core ?? null, fixedAddresses };
}

/** Offsets of the stack in a page: other lines, other quarters of a page, and steps that are no multiple of a line. */
const offsets: readonly number[] = [0, 1040, 2080, 3120];

/** Names of the layouts, four at least; one is what `placementOf` takes. */
export function layoutNames(placing: Pick<Placing, 'fixedAddresses'>): readonly string[] {
  return offsets.map((bytes) =>
    placing.fixedAddresses
      ? `environment block at ${bytes} of 4096 B`
      : `random addresses, environment block at ${bytes} of 4096 B`,
  );
}

/** What a layout's name stands for; of any other name, the first layout. */
export function placementOf(layout: string, placing: Placing): Placement {
  const index = layoutNames(placing).indexOf(layout);
  const environmentBytes = offsets[Math.max(0, index)] ?? 0;
  return { core: placing.core, fixedAddresses: placing.fixedAddresses, environmentBytes };
}

export interface PlacedCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const size = (text: string): number => Buffer.byteLength(text) + 1;

/**
 * Variables that bring arguments and environment to `bytes` modulo a page: strings and pointers both count (x86-64 and
 * AArch64 Linux, fs/binfmt_elf.c), and an even number of pointers keeps the stack's alignment out of it.
 */
function padding(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  bytes: number,
): Record<string, string> {
  const names = Object.keys(env);
  const own = ['ALLOC_LENS_LAYOUT', ...((argv.length + names.length) % 2 === 0 ? ['ALLOC_LENS_EVEN'] : [])];
  const pointers = 8 * (argv.length + names.length + own.length);
  const strings = [
    // The program's path stands once more above the environment.
    ...[argv[0] ?? '', ...argv],
    ...names.map((name) => `${name}=${env[name] ?? ''}`),
    ...own.map((name) => `${name}=`),
  ].reduce((sum, s) => sum + size(s), 0);
  const fill = (((bytes - strings - pointers) % page) + page) % page;
  return Object.fromEntries(own.map((name, i) => [name, i === 0 ? 'x'.repeat(fill) : '']));
}

/**
 * A program with its placement. The programs that do it (`setarch`, `taskset`, `env`) run before `last` is set, so that a
 * preloaded allocator is loaded into the program alone.
 *
 * @param env the whole environment, `last` not included
 * @param last set by the program that starts the program
 */
export function placedCommand(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  last: Readonly<Record<string, string>>,
  placement: Placement | undefined,
): PlacedCommand {
  const known: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !Object.hasOwn(last, name)) known[name] = value;
  }
  const plain = { command: program, args, env: { ...known, ...last } };
  if (placement === undefined) return plain;
  const pads = padding([program, ...args], plain.env, placement.environmentBytes);
  const launcher = [
    ...(placement.fixedAddresses ? ['setarch', os.machine(), '-R'] : []),
    ...(placement.core === null ? [] : ['taskset', '-c', String(placement.core)]),
  ];
  const [command, ...before] = launcher;
  // `env` takes a program with an equals sign for a variable.
  if (command === undefined || program.includes('=')) return { ...plain, env: { ...plain.env, ...pads } };
  const assignments = Object.entries(last).map(([name, value]) => `${name}=${value}`);
  return {
    command,
    args: [...before, 'env', ...assignments, program, ...args],
    env: { ...known, ...pads },
  };
}
