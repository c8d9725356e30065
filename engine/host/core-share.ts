/** How long this process wanted a core and did not have it. Linux; elsewhere processor time against the clock. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Nanoseconds that the main thread of this process, or all of its threads, have waited in a run queue: the second number of
 * /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats.rst). Null where it cannot be read.
 */
function waited(all: boolean): number | null {
  try {
    let sum = 0;
    for (const tid of all ? readdirSync('/proc/self/task') : [process.pid]) {
      const [, delay] = readFileSync(`/proc/self/task/${tid}/schedstat`, 'utf8').split(' ');
      sum += Number(delay);
    }
    return Number.isFinite(sum) ? sum : null;
  } catch {
    // No such file, or a thread that ended while its figures were asked for.
    return null;
  }
}

/** Adds up over several stretches. `threads` that work all the time; one of them is the caller. */
export class CoreShare {
  readonly #threads: number;
  #wall = 0;
  #cpu = 0;
  #waited: number | null = 0;
  #from: { readonly wall: number; readonly cpu: number; readonly waited: number | null } | null = null;

  constructor(threads: number) {
    this.#threads = threads;
  }

  #now(): { wall: number; cpu: number; waited: number | null } {
    const { user, system } = process.cpuUsage();
    return { waited: waited(this.#threads > 1), wall: performance.now() * 1e6, cpu: (user + system) * 1e3 };
  }

  start(): void {
    this.#from = this.#now();
  }

  stop(): void {
    const from = this.#from;
    if (from === null) return;
    const to = this.#now();
    this.#wall += to.wall - from.wall;
    this.#cpu += to.cpu - from.cpu;
    this.#waited =
      this.#waited === null || from.waited === null || to.waited === null
        ? null
        : this.#waited + to.waited - from.waited;
    this.#from = null;
  }

  /**
   * Share of the time in which a thread was ready and did not run, 0..1. With one thread also what a hypervisor took, as
   * the clock minus the processor time; several threads wait for each other, so that only the run queue tells. Null
   * when nothing can be said.
   */
  disturbed(): number | null {
    if (this.#wall <= 0) return null;
    const queued = this.#waited === null ? null : this.#waited / (this.#wall * this.#threads);
    if (this.#threads > 1) return queued === null ? null : Math.min(1, queued);
    return Math.min(1, Math.max(0, queued ?? 0, 1 - this.#cpu / this.#wall));
  }
}
