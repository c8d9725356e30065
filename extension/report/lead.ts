/** The report's first sentences: what was found, what it costs as far as that is known, what to do next. */
import type { Candidate, Findings, HotFunctionRow, Profile } from '../model.ts';
import { capital, count, list, signedPercent } from './format.ts';
import { byWorth, liveCandidates } from './hot-functions.ts';

/** Wrappers below this share are not worth a word. */
const mentionable = 0.5;

export interface LeadInput {
  readonly findings: Findings | null;
  readonly profile: Profile | null;
  readonly hotFunctions: readonly HotFunctionRow[];
}

/** Telemetry sites on hot paths, as far as the configuration lets them run. */
export function hotTelemetry(findings: Findings): { active: number; conditional: number; inactive: number } {
  const out = { active: 0, conditional: 0, inactive: 0 };
  for (const site of findings.atomics) {
    if (site.class === 'telemetry' && site.temperature === 'hot') out[site.activity.state]++;
  }
  return out;
}

function timeSentence({ findings, hotFunctions: rows }: LeadInput, profile: Profile): string {
  const whose = profile.target.kind === 'engine' ? "the built-in engine's" : `${profile.target.name}'s`;
  // Shares of another allocator next to a project's findings must not be read as the project's.
  const unmeasured =
    findings !== null && rows.every((r) => r.projectSource === null)
      ? '; no function of this project was measured'
      : '';
  const wrappers = rows.filter((r) => r.category === 'wrapper' && r.selfPercent >= mentionable);
  const share = wrappers.reduce((sum, r) => sum + r.selfPercent, 0);
  const what = `${whose} time in ${profile.workload}`;
  if (share >= 5) {
    const names = wrappers.map((r) => r.name);
    const named =
      names.length <= 4 ? list(names) : list([...names.slice(0, 3), count(names.length - 3, 'other')]);
    return `${share.toFixed(1)}% of ${what} is in ${count(names.length, 'wrapper')} (${named})${unmeasured}.`;
  }
  const top = rows.find((r) => r.category !== 'benchmark');
  if (top === undefined) return `The profile of ${profile.workload} holds no function of the allocator.`;
  return `The largest share of ${what} is ${top.selfPercent.toFixed(1)}%, in ${top.name} (${top.category})${unmeasured}.`;
}

function telemetrySentence(findings: Findings): string {
  const hot = hotTelemetry(findings);
  const off = hot.inactive + hot.conditional;
  const gates = findings.gates.filter((g) => g.kind === 'env' && g.hot && g.read === 'per-call').length;
  const verb = (n: number, one: string, many: string): string => (n === 1 ? one : many);
  let first: string;
  if (hot.active > 0) {
    first = `${capital(count(hot.active, 'active telemetry atomic'))} ${verb(hot.active, 'lies', 'lie')} on the hot path`;
    if (off > 0) first += `, ${count(off, 'more', 'more')} ${verb(off, 'is', 'are')} switched off`;
  } else if (off > 0) {
    first = `No telemetry atomic is active on the hot path: ${count(off, 'is', 'are')} there, switched off by compile flags or gates`;
  } else {
    first = 'No telemetry atomic lies on the hot path';
  }
  if (gates > 0)
    first += `; ${count(gates, 'environment gate')} ${verb(gates, 'is', 'are')} read on every call`;
  return `${first}.`;
}

/** What the findings say, the absence of anything to find included. */
function findingsSentence(findings: Findings): string {
  if (findings.files.length === 0) return 'No C or C++ source was found, so there is nothing to judge.';
  const envGates = findings.gates.filter((g) => g.kind === 'env').length;
  if (findings.atomics.length === 0 && envGates === 0) {
    return `${capital(count(findings.files.length, 'file'))} analysed: no atomic operation and no read of the environment.`;
  }
  if (findings.configuration.entries.length === 0) {
    return `${capital(count(findings.atomics.length, 'atomic operation'))} and ${count(envGates, 'read')} of the environment found; no allocation entry point (malloc, free and their kin) is defined here, so nothing can be called hot.`;
  }
  return telemetrySentence(findings);
}

/** The candidate that the report recommends first. */
export function bestCandidate(
  findings: Findings | null,
  hotFunctions: readonly HotFunctionRow[],
): Candidate | null {
  if (findings === null) return null;
  const share = (c: Candidate): number =>
    hotFunctions.find((r) => r.name === c.function && r.projectSource?.file === c.file)?.selfPercent ?? 0;
  return liveCandidates(findings).sort((a, b) => byWorth(a, b, share))[0] ?? null;
}

function nextSentence({ findings, profile, hotFunctions }: LeadInput): string {
  const best = bestCandidate(findings, hotFunctions);
  if (best !== null) {
    const gain = best.estimate.throughputPercent;
    const worth = gain === null ? 'gain not estimated' : `estimated ${signedPercent(gain)}`;
    const cost =
      gain === null
        ? ' What it costs is not known until both builds are measured.'
        : ' The gain is an estimate until both builds are measured.';
    return `Cheapest next step: ${best.title} (${worth}, risk ${best.risk}).${cost}`;
  }
  if (profile === null && findings !== null && findings.files.length > 0) {
    return 'Next: run a benchmark to see where the time goes; until then no cost is known.';
  }
  if (findings === null && profile !== null) {
    return 'Next: analyse the sources to see which atomics and gates lie on these functions.';
  }
  return '';
}

/** One to three sentences; never a figure that was not measured or estimated in the data. */
export function leadSentence(input: LeadInput): string {
  const { findings, profile } = input;
  if (findings === null && profile === null) {
    return 'Nothing is known yet. Analyse the workspace to find atomics and gates, or run a benchmark to see where the time goes.';
  }
  return [
    profile === null ? '' : timeSentence(input, profile),
    findings === null ? '' : findingsSentence(findings),
    nextSentence(input),
  ]
    .filter((s) => s !== '')
    .join(' ');
}
