/** The state of the machine that a measurement has to be read with. Node only; what cannot be read is null. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, type } from 'node:os';
import path from 'node:path';
import type { MachineState } from '../model-experiment.ts';

const cpuFolder = 'sys/devices/system/cpu';
/** Files of the kernel are short; anything longer is none of them. */
const longestText = 65_536;

function read(root: string, file: string): string | null {
  try {
    return readFileSync(path.join(root, file), 'utf8').slice(0, longestText).trim();
  } catch {
    return null;
  }
}

/** Governors of all cores: one name, or several with commas. */
function readGovernor(root: string): string | null {
  let names: string[];
  try {
    names = readdirSync(path.join(root, cpuFolder)).filter((name) => /^cpu\d+$/.test(name));
  } catch {
    return null;
  }
  const governors = names.map((name) => read(root, `${cpuFolder}/${name}/cpufreq/scaling_governor`));
  const known = new Set(governors.filter((g) => g !== null && g !== ''));
  return known.size === 0 ? null : [...known].sort().join(', ');
}

/** Intel's driver has a file that forbids turbo, the others one that allows it. */
function readTurbo(root: string): boolean | null {
  const forbidden = read(root, `${cpuFolder}/intel_pstate/no_turbo`);
  if (forbidden === '0' || forbidden === '1') return forbidden === '0';
  const allowed = read(root, `${cpuFolder}/cpufreq/boost`);
  return allowed === '0' || allowed === '1' ? allowed === '1' : null;
}

const containerNames = /docker|containerd|kubepods|libpod|lxc|garden|sandbox/;

function inContainer(root: string, env: NodeJS.ProcessEnv): boolean {
  if (existsSync(path.join(root, '.dockerenv')) || existsSync(path.join(root, 'run/.containerenv')))
    return true;
  if ((env.container ?? '') !== '' || (env.KUBERNETES_SERVICE_HOST ?? '') !== '') return true;
  const groups = `${read(root, 'proc/1/cgroup') ?? ''}\n${read(root, 'proc/self/cgroup') ?? ''}`;
  return containerNames.test(groups);
}

function runtimeName(): string {
  const { electron, node, v8 } = process.versions;
  return electron === undefined ? `Node ${node} (V8 ${v8})` : `Electron ${electron} (Node ${node}, V8 ${v8})`;
}

export interface MachineOptions {
  readonly pinned: readonly number[] | null;
  /** Flags that V8 took. */
  readonly flags: readonly string[];
  /** What measured, where that is not this process: `gcc 12.2.0`. */
  readonly runtime?: string;
  /** Where the kernel's files are looked for; `/` without it. */
  readonly root?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Reads it now: the load is that of the moment, so call it before a measurement begins. */
export function readMachineState(options: MachineOptions): MachineState {
  const root = options.root ?? '/';
  const model = cpus()[0]?.model.trim() ?? '';
  return {
    cpu: model === '' ? 'unknown' : model,
    cores: availableParallelism(),
    kernel: `${type()} ${release()}`,
    runtime: options.runtime ?? runtimeName(),
    governor: readGovernor(root),
    turbo: readTurbo(root),
    // Windows has no load average and answers 0.
    load: platform() === 'win32' ? null : (loadavg()[0] ?? null),
    container: inContainer(root, options.env ?? process.env),
    pinned: options.pinned,
    flags: options.flags,
  };
}

/** What a reader of figures from this machine has to know, a clause each; empty on one that is as it should be. */
export function machineNotes({ governor, turbo, load, cores, container, pinned }: MachineState): string[] {
  return [
    ...(governor !== null && governor !== 'performance'
      ? [`the CPU governor is ${governor}, not performance`]
      : []),
    ...(turbo === true ? ['turbo is on: the clock changes with heat and load'] : []),
    ...(load !== null && load > 0.5 * cores
      ? [
          `the load average was ${load.toFixed(2)} on ${cores} ${cores === 1 ? 'core' : 'cores'} at the beginning`,
        ]
      : []),
    ...(cores < 2 ? ['there is one core: everything else runs on it too'] : []),
    ...(container ? ['inside a container: what its neighbours do is not seen'] : []),
    ...(pinned === null ? ['the processes were not pinned to cores'] : []),
  ];
}
