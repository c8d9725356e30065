/** The report's candidates: estimated and measured, of the project and of Phase 19, with what they come to together. */
import { fastlaneCounters } from '../experiment/replays-fastlane.ts';
import {
  combinedEstimate,
  fastlaneCandidates,
  measuredTogether,
  overlapEfficiency,
  projectedCount,
  projectedSpeed,
  withMeasured,
} from '../experiment/tables/candidates.ts';
import { projectCandidates } from '../experiment/tables/project-candidates.ts';
import type { Experiment } from '../model-experiment.ts';
import type { CandidateGain, CandidateTable, Gain, Projection } from '../model-report.ts';
import type { CandidateLetter, Findings } from '../model.ts';
import { byWorth } from './hot-functions.ts';

/** Where the combined estimate leads, in the document's own figures: ours are counted in another unit of instruction. */
function fastlaneProjection(combined: Gain): Projection[] {
  const { operations, hakmem, libc, speed } = fastlaneCounters;
  const count = (metric: string, name: 'instructions' | 'branches', change: number | null): Projection[] =>
    change === null
      ? []
      : [projectedCount(metric, hakmem[name] / operations, change, libc[name] / operations)];
  const gain = combined.throughputPercent;
  return [
    ...count('instructions/op', 'instructions', combined.instructionsPerOp),
    ...count('branches/op', 'branches', combined.branchesPerOp),
    ...(gain === null ? [] : [projectedSpeed(speed.hakmem, gain, speed.libc)]),
  ];
}

/** Phase 19's A to E. */
export function fastlaneTable(experiments: readonly Experiment[]): CandidateTable {
  const rows = withMeasured(fastlaneCandidates, experiments);
  const combined = combinedEstimate(rows.map((r) => r.estimate));
  return {
    of: 'document',
    source: 'Phase 19 §4: estimated for hakmem on x86, measured here on the engine',
    ...{ rows, combined, combinedOf: 'A to E', efficiency: overlapEfficiency },
    measuredPercent: measuredTogether(rows),
    projection: fastlaneProjection(combined),
  };
}

const estimated = ({ estimate }: CandidateGain): boolean =>
  estimate.throughputPercent !== null ||
  estimate.instructionsPerOp !== null ||
  estimate.branchesPerOp !== null;

function projectTable(findings: Findings, experiments: readonly Experiment[]): CandidateTable | null {
  if (findings.candidates.length === 0) return null;
  const rows = projectCandidates(findings, experiments);
  const byId = new Map(rows.map((r) => [r.id, r]));
  const best = new Map<CandidateLetter, CandidateGain>();
  for (const { id, letter } of [...findings.candidates].sort((a, b) => byWorth(a, b))) {
    const row = byId.get(id);
    if (row !== undefined && estimated(row) && !best.has(letter)) best.set(letter, row);
  }
  const taken = [...best.values()];
  return {
    of: 'project',
    source: [...new Set(findings.candidates.flatMap((c) => c.estimate.throughputSource ?? []))].join('; '),
    rows,
    combined: taken.length < 2 ? null : combinedEstimate(taken.map((r) => r.estimate)),
    // A sum over a hundred candidates that all meet on one path would be no estimate of anything.
    combinedOf: `the best of each kind (${[...best.keys()].sort().join(', ')})`,
    efficiency: overlapEfficiency,
    measuredPercent: null,
    projection: [],
  };
}

/** The project's table, and the document's once one of its candidates was replayed. */
export function candidateTables(
  findings: Findings | null,
  experiments: readonly Experiment[],
): CandidateTable[] {
  const own = findings === null ? null : projectTable(findings, experiments);
  const replayed = experiments.some((e) => fastlaneCandidates.some((c) => c.experiment === e.replay));
  return [...(own === null ? [] : [own]), ...(replayed ? [fastlaneTable(experiments)] : [])];
}
