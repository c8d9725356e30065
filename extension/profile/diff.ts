/** Two profiles compared by function and by line, in percent points of each one's own samples. */
import type { ProfileDiff, ProfileDifference } from '../model-profile.ts';
import type { Profile } from '../model.ts';

interface Place {
  readonly name: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly percent: number;
}

/** 95% of the difference of two shares by the counts they rest on; null where those are unknown. */
function intervalOf(
  before: number,
  after: number,
  samples: readonly [number, number],
): readonly [number, number] | null {
  if (samples.some((n) => n <= 0)) return null;
  const variance = (share: number, n: number): number => (share * 100) / n;
  const half = 1.96 * Math.sqrt(variance(before, samples[0]) + variance(after, samples[1]));
  return [after - before - half, after - before + half];
}

function differences(
  before: readonly Place[],
  after: readonly Place[],
  samples: readonly [number, number],
): ProfileDifference[] {
  const rows = new Map<string, { place: Place; before: number | null; after: number | null }>();
  for (const [side, places] of [
    ['before', before],
    ['after', after],
  ] as const) {
    for (const place of places) {
      const key = `${place.file ?? ''}\0${place.line ?? ''}\0${place.name}`;
      const row = rows.get(key) ?? { place, before: null, after: null };
      row[side] = (row[side] ?? 0) + place.percent;
      rows.set(key, row);
    }
  }
  return [...rows.values()]
    .map(({ place, ...r }) => ({
      name: place.name,
      file: place.file,
      line: place.line,
      ...r,
      delta: (r.after ?? 0) - (r.before ?? 0),
      interval: intervalOf(r.before ?? 0, r.after ?? 0, samples),
    }))
    .sort((a, b) => Math.abs(b.delta) - Math.abs(a.delta));
}

/** Largest difference first. Lines are told by file and number: edits between the two recordings are not followed. */
export function diffProfiles(before: Profile, after: Profile): ProfileDiff {
  const samples = [before.samples, after.samples] as const;
  const functions = (p: Profile): Place[] =>
    p.functions.map((f) => ({ name: f.name, file: f.file, line: null, percent: f.selfPercent }));
  const lines = (p: Profile): Place[] => p.lines.map((l) => ({ name: `${l.file}:${l.line}`, ...l }));
  const side = (p: Profile): ProfileDiff['before'] => ({
    name: `${p.workload}, ${p.target.name}`,
    samples: p.samples,
    unit: p.unit,
  });
  return {
    schemaVersion: 1,
    before: side(before),
    after: side(after),
    functions: differences(functions(before), functions(after), samples),
    lines: differences(lines(before), lines(after), samples),
    notes: before.unit === after.unit ? [] : [`units differ: ${before.unit} against ${after.unit}`],
  };
}
