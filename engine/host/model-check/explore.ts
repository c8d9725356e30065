/**
 * All interleavings of a scenario, depth first. A state that was met before is not explored again: memory, globals and
 * stops are compared whole, so what follows from it is known. The number of interleavings is counted over all of them.
 */
import { Machine, opNames } from './machine.ts';

export interface Scenario {
  readonly name: string;
  /** Prefix of the exports that make it up; without one `mc`, engine/workloads/model_scenarios.ts. */
  readonly suite?: string;
  /** Number there. */
  readonly id: number;
  readonly threads: number;
  /** Whether the threads are attached before the exploration, as they are where attaching is not the subject. */
  readonly attached: boolean;
  /** False where a sleeper may be woken by a notify alone, not by its time limit. */
  readonly timeouts?: boolean;
}

export const scenarios: readonly Scenario[] = [
  { name: 'lock, 2 threads', id: 0, threads: 2, attached: true },
  { name: 'lock, 3 threads', id: 7, threads: 3, attached: true },
  { name: 'lock, 2 threads, no wake-up is lost', id: 0, threads: 2, attached: true, timeouts: false },
  { name: 'lock, 3 threads, no wake-up is lost', id: 7, threads: 3, attached: true, timeouts: false },
  { name: 'remote frees while the owner allocates, 2 threads', id: 1, threads: 2, attached: true },
  { name: 'remote frees while the owner allocates, 3 threads', id: 1, threads: 3, attached: true },
  { name: 'two remote frees while the owner frees and allocates', id: 6, threads: 2, attached: true },
  { name: 'remote free while the owner ends', id: 2, threads: 2, attached: true },
  { name: 'remote frees while the owner ends, 3 threads', id: 2, threads: 3, attached: true },
  { name: 'owner ends, its block is freed, another allocates', id: 5, threads: 3, attached: true },
  { name: 'owner ends, another takes its heap over', id: 8, threads: 3, attached: true },
  { name: 'slabs and large objects at once', id: 3, threads: 2, attached: true },
  { name: 'attach, 2 threads', id: 4, threads: 2, attached: false },
  { name: 'attach, 3 threads', id: 4, threads: 3, attached: false },
];

const spill: readonly Scenario[] = [2, 3].map((threads) => ({
  ...{ name: `spill queue, ${threads} threads`, suite: 'mc_spill', id: 0, threads, attached: true },
}));

/** The scenarios that a model contains. */
export function scenariosOf(module: WebAssembly.Module): readonly Scenario[] {
  const spills = WebAssembly.Module.exports(module).some((e) => e.name === 'mc_spill_run');
  return spills ? [...scenarios, ...spill] : scenarios;
}

const failures = [
  'no failure',
  'a block was handed out twice',
  'a block was lost',
  'an allocation came back null',
  'a counter is wrong: an update was lost',
  'the engine reported a misuse though there was none',
] as const;

export interface Exploration {
  readonly scenario: string;
  readonly states: number;
  readonly interleavings: bigint;
  /** False when the limit of states was reached or a loop without an end was met. */
  readonly complete: boolean;
  /** What went wrong and the schedule that shows it; null when every interleaving was right. */
  readonly violation: string | null;
}

class Violation extends Error {}

class Explorer {
  readonly #machine: Machine;
  readonly #known = new Map<string, bigint | 'open'>();
  readonly #path: string[] = [];
  complete = true;

  constructor(
    module: WebAssembly.Module,
    readonly scenario: Scenario,
    readonly maxStates: number,
  ) {
    this.#machine = new Machine(module, scenario.id, scenario.threads, {
      suite: scenario.suite ?? 'mc',
      attached: scenario.attached,
      timeouts: scenario.timeouts ?? true,
    });
  }

  get states(): number {
    return this.#known.size;
  }

  #fail(what: string): never {
    throw new Violation(`${what}; schedule: ${this.#path.join(', ')}`);
  }

  #describe(id: number): string {
    const { stop = null } = this.#machine.threads[id]?.state ?? {};
    if (stop === null) return `${id} begins`;
    return `${id} ${opNames[stop.kind] ?? stop.kind}${stop.at === 0 ? '' : ` 0x${stop.at.toString(16)}`}`;
  }

  #attempt<T>(body: () => T): T {
    try {
      return body();
    } catch (error) {
      return this.#fail(`trapped: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** Interleavings from the machine's present state on. */
  explore(): bigint {
    const state = this.#machine.save();
    const known = this.#known.get(state.key);
    if (known === 'open') {
      this.complete = false;
      return 0n;
    }
    if (known !== undefined) return known;
    if (this.#known.size >= this.maxStates) {
      this.complete = false;
      return 0n;
    }
    this.#known.set(state.key, 'open');
    const ids = state.threads.map((_, i) => i);
    const ready = ids.filter((id) => this.#machine.enabled(id));
    let count = 0n;
    if (ready.length === 0) {
      const stuck = ids.filter((id) => state.threads[id]?.phase !== 'done');
      if (stuck.length > 0) this.#fail(`threads ${stuck.join(', ')} wait for ever`);
      const code = this.#attempt(() => this.#machine.check());
      if (code !== 0) this.#fail(failures[code] ?? `failure ${code}`);
      count = 1n;
    }
    for (const [i, id] of ready.entries()) {
      if (i > 0) this.#machine.restore(state);
      this.#path.push(this.#describe(id));
      this.#attempt(() => this.#machine.advance(id));
      count += this.explore();
      this.#path.pop();
    }
    this.#known.set(state.key, count);
    return count;
  }
}

/** Explores a scenario whole, or up to `maxStates` states. */
export function exploreScenario(
  module: WebAssembly.Module,
  scenario: Scenario,
  maxStates = 200_000,
): Exploration {
  const explorer = new Explorer(module, scenario, maxStates);
  let interleavings = 0n;
  let violation: string | null = null;
  try {
    interleavings = explorer.explore();
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  const complete = explorer.complete && violation === null;
  return { scenario: scenario.name, states: explorer.states, interleavings, complete, violation };
}
