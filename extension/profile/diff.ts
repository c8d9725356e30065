/**
 * Two profiles compared by function and by line, in percent points of each one's own samples.
 *
 * The interval of a difference is Newcombe's hybrid score interval for two independent proportions (R. G. Newcombe,
 * Statistics in Medicine 17 (1998) 873-890, method 10), which joins the Wilson score intervals of both: unlike the normal
 * approximation it holds for the few samples of a light function. It takes each sample for an independent draw; how runs
 * of a program differ from each other is not in it.
 */
import type { Profile, ProfileFunction } from '../model.ts';
import { UserError } from '../model.ts';
import type { ProfileDiff, ProfileDifference } from '../model-profile.ts';

/** 97.5% quantile of the normal distribution. */
const z = 1.959963984540054;
const fewSamples = 200;

const exactFormats: ReadonlySet<string> = new Set(['callgrind', 'cachegrind']);

const baseOf = (path: string): string =>
  path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);

/** Wilson's score interval of a share 0..1 of `n` samples (E. B. Wilson, JASA 22 (1927) 209-212). */
function wilson(p: number, n: number): readonly [number, number] {
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const whole = 1 + (z * z) / n;
  return [Math.max(0, (centre - half) / whole), Math.min(1, (centre + half) / whole)];
}

/**
 * 95% interval of `after` less `before`, in percent points.
 *
 * @param before share of all samples, 0..100
 * @param samplesBefore that it rests on
 * @returns null where one of the counts is unknown
 */
export function differenceInterval(
  before: number,
  samplesBefore: number,
  after: number,
  samplesAfter: number,
): readonly [number, number] | null {
  if (!(samplesBefore >= 1 && samplesAfter >= 1)) return null;
  const p1 = Math.min(1, Math.max(0, after / 100));
  const p2 = Math.min(1, Math.max(0, before / 100));
  const [l1, u1] = wilson(p1, samplesAfter);
  const [l2, u2] = wilson(p2, samplesBefore);
  const d = p1 - p2;
  return [100 * (d - Math.hypot(p1 - l1, u2 - p2)), 100 * (d + Math.hypot(u1 - p1, p2 - l2))];
}

interface Row {
  readonly name: string;
  readonly file: string | null;
  readonly object: string | null;
  readonly line: number | null;
  readonly percent: number;
}

/** Rows that stand for one function (equal name, object and file), with their shares added. */
function rowsOf(functions: readonly ProfileFunction[]): Row[] {
  const rows = new Map<string, Row>();
  for (const { name, file, object, line, selfPercent } of functions) {
    const key = `${name}\0${object ?? ''}\0${file ?? ''}`;
    const known = rows.get(key);
    rows.set(key, { name, file, object: object ?? null, line, percent: selfPercent + (known?.percent ?? 0) });
  }
  return [...rows.values()];
}

type Pair = readonly [Row | null, Row | null];

/**
 * Pairs of equal functions. A function is its name, object and file; builds lie in different folders, and one recording may
 * know less than the other, so that what is left is tried with less: without folders, without the file, and by the name
 * alone where one side does not know the object. Only unambiguous pairs are made.
 */
function pairs(before: readonly Row[], after: readonly Row[]): Pair[] {
  const keys: readonly ((r: Row) => string)[] = [
    (r) => `${r.name}\0${r.object ?? ''}\0${r.file ?? ''}`,
    (r) => `${r.name}\0${baseOf(r.object ?? '')}\0${baseOf(r.file ?? '')}`,
    (r) => `${r.name}\0${baseOf(r.object ?? '')}`,
    (r) => r.name,
  ];
  const out: Pair[] = [];
  let left = [...before];
  let right = [...after];
  for (const [level, keyOf] of keys.entries()) {
    const group = (rows: readonly Row[]): Map<string, Row[]> => {
      const groups = new Map<string, Row[]>();
      for (const row of rows) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row]);
      return groups;
    };
    const others = group(right);
    const taken = new Set<Row>();
    for (const [key, [a, ...moreA]] of group(left)) {
      const [b, ...moreB] = others.get(key) ?? [];
      if (a === undefined || b === undefined || moreA.length > 0 || moreB.length > 0) continue;
      if (level === 3 && a.object !== null && b.object !== null) continue;
      if (level === 2 && a.file !== null && b.file !== null && a.object === null && b.object === null)
        continue;
      out.push([a, b]);
      taken.add(a).add(b);
    }
    left = left.filter((r) => !taken.has(r));
    right = right.filter((r) => !taken.has(r));
  }
  return [...out, ...left.map((r): Pair => [r, null]), ...right.map((r): Pair => [null, r])];
}

function difference([a, b]: Pair, counts: readonly [number, number] | null): ProfileDifference {
  const before = a?.percent ?? 0;
  const after = b?.percent ?? 0;
  const at = b ?? a;
  return {
    name: at?.name ?? '',
    file: at?.file ?? null,
    line: at?.line ?? null,
    before: a?.percent ?? null,
    after: b?.percent ?? null,
    delta: after - before,
    interval: counts === null ? null : differenceInterval(before, counts[0], after, counts[1]),
  };
}

const byDelta = (a: ProfileDifference, b: ProfileDifference): number =>
  Math.abs(b.delta) - Math.abs(a.delta) ||
  (a.file ?? '').localeCompare(b.file ?? '') ||
  (a.line ?? 0) - (b.line ?? 0) ||
  (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

function nameOf(profile: Profile): string {
  const { name, variant } = profile.target;
  return variant === null || variant === '' ? name : `${name} ${variant}`;
}

const eventOf = (profile: Profile): string => profile.details?.event.name ?? profile.origin.functions;

/** Counted without sampling: a difference has no error of sampling. */
function isExact(profile: Profile, of: 'functions' | 'lines'): boolean {
  return exactFormats.has(profile.details?.format ?? '') || profile.origin[of].startsWith('counted');
}

/** Objects whose build ids differ, by base name. */
function rebuilt(before: Profile, after: Profile): string[] {
  const ids = new Map(Object.entries(before.details?.buildIds ?? {}).map(([o, id]) => [baseOf(o), id]));
  return Object.entries(after.details?.buildIds ?? {}).flatMap(([object, id]) => {
    const other = ids.get(baseOf(object));
    return other !== undefined && other !== id ? [baseOf(object)] : [];
  });
}

function notesOf(before: Profile, after: Profile): string[] {
  const notes: string[] = [];
  const differ = (what: string, a: string, b: string): void => {
    if (a !== b) notes.push(`Different ${what}: ${a} before, ${b} after.`);
  };
  differ('events', eventOf(before), eventOf(after));
  // What was imported is named after its file, which says nothing.
  if (before.target.kind !== 'imported' && after.target.kind !== 'imported') {
    differ('targets', nameOf(before), nameOf(after));
    differ('workloads', before.workload, after.workload);
  }
  const anew = rebuilt(before, after);
  if (anew.length > 0) {
    notes.push(
      `Built anew between the recordings: ${anew.slice(0, 5).join(', ')}. Where its source changed, line numbers are not the same lines.`,
    );
  }
  if (isExact(before, 'functions') && isExact(after, 'functions')) {
    notes.push('Both are counted exactly: differences have no error of sampling.');
  } else if (before.samples < 1 || after.samples < 1) {
    notes.push('One of them does not say how many samples it rests on: there are no intervals.');
  } else if (Math.min(before.samples, after.samples) < fewSamples) {
    notes.push(`Only ${Math.min(before.samples, after.samples)} samples: record for longer.`);
  }
  return notes;
}

/**
 * Largest difference first. Functions are compared by self share, paired by name and by object or file; lines by file and
 * number.
 *
 * @throws UserError where the two count different units, whose shares say nothing about each other
 */
export function diffProfiles(before: Profile, after: Profile): ProfileDiff {
  if (before.unit !== after.unit) {
    throw new UserError(
      `One profile counts ${before.unit}, the other ${after.unit}: only profiles of one unit are compared. Record both with the same event.`,
    );
  }
  const counts = (of: 'functions' | 'lines'): readonly [number, number] | null =>
    isExact(before, of) || isExact(after, of) ? null : [before.samples, after.samples];
  const functions = pairs(rowsOf(before.functions), rowsOf(after.functions)).map((p) =>
    difference(p, counts('functions')),
  );
  const lineRows = (profile: Profile): Map<string, Row> => {
    const rows = new Map<string, Row>();
    for (const { file, line, percent } of profile.lines) {
      const key = `${file}\0${line}`;
      const sum = percent + (rows.get(key)?.percent ?? 0);
      rows.set(key, { name: `${file}:${line}`, file, line, object: null, percent: sum });
    }
    return rows;
  };
  const linesBefore = lineRows(before);
  const linesAfter = lineRows(after);
  const lines = [...new Set([...linesBefore.keys(), ...linesAfter.keys()])].map((key) =>
    difference([linesBefore.get(key) ?? null, linesAfter.get(key) ?? null], counts('lines')),
  );
  const side = (profile: Profile) => ({
    name: nameOf(profile),
    samples: profile.samples,
    unit: profile.unit,
  });
  return {
    schemaVersion: 1,
    before: side(before),
    after: side(after),
    functions: functions.sort(byDelta),
    lines: lines.sort(byDelta),
    notes: notesOf(before, after),
  };
}
