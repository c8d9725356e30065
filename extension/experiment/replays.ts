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

/** What a document does not agree with itself about, and no replay shows. */
export const otherDisagreements: readonly (readonly [document: string, sentence: string])[] = [
  ['Phase 19', 'After the projection the gap to libc is printed as +43.0%; 77.62 / 54.3 is +42.9%.'],
  ['Phase 19', 'Of ~7% of samples in the gate checks 3.01% and 1.36% are marked, 4.37% together.'],
  ['Phases 24 to 29', 'Phase 27 counts 6 counters and names 5 locations.'],
  ['Phases 40 to 60', 'Phase 57 prints 1.25e-7 system calls an operation and "zero syscall overhead".'],
  [
    'Release hygiene',
    'The roadmap calls 4.1M ops/s 4.3% of mimalloc; it is 3.2%, and 4.4% of the system allocator.',
  ],
  [
    'Release hygiene',
    'The roadmap calls 5-8M ops/s 5-6% and 9-12M 7-10% of mimalloc; they are 3.9-6.3% and 7.0-9.4%.',
  ],
  [
    'Release hygiene',
    '5.1-5.5M ops/s is called the 4x target; against the printed 4.3M it is 1.2 to 1.3 times.',
  ],
  ['Release hygiene', 'Lazy zeroing is +10 to +15% and 2-3M ops/s; 10 to 15% of 5.1-5.5M is 0.5-0.8M.'],
  ['Release hygiene', 'Allocation routing is +5 to +10% and 0.5-1M ops/s; 5 to 10% of 4.3-5.5M is 0.2-0.6M.'],
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
