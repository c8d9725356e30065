/** Replays that time no pair: the audit of Phase 28, and the profile of Phase 42. */
import { presetByName } from '../../engine/host/presets.ts';
import type { Replay } from '../experiment/replay.ts';
import { parseSide, sideLabel } from '../experiment/side-spec.ts';
import { gatesAmong, topRule } from '../experiment/tables/top-rule.ts';
import type { Experiment, ExperimentSide, ExperimentWork, SideSpec } from '../model-experiment.ts';
import { type BenchResult, UserError } from '../model.ts';
import { count } from '../report/format.ts';
import { type ExperimentFlags, experimentId, replayWork, ruleOf, thresholdOf } from './experiment-plan.ts';
import type { Services } from './services.ts';

function specOf(text: string): SideSpec {
  const side = parseSide('baseline', text);
  if (side.variant !== '') return side;
  return { ...side, variant: side.preset === null ? 'standard' : presetByName(side.preset).variant };
}

function untimed(spec: SideSpec, label: string): ExperimentSide {
  return { label, spec, sha256: null, mean: null, median: null, stdev: null, runs: [] };
}

type Result = Pick<Experiment, 'verdict' | 'reason' | 'processes' | 'baseline' | 'treatment'> &
  Partial<Experiment>;

function experimentOf(
  services: Services,
  replay: Replay,
  flags: ExperimentFlags,
  at: Date,
  work: ExperimentWork,
  result: Result,
): Experiment {
  return {
    schemaVersion: 1,
    ...{ id: experimentId(replay.name, at), title: flags.title ?? replay.title, replay: replay.name },
    ...{ effectPercent: null, interval: null, threshold: thresholdOf(flags) ?? replay.threshold },
    ...{ rule: ruleOf(flags), looks: [], noiseFloorPercent: null, smallestVisiblePercent: null },
    ...{ warnings: [], work, counters: null, gates: [], crossChecks: [], layouts: [], units: [] },
    ...{ calibration: null, machine: services.machine(), startedAt: at.toISOString() },
    finishedAt: new Date().toISOString(),
    ...result,
  };
}

/** What was read decides: nothing is timed where no atomic could go. */
export function runAudit(services: Services, replay: Replay, flags: ExperimentFlags, at: Date): Experiment {
  const audit = replay.audit ?? [];
  const telemetry = audit.filter((o) => o.class !== 'correctness');
  if (audit.length === 0 || telemetry.length > 0) {
    throw new Error(`${replay.name} is an audit with something to compile out: it has to be timed`);
  }
  const spec = specOf(replay.treatment);
  return experimentOf(services, replay, flags, at, replayWork(replay, flags), {
    verdict: 'NO-OP',
    reason: `${audit.length}/${audit.length} correctness: nothing can be compiled out, so nothing is timed`,
    processes: 0,
    baseline: untimed(spec, replay.figures.baseline.label),
    treatment: untimed(spec, replay.figures.treatment.label),
    audit,
  });
}

function sideOf(spec: SideSpec, result: BenchResult): ExperimentSide {
  const { moduleSha256: sha256, mean, median, stdev } = result;
  return {
    label: sideLabel(spec),
    spec,
    sha256,
    mean,
    median,
    stdev,
    runs: result.runs.map((r) => r.median),
  };
}

/** The document's ten runs, and a profile of the same flags: which of the engine's gates are in its Top 50. */
export async function runProfile(
  services: Services,
  replay: Replay,
  flags: ExperimentFlags,
  at: Date,
): Promise<Experiment> {
  const spec = specOf(replay.baseline);
  const work = replayWork(replay, flags);
  const result = await services.target('engine').run(
    {
      ...{ workload: work.workload, profile: work.profile, trace: work.trace, variant: spec.variant },
      // The profiled variant keeps every box function a call; the flag makes its gates constants as well.
      ...{ env: spec.env, flags: { ...spec.flags, BENCH_MINIMAL: '1' } },
      ...{ iterations: work.iterations, workingSet: work.workingSet, min: work.min, max: work.max },
      ...{ seed: work.seed, threads: work.threads, runs: replay.runs, passes: 1 },
      ...{ sample: true, counters: false, latency: false, verify: false },
    },
    {
      signal: services.signal,
      onProgress: services.output.onProgress,
    },
  );
  services.signal.throwIfAborted();
  if (result.profile === null) throw new UserError('the engine was run without giving a profile', 3);
  const present = gatesAmong(services.engineFunctions());
  const rule = topRule(present, result.profile.functions);
  const side = sideOf(spec, result);
  return experimentOf(services, replay, flags, at, work, {
    verdict: rule.verdict,
    reason: rule.reason,
    processes: result.runs.length,
    baseline: side,
    treatment: untimed(spec, replay.figures.treatment.label),
    topRule: rule,
    warnings: [`a profile of ${count(result.profile.functions.length, 'function')}; nothing was compared`],
  });
}
