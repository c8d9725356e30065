/** The named replays of the documents, and the plans that they come to. */
import type { ExperimentPlan, ExperimentWork, Rule } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import type { Replay } from './replay.ts';
import { fastlaneReplays } from './replays-fastlane.ts';
import { hygieneReplays } from './replays-hygiene.ts';
import { pruneReplays } from './replays-prune.ts';
import { runtimeReplays } from './replays-runtime.ts';
import { parseSide, type PresetVariant, withVariants } from './side-spec.ts';

export const replays: readonly Replay[] = [
  ...fastlaneReplays,
  ...pruneReplays,
  ...runtimeReplays,
  ...hygieneReplays,
];

/** Throws `UserError` with the names there are for any other. */
export function replayNamed(name: string): Replay {
  const found = replays.find((r) => r.name === name);
  if (found === undefined) {
    const names = replays.map((r) => r.name).join(', ');
    throw new UserError(`'${name.slice(0, 60)}' is no experiment of the documents: they have ${names}`);
  }
  return found;
}

/** More operations than this are not one pass here: batches stand in their place. */
const longestPass = 20_000_000;

/** The document's work; what it does not state is the workload's own. */
export function workOf(replay: Replay): ExperimentWork {
  const { work } = replay;
  return {
    workload: work.workload,
    ...{ profile: 'mixed', trace: null, threads: null, seed: 12345 },
    iterations: work.iterations !== null && work.iterations > longestPass ? null : work.iterations,
    workingSet: work.workingSet,
    min: work.min,
    max: work.max,
  };
}

export interface PlanOptions {
  readonly id: string;
  readonly rule: Rule;
  /** Units after which a decision may be taken. */
  readonly looks: readonly number[];
  /** Null for the document's. */
  readonly threshold: number | null;
  readonly work: ExperimentWork | null;
}

/** The plan of a replay that compares two sides. Throws `UserError` for presets that the engine does not have. */
export function replayPlan(replay: Replay, variantOf: PresetVariant, options: PlanOptions): ExperimentPlan {
  const sides = withVariants(
    parseSide('baseline', replay.baseline),
    parseSide('treatment', replay.treatment),
    variantOf,
  );
  return {
    id: options.id,
    title: replay.title,
    ...sides,
    work: options.work ?? workOf(replay),
    threshold: options.threshold ?? replay.threshold,
    rule: options.rule,
    looks: options.looks,
    replay: replay.name,
  };
}
