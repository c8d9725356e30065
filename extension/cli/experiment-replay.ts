/** Replays that time no pair: the audit of Phase 28, and the profile of Phase 42. */
import { presetByName } from '../../engine/host/presets.ts';
import type { Replay } from '../experiment/replay.ts';
import { parseSide } from '../experiment/side-spec.ts';
import { fastlaneCandidates } from '../experiment/tables/candidates.ts';
import { checklist } from '../experiment/tables/checklist.ts';
import { gapTable, perOperationOf } from '../experiment/tables/gap-table.ts';
import { hotTable } from '../experiment/tables/hot-table.ts';
import { gatesAmong, topRule } from '../experiment/tables/top-rule.ts';
import type {
  Experiment,
  ExperimentSide,
  ExperimentWork,
  GapTable,
  HotTable,
  SideSpec,
} from '../model-experiment.ts';
import { type BenchProfile, type BenchResult, UserError } from '../model.ts';
import { sideLabel } from '../profile/side-label.ts';
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

const layeredPreset = 'LAYERED_BASELINE';
/** Enough for counts that do not change any more in the second digit. */
const countedOperations = 200_000;

/** The layered engine against its own heap in the place of libc, counted on the experiment's workload. */
async function gapHere(services: Services, work: ExperimentWork): Promise<GapTable | null> {
  const preset = presetByName(layeredPreset);
  const count = async (label: string, env: Readonly<Record<string, string>>) => {
    const result = await services.target('engine').run(
      {
        ...{ workload: work.workload, profile: work.profile, trace: work.trace, variant: preset.variant },
        ...{ env: { ...preset.env, ...env }, flags: preset.flags, iterations: countedOperations },
        ...{ workingSet: work.workingSet, min: work.min, max: work.max, seed: work.seed },
        ...{ threads: work.threads, runs: 1, passes: 1 },
        ...{ sample: false, counters: true, latency: false, verify: false },
      },
      { signal: services.signal, onProgress: services.output.onProgress },
    );
    // One pass beside other work is no speed: the counts are exact, and stand alone.
    return result.counters === null ? null : perOperationOf(label, result.counters, null);
  };
  const ours = await count('engine, all layers', {});
  const theirs = await count('TLSF in the place of libc', { HAKMEM_FORCE_LIBC_ALLOC: '1' });
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
async function hotHere(services: Services, work: ExperimentWork): Promise<HotTable | null> {
  const { env, flags } = presetByName(layeredPreset);
  const result = await services.target('engine').run(
    {
      ...{ workload: work.workload, profile: work.profile, trace: work.trace, variant: 'sampled' },
      ...{ env, flags, iterations: countedOperations, workingSet: work.workingSet },
      ...{ min: work.min, max: work.max, seed: work.seed, threads: work.threads, runs: 1, passes: 1 },
      ...{ sample: true, counters: false, latency: false, verify: false },
    },
    { signal: services.signal, onProgress: services.output.onProgress },
  );
  return result.profile === null ? null : hotOf('engine, all layers', result.profile);
}

/** What Phase 19 asks for after each of its steps; nothing for other replays and for workloads that cannot be counted. */
export async function fastlaneTables(
  services: Services,
  replay: Replay,
  experiment: Experiment,
): Promise<Pick<Experiment, 'gap' | 'checks' | 'hot'>> {
  const candidate = fastlaneCandidates.find((c) => c.experiment === replay.name);
  if (candidate === undefined || experiment.work.workload !== 'random_mixed') return {};
  const gap = await gapHere(services, experiment.work);
  const hot = await hotHere(services, experiment.work);
  const held = experiment.gates.find((g) => g.name === 'checksum');
  const checks = checklist(experiment, candidate.estimate, {
    ...{ profileFell: null, suite: [experiment.work.profile], memory: null, reversible: true },
    correctness: held === undefined ? null : held.passed,
  });
  return { ...(gap === null ? {} : { gap }), ...(hot === null ? {} : { hot }), checks };
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
    hot: hotOf(side.label, result.profile),
    warnings: [`a profile of ${count(result.profile.functions.length, 'function')}; nothing was compared`],
  });
}
