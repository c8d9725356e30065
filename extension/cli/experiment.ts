/** `alloc-lens experiment`: one side against another, a replay of the documents, or runs from a list, to a verdict. */
import { replayNamed } from '../experiment/replays.ts';
import { runReplay } from '../experiment/run-replay.ts';
import type { Experiment, ExperimentPlan, PairHooks } from '../model-experiment.ts';
import { UserError } from '../model.ts';
import { experimentText } from '../report/text-experiment.ts';
import { experimentFrom } from './experiment-from.ts';
import {
  type ExperimentFlags,
  experimentId,
  planOfReplay,
  planOfSides,
  ruleOf,
  sideSettings,
  thresholdOf,
  usualThreshold,
} from './experiment-plan.ts';
import type { Services } from './services.ts';
import { parseChoice, parseWhole, quoted } from './values.ts';
import { optionName } from './work-options.ts';

export const failVerdicts = ['no-go', 'inconclusive', 'neutral', 'no-op'] as const;
type FailVerdict = (typeof failVerdicts)[number];

function failList(flags: ExperimentFlags): FailVerdict[] {
  if (flags.failOn === undefined) return [];
  return flags.failOn.split(',').map((part) => parseChoice('--fail-on', part.trim(), failVerdicts));
}

/** Options that say how something is measured mean nothing for a list of runs. */
const measuring = [
  ...['workload', 'trace', 'flatten', 'env', 'flag', 'iterations', 'workingSet', 'min', 'max', 'seed'],
  ...['threads', 'maxProcesses', 'calibrate'],
] as const satisfies readonly (keyof ExperimentFlags)[];

function hooksOf({ signal, output }: Services): PairHooks {
  return { signal, onProgress: (message, fraction) => output.onProgress({ message, fraction }) };
}

async function measured(
  services: Services,
  plan: ExperimentPlan,
  flags: ExperimentFlags,
  hooks: PairHooks,
): Promise<Experiment> {
  const most =
    flags.maxProcesses === undefined ? null : parseWhole('--max-processes', flags.maxProcesses, 1, 100_000);
  return services.experiment(plan, hooks, { maxProcesses: most, calibrate: flags.calibrate === true });
}

async function replayed(
  services: Services,
  name: string,
  flags: ExperimentFlags,
  at: Date,
): Promise<Experiment> {
  const { target, machine, engineFunctions: functions } = services;
  const replay = replayNamed(name);
  return runReplay(
    {
      ...{ target, machine, functions, settings: sideSettings },
      measure: (plan, hooks) => measured(services, plan, flags, hooks),
    },
    replay,
    planOfReplay(replay, flags, at),
    hooksOf(services),
  );
}

function listed(file: string, flags: ExperimentFlags, at: Date): Experiment {
  const given = measuring.find((property) => flags[property] !== undefined);
  if (given !== undefined) {
    throw new UserError(
      `${optionName(given)} says how to measure, and --from has measurements: leave one of them out`,
    );
  }
  return experimentFrom(
    file,
    {
      ...{ id: experimentId('listed', at), rule: ruleOf(flags), threshold: thresholdOf(flags) },
      ...{ title: flags.title ?? null, at: at.toISOString() },
    },
    usualThreshold,
  );
}

async function result(
  services: Services,
  name: string | undefined,
  flags: ExperimentFlags,
  at: Date,
): Promise<Experiment> {
  const { baseline, treatment, from } = flags;
  const ways = [name !== undefined, baseline !== undefined || treatment !== undefined, from !== undefined];
  if (ways.filter(Boolean).length !== 1) {
    throw new UserError(
      'an experiment is a NAME of the documents, --baseline SPEC with --treatment SPEC, or --from RUNS.json: give one of them',
    );
  }
  if (from !== undefined) return listed(from, flags, at);
  if (name !== undefined) return replayed(services, name, flags, at);
  if (baseline === undefined || treatment === undefined) {
    throw new UserError(
      `${baseline === undefined ? '--treatment' : '--baseline'} is one side: give --${baseline === undefined ? 'baseline' : 'treatment'} SPEC with it`,
    );
  }
  const plan = planOfSides(services, baseline, treatment, flags, at);
  return measured(services, plan, flags, hooksOf(services));
}

/** Exit status: 0, or 1 when `--fail-on` names the verdict. */
export async function runExperimentCommand(
  services: Services,
  name: string | undefined,
  flags: ExperimentFlags,
): Promise<number> {
  const format = parseChoice('--format', flags.format, ['text', 'json']);
  const fails = failList(flags);
  const at = new Date();
  const experiment = await result(services, name, flags, at);
  services.signal.throwIfAborted();
  const { output } = services;
  // What was measured is printed whatever becomes of the ledger; what is in the ledger was finished.
  const kept =
    flags.ledger === false
      ? null
      : await services
          .appendToLedger(
            { v: 1, kind: 'experiment', at: experiment.finishedAt, experiment },
            typeof flags.ledger === 'string' ? flags.ledger : null,
          )
          .then(
            () => null,
            (error: unknown) => ({ error }),
          );
  await output.print(
    format === 'json' ? JSON.stringify(experiment) : experimentText(experiment, output.style, new Date()),
  );
  if (kept !== null) {
    const { error } = kept;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(`the experiment is done, but not in the ledger: ${why}`, 3);
  }
  const verdict = experiment.verdict.toLowerCase();
  const failing = fails.find((f) => f === verdict);
  if (failing === undefined) return 0;
  output.say(`--fail-on ${failing}: ${quoted(experiment.title)} is ${experiment.verdict}`);
  return 1;
}
