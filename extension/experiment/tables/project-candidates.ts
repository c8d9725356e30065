/**
 * Candidates of analysed sources joined to the experiments that measured them. An experiment belongs to a candidate when its
 * title names the candidate (id or title), or when it differs in one gate alone, turned off, that is the innermost one around the
 * candidate's place: then what it took out is that place, and whatever else the gate guards.
 */
import type { Experiment, ExperimentSide } from '../../model-experiment.ts';
import type { CandidateGain } from '../../model-report.ts';
import type { Candidate, CandidateLetter, Findings } from '../../model.ts';
import { type LabCandidate, measuredBy } from './candidates.ts';

/** What the treatment turns off, null when the sides differ in anything else. */
export function gateTurnedOff(baseline: ExperimentSide, treatment: ExperimentSide): string | null {
  const [a, b] = [baseline.spec, treatment.spec];
  if (a.target !== b.target || a.variant !== b.variant || a.preset !== b.preset) return null;
  const settings = (side: typeof a): Map<string, string> =>
    new Map([...Object.entries(side.flags), ...Object.entries(side.env)]);
  const [from, to] = [settings(a), settings(b)];
  const differing = [...new Set([...from.keys(), ...to.keys()])].filter((n) => from.get(n) !== to.get(n));
  const [name] = differing;
  if (name === undefined || differing.length > 1) return null;
  const [before, after] = [from.get(name), to.get(name)];
  // A side that does not name the gate has its default, which is the other one's opposite.
  if (before === undefined) return after === '0' ? name : null;
  return before !== '0' && (after === undefined || after === '0') ? name : null;
}

/** Name of the gate right around a candidate's place; null without one. */
export function innermostGate(findings: Findings, candidate: Candidate): string | null {
  const here = (row: { readonly file: string; readonly line: number }): boolean =>
    row.file === candidate.file && row.line === candidate.line;
  const site = findings.atomics.find((s) => here(s) && s.gates.length > 0);
  if (site !== undefined) return site.gates.at(-1) ?? null;
  return findings.counters.find(here)?.activity.decidedBy ?? null;
}

/** Letters whose change is what a gate that is turned off does: the place does not run any more. */
const removing: ReadonlySet<CandidateLetter> = new Set(['C']);

/** Shorter titles stand in other titles by chance. */
const shortestTitle = 12;

function named(candidate: Candidate, unique: boolean, experiment: Experiment): boolean {
  const { title } = experiment;
  return (
    title.includes(candidate.id) ||
    (unique && candidate.title.length >= shortestTitle && title.includes(candidate.title))
  );
}

/** In the order of the findings; `experiments` oldest first, the newest that belongs to a candidate counts. */
export function projectCandidates(findings: Findings, experiments: readonly Experiment[]): CandidateGain[] {
  const titles = new Map<string, number>();
  for (const { title } of findings.candidates) titles.set(title, (titles.get(title) ?? 0) + 1);
  const off = experiments.map((e) => gateTurnedOff(e.baseline, e.treatment));
  return findings.candidates.map((c): CandidateGain => {
    const row: LabCandidate = {
      ...{ id: c.id, letter: c.letter, title: c.title, risk: c.risk },
      estimate: {
        // The estimates are of what a native build executes.
        unit: c.estimate.instructionsPerOp === null && c.estimate.branchesPerOp === null ? null : 'x86',
        instructionsPerOp: c.estimate.instructionsPerOp,
        branchesPerOp: c.estimate.branchesPerOp,
        throughputPercent: c.estimate.throughputPercent,
      },
      experiment: null,
    };
    const byName = experiments.findLast((e) => named(c, titles.get(c.title) === 1, e));
    if (byName !== undefined) {
      return { ...row, experiment: byName.id, measured: measuredBy(byName, 'named in its title') };
    }
    const gate = removing.has(c.letter) ? innermostGate(findings, c) : null;
    // One that timed nothing measured no gain; it speaks only where no other does.
    const about = experiments.filter((_, i) => gate !== null && off[i] === gate);
    const byGate = about.findLast((e) => e.effectPercent !== null) ?? about.at(-1);
    if (gate === null || byGate === undefined) return { ...row, measured: null };
    return { ...row, experiment: byGate.id, measured: measuredBy(byGate, gate) };
  });
}
