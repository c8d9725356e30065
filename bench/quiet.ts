/** Whether something else uses the machine: CPU time of all processes and of the hypervisor, less our own. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const ticksPerSecond = 100;

export interface CpuReading {
  /** Seconds on a clock. */
  readonly at: number;
  /** CPU seconds of everything, stolen ones included. */
  readonly busy: number;
  /** CPU seconds of this process and its ended children. */
  readonly own: number;
}

/** `user nice system idle iowait irq softirq steal` of /proc/stat's first line, ticks; busy is all but idle and iowait. */
export function busyTicks(stat: string): number {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields;
  return user + nice + system + irq + softirq + steal;
}

/** utime, stime, cutime, cstime of /proc/PID/stat, ticks. */
export function ownTicks(stat: string): number {
  // The name in parentheses may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, f) => sum + Number(f), 0);
}

/** Null where there is no /proc. */
export function readCpu(): CpuReading | null {
  try {
    return {
      at: performance.now() / 1000,
      busy: busyTicks(readFileSync('/proc/stat', 'utf8')) / ticksPerSecond,
      own: ownTicks(readFileSync('/proc/self/stat', 'utf8')) / ticksPerSecond,
    };
  } catch {
    return null;
  }
}

/** Cores that others kept busy between two readings. */
export function othersBetween(from: CpuReading, to: CpuReading): number {
  const seconds = to.at - from.at;
  return seconds <= 0 ? 0 : Math.max(0, (to.busy - from.busy - (to.own - from.own)) / seconds);
}

/** Others may keep this many cores busy while several threads are measured, and while one is. */
export const parallelLimit = 0.06;
export const singleLimit = 0.4 * Math.max(1, availableParallelism() - 1);

/**
 * Waits until others leave the machine alone for half a second, at most `seconds`. Returns false when they did not;
 * true at once where that cannot be known.
 */
export async function waitForQuiet(seconds: number, log: (line: string) => void): Promise<boolean> {
  const until = performance.now() + seconds * 1000;
  let told = false;
  for (;;) {
    const before = readCpu();
    if (before === null) return true;
    await sleep(500);
    const after = readCpu();
    if (after === null || othersBetween(before, after) <= parallelLimit) return true;
    if (performance.now() >= until) return false;
    if (!told)
      log(`waiting for a quiet machine: others keep ${othersBetween(before, after).toFixed(2)} cores busy`);
    told = true;
  }
}
