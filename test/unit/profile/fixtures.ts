/** Profiles of recordings for tests. */
import type { Profile } from '../../../extension/model.ts';
import type { ProfileDetails, RawProfile } from '../../../extension/model-profile.ts';
import { buildProfile } from '../../../extension/profile/import/build-profile.ts';

export const details: ProfileDetails = {
  format: 'perf-script',
  event: { name: 'cpu-clock', unit: 'samples', samples: 1000, weight: 1000 },
  events: [{ name: 'cpu-clock', unit: 'samples', samples: 1000, weight: 1000 }],
  threads: [{ name: 'bench', tid: 7, percent: 100 }],
  tree: null,
  addresses: [],
  unmapped: [],
  counters: null,
  buildIds: {},
  skipped: null,
  notes: [],
};

export function importedProfile(parts: Partial<Profile> = {}): Profile {
  return {
    target: { kind: 'imported', name: 'perf.txt', variant: null, sha256: null },
    workload: 'perf.txt',
    origin: { functions: 'perf-script (cpu-clock)', lines: 'perf-script (cpu-clock)' },
    unit: 'samples',
    samples: 1000,
    recordedAt: '2026-11-21T12:00:00.000Z',
    speedAgainstFast: null,
    functions: [],
    lines: [],
    details,
    ...parts,
  };
}

export function profileOf(raw: RawProfile, name = 'recording'): Profile {
  return buildProfile(raw, {
    target: { kind: 'imported', name, variant: null, sha256: null },
    workload: name,
    recordedAt: '2026-11-21T12:00:00.000Z',
    categoryOf: () => 'core',
  });
}

/** Self and total by function, rounded to a millionth of a percent. */
export function sharesOf(profile: Profile): Record<string, readonly [number, number | null]> {
  const round = (n: number): number => Math.round(n * 1e6) / 1e6;
  return Object.fromEntries(
    profile.functions
      .map(
        (f) =>
          [
            f.name,
            [round(f.selfPercent), f.totalPercent === undefined ? null : round(f.totalPercent)],
          ] as const,
      )
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

export function linesOf(profile: Profile): Record<string, number> {
  return Object.fromEntries(
    profile.lines
      .map((l) => [`${l.file}:${l.line}`, Math.round(l.percent * 1e6) / 1e6] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
