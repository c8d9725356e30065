/**
 * Two targets that cannot share a process as a `PairRunner`: a unit is four fresh processes, A B B A or B A A B, with the
 * formula of ABBA blocks on their medians. For native allocators, and for the engine against one of them.
 */
import type {
  ExperimentPlan,
  PairFacts,
  PairHooks,
  PairRunner,
  SideFacts,
  SideSpec,
  Unit,
} from '../model-experiment.ts';
import { type BenchRequest, type BenchResult, type Target, UserError } from '../model.ts';
import { sideLabel } from '../profile/side-label.ts';

/** Settings that a preset of the engine stands for, with the side's own on top. */
export type SideSettings = (spec: SideSpec) => Pick<BenchRequest, 'variant' | 'env' | 'flags'>;

type Side = 'baseline' | 'treatment';

/** What targets time with steps by nanoseconds; a microsecond is on the safe side of every clock in use. */
const clockNs = 1000;

/** Whether a plan needs its sides in processes of their own. */
export function needsOwnProcesses(plan: Pick<ExperimentPlan, 'baseline' | 'treatment'>): boolean {
  return plan.baseline.target !== 'engine' || plan.treatment.target !== 'engine';
}

function sameSide(a: SideSpec, b: SideSpec): boolean {
  const text = (s: SideSpec): string =>
    JSON.stringify([
      s.target,
      s.variant,
      s.preset,
      Object.entries(s.flags).sort(),
      Object.entries(s.env).sort(),
    ]);
  return text(a) === text(b);
}

const middle = (a: number, b: number): number => Math.sqrt(a * b);

export class TargetPair implements PairRunner {
  readonly processesPerUnit = 4;
  readonly #target: (name: string) => Target;
  readonly #settings: SideSettings;

  constructor(target: (name: string) => Target, settings: SideSettings) {
    this.#target = target;
    this.#settings = settings;
  }

  #request(plan: ExperimentPlan, side: Side, over: Partial<BenchRequest>): BenchRequest {
    const { work } = plan;
    return {
      ...{ workload: work.workload, profile: work.profile, trace: work.trace },
      ...this.#settings(plan[side]),
      ...{ iterations: work.iterations, workingSet: work.workingSet, min: work.min, max: work.max },
      ...{ seed: work.seed, threads: work.threads, runs: 1 },
      ...{ sample: false, counters: false, latency: false, verify: false },
      ...over,
    };
  }

  async #run(
    plan: ExperimentPlan,
    side: Side,
    hooks: PairHooks,
    from: number,
    share: number,
    over: Partial<BenchRequest> = {},
  ): Promise<BenchResult> {
    return this.#target(plan[side].target).run(this.#request(plan, side, over), {
      ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
      onProgress: ({ message, fraction }) => hooks.onProgress?.(message, from + share * fraction),
    });
  }

  /** One checked run of each side; a target refuses by itself when another allocator answers. Nothing is counted. */
  async facts(plan: ExperimentPlan, hooks: PairHooks): Promise<PairFacts> {
    const of = async (side: Side, from: number): Promise<SideFacts> => {
      const result = await this.#run(plan, side, hooks, from, 0.5, { verify: true, passes: 1 });
      return {
        spec: plan[side],
        label: sideLabel(plan[side]),
        sha256: result.moduleSha256,
        answered: result.target,
        intended: true,
        hash: result.hash,
        verified: true,
        counters: result.counters,
      };
    };
    const baseline = await of('baseline', 0);
    const treatment = await of('treatment', 0.5);
    const identical = sameSide(plan.baseline, plan.treatment);
    return { baseline, treatment, identical, changedRan: null, changed: [], clockNs };
  }

  layouts(): readonly string[] {
    return ['as loaded'];
  }

  async unit(plan: ExperimentPlan, index: number, layout: string, hooks: PairHooks): Promise<Unit> {
    const first: Side = index % 2 === 0 ? 'baseline' : 'treatment';
    const second: Side = first === 'baseline' ? 'treatment' : 'baseline';
    const speeds: Record<Side, number[]> = { baseline: [], treatment: [] };
    const times: number[] = [];
    for (const [i, side] of [first, second, second, first].entries()) {
      const result = await this.#run(plan, side, hooks, i / 4, 1 / 4);
      if (!(Number.isFinite(result.median) && result.median > 0)) {
        throw new UserError(`${sideLabel(plan[side])} gave no speed that can be compared`, 3);
      }
      speeds[side].push(result.median);
      times.push((result.iterations / result.median) * 1e9);
    }
    const [b1 = 0, b2 = 0] = speeds.baseline;
    const [t1 = 0, t2 = 0] = speeds.treatment;
    // ln of the times' ratio: speeds stand the other way round.
    const logRatio = (Math.log(b1 / t1) + Math.log(b2 / t2)) / 2;
    times.sort((a, b) => a - b);
    return {
      index,
      layout,
      first,
      logRatio,
      blocks: [logRatio],
      baseline: middle(b1, b2),
      treatment: middle(t1, t2),
      batchNs: ((times[1] ?? 0) + (times[2] ?? 0)) / 2,
      disturbed: null,
    };
  }
}
