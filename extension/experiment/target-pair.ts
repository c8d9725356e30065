/**
 * Two targets that cannot share a process as a `PairRunner`: a unit is four fresh processes, A B B A or B A A B, with the
 * formula of ABBA blocks on their medians. For native allocators, and for the engine against one of them.
 */
import type {
  ExperimentPlan,
  ExperimentWork,
  PairFacts,
  PairHooks,
  PairRunner,
  SideFacts,
  SideSpec,
  Unit,
} from '../model-experiment.ts';
import {
  type BenchRequest,
  type BenchResult,
  type PreparedTarget,
  type RunHooks,
  type Target,
  UserError,
} from '../model.ts';
import { layoutNames, type Placing, placementOf, probePlacing } from '../profile/placement.ts';
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

type Settings = Readonly<Record<string, string>>;

function sameEntries(a: Settings, b: Settings): boolean {
  return JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());
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

/** Several threads are not pinned: they would share the one core. What a trace has stands in its file. */
function oneThread({ workload, threads, trace }: ExperimentWork): boolean {
  return workload === 'random_mixed' || threads === 1 || trace?.flatten === true;
}

const middle = (a: number, b: number): number => Math.sqrt(a * b);

export interface TargetPairOptions {
  /** What this machine lets us do with a process; default: tried once. */
  readonly placing?: () => Promise<Placing>;
}

export class TargetPair implements PairRunner {
  readonly processesPerUnit = 4;
  readonly #target: (name: string) => Target | Promise<Target>;
  readonly #settings: SideSettings;
  readonly #probe: () => Promise<Placing>;
  /** Set by the first question that needs it. */
  #placing: Placing | null = null;
  /** Targets that are ready to run, by what was asked of them: builds happen before the units. */
  readonly #prepared = new Map<string, Promise<PreparedTarget>>();

  constructor(
    target: (name: string) => Target | Promise<Target>,
    settings: SideSettings,
    { placing }: TargetPairOptions = {},
  ) {
    this.#target = target;
    this.#settings = settings;
    this.#probe = placing ?? probePlacing;
  }

  async #places(): Promise<Placing> {
    this.#placing ??= await this.#probe();
    return this.#placing;
  }

  /** What units of this work run under, for `MachineState`. */
  async conditions(
    work: ExperimentWork,
  ): Promise<{ readonly pinned: readonly number[] | null; readonly flags: readonly string[] }> {
    const { core } = await this.#places();
    return { pinned: core === null || !oneThread(work) ? null : [core], flags: [] };
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

  /** The side's target, ready. What was prepared for another side with the same settings is the same build. */
  async #ready(plan: ExperimentPlan, side: Side, hooks: RunHooks): Promise<PreparedTarget> {
    const request = this.#request(plan, side, {});
    const key = JSON.stringify([
      plan.id,
      plan[side].target,
      request.variant,
      Object.entries(request.flags).sort(),
    ]);
    const known = this.#prepared.get(key);
    if (known !== undefined) return known;
    const prepare = async (): Promise<PreparedTarget> => {
      const target = await this.#target(plan[side].target);
      return target.prepare === undefined
        ? { run: (r, h) => target.run(r, h), code: null, ownProgram: false }
        : target.prepare(request, hooks);
    };
    const ready = prepare();
    this.#prepared.set(key, ready);
    // The next experiment may find it mended.
    ready.catch(() => this.#prepared.delete(key));
    return ready;
  }

  async #run(
    plan: ExperimentPlan,
    side: Side,
    hooks: PairHooks,
    from: number,
    share: number,
    over: Partial<BenchRequest> = {},
  ): Promise<BenchResult> {
    const runHooks: RunHooks = {
      ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
      onProgress: ({ message, fraction }) => hooks.onProgress?.(message, from + share * fraction),
    };
    const ready = await this.#ready(plan, side, runHooks);
    const request = this.#request(plan, side, over);
    // What a program of somebody's own does is its own.
    return ready.run(ready.ownProgram ? { ...request, verify: false } : request, runHooks);
  }

  /**
   * Both sides built, and one checked run of each; a target refuses by itself when another allocator answers. Two builds
   * that load the same bytes under the same environment are identical. Nothing is counted.
   */
  async facts(plan: ExperimentPlan, hooks: PairHooks): Promise<PairFacts> {
    await this.#places();
    const of = async (side: Side, from: number): Promise<SideFacts> => {
      const result = await this.#run(plan, side, hooks, from, 0.5, { verify: true, passes: 1 });
      const { ownProgram } = await this.#ready(plan, side, {});
      return {
        spec: plan[side],
        label: sideLabel(plan[side]),
        sha256: result.moduleSha256,
        answered: result.target,
        intended: true,
        hash: result.hash,
        verified: true,
        counters: result.counters,
        ...(ownProgram ? { ownProgram } : {}),
      };
    };
    const baseline = await of('baseline', 0);
    const treatment = await of('treatment', 0.5);
    const [a, b] = [await this.#ready(plan, 'baseline', {}), await this.#ready(plan, 'treatment', {})];
    const sameCode =
      a.code !== null &&
      a.code === b.code &&
      sameEntries(this.#settings(plan.baseline).env, this.#settings(plan.treatment).env);
    const identical = sameCode || sameSide(plan.baseline, plan.treatment);
    return { baseline, treatment, identical, changedRan: null, changed: [], clockNs };
  }

  /** Sizes of the environment block: a preloaded library cannot be relinked. */
  layouts(): readonly string[] {
    return layoutNames(this.#placing ?? { fixedAddresses: false });
  }

  async unit(plan: ExperimentPlan, index: number, layout: string, hooks: PairHooks): Promise<Unit> {
    const first: Side = index % 2 === 0 ? 'baseline' : 'treatment';
    const second: Side = first === 'baseline' ? 'treatment' : 'baseline';
    const speeds: Record<Side, number[]> = { baseline: [], treatment: [] };
    const times: number[] = [];
    const placing = await this.#places();
    const core = oneThread(plan.work) ? placing.core : null;
    const placement = placementOf(layout, { ...placing, core });
    for (const [i, side] of [first, second, second, first].entries()) {
      const result = await this.#run(plan, side, hooks, i / 4, 1 / 4, { placement });
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
