/** Units, plans and runners for the laboratory's tests. */
import type {
  ExperimentPlan,
  PairFacts,
  PairHooks,
  PairRunner,
  Unit,
} from '../../../extension/model-experiment.ts';
import { simulatedPlan, soundFacts } from '../../../bench/simulated-pair.ts';

export function unit(logRatio: number, index = 0, over: Partial<Unit> = {}): Unit {
  return {
    ...{ index, layout: `layout ${index % 2}`, first: index % 2 === 0 ? 'baseline' : 'treatment' },
    ...{ logRatio, blocks: [logRatio], baseline: 60e6, treatment: 60e6 * Math.exp(-logRatio) },
    ...{ batchNs: 5e6, disturbed: null },
    ...over,
  };
}

/** Even noise without chance: `n` values with that mean and about that standard deviation, neighbours unlike. */
export function spread(n: number, centre: number, sd: number): number[] {
  return Array.from({ length: n }, (_, i) => centre + sd * 1.7 * (((i * 7 + 3) % n) / (n - 1) - 0.5) * 2);
}

export function unitsOf(values: readonly number[], over: Partial<Unit> = {}): Unit[] {
  return values.map((v, i) => unit(v, i, over));
}

export const plan = (over: Partial<ExperimentPlan> = {}): ExperimentPlan => ({
  ...simulatedPlan(0.5, [12, 24, 36], 1),
  ...over,
});

/** Gives listed values as units; `facts` on top of sound ones. */
export class ListedPair implements PairRunner {
  readonly asked: { readonly index: number; readonly layout: string }[] = [];
  readonly processesPerUnit: number;
  readonly #values: readonly number[];
  readonly #facts: Partial<PairFacts>;
  readonly #unit: (unit: Unit, hooks: PairHooks) => Unit;
  readonly #layouts: readonly string[];

  constructor(
    values: readonly number[],
    facts: Partial<PairFacts> = {},
    options: {
      readonly unit?: (unit: Unit, hooks: PairHooks) => Unit;
      readonly layouts?: readonly string[];
      readonly processesPerUnit?: number;
    } = {},
  ) {
    this.#values = values;
    this.#facts = facts;
    this.#unit = options.unit ?? ((u) => u);
    this.#layouts = options.layouts ?? ['one', 'two', 'three'];
    this.processesPerUnit = options.processesPerUnit ?? 1;
  }

  async facts(asked: ExperimentPlan): Promise<PairFacts> {
    return { ...soundFacts(asked), ...this.#facts };
  }

  layouts(): readonly string[] {
    return this.#layouts;
  }

  async unit(_plan: ExperimentPlan, index: number, layout: string, hooks: PairHooks): Promise<Unit> {
    this.asked.push({ index, layout });
    const value = this.#values[index];
    if (value === undefined) throw new Error(`unit ${index} was not expected`);
    hooks.onProgress?.('block 1', 0.5);
    return this.#unit(unit(value, index, { layout }), hooks);
  }
}
