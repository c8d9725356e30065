/**
 * A profile in speedscope's JSON (https://www.speedscope.app/file-format-schema.json): one sampled profile, a sample for
 * every distinct stack. Frames are functions with the line of their definition: speedscope tells frames at different
 * lines of one function apart, which would tear each function into its lines. Lines are in the pprof export.
 */
import type { Profile } from '../../model.ts';
import type { ProfileUnit } from '../../model-profile.ts';
import { stacksOfProfile } from '../profile-stacks.ts';

interface SpeedscopeFrame {
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
}

export interface SpeedscopeFile {
  readonly $schema: 'https://www.speedscope.app/file-format-schema.json';
  readonly name: string;
  readonly exporter: string;
  readonly activeProfileIndex: number;
  readonly shared: { readonly frames: readonly SpeedscopeFrame[] };
  readonly profiles: readonly {
    readonly type: 'sampled';
    readonly name: string;
    readonly unit: 'none' | 'nanoseconds' | 'bytes';
    readonly startValue: number;
    readonly endValue: number;
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
}

/** What a user should know of an exported file, beside the file. */
export interface Exported<T> {
  readonly file: T;
  readonly notes: readonly string[];
}

const unitOf = (unit: ProfileUnit): 'none' | 'nanoseconds' | 'bytes' =>
  unit === 'nanoseconds' || unit === 'bytes' ? unit : 'none';

/** @param exporter name and version of this program */
export function toSpeedscope(profile: Profile, exporter: string): Exported<SpeedscopeFile> {
  const raw = stacksOfProfile(profile);
  const frames: SpeedscopeFrame[] = [];
  const known = new Map<string, number>();
  const indexOf = raw.frames.map((f) => {
    const key = `${f.name}\0${f.file ?? ''}\0${f.definedAt ?? ''}`;
    let at = known.get(key);
    if (at === undefined) {
      at = frames.push({
        name: f.name,
        ...(f.file === null ? {} : { file: f.file }),
        ...(f.definedAt === undefined || f.definedAt === null ? {} : { line: f.definedAt }),
      });
      at -= 1;
      known.set(key, at);
    }
    return at;
  });
  const { parent, frame, self } = raw.nodes;
  // Leaves of one function that differ in their line alone are one stack here.
  const weights = new Map<string, { readonly stack: readonly number[]; weight: number }>();
  for (let node = 1; node < parent.length; node++) {
    const weight = self[node] ?? 0;
    if (!(weight > 0)) continue;
    const stack: number[] = [];
    for (let at = node; at > 0; at = parent[at] ?? 0) stack.push(indexOf[frame[at] ?? 0] ?? 0);
    stack.reverse();
    const key = stack.join(' ');
    const same = weights.get(key);
    if (same === undefined) weights.set(key, { stack, weight });
    else same.weight += weight;
  }
  const samples = [...weights.values()];
  const name = [profile.target.name, profile.target.variant, profile.workload]
    .filter((p) => p !== null && p !== '')
    .join(' ');
  return {
    file: {
      $schema: 'https://www.speedscope.app/file-format-schema.json',
      name,
      exporter,
      activeProfileIndex: 0,
      shared: { frames },
      profiles: [
        {
          type: 'sampled',
          name: raw.event.name === '' ? name : raw.event.name,
          unit: unitOf(raw.event.unit),
          startValue: 0,
          endValue: samples.reduce((sum, s) => sum + s.weight, 0),
          samples: samples.map((s) => s.stack),
          weights: samples.map((s) => s.weight),
        },
      ],
    },
    notes: [
      ...raw.notes.filter((n) => !(profile.details?.notes ?? []).includes(n)),
      ...(profile.lines.length === 0
        ? []
        : ['speedscope shows functions: lines are left out (pprof keeps them).']),
    ],
  };
}
