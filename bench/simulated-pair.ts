/** A `PairRunner` without an engine: batch times drawn from the measured noise model, the truth known. */
import { seededRandom } from '../extension/experiment/bootstrap.ts';
import { normalQuantile } from '../extension/experiment/quantiles.ts';
import { logRatioOfTimes } from '../extension/experiment/statistics.ts';
import type {
  ExperimentPlan,
  MachineState,
  PairFacts,
  PairRunner,
  SideFacts,
  SideSpec,
  Unit,
} from '../extension/model-experiment.ts';
import { median } from '../extension/profile/percentiles.ts';
import { unitLogRatio } from '../extension/profile/unit-blocks.ts';

export interface Simulation {
  /** True effect, percent of throughput, positive = the treatment is faster. */
  readonly truth: number;
  /** Standard deviation of a sound process's effect, percent. */
  readonly sigma: number;
  /** Share of processes that something else disturbed, and the standard deviation that those have, percent. */
  readonly contaminated: number;
  readonly contaminatedSd: number;
  /** By which the batch after a change of sides is slower, percent. */
  readonly switchPercent: number;
  /** Standard deviation of the effect between layouts, percent. */
  readonly layoutSd: number;
  readonly layouts: number;
  readonly seed: number;
}

/** As measured (ANCHORS 6): a fifth of the processes disturbed with an SD of 3%, nothing planted. */
export const measuredNoise: Omit<Simulation, 'seed'> = {
  ...{ truth: 0, sigma: 0.3, contaminated: 0.2, contaminatedSd: 3 },
  ...{ switchPercent: 0, layoutSd: 0, layouts: 6 },
};

const blocksOfUnit = 30;
const batchNs = 5e6;
const operations = 300_000;

export type Normal = () => number;

/** Standard normal numbers by inversion. */
export function normals(seed: number): Normal {
  const random = seededRandom(seed);
  return () => normalQuantile((random() * 4294967295 + 0.5) / 4294967296);
}

export const plainSide: SideSpec = {
  target: 'simulated',
  variant: 'plain',
  preset: null,
  flags: {},
  env: {},
};

export function simulatedPlan(threshold: number, looks: readonly number[], seed: number): ExperimentPlan {
  const treatment = { ...plainSide, flags: { CHANGED: '1' } };
  return {
    ...{ id: `simulated-${seed}`, title: 'simulated', baseline: plainSide, treatment },
    work: {
      ...{ workload: 'random_mixed', profile: 'mixed', trace: null, iterations: null, workingSet: null },
      ...{ min: null, max: null, seed, threads: null },
    },
    ...{ threshold, rule: 'interval', looks, replay: null },
  };
}

/** A machine with nothing to warn about. */
export const quietMachine: MachineState = {
  ...{ cpu: 'simulated', cores: 2, kernel: 'none', runtime: 'simulation', governor: 'performance' },
  ...{ turbo: false, load: 0, container: false, pinned: [0], flags: [] },
};

/** Facts as a sound pair of different sides has them. */
export function soundFacts(plan: ExperimentPlan): PairFacts {
  const side = (spec: SideSpec): SideFacts => ({
    ...{ spec, label: spec.target, sha256: null, answered: spec.target, intended: true },
    ...{ hash: ['0123456789abcdef'], verified: true, counters: null },
  });
  return {
    ...{ baseline: side(plan.baseline), treatment: side(plan.treatment), identical: false },
    ...{ changedRan: true, changed: [], clockNs: 50 },
  };
}

/** The units of one simulated experiment. The mean of four neighbours of the first block shows what a switch costs. */
export class SimulatedPair implements PairRunner {
  readonly #simulation: Simulation;
  readonly #normal: Normal;
  readonly #layouts: ReadonlyMap<string, number>;
  /** ln(B / A) of the third and fourth batch of each unit, of which only the latter follows a switch. */
  readonly neighbours: number[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#normal = normals(simulation.seed);
    this.#layouts = new Map(
      Array.from({ length: simulation.layouts }, (_, i) => [
        `layout ${i}`,
        (this.#normal() * simulation.layoutSd) / 100,
      ]),
    );
  }

  async facts(plan: ExperimentPlan): Promise<PairFacts> {
    return soundFacts(plan);
  }

  layouts(): readonly string[] {
    return [...this.#layouts.keys()];
  }

  /** ln(time of B / time of A) in this process, without the noise of its batches. */
  #process(layout: string, share: number): number {
    const { truth, contaminated, contaminatedSd } = this.#simulation;
    const random = this.#normal() < normalQuantile(Math.max(1e-9, contaminated));
    const sd = contaminated > 0 && random ? contaminatedSd / 100 : share;
    return -Math.log1p(truth / 100) + (this.#layouts.get(layout) ?? 0) + sd * this.#normal();
  }

  async unit(_plan: ExperimentPlan, index: number, layout: string): Promise<Unit> {
    const sigma = this.#simulation.sigma / 100;
    // A quarter of the variance is that of the unit's median (its sd is about 1.2533 s / √30), the rest the process's own.
    const noise = (0.5 * sigma * Math.sqrt(blocksOfUnit)) / 1.2533;
    const effect = this.#process(layout, sigma * Math.sqrt(0.75));
    const slow = Math.log1p(this.#simulation.switchPercent / 100);
    const times = { A: [] as number[], B: [] as number[] };
    const blocks: number[] = [];
    let before: 'A' | 'B' = 'B';
    for (let k = 0; k < blocksOfUnit; k++) {
      const here = { A: [] as number[], B: [] as number[] };
      for (const side of k % 2 === 0 ? (['A', 'B', 'B', 'A'] as const) : (['B', 'A', 'A', 'B'] as const)) {
        const log = (side === 'B' ? effect : 0) + (side === before ? 0 : slow) + noise * this.#normal();
        here[side].push(batchNs * Math.exp(log));
        before = side;
      }
      const [a1, a2] = here.A;
      const [b1, b2] = here.B;
      if (a1 === undefined || a2 === undefined || b1 === undefined || b2 === undefined)
        throw new Error('no block');
      if (k === 0) this.neighbours.push(logRatioOfTimes(b2, a2));
      blocks.push(0.5 * (logRatioOfTimes(b1, a1) + logRatioOfTimes(b2, a2)));
      times.A.push(a1, a2);
      times.B.push(b1, b2);
    }
    const perSecond = (ns: readonly number[]): number => (operations / median(ns)) * 1e9;
    return {
      ...{ index, layout, first: index % 2 === 0 ? 'baseline' : 'treatment' },
      ...{
        logRatio: unitLogRatio(blocks),
        blocks,
        baseline: perSecond(times.A),
        treatment: perSecond(times.B),
      },
      ...{ batchNs: median([...times.A, ...times.B]), disturbed: null },
    };
  }
}
