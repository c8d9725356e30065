/**
 * Paths of a recording onto the files of a workspace. Debug information writes paths of the machine that compiled, so
 * what decides is, in this order: an explicit entry of the user's map, the path itself, and the longest common end of
 * path and file (KDAB/hotspot#418, #285). Nothing is guessed between two equally good files.
 */
import type { UnmappedFile } from '../model-profile.ts';
import type { BenchProfile, Profile, ProfileFunction, ProfileLine } from '../model.ts';

export interface PathMapOptions {
  /** Absolute folder that `files` are relative to. */
  readonly root: string;
  /** Files of the workspace, relative to `root`, with `/`. */
  readonly files: readonly string[];
  /** Prefixes of recorded paths to folders, absolute or relative to `root`; the longest prefix that fits is taken. */
  readonly map: Readonly<Record<string, string>>;
}

const windowsPath = /^[A-Za-z]:[\\/]|\\/;
const absolute = /^(?:\/|[A-Za-z]:(?:\/|$))/;

/** `/`, no `.`, `..` or empty parts, no `file://`, none of bazel's stand-in for the build's folder. */
export function normalPath(file: string): string {
  let text = file.replace(/^file:\/\/(?=\/)/, '').replaceAll('\\', '/');
  if (/^\/[A-Za-z]:\//.test(text)) text = text.slice(1);
  text = text.replace(/^\/proc\/self\/cwd\//, '');
  const rooted = text.startsWith('/');
  const out: string[] = [];
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') out.push(part);
    else if (out.length > 0 && out.at(-1) !== '..' && !/^[A-Za-z]:$/.test(out.at(-1) ?? '')) out.pop();
    else if (!rooted) out.push(part);
  }
  return `${rooted ? '/' : ''}${out.join('/')}`;
}

const baseOf = (file: string): string => file.slice(file.lastIndexOf('/') + 1);

/** Below `folder`, relative to it; null when it is elsewhere. */
function relativeTo(folder: string, file: string): string | null {
  if (folder === '/') return file.startsWith('/') ? file.slice(1) : null;
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1) : null;
}

/** Number of path parts that both end in. */
function commonEnd(a: string, b: string): number {
  const left = a.split('/');
  const right = b.split('/');
  let n = 0;
  while (n < left.length && n < right.length && left.at(-1 - n) === right.at(-1 - n)) n++;
  // The empty part before a leading slash is no folder.
  return n > 0 && left.at(-n) === '' ? n - 1 : n;
}

/** The workspace's files by base name; a path is taken apart only when something asks for its base name. */
class FileIndex {
  readonly #all: ReadonlySet<string>;
  readonly #byBase = new Map<string, string[]>();

  constructor(files: readonly string[]) {
    this.#all = new Set(files);
    for (const file of this.#all) {
      const key = baseOf(file).toLowerCase();
      const same = this.#byBase.get(key);
      if (same === undefined) this.#byBase.set(key, [file]);
      else same.push(file);
    }
  }

  has(file: string): boolean {
    return this.#all.has(file);
  }

  /** Files with the base name of `file` and how many parts of the path they share with it, the best first. */
  ranked(file: string, ignoreCase: boolean): { file: string; parts: number }[] {
    const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
    const wanted = fold(file);
    return (this.#byBase.get(baseOf(file).toLowerCase()) ?? [])
      .map((f) => ({ file: f, parts: commonEnd(wanted, fold(f)) }))
      .filter((f) => f.parts > 0)
      .sort((a, b) => b.parts - a.parts || (a.file < b.file ? -1 : 1));
  }
}

/** Map entries as normal paths, the longest prefix first. */
function entriesOf(map: Readonly<Record<string, string>>): { from: string; to: string }[] {
  return Object.entries(map)
    .map(([from, to]) => ({ from: normalPath(from), to: normalPath(to) }))
    .sort((a, b) => b.from.length - a.from.length);
}

/** Maps one path after the other; keeps what it found out. */
export class PathMapper {
  readonly #root: string;
  readonly #index: FileIndex;
  readonly #entries: readonly { from: string; to: string }[];
  readonly #known = new Map<string, string | null>();

  constructor(options: PathMapOptions) {
    this.#root = normalPath(options.root);
    this.#index = new FileIndex(
      options.files.map((f) => relativeTo(this.#root, normalPath(f)) ?? normalPath(f)),
    );
    this.#entries = entriesOf(options.map);
  }

  /**
   * The file of the workspace, relative to its root; an absolute path where the user's map says that it is elsewhere;
   * null when no file fits or several fit equally well.
   *
   * @param foreign code of another package (a library, the kernel): one common base name says nothing about it
   */
  map(recorded: string, foreign = false): string | null {
    const key = `${foreign ? 1 : 0}${recorded}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const found = this.#find(recorded, foreign);
    this.#known.set(key, found);
    return found;
  }

  /** Files that have the base name of `recorded`, the likeliest first: what a user may be asked to choose from. */
  candidates(recorded: string): string[] {
    return this.#index.ranked(normalPath(recorded), windowsPath.test(recorded)).map((f) => f.file);
  }

  #find(recorded: string, foreign: boolean): string | null {
    let file = normalPath(recorded);
    const ignoreCase = windowsPath.test(recorded);
    const fold = (text: string): string => (ignoreCase ? text.toLowerCase() : text);
    const entry = this.#entries.find(
      (e) => fold(file) === fold(e.from) || relativeTo(fold(e.from), fold(file)) !== null || e.from === '',
    );
    if (entry !== undefined) {
      const rest = file.slice(entry.from.length).replace(/^\//, '');
      const to = absolute.test(entry.to) ? entry.to : `${this.#root}/${entry.to}`;
      file = normalPath(rest === '' ? to : `${to}/${rest}`);
      if (relativeTo(this.#root, file) === null) return file;
    }
    const inside = relativeTo(this.#root, file) ?? file;
    if (this.#index.has(inside)) return inside;
    const [best, second] = this.#index.ranked(file, ignoreCase);
    if (best === undefined || best.parts === second?.parts) return null;
    const enough = second === undefined && !(foreign && entry === undefined) ? 1 : 2;
    return best.parts >= enough ? best.file : null;
  }
}

/**
 * The entry for a map that says that `recorded` is `file`: both without their common end, so that it holds for the
 * other files of that tree too. `/build/hak-1.2/core/a.c` and `core/a.c` give `/build/hak-1.2` and `.`.
 */
export function mapEntry(recorded: string, file: string): { readonly from: string; readonly to: string } {
  const from = normalPath(recorded);
  const to = normalPath(file);
  const parts = commonEnd(from, to);
  const without = (text: string): string => text.split('/').slice(0, -parts).join('/');
  if (parts === 0) return { from, to };
  // Where all of a relative path is common, the folder itself cannot be named: the whole path stands for it.
  return without(from) === '' ? { from, to } : { from: without(from), to: without(to) || '.' };
}

/**
 * A target's own map (`sourceMap`): recorded paths that begin with one of its prefixes as absolute paths below `folder`; the
 * longest prefix is taken, other paths stay.
 */
export function withSourceMap(
  profile: BenchProfile,
  map: Readonly<Record<string, string>>,
  folder: string,
): BenchProfile {
  const entries = entriesOf(map);
  if (entries.length === 0) return profile;
  const root = normalPath(folder);
  const mapped = (recorded: string): string => {
    const file = normalPath(recorded);
    const entry = entries.find((e) => file === e.from || relativeTo(e.from, file) !== null);
    if (entry === undefined) return recorded;
    const to = absolute.test(entry.to) ? entry.to : `${root}/${entry.to}`;
    return normalPath(`${to}/${file.slice(entry.from.length)}`);
  };
  return {
    ...profile,
    functions: profile.functions.map((f) => ({ ...f, file: f.file === null ? null : mapped(f.file) })),
    lines: profile.lines.map((l) => ({ ...l, file: mapped(l.file) })),
  };
}

/** Lines that became one, with their shares added. */
function mergedLines(lines: readonly ProfileLine[]): ProfileLine[] {
  const byPlace = new Map<string, ProfileLine>();
  for (const line of lines) {
    const key = `${line.line}:${line.file}`;
    const other = byPlace.get(key);
    if (other === undefined) {
      byPlace.set(key, line);
      continue;
    }
    const instructions = [...(other.instructions ?? []), ...(line.instructions ?? [])];
    const callSite = (other.callSitePercent ?? 0) + (line.callSitePercent ?? 0);
    byPlace.set(key, {
      ...other,
      percent: other.percent + line.percent,
      ...(callSite > 0 ? { callSitePercent: callSite } : {}),
      ...(instructions.length > 0
        ? { instructions: instructions.sort((a, b) => b.percent - a.percent) }
        : {}),
    });
  }
  return [...byPlace.values()];
}

const isForeign = (f: ProfileFunction): boolean => f.category === 'library' || f.category === 'kernel';

/** Files that are only ever of functions of libraries or the kernel. */
export function foreignFiles(profile: Profile): ReadonlySet<string> {
  const own = new Set(profile.functions.filter((f) => !isForeign(f)).map((f) => f.file));
  return new Set(
    profile.functions.flatMap((f) => (isForeign(f) && f.file !== null && !own.has(f.file) ? [f.file] : [])),
  );
}

/**
 * `profile` with the workspace's own paths where a recorded path could be mapped (relative to `root`), the recorded one
 * elsewhere; `details.unmapped` lists the latter with their share of samples, largest first. Paths may be written with
 * `/` or `\`. Profiles of the engine name the extension's files and are returned as they are.
 */
export function mapPaths(profile: Profile, options: PathMapOptions): Profile {
  if (profile.target.kind === 'engine') return profile;
  const mapper = new PathMapper(options);
  const foreign = foreignFiles(profile);
  const byLines = new Map<string, number>();
  const byFunctions = new Map<string, number>();
  const mapped = (file: string, percent: number, shares: Map<string, number>): string => {
    const found = mapper.map(file, foreign.has(file));
    if (found === null) shares.set(file, (shares.get(file) ?? 0) + percent);
    return found ?? file;
  };
  const lines = profile.lines.map((l) => ({ ...l, file: mapped(l.file, l.percent, byLines) }));
  const functions = profile.functions.map((f) =>
    f.file === null ? f : { ...f, file: mapped(f.file, f.selfPercent, byFunctions) },
  );
  // Inlined code is counted by its own lines and in the function that it stands in: not both.
  const unmapped: UnmappedFile[] = [...new Set([...byLines.keys(), ...byFunctions.keys()])]
    .map((file) => ({ file, percent: byLines.get(file) ?? byFunctions.get(file) ?? 0 }))
    .sort((a, b) => b.percent - a.percent || (a.file < b.file ? -1 : 1));
  return {
    ...profile,
    functions,
    lines: mergedLines(lines),
    ...(profile.details === undefined ? {} : { details: { ...profile.details, unmapped } }),
  };
}

// ---------------------------------------------------------------------------------------------- binaries

/** A binary of this machine; `buildId` in hex, null when it has none. */
export interface LocalBinary {
  readonly path: string;
  readonly buildId: string | null;
}

/**
 * The local binary that a recorded object is. Where the recording has a build id it decides alone: the same path with
 * another build id is another build, whose addresses and lines are not the recorded ones. Without one the same path is
 * taken, else the only binary of that base name.
 */
export function localBinary(
  object: string,
  buildIds: Readonly<Record<string, string>>,
  binaries: readonly LocalBinary[],
): LocalBinary | null {
  const id = Object.hasOwn(buildIds, object) ? buildIds[object]?.toLowerCase() : undefined;
  if (id !== undefined && id !== '') return binaries.find((b) => b.buildId?.toLowerCase() === id) ?? null;
  const wanted = normalPath(object);
  const exact = binaries.find((b) => normalPath(b.path) === wanted);
  if (exact !== undefined) return exact;
  const same = binaries.filter((b) => baseOf(normalPath(b.path)) === baseOf(wanted));
  return same.length === 1 ? (same[0] ?? null) : null;
}
