/** An experiment of the documents done again: two sides timed, one side profiled, or what was read. */
import type {
  Experiment,
  ExperimentPlan,
  ExperimentSide,
  ExperimentWork,
  GapTable,
  HotTable,
  MachineState,
  PairHooks,
  SideSpec,
} from '../model-experiment.ts';
import {
  type BenchProfile,
  type BenchRequest,
  type BenchResult,
  type RunHooks,
  type Target,
  UserError,
} from '../model.ts';
import { sideLabel } from '../profile/side-label.ts';
import { documentFigures, type Replay } from './replay.ts';
import { fastlaneCandidates } from './tables/candidates.ts';
import { checklist } from './tables/checklist.ts';
import { gapTable, perOperationOf } from './tables/gap-table.ts';
import { hotTable } from './tables/hot-table.ts';
import { gatesAmong, topRule } from './tables/top-rule.ts';
import type { SideSettings } from './target-pair.ts';

export interface ReplayParts {
  /** Rejects with `UserError` for names that mean nothing. */
  readonly target: (name: string) => Target;
  readonly settings: SideSettings;
  /** Names of all functions in the engine's sources. */
  readonly functions: () => readonly string[];
  readonly machine: () => MachineState;
  /** Times a plan of two sides. */
  readonly measure: (plan: ExperimentPlan, hooks: PairHooks) => Promise<Experiment>;
}

function untimed(spec: SideSpec, label: string): ExperimentSide {
  return { label, spec, sha256: null, mean: null, median: null, stdev: null, runs: [] };
}

type Result = Pick<Experiment, 'verdict' | 'reason' | 'processes' | 'baseline' | 'treatment'> &
  Partial<Experiment>;

/** Of a replay that times no pair. */
function experimentOf(parts: ReplayParts, plan: ExperimentPlan, startedAt: Date, result: Result): Experiment {
  const { id, title, replay, threshold, rule, work } = plan;
  return {
    schemaVersion: 1,
    ...{ id, title, replay, effectPercent: null, interval: null, threshold, rule, looks: [] },
    ...{ noiseFloorPercent: null, smallestVisiblePercent: null, warnings: [], work, counters: null },
    ...{ gates: [], crossChecks: [], layouts: [], units: [], calibration: null },
    ...{ machine: parts.machine(), startedAt: startedAt.toISOString() },
    finishedAt: new Date().toISOString(),
    ...result,
  };
}

function runHooks({ signal, onProgress }: PairHooks): RunHooks {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : { onProgress: ({ message, fraction }) => onProgress(message, fraction) }),
  };
}

function requestOf(
  work: ExperimentWork,
  settings: Pick<BenchRequest, 'variant' | 'env' | 'flags'>,
  over: Partial<BenchRequest>,
): BenchRequest {
  return {
    ...{ workload: work.workload, profile: work.profile, trace: work.trace, ...settings },
    ...{ iterations: work.iterations, workingSet: work.workingSet, min: work.min, max: work.max },
    ...{ seed: work.seed, threads: work.threads, runs: 1, passes: 1 },
    ...{ sample: false, counters: false, latency: false, verify: false },
    ...over,
  };
}

const layered: SideSpec = {
  ...{ target: 'engine', variant: '', preset: 'LAYERED_BASELINE', flags: {}, env: {} },
};
/** Enough for counts that do not change any more in the second digit. */
const countedOperations = 200_000;

/** The layered engine against its own heap in the place of libc, counted on the experiment's workload. */
async function gapHere(parts: ReplayParts, work: ExperimentWork, hooks: PairHooks): Promise<GapTable | null> {
  const settings = parts.settings(layered);
  const counted = async (label: string, env: Readonly<Record<string, string>>) => {
    const own = { ...settings, env: { ...settings.env, ...env } };
    const request = requestOf(work, own, { iterations: countedOperations, counters: true });
    const result = await parts.target('engine').run(request, runHooks(hooks));
    // One pass beside other work is no speed: the counts are exact, and stand alone.
    return result.counters === null ? null : perOperationOf(label, result.counters, null);
  };
  const ours = await counted('engine, all layers', {});
  const theirs = await counted('TLSF in the place of libc', { HAKMEM_FORCE_LIBC_ALLOC: '1' });
  return ours === null || theirs === null ? null : gapTable(ours, theirs);
}

function hotOf(label: string, profile: BenchProfile): HotTable {
  const { target, variant, functions, samples } = profile;
  const over = samples === undefined ? '' : ` over ${samples.toLocaleString('en-US')} samples`;
  return {
    source: `${label}; profiled on ${target} ${variant}, V8 sampler${over}`,
    rows: hotTable(functions.filter((f) => f.selfPercent > 0)),
  };
}

/** Where the layered engine's time goes (Phase 19 §2); the profiled variant keeps every box function a call. */
async function hotHere(parts: ReplayParts, work: ExperimentWork, hooks: PairHooks): Promise<HotTable | null> {
  const settings = { ...parts.settings(layered), variant: 'sampled' };
  const request = requestOf(work, settings, { iterations: countedOperations, sample: true });
  const result = await parts.target('engine').run(request, runHooks(hooks));
  return result.profile === null ? null : hotOf('engine, all layers', result.profile);
}

/** What Phase 19 asks for after each of its steps; nothing for other replays and for workloads that cannot be counted. */
async function fastlaneTables(
  parts: ReplayParts,
  replay: Replay,
  experiment: Experiment,
  hooks: PairHooks,
): Promise<Pick<Experiment, 'gap' | 'checks' | 'hot'>> {
  const candidate = fastlaneCandidates.find((c) => c.experiment === replay.name);
  if (candidate === undefined || experiment.work.workload !== 'random_mixed') return {};
  const gap = await gapHere(parts, experiment.work, hooks);
  const hot = await hotHere(parts, experiment.work, hooks);
  const held = experiment.gates.find((g) => g.name === 'checksum');
  const checks = checklist(experiment, candidate.estimate, {
    ...{ profileFell: null, suite: [experiment.work.profile], memory: null, reversible: true },
    correctness: held === undefined ? null : held.passed,
  });
  return { ...(gap === null ? {} : { gap }), ...(hot === null ? {} : { hot }), checks };
}

/** What was read decides: nothing is timed where no atomic could go. */
function auditOf(parts: ReplayParts, replay: Replay, plan: ExperimentPlan): Experiment {
  const audit = replay.audit ?? [];
  const telemetry = audit.filter((o) => o.class !== 'correctness');
  if (audit.length === 0 || telemetry.length > 0) {
    throw new Error(`${replay.name} is an audit with something to compile out: it has to be timed`);
  }
  return experimentOf(parts, plan, new Date(), {
    verdict: 'NO-OP',
    reason: `${audit.length}/${audit.length} correctness: nothing can be compiled out, so nothing is timed`,
    processes: 0,
    baseline: untimed(plan.treatment, replay.figures.baseline.label),
    treatment: untimed(plan.treatment, replay.figures.treatment.label),
    audit,
  });
}

function sideOf(spec: SideSpec, result: BenchResult): ExperimentSide {
  const { moduleSha256: sha256, mean, median, stdev } = result;
  const runs = result.runs.map((r) => r.median);
  return { label: sideLabel(spec), spec, sha256, mean, median, stdev, runs };
}

/** The document's ten runs, and a profile of the same flags: which of the engine's gates are in its Top 50. */
async function profileOf(
  parts: ReplayParts,
  replay: Replay,
  plan: ExperimentPlan,
  hooks: PairHooks,
): Promise<Experiment> {
  const startedAt = new Date();
  const spec = plan.baseline;
  const settings = parts.settings(spec);
  const request = requestOf(
    plan.work,
    // The profiled variant keeps every box function a call; the flag makes its gates constants as well.
    { ...settings, flags: { ...settings.flags, BENCH_MINIMAL: '1' } },
    { runs: replay.runs, sample: true },
  );
  const result = await parts.target('engine').run(request, runHooks(hooks));
  hooks.signal?.throwIfAborted();
  const { profile } = result;
  if (profile === null) throw new UserError('the engine was run without giving a profile', 3);
  const rule = topRule(gatesAmong(parts.functions()), profile.functions);
  const rows = profile.functions.length;
  return experimentOf(parts, plan, startedAt, {
    verdict: rule.verdict,
    reason: rule.reason,
    processes: result.runs.length,
    baseline: sideOf(spec, result),
    treatment: untimed(spec, replay.figures.treatment.label),
    topRule: rule,
    hot: hotOf(sideLabel(spec), profile),
    warnings: [`a profile of ${rows} ${rows === 1 ? 'function' : 'functions'}; nothing was compared`],
  });
}

/**
 * A replay with the document's figures beside its own.
 *
 * @param plan of `replay` (`replayPlan`), its looks decided
 * @throws as the parts do; an AbortError when the signal is raised
 */
export async function runReplay(
  parts: ReplayParts,
  replay: Replay,
  plan: ExperimentPlan,
  hooks: PairHooks,
): Promise<Experiment> {
  const experiment =
    replay.kind === 'audit'
      ? auditOf(parts, replay, plan)
      : replay.kind === 'profile'
        ? await profileOf(parts, replay, plan, hooks)
        : await parts.measure(plan, hooks);
  hooks.signal?.throwIfAborted();
  return {
    ...experiment,
    ...(await fastlaneTables(parts, replay, experiment, hooks)),
    document: documentFigures(replay),
    ...(replay.pruned === undefined ? {} : { pruned: replay.pruned }),
  };
}
