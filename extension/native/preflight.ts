/**
 * What this machine can record, and for everything that it cannot, why and what would help. Found out by trying: what the
 * kernel, a container's filter and a hypervisor allow is written in too many places.
 */
import { readFile } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../model.ts';
import { type ProcessOutcome, runProcess } from './process.ts';

export type RecordingTool = 'perf' | 'callgrind';

/** Something that is not there, as the user can mend it. */
export interface Lack {
  /** What cannot be done: `perf is not installed`. */
  readonly what: string;
  /** The exact remedy, one sentence or command. */
  readonly remedy: string;
}

export interface Preflight {
  /** `6.1.192`; null without a perf that runs. */
  readonly perf: string | null;
  readonly valgrind: string | null;
  readonly paranoid: number | null;
  readonly kptrRestrict: number | null;
  readonly container: string | null;
  readonly wsl: boolean;
  /** Whether hardware cycles are counted and can be sampled. */
  readonly cycles: boolean;
  readonly cpuClock: boolean;
  /** What a recording is made with; null when nothing can. */
  readonly choice: { readonly tool: RecordingTool; readonly event: string } | null;
  readonly lacks: readonly Lack[];
  /** What was chosen and why, a sentence each, for the profile's notes. */
  readonly notes: readonly string[];
}

export interface PreflightOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** Where /proc and container marks are looked for; for tests. Default `/`. */
  readonly root?: string;
}

async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return null;
  }
}

async function numberIn(file: string): Promise<number | null> {
  const text = (await textOf(file))?.trim() ?? '';
  return /^-?\d+$/.test(text) ? Number(text) : null;
}

/** Name of the container this runs in, null outside. */
async function containerOf(root: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  if ((await textOf(path.join(root, '.dockerenv'))) !== null) return 'Docker';
  if ((await textOf(path.join(root, 'run/.containerenv'))) !== null) return 'Podman';
  if ((env.KUBERNETES_SERVICE_HOST ?? '') !== '') return 'Kubernetes';
  const groups = (await textOf(path.join(root, 'proc/1/cgroup'))) ?? '';
  return /docker|kubepods|containerd|lxc/.exec(groups)?.[0] ?? null;
}

/** The first version number in what a tool prints about itself; null when it does not run. */
function versionIn(r: ProcessOutcome): string | null {
  if (r.status !== 0) return null;
  return /\d+(?:\.\d+)+/.exec(r.stdout)?.[0] ?? 'unknown';
}

export async function preflight(options: PreflightOptions = {}): Promise<Preflight> {
  const { signal, root = '/' } = options;
  const env: NodeJS.ProcessEnv = { ...(options.env ?? process.env), LC_ALL: 'C' };
  const run = (command: string, args: readonly string[]): Promise<ProcessOutcome> =>
    runProcess(command, args, { env, signal });
  const [perfSays, valgrindSays] = [await run('perf', ['--version']), await run('valgrind', ['--version'])];
  const perf = versionIn(perfSays);
  const valgrind = versionIn(valgrindSays);
  const paranoid = await numberIn(path.join(root, 'proc/sys/kernel/perf_event_paranoid'));
  const kptrRestrict = await numberIn(path.join(root, 'proc/sys/kernel/kptr_restrict'));
  const version = (await textOf(path.join(root, 'proc/version'))) ?? '';
  const wsl = /microsoft/i.test(version);
  const container = await containerOf(root, env);

  let counted: ProcessOutcome | null = null;
  let sampled: ProcessOutcome | null = null;
  if (perf !== null) {
    counted = await run('perf', ['stat', '-x', ',', '-e', 'cycles', '--', 'true']);
    sampled = await trySampling(run);
  }
  const cpuClock = sampled?.status === 0;
  const cycles = cpuClock && counted?.status === 0 && /^\d+,/m.test(counted.stderr);
  const facts = { perf, perfSays, valgrind, paranoid, container, wsl, cpuClock, cycles, sampled, counted };
  const lacks = lacksOf(facts);
  const choice = choiceOf(facts);
  return {
    ...{ perf, valgrind, paranoid, kptrRestrict, container, wsl, cycles, cpuClock, choice, lacks },
    notes: notesOf(facts, choice, lacks, kptrRestrict),
  };
}

/** A recording of nothing, which is refused where a real one would be. */
async function trySampling(
  run: (command: string, args: readonly string[]) => Promise<ProcessOutcome>,
): Promise<ProcessOutcome> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'alloc-lens-perf-'));
  try {
    const file = path.join(folder, 'perf.data');
    return await run('perf', ['record', '-q', '-N', '-e', 'cpu-clock', '-o', file, '--', 'true']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Facts
  extends Pick<Preflight, 'perf' | 'valgrind' | 'paranoid' | 'container' | 'wsl' | 'cpuClock' | 'cycles'> {
  readonly perfSays: ProcessOutcome;
  readonly sampled: ProcessOutcome | null;
  readonly counted: ProcessOutcome | null;
}

function choiceOf(f: Facts): Preflight['choice'] {
  if (f.cycles) return { tool: 'perf', event: 'cycles' };
  if (f.cpuClock) return { tool: 'perf', event: 'cpu-clock' };
  return f.valgrind === null ? null : { tool: 'callgrind', event: 'Ir' };
}

function perfLack(f: Facts): Lack | null {
  if (f.perf !== null) return null;
  const install = f.wsl
    ? 'on WSL build it from the kernel that is running (`apt install linux-perf` on Debian works for cpu-clock)'
    : '`apt install linux-perf` (Debian), `apt install linux-tools-$(uname -r)` (Ubuntu), `dnf install perf` (Fedora)';
  return f.perfSays.startError === null
    ? {
        what: 'perf is there but does not run for this kernel',
        remedy: `install the one that fits: ${install}`,
      }
    : { what: 'perf is not installed', remedy: install };
}

function samplingLack(f: Facts): Lack | null {
  if (f.perf === null || f.cpuClock) return null;
  if (f.paranoid !== null && f.paranoid > 2) {
    return {
      what: `the kernel lets nobody but root record (perf_event_paranoid is ${f.paranoid})`,
      remedy: '`sudo sysctl kernel.perf_event_paranoid=1`',
    };
  }
  if (f.container !== null) {
    return {
      what: `this container (${f.container}) may not record`,
      remedy:
        'start it with `--cap-add PERFMON` (older kernels `--cap-add SYS_ADMIN`) and a seccomp profile that allows perf_event_open',
    };
  }
  const words = f.sampled?.stderr.split('\n').find((l) => l.trim() !== '') ?? '';
  return {
    what: `perf cannot record here${words === '' ? '' : `: ${words.trim().slice(0, 200)}`}`,
    remedy: '`sudo sysctl kernel.perf_event_paranoid=1`, or run as root',
  };
}

function cyclesLack(f: Facts): Lack | null {
  if (f.perf === null || f.cycles || !f.cpuClock) return null;
  const missing = /<not supported>/.test(f.counted?.stderr ?? '');
  if (missing) {
    return {
      what: f.wsl
        ? 'WSL passes no hardware counters on'
        : "the processor's counters are not there (a virtual machine without a PMU)",
      remedy: f.wsl
        ? 'record on Linux itself for cycles'
        : 'switch the virtual PMU on in the hypervisor (`-cpu host,pmu=on`, "virtualize CPU performance counters"), or record on the machine itself',
    };
  }
  return {
    what: `hardware cycles cannot be counted${f.paranoid === null ? '' : ` (perf_event_paranoid is ${f.paranoid})`}`,
    remedy: '`sudo sysctl kernel.perf_event_paranoid=1`',
  };
}

function lacksOf(f: Facts): Lack[] {
  const valgrind: Lack | null =
    f.valgrind === null
      ? {
          what: 'valgrind is not installed',
          remedy: '`apt install valgrind` (Debian, Ubuntu), `dnf install valgrind` (Fedora)',
        }
      : null;
  return [perfLack(f), samplingLack(f), cyclesLack(f), valgrind].filter((l): l is Lack => l !== null);
}

const sentence = (l: Lack): string => `${l.what}: ${l.remedy}`;

function notesOf(
  f: Facts,
  choice: Preflight['choice'],
  lacks: readonly Lack[],
  kptrRestrict: number | null,
): string[] {
  if (choice === null) return [];
  const notes: string[] = [];
  const why = lacks.find((l) => !l.what.startsWith('valgrind'));
  if (choice.tool === 'callgrind') {
    notes.push(
      `Recorded by callgrind, which counts instructions of a simulated processor instead of time, because ${why === undefined ? 'perf cannot record' : sentence(why)}.`,
    );
  } else if (choice.event !== 'cycles') {
    notes.push(
      `Sampled by the clock (cpu-clock), because ${why === undefined ? 'cycles are not counted' : sentence(why)}.`,
    );
  }
  if (choice.tool === 'perf' && (kptrRestrict ?? 0) > 0 && (f.paranoid ?? 0) < 2) {
    notes.push('Kernel symbols are hidden: `sudo sysctl kernel.kptr_restrict=0` shows them.');
  }
  return notes;
}

/** The tool and event to record with. Throws one clear line with the remedies where nothing can record. */
export function requireRecorder(found: Preflight): { readonly tool: RecordingTool; readonly event: string } {
  if (found.choice !== null) return found.choice;
  throw new UserError(`profiles cannot be recorded here: ${found.lacks.map(sentence).join('; ')}`, 3);
}
