/** A source file with what a profile knows of each line: what `alloc-lens annotate` shows. */
import type { Profile } from '../model.ts';
import type { ProfileFormat, ProfileInstruction, ProfileUnit } from '../model-profile.ts';

export interface AnnotatedFunction {
  readonly name: string;
  /** Line that it begins at. */
  readonly line: number;
  readonly selfPercent: number;
  /** Null where the recording has no stacks. */
  readonly totalPercent: number | null;
}

export interface AnnotatedLine {
  readonly line: number;
  /** Share of all samples, 0..100. */
  readonly percent: number;
  /** Share of samples in code that was inlined here; 0 without any. */
  readonly callSitePercent: number;
  readonly text: string;
  /** Hottest first. */
  readonly instructions: readonly ProfileInstruction[];
}

/** What `alloc-lens annotate --format json` prints. */
export interface AnnotatedSource {
  readonly schemaVersion: 1;
  /** Relative to the root, with `/`. */
  readonly file: string;
  readonly profile: {
    readonly name: string;
    readonly format: ProfileFormat;
    readonly event: string;
    readonly unit: ProfileUnit;
    readonly samples: number;
    readonly recordedAt: string;
  };
  /** Share of all samples on lines of this file. */
  readonly percent: number;
  /** In order of line. */
  readonly functions: readonly AnnotatedFunction[];
  /** Lines with a share, in order. */
  readonly lines: readonly AnnotatedLine[];
  readonly notes: readonly string[];
}

/** Where a function of the file is, as the analysis of the source says. */
export interface FunctionPlace {
  readonly name: string;
  readonly line: number;
}

/** The files with the most of a profile's samples, heaviest first. */
export function heaviestFiles(
  profile: Profile,
  most: number,
): { readonly file: string; readonly percent: number }[] {
  const shares = new Map<string, number>();
  for (const { file, percent } of profile.lines) shares.set(file, (shares.get(file) ?? 0) + percent);
  return [...shares]
    .map(([file, percent]) => ({ file, percent }))
    .filter((f) => f.percent > 0)
    .sort((a, b) => b.percent - a.percent || (a.file < b.file ? -1 : 1))
    .slice(0, most);
}

/**
 * @param file as the profile writes it (mapped onto the workspace)
 * @param source the file's text
 * @param places functions of the file; without them those whose line the profile knows
 */
export function annotatedSource(
  profile: Profile,
  file: string,
  source: string,
  places: readonly FunctionPlace[] | null,
): AnnotatedSource {
  const texts = source.split(/\r?\n/);
  const rows = new Map<number, { percent: number; callSite: number; instructions: ProfileInstruction[] }>();
  let beyond = 0;
  let percent = 0;
  for (const l of profile.lines) {
    if (l.file !== file) continue;
    percent += l.percent;
    if (l.line > texts.length) {
      beyond += l.percent;
      continue;
    }
    const row = rows.get(l.line) ?? { percent: 0, callSite: 0, instructions: [] };
    row.percent += l.percent;
    row.callSite += l.callSitePercent ?? 0;
    row.instructions.push(...(l.instructions ?? []));
    rows.set(l.line, row);
  }
  const own = profile.functions.filter((f) => f.file === null || f.file === file);
  const starts =
    places ??
    own.flatMap((f) => (f.line === null || f.file !== file ? [] : [{ name: f.name, line: f.line }]));
  const functions = starts.flatMap(({ name, line }): AnnotatedFunction[] => {
    const rowsOf = own.filter((f) => f.name === name);
    const self = rowsOf.reduce((sum, f) => sum + f.selfPercent, 0);
    const totals = rowsOf.flatMap((f) => (f.totalPercent === undefined ? [] : [f.totalPercent]));
    const total = totals.length === 0 ? null : totals.reduce((sum, t) => sum + t, 0);
    return self > 0 || (total ?? 0) > 0 ? [{ name, line, selfPercent: self, totalPercent: total }] : [];
  });
  const { details } = profile;
  return {
    schemaVersion: 1,
    file,
    profile: {
      name: [profile.target.name, profile.target.variant].filter((p) => p !== null && p !== '').join(' '),
      format: details?.format ?? 'alloc-lens',
      event: details?.event.name ?? profile.origin.lines,
      unit: profile.unit,
      samples: profile.samples,
      recordedAt: profile.recordedAt,
    },
    percent,
    functions: functions.sort((a, b) => a.line - b.line || (a.name < b.name ? -1 : 1)),
    lines: [...rows]
      .sort(([a], [b]) => a - b)
      .map(([line, row]) => ({
        line,
        percent: row.percent,
        callSitePercent: row.callSite,
        text: texts[line - 1] ?? '',
        instructions: row.instructions.sort((a, b) => b.percent - a.percent),
      })),
    notes:
      beyond > 0
        ? [
            `${beyond.toFixed(2)}% are on lines beyond the end of this file: it is not the version that was recorded.`,
          ]
        : [],
  };
}
