/** The table of hot functions in the shape of the method's documents: function, % time, category, reduction target. */
import type {
  Candidate,
  CandidateLetter,
  Findings,
  FunctionCategory,
  HotFunctionRow,
  Profile,
  SourceLocation,
} from '../model.ts';
import { annotateFile } from '../profile/annotate.ts';

/** What a candidate of each letter asks for, in a few words. */
export const letterActions: Record<CandidateLetter, string> = {
  A: 'remove layer',
  B: 'read once',
  C: 'compile out',
  D: 'drop the second check',
  E: 'precompute the route',
  F: 'weaken the order',
  G: 'shard or pad',
  H: 'take off the hot path',
  I: 'test the gate first',
};

/** What the documents' table says of a category before anything more is known. */
const categoryDefaults: Record<FunctionCategory, { target: CandidateLetter | null; reduction: string }> = {
  wrapper: { target: 'A', reduction: 'remove layer' },
  env: { target: 'B', reduction: 'read once' },
  stats: { target: 'C', reduction: 'compile out' },
  core: { target: null, reduction: 'optimize later' },
  benchmark: { target: null, reduction: 'baseline' },
  kernel: { target: null, reduction: 'outside' },
  library: { target: null, reduction: 'outside' },
};

const risk = { low: 0, medium: 1, high: 2 };

/** Best first: lowest risk, then largest estimated gain, then largest measured share, then letter. */
export function byWorth(a: Candidate, b: Candidate, share: (c: Candidate) => number = () => 0): number {
  const gain = (c: Candidate): number => c.estimate.throughputPercent ?? Number.NEGATIVE_INFINITY;
  if (risk[a.risk] !== risk[b.risk]) return risk[a.risk] - risk[b.risk];
  if (gain(a) !== gain(b)) return gain(b) - gain(a);
  if (share(a) !== share(b)) return share(b) - share(a);
  return a.letter < b.letter ? -1 : a.letter > b.letter ? 1 : 0;
}

/** Candidates whose work is switched off already are no reduction of what was measured. */
export function liveCandidates(findings: Findings): Candidate[] {
  const place = (row: { readonly file: string; readonly line: number }): string => `${row.file}:${row.line}`;
  const off = new Set<string>();
  const on = new Set<string>();
  for (const row of [...findings.atomics, ...findings.counters]) {
    (row.activity.state === 'inactive' ? off : on).add(place(row));
  }
  return findings.candidates.filter((c) => !off.has(place(c)) || on.has(place(c)));
}

/** Project function for each profiled name, by the rule of profile/annotate.ts; empty where the profile has no place. */
function projectFunctions(findings: Findings | null, profile: Profile): Map<string, SourceLocation> {
  const out = new Map<string, SourceLocation>();
  if (findings === null) return out;
  const profiled = new Set(profile.functions.map((f) => f.name));
  const files = new Set(findings.functions.filter((f) => profiled.has(f.name)).map((f) => f.file));
  for (const file of files) {
    for (const annotation of annotateFile(file, 'project', findings, profile).functions) {
      const { name, line } = annotation.function;
      if (annotation.selfPercent !== null && !out.has(name)) out.set(name, { origin: 'project', file, line });
    }
  }
  return out;
}

/**
 * Rows in falling share. Wrappers, gates and statistics have the documents' target; a core function has one only when
 * the project's function of that name has a candidate.
 */
export function hotFunctionRows(findings: Findings | null, profile: Profile | null): HotFunctionRow[] {
  if (profile === null) return [];
  const inProject = projectFunctions(findings, profile);
  const candidates = findings === null ? [] : liveCandidates(findings);
  return profile.functions
    .filter((f) => f.selfPercent > 0)
    .sort((a, b) => b.selfPercent - a.selfPercent)
    .map((f): HotFunctionRow => {
      const projectSource = inProject.get(f.name) ?? null;
      const candidate =
        projectSource === null
          ? undefined
          : candidates
              .filter((c) => c.function === f.name && c.file === projectSource.file)
              .sort((a, b) => byWorth(a, b))[0];
      const usual = categoryDefaults[f.category];
      const target =
        f.category === 'core' && candidate !== undefined
          ? { target: candidate.letter, reduction: letterActions[candidate.letter] }
          : usual;
      return {
        name: f.name,
        selfPercent: f.selfPercent,
        category: f.category,
        ...target,
        source:
          f.file === null || f.line === null
            ? null
            : {
                origin: profile.target.kind === 'engine' ? 'engine' : 'project',
                file: f.file,
                line: f.line,
              },
        projectSource,
      };
    });
}
