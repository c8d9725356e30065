/** The machine that costs are measured on: its name, and its state as far as it can be read. */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import type { MachineState } from '../model-experiment.ts';

export interface CostHost {
  readonly name: string;
  readonly cpu: string;
  readonly cores: number;
}

/** What tells one machine from another where they share a home folder. */
export function thisHost(): CostHost {
  return {
    name: os.hostname(),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
  };
}

function word(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch {
    return null;
  }
}

/** Intel's driver says what is off, the others what is on. */
function turbo(): boolean | null {
  const off = word('/sys/devices/system/cpu/intel_pstate/no_turbo');
  if (off !== null) return off === '0';
  const on = word('/sys/devices/system/cpu/cpufreq/boost');
  return on === null ? null : on === '1';
}

/** As it is now; nothing is pinned and no flags are set. */
export function hostState(): MachineState {
  const { cpu, cores } = thisHost();
  return {
    cpu,
    cores,
    kernel: `${os.type()} ${os.release()}`,
    runtime: `Node ${process.version}`,
    governor: word('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    turbo: turbo(),
    load: process.platform === 'win32' ? null : (os.loadavg()[0] ?? null),
    container: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    pinned: null,
    flags: [],
  };
}
