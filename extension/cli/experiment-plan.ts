/** From the options of `experiment` to what is to be run: sides, work, looks. Everything is refused here or not at all. */
import { randomBytes } from 'node:crypto';
import { presetByName } from '../../engine/host/presets.ts';
import { compileSettings } from '../../engine/host/flavours.ts';
import { envGates } from '../../engine/host/variants.ts';
import { engineLooks, nativeLooks } from '../experiment/looks.ts';
import type { Replay } from '../experiment/replay.ts';
import { replayPlan, workOf } from '../experiment/replays.ts';
import { checkedThreshold } from '../experiment/seed-rule.ts';
import { parseSide, withVariants } from '../experiment/side-spec.ts';
import { needsOwnProcesses } from '../experiment/target-pair.ts';
import type { ExperimentPlan, ExperimentWork, Rule, SideSpec } from '../model-experiment.ts';
import { type BenchRequest, UserError } from '../model.ts';
import { sideLabel } from '../profile/side-label.ts';
import { pairWork } from './pair-work.ts';
import type { Services } from './services.ts';
import { parseAssignment, parseChoice, quoted, toRecord } from './values.ts';
import type { WorkFlags } from './work-options.ts';

/** As commander hands them over. */
export interface ExperimentFlags extends WorkFlags {
  readonly baseline?: string;
  readonly treatment?: string;
  readonly from?: string;
  readonly title?: string;
  readonly workload?: string;
  readonly env?: readonly string[];
  readonly flag?: readonly string[];
  readonly threshold?: string;
  readonly rule?: string;
  readonly maxProcesses?: string;
  readonly calibrate?: boolean;
  readonly failOn?: string;
  /** False with `--no-ledger`. */
  readonly ledger?: string | boolean;
  readonly format: string;
}

/** Percent, where nothing else is said. */
export const usualThreshold = 0.5;
/** Runs a side of the documents' script, for the rule `seed`. */
const usualRuns = 10;

/** A name, what it was and when: sorts by time, and two in one second differ. */
export function experimentId(name: string, at: Date): string {
  const time = at.toISOString().replace(/[-:]|\.\d+/g, '');
  return `${name}-${time}-${randomBytes(2).toString('hex')}`;
}

export function ruleOf(flags: ExperimentFlags): Rule {
  return flags.rule === undefined ? 'interval' : parseChoice('--rule', flags.rule, ['interval', 'seed']);
}

/** `--threshold PCT`, null without it. */
export function thresholdOf(flags: ExperimentFlags): number | null {
  if (flags.threshold === undefined) return null;
  const text = flags.threshold.trim().replace(/%$/, '');
  const value = /^\d{1,4}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
  return checkedThreshold(value, `--threshold ${quoted(flags.threshold)}`);
}

const experimentWork = (workload: string | undefined, flags: ExperimentFlags): ExperimentWork =>
  pairWork(workload, flags, 'an experiment');

/** What the work was asked to be, null when nothing was said of it. */
function workFlags(flags: ExperimentFlags): ExperimentWork | null {
  const { workload, trace, flatten, iterations, workingSet, min, max, seed, threads } = flags;
  const given = [workload, trace, flatten, iterations, workingSet, min, max, seed, threads];
  return given.every((value) => value === undefined) ? null : experimentWork(workload, flags);
}

/** A replay's work with single values of the options on top; another workload replaces it. */
export function replayWork(replay: Replay, flags: ExperimentFlags): ExperimentWork {
  const own = workOf(replay);
  const asked = workFlags(flags);
  if (asked === null) return own;
  if (flags.workload !== undefined || flags.trace !== undefined) return asked;
  return {
    ...own,
    iterations: asked.iterations ?? own.iterations,
    workingSet: asked.workingSet ?? own.workingSet,
    min: asked.min ?? own.min,
    max: asked.max ?? own.max,
    seed: flags.seed === undefined ? own.seed : asked.seed,
    threads: asked.threads ?? own.threads,
  };
}

/** A side with `--env` and `--flag`, which are for both; its own settings win. */
function withShared(side: SideSpec, flags: ExperimentFlags): SideSpec {
  const env = toRecord((flags.env ?? []).map((e) => parseAssignment('--env', e)));
  const compile = toRecord((flags.flag ?? []).map((f) => parseAssignment('--flag', f)));
  return { ...side, env: { ...env, ...side.env }, flags: { ...compile, ...side.flags } };
}

const variantOf = (name: string): string => presetByName(name).variant;

/** What a side asks of its target, its preset's settings included. Throws `UserError` for presets that are none. */
export function sideSettings(side: SideSpec): Pick<BenchRequest, 'variant' | 'env' | 'flags'> {
  const preset = side.preset === null ? null : presetByName(side.preset);
  return {
    variant: side.variant === '' ? (preset?.variant ?? 'native') : side.variant,
    env: { ...preset?.env, ...side.env },
    flags: { ...preset?.flags, ...side.flags },
  };
}

/** Refuses targets, variants, flags and gates that do not exist before anything runs. */
function checkSide(services: Services, option: string, side: SideSpec): void {
  const target = services.target(side.target);
  if (!target.variants.includes(side.variant)) {
    const known = target.variants.join(', ');
    throw new UserError(`${option}: ${target.name} has no variant ${quoted(side.variant)}, it has ${known}`);
  }
  if (side.target !== 'engine') {
    const flag = Object.keys(side.flags)[0];
    if (flag === undefined || target.noFlags === undefined) return;
    throw new UserError(
      `${option}: ${flag} is a compile flag, and ${target.name} has none: ${target.noFlags}; write gates as env:${flag}=...`,
    );
  }
  compileSettings(side.flags);
  const gate = Object.keys(side.env).find((name) => !envGates.includes(name));
  if (gate !== undefined) {
    throw new UserError(
      `${option}: unknown environment gate ${gate}: the engine reads ${envGates.join(', ')}`,
    );
  }
}

function looksOf(
  plan: Pick<ExperimentPlan, 'baseline' | 'treatment'>,
  rule: Rule,
  runs: number,
): readonly number[] {
  if (rule === 'seed') return [runs];
  return needsOwnProcesses(plan) ? nativeLooks : engineLooks;
}

/** Plan of a replay, which is run from it whatever its kind. */
export function planOfReplay(replay: Replay, flags: ExperimentFlags, at: Date): ExperimentPlan {
  if (flags.env !== undefined || flags.flag !== undefined) {
    throw new UserError(`${replay.name} has its sides from the document: leave --env and --flag out`);
  }
  const rule = ruleOf(flags);
  const plan = replayPlan(replay, variantOf, {
    ...{ id: experimentId(replay.name, at), rule, looks: [], threshold: thresholdOf(flags) },
    work: replayWork(replay, flags),
  });
  const looks = looksOf(plan, rule, replay.runs);
  return { ...plan, looks, title: flags.title ?? plan.title };
}

/** Plan of `--baseline SPEC --treatment SPEC`. */
export function planOfSides(
  services: Services,
  baseline: string,
  treatment: string,
  flags: ExperimentFlags,
  at: Date,
): ExperimentPlan {
  const sides = withVariants(
    withShared(parseSide('--baseline', baseline), flags),
    withShared(parseSide('--treatment', treatment), flags),
    variantOf,
  );
  checkSide(services, '--baseline', sides.baseline);
  checkSide(services, '--treatment', sides.treatment);
  const rule = ruleOf(flags);
  return {
    id: experimentId('ab', at),
    title: flags.title ?? `${sideLabel(sides.treatment)} against ${sideLabel(sides.baseline)}`,
    ...sides,
    work: experimentWork(flags.workload, flags),
    threshold: thresholdOf(flags) ?? usualThreshold,
    rule,
    looks: looksOf(sides, rule, usualRuns),
    replay: null,
  };
}
