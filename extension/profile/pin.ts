/** A core of its own for a process, where `taskset` exists and is allowed. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** `0-3,8` as numbers. */
export function parseCoreList(text: string): number[] {
  return text
    .trim()
    .split(',')
    .flatMap((part) => {
      const m = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
      if (m === null) return [];
      const from = Number(m[1]);
      const to = Number(m[2] ?? m[1]);
      return Array.from({ length: Math.min(4096, Math.max(0, to - from + 1)) }, (_, i) => from + i);
    });
}

/** Cores that this process may run on (Linux); empty where that cannot be read. */
export function allowedCores(): number[] {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    return parseCoreList(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? '');
  } catch {
    return [];
  }
}

function runs(command: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    // Without it Electron would be an editor.
    const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    const child = spawn(command, [...args], { stdio: 'ignore', env });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === 0));
  });
}

export interface Pin {
  readonly core: number;
  /** What stands before the program's name. */
  readonly launcher: readonly string[];
}

/**
 * The last core that may be used: the first ones serve more interrupts. Null with a single core, where there is nothing to
 * choose, and where taskset is missing or refused.
 */
export async function probePin(nodePath: string): Promise<Pin | null> {
  const cores = allowedCores();
  const core = cores.at(-1);
  if (core === undefined || cores.length < 2) return null;
  const launcher = ['taskset', '-c', String(core)];
  const works = await runs(launcher[0] ?? '', [...launcher.slice(1), nodePath, '--version']);
  return works ? { core, launcher } : null;
}
