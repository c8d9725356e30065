/** An experiment from its plan to its verdict: facts, gates, units in order, looks. Writes nothing anywhere. */
import type {
  Calibration,
  Experiment,
  ExperimentGate,
  ExperimentPlan,
  ExperimentSide,
  Look,
  MachineState,
  PairFacts,
  PairHooks,
  PairRunner,
  SideFacts,
  Unit,
  Verdict,
} from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { machineNotes } from '../profile/machine-state.ts';
import { mean, sampleDeviation } from '../profile/moments.ts';
import { median } from '../profile/percentiles.ts';
import { calibrationKey, newestPassed } from './calibration-history.ts';
import { lookConfidence, looksWithin } from './looks.ts';
import { noiseFloor, sigmaPercent, smallestVisible } from './statistics.ts';
import { type Judge, type Judgement, judge, type LookRules } from './verdict.ts';
import { counterTable } from './verdict-counters.ts';
import {
  batchGate,
  calibrationGate,
  factGates,
  machineGate,
  refusalOf,
  unitWarnings,
} from './verdict-gates.ts';
import { reasonOf } from './verdict-reason.ts';
import { type SeedRule, seedJudge } from './verdict-seed.ts';

export interface ExperimentHooks extends PairHooks {
  /** After each unit, in order. */
  readonly onUnit?: (unit: Unit) => void;
  /** After each planned look. */
  readonly onLook?: (look: Look) => void;
}

export interface ExperimentOptions {
  readonly machine: MachineState;
  /** A/A calibrations known for any machine, target and workload. */
  readonly calibrations: readonly Calibration[];
  /** Fresh processes to use at most; null or absent: the plan's last look. */
  readonly maxProcesses?: number | null;
  /** An identical pair is measured: neither its identity nor the missing change ends it. */
  readonly identicalToo?: boolean;
  /** Needed by plans with the rule `seed`. */
  readonly seedRule?: SeedRule;
  readonly hooks?: ExperimentHooks;
  /** The clock; default: the system's. */
  readonly now?: () => Date;
}

/** Fewer units have no interval worth the name. */
const leastForInterval = 6;

function abortError(): Error {
  return new DOMException('The experiment was cancelled', 'AbortError');
}

/** Layout of a unit: in turn. Which side comes first within a layout, the runner alternates. */
function layoutOf(layouts: readonly string[], index: number): string {
  const name = layouts[index % layouts.length];
  if (name === undefined) throw new Error('a pair runner needs at least one layout');
  return name;
}

function checkedUnit(unit: Unit): Unit {
  const positive = [unit.baseline, unit.treatment, unit.batchNs];
  const sound =
    Number.isFinite(unit.logRatio) &&
    unit.blocks.every(Number.isFinite) &&
    positive.every((v) => Number.isFinite(v) && v > 0);
  if (!sound) {
    throw new UserError(`unit ${unit.index + 1} gave times that cannot be compared: nothing is concluded`, 3);
  }
  return unit;
}

function sideOf(facts: SideFacts, runs: readonly number[]): ExperimentSide {
  const { label, spec, sha256 } = facts;
  const middle =
    runs.length === 0 ? { mean: null, median: null } : { mean: mean(runs), median: median(runs) };
  return { label, spec, sha256, ...middle, stdev: sampleDeviation(runs), runs };
}

/** What the units showed, and what is said about it. */
interface Outcome {
  readonly verdict: Verdict;
  readonly reason: string;
  readonly more: number | null;
  readonly judgement: Judgement | null;
}

class Session {
  readonly units: Unit[] = [];
  readonly looks: Look[] = [];
  readonly #plan: ExperimentPlan;
  readonly #runner: PairRunner;
  readonly #options: ExperimentOptions;
  readonly #planned: readonly number[];
  readonly #confidence: number;
  readonly #judge: Judge;
  readonly #perUnit: number;

  constructor(plan: ExperimentPlan, runner: PairRunner, options: ExperimentOptions) {
    this.#plan = plan;
    this.#runner = runner;
    this.#options = options;
    this.#perUnit = runner.processesPerUnit ?? 1;
    const most = options.maxProcesses ?? null;
    if (most !== null && this.#perUnit > 1 && most < leastForInterval * this.#perUnit) {
      throw new UserError(
        `sides in processes of their own take ${this.#perUnit} a unit: at least ${leastForInterval * this.#perUnit} processes, not ${most}`,
      );
    }
    this.#planned = looksWithin(plan.looks, most === null ? null : Math.floor(most / this.#perUnit));
    if (!(plan.threshold > 0 && plan.threshold <= 100)) {
      throw new UserError(`a threshold is above 0% and at most 100%, not ${plan.threshold}`);
    }
    if (plan.rule === 'seed') {
      if (options.seedRule === undefined) throw new Error('a plan with the rule seed needs seedRule');
      if (this.#planned.at(-1) === 1) throw new UserError('the rule seed needs at least two runs a side');
      this.#judge = seedJudge(options.seedRule);
    } else {
      if ((this.#planned[0] ?? 0) < leastForInterval) {
        throw new UserError(
          `the first look needs at least ${leastForInterval} units, not ${this.#planned[0]}`,
        );
      }
      this.#judge = judge;
    }
    this.#confidence = lookConfidence(this.#planned);
  }

  get processes(): number {
    return this.units.length * this.#perUnit;
  }

  #checkCancelled(): void {
    if (this.#options.hooks?.signal?.aborted) throw abortError();
  }

  /** Hooks of a part of the work: its own progress becomes a share of the whole. */
  #hooks(label: string, from: number, share: number): PairHooks {
    const { onProgress, signal } = this.#options.hooks ?? {};
    return {
      ...(signal === undefined ? {} : { signal }),
      ...(onProgress === undefined
        ? {}
        : {
            onProgress: (message, fraction) =>
              onProgress(`${label}: ${message}`, from + share * Math.min(1, Math.max(0, fraction))),
          }),
    };
  }

  async facts(): Promise<PairFacts> {
    this.#checkCancelled();
    const facts = await this.#runner.facts(this.#plan, this.#hooks('gates', 0, 0.05));
    this.#checkCancelled();
    return facts;
  }

  async #unit(layouts: readonly string[], most: number): Promise<Unit> {
    this.#checkCancelled();
    const index = this.units.length;
    const label = `unit ${index + 1} of at most ${most}`;
    const hooks = this.#hooks(label, 0.05 + (0.95 * index) / most, 0.95 / most);
    const unit = await this.#runner.unit(this.#plan, index, layoutOf(layouts, index), hooks);
    this.#checkCancelled();
    this.units.push(checkedUnit(unit));
    this.#options.hooks?.onUnit?.(unit);
    return unit;
  }

  #look(last: boolean): Judgement {
    const rules: LookRules = {
      threshold: this.#plan.threshold,
      confidence: this.#confidence,
      last,
      seed: this.#plan.work.seed,
    };
    const judgement = this.#judge(this.units, rules);
    const look = { units: this.units.length, estimate: judgement.estimate, verdict: judgement.verdict };
    this.looks.push(look);
    this.#options.hooks?.onLook?.(look);
    return judgement;
  }

  #refused(gates: readonly ExperimentGate[]): Outcome | null {
    const refusal = refusalOf(gates);
    return refusal === null ? null : { ...refusal, more: null, judgement: null };
  }

  /** Units until a look decides; `gates` gets the one about the batches. */
  async run(facts: PairFacts, gates: ExperimentGate[]): Promise<Outcome> {
    const refused = this.#refused(gates);
    if (refused !== null) return refused;
    const layouts = this.#runner.layouts(this.#plan);
    const most = this.#planned.at(-1) ?? 0;
    for (const planned of this.#planned) {
      while (this.units.length < planned) {
        await this.#unit(layouts, most);
        // Short batches are seen at the first unit; whether they stayed long enough, at each look.
        if (this.units.length > 1 && this.units.length < planned) continue;
        const batch = batchGate(this.units, facts.clockNs);
        const tooShort = this.#refused([batch]);
        if (tooShort !== null || this.units.length === planned) {
          gates.splice(0, gates.length, ...gates.filter((g) => g.name !== 'batch'), batch);
        }
        if (tooShort !== null) return tooShort;
      }
      const judgement = this.#look(planned === most);
      if (judgement.verdict !== null) return this.#concluded(judgement, judgement.verdict);
    }
    throw new Error('the last look has to decide');
  }

  #concluded(judgement: Judgement, verdict: Verdict): Outcome {
    const { reason, more } = reasonOf({
      judgement,
      units: this.units.length,
      processesPerUnit: this.#perUnit,
      threshold: this.#plan.threshold,
      confidence: this.#confidence,
      sigmaPercent: sigmaPercent(this.units.map((u) => u.logRatio)),
    });
    return { verdict, reason, more, judgement };
  }
}

/** Noise floor and smallest visible effect: with the larger σ of the calibration and of the units themselves. */
function visibility(
  own: number | null,
  calibration: Calibration | null,
  n: number,
): Pick<Experiment, 'noiseFloorPercent' | 'smallestVisiblePercent'> {
  if (own === null || n < 2) return { noiseFloorPercent: null, smallestVisiblePercent: null };
  const sigma = Math.max(own, calibration?.sigmaPercent ?? 0);
  return { noiseFloorPercent: noiseFloor(sigma, n), smallestVisiblePercent: smallestVisible(sigma, n) };
}

function warningsOf(
  session: Session,
  options: ExperimentOptions,
  gates: readonly ExperimentGate[],
  outcome: Outcome,
  own: number | null,
): string[] {
  if (session.units.length === 0) return [];
  const failed = gates.filter((g) => !g.passed && g.name === 'calibration');
  const noisy = gates.filter((g) => !g.passed && g.name === 'machine');
  const uncounted = gates.filter((g) => g.name === 'coverage' && g.note.includes('could not be counted'));
  const unchecked = gates.filter((g) => g.name === 'checksum' && g.note.includes('was not checked'));
  return [
    ...noisy.map((g) => `the machine is ${g.note.split(';')[0] ?? g.note}`),
    ...machineNotes(options.machine),
    ...failed.map((g) => g.note),
    ...[...uncounted, ...unchecked].map((g) => g.note),
    ...unitWarnings(session.units, own),
    ...(outcome.judgement?.layoutSensitive
      ? ['layout-sensitive: the effect depends on where the code lies; its interval is that over layouts']
      : []),
  ];
}

/**
 * Runs an experiment. Units are run in the order of their index, layouts in turn; what others disturbed is kept and named.
 *
 * @throws UserError for plans that cannot be run, and what the runner throws; an AbortError when the signal is raised.
 * A cancelled or failed experiment leaves nothing behind.
 */
export async function runExperiment(
  plan: ExperimentPlan,
  runner: PairRunner,
  options: ExperimentOptions,
): Promise<Experiment> {
  const now = options.now ?? (() => new Date());
  const session = new Session(plan, runner, options);
  const started = now();
  const facts = await session.facts();
  const gates = factGates(facts, options.identicalToo ?? false);
  const outcome = await session.run(facts, gates);
  const { units } = session;
  const own = sigmaPercent(units.map((u) => u.logRatio));
  const calibration =
    units.length === 0
      ? null
      : newestPassed(options.calibrations, calibrationKey(plan, options.machine), started);
  if (units.length > 0) gates.push(calibrationGate(calibration, own), machineGate(options.machine, own));
  const estimate = outcome.judgement?.estimate ?? null;
  const [effect, interval] = [estimate?.percent ?? null, estimate?.interval ?? null];
  return {
    schemaVersion: 1,
    ...{ id: plan.id, title: plan.title, replay: plan.replay },
    ...{ verdict: outcome.verdict, reason: outcome.reason },
    ...{ effectPercent: effect, interval, threshold: plan.threshold, rule: plan.rule },
    processes: session.processes,
    looks: session.looks,
    ...visibility(own, calibration, units.length),
    warnings: warningsOf(session, options, gates, outcome, own),
    work: plan.work,
    baseline: sideOf(
      facts.baseline,
      units.map((u) => u.baseline),
    ),
    treatment: sideOf(
      facts.treatment,
      units.map((u) => u.treatment),
    ),
    counters: counterTable(facts, effect, interval, plan.threshold),
    gates,
    crossChecks: outcome.judgement?.crossChecks ?? [],
    layouts: outcome.judgement?.layouts ?? [],
    units,
    calibration,
    machine: options.machine,
    startedAt: started.toISOString(),
    finishedAt: now().toISOString(),
    ...(facts.changedRan === null ? {} : { changed: facts.changed }),
    moreProcesses: outcome.more,
  };
}
