/**
 * Findings + Profile -> what is shown on one file. A profile belongs to its target: it annotates that target's own
 * sources by file, and functions of another project by symbol only where the project plainly is the same allocator.
 */
import type {
  FileAnnotations,
  Findings,
  FunctionAnnotation,
  FunctionCategory,
  FunctionInfo,
  HeatChange,
  LineHeat,
  Profile,
  ProfileFunction,
} from '../model.ts';
import type { ProfileDiff, ProfileDifference } from '../model-profile.ts';

/** Names that every allocator defines: sharing them says nothing about sharing code. */
const apiNames: ReadonlySet<string> = new Set([
  'main',
  'malloc',
  'calloc',
  'realloc',
  'free',
  'cfree',
  'memalign',
  'posix_memalign',
  'aligned_alloc',
  'valloc',
  'pvalloc',
  'reallocarray',
  'malloc_usable_size',
  'malloc_stats',
  'malloc_trim',
  'mallinfo',
  'mallinfo2',
  'mallopt',
  'strdup',
  'strndup',
]);

/** Distinct box names that a project has to define before a profile of another target says anything about it. */
const distinctiveNamesNeeded = 5;

/** Where an engine's shares may stand in a project. */
export interface SymbolScope {
  /** Share of each box that the project defines, API names included. */
  readonly shares: ReadonlyMap<string, number>;
  /** Deepest folder that holds every distinctive match, '' for the root, otherwise ending in '/'. */
  readonly folder: string;
  /** API names that several files of the folder define, where the name alone does not say which one is meant. */
  readonly ambiguous: ReadonlySet<string>;
  /** Folders that hold a distinctive match themselves; an ambiguous API name counts only there. */
  readonly homes: ReadonlySet<string>;
}

const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/') + 1);

function commonFolder(files: readonly string[]): string {
  const [first, ...rest] = files.map((f) => folderOf(f).split('/').slice(0, -1));
  let common = first ?? [];
  for (const parts of rest) {
    const differs = common.findIndex((part, i) => part !== parts[i]);
    if (differs >= 0) common = common.slice(0, differs);
  }
  return common.length === 0 ? '' : `${common.join('/')}/`;
}

function sharesByName(functions: readonly ProfileFunction[]): Map<string, number> {
  const shares = new Map<string, number>();
  for (const f of functions) shares.set(f.name, (shares.get(f.name) ?? 0) + f.selfPercent);
  return shares;
}

/**
 * The by-symbol rule: null unless the project defines at least five names of the profile that are not the libc
 * allocation API's or `main`. Opening mimalloc and profiling the engine therefore annotates nothing.
 */
export function symbolScope(functions: readonly FunctionInfo[], profile: Profile): SymbolScope | null {
  const shares = sharesByName(profile.functions);
  const matches = functions.filter((f) => shares.has(f.name));
  const distinctive = matches.filter((f) => !apiNames.has(f.name));
  if (new Set(distinctive.map((f) => f.name)).size < distinctiveNamesNeeded) return null;
  const folder = commonFolder(distinctive.map((f) => f.file));
  const filesOf = new Map<string, Set<string>>();
  for (const f of matches) {
    if (!apiNames.has(f.name) || !f.file.startsWith(folder)) continue;
    filesOf.set(f.name, (filesOf.get(f.name) ?? new Set()).add(f.file));
  }
  return {
    shares: new Map(matches.map((f) => [f.name, shares.get(f.name) ?? 0])),
    folder,
    ambiguous: new Set([...filesOf].filter(([, files]) => files.size > 1).map(([name]) => name)),
    homes: new Set(distinctive.map((f) => folderOf(f.file))),
  };
}

/** Share of `f` under the by-symbol rule, null when the profile may say nothing about it. */
export function shareBySymbol(scope: SymbolScope, f: FunctionInfo): number | null {
  const share = scope.shares.get(f.name);
  if (share === undefined) return null;
  if (!apiNames.has(f.name)) return share;
  if (!f.file.startsWith(scope.folder)) return null;
  return scope.ambiguous.has(f.name) && !scope.homes.has(folderOf(f.file)) ? null : share;
}

const changeOf = ({ before, delta, interval }: ProfileDifference): HeatChange => ({
  before,
  delta,
  interval,
});

/** Lines of one file, summed and in order; lines without cost are left out. */
function heatOf(file: string, profile: Profile, diff: ProfileDiff | null): LineHeat[] {
  const byLine = new Map<number, LineHeat>();
  for (const l of profile.lines) {
    const callSite = l.callSitePercent ?? 0;
    if (l.file !== file || (l.percent <= 0 && callSite <= 0)) continue;
    const other = byLine.get(l.line);
    const callSitePercent = (other?.callSitePercent ?? 0) + callSite;
    const instructions = [...(other?.instructions ?? []), ...(l.instructions ?? [])];
    byLine.set(l.line, {
      line: l.line,
      percent: (other?.percent ?? 0) + l.percent,
      ...(callSitePercent > 0 ? { callSitePercent } : {}),
      ...(instructions.length > 0
        ? { instructions: instructions.sort((a, b) => b.percent - a.percent) }
        : {}),
    });
  }
  for (const d of diff?.lines ?? []) {
    if (d.file !== file || d.line === null) continue;
    // A line that only the other profile knows is one that has cooled to nothing.
    const known = byLine.get(d.line) ?? { line: d.line, percent: d.after ?? 0 };
    byLine.set(d.line, { ...known, change: changeOf(d) });
  }
  return [...byLine.values()].sort((a, b) => a.line - b.line);
}

function engineFile(file: string, profile: Profile, diff: ProfileDiff | null): FileAnnotations {
  const here = profile.functions.filter((f) => f.file === file && f.line !== null);
  const functions = here.map((f): FunctionAnnotation => {
    const line = f.line ?? 1;
    return {
      function: {
        id: `${file}#${f.name}`,
        name: f.name,
        file,
        line,
        endLine: line,
        temperature: 'hot',
        category: f.category,
        selfPercent: f.selfPercent,
      },
      selfPercent: f.selfPercent,
      bySymbol: null,
      atomics: [],
      counters: [],
      gates: [],
    };
  });
  return {
    file,
    functions: functions.sort((a, b) => a.function.line - b.function.line),
    heat: heatOf(file, profile, diff),
  };
}

export interface FunctionShare {
  readonly percent: number;
  /** Name of the profiled target when only the symbol is shared with it. */
  readonly bySymbol: string | null;
  /** What the profiled target says the function is; it ran, so it outranks the guess from the source. */
  readonly category: FunctionCategory;
  readonly totalPercent?: number;
}

/** Pieces that a compiler split off a function: they run inside it, so their samples are in its total already. */
const split = /\.(?:part|cold)(?:\.\d+)?/;

/**
 * The function of the source that a symbol is made of: without the compiler's suffixes (`f.constprop.0`, `f.part.0`),
 * parameters and enclosing scopes (`ns::Heap<int>::alloc(unsigned long)` is `alloc`).
 */
export function sourceName(symbol: string): string {
  let name = symbol.replace(/(?:\.(?:constprop|isra|part|cold|lto_priv|llvm)(?:\.\d+)*|\.\d+)+$/, '');
  const parameters = name.indexOf('(');
  if (parameters > 0 && !name.startsWith('operator')) name = name.slice(0, parameters);
  for (let bare = ''; bare !== name; ) {
    bare = name;
    name = bare.replace(/<[^<>]*>/g, '');
  }
  const scope = name.lastIndexOf('::');
  return scope < 0 ? name : name.slice(scope + 2);
}

/** Shares of a native profile by file and function of the source: nothing is said of a function by its name alone. */
function nativeShares(profile: Profile): ReadonlyMap<string, FunctionShare> {
  const shares = new Map<string, FunctionShare>();
  const wholeFirst = [...profile.functions].sort(
    (a, b) => Number(split.test(a.name)) - Number(split.test(b.name)),
  );
  for (const p of wholeFirst) {
    if (p.file === null) continue;
    const key = `${p.file}\0${sourceName(p.name)}`;
    const other = shares.get(key);
    const before = other?.totalPercent ?? 0;
    const total =
      p.totalPercent === undefined
        ? other?.totalPercent
        : Math.min(100, split.test(p.name) ? Math.max(before, p.totalPercent) : before + p.totalPercent);
    shares.set(key, {
      percent: (other?.percent ?? 0) + p.selfPercent,
      bySymbol: null,
      category: other?.category ?? p.category,
      ...(total === undefined ? {} : { totalPercent: total }),
    });
  }
  return shares;
}

/** Differences by file and function of the source, clones of one function summed. */
function functionChanges(diff: ProfileDiff | null): ReadonlyMap<string, HeatChange> {
  const changes = new Map<string, HeatChange>();
  for (const d of diff?.functions ?? []) {
    if (d.file === null) continue;
    const key = `${d.file}\0${sourceName(d.name)}`;
    const other = changes.get(key);
    changes.set(
      key,
      other === undefined
        ? changeOf(d)
        : {
            before: other.before === null && d.before === null ? null : (other.before ?? 0) + (d.before ?? 0),
            delta: other.delta + d.delta,
            // Intervals of parts cannot be added.
            interval: null,
          },
    );
  }
  return changes;
}

/** What `profile` may say about a project's functions: null for those that it may not. */
export function projectShares(
  findings: Findings,
  profile: Profile | null,
): (f: FunctionInfo) => FunctionShare | null {
  if (profile === null) return () => null;
  if (profile.target.kind === 'engine') {
    const scope = symbolScope(findings.functions, profile);
    return (f) => {
      const percent = scope === null ? null : shareBySymbol(scope, f);
      const category = profile.functions.find((p) => p.name === f.name)?.category ?? f.category;
      return percent === null ? null : { percent, bySymbol: profile.target.name, category };
    };
  }
  const shares = nativeShares(profile);
  return (f) => shares.get(`${f.file}\0${sourceName(f.name)}`) ?? null;
}

/**
 * What the editor shows on one file.
 *
 * @param file relative to the project's root, or for `engine` to the extension (`engine/allocator/...`)
 * @returns functions in order of line, each with the sites, counters and gates of its own lines (an inner function
 *   takes them from the outer one) and the measured share; line heat in order of line, empty where the profile is
 *   not of this file.
 * @param diff what changed against another profile, its paths mapped as the profile's
 */
export function annotateFile(
  file: string,
  origin: 'project' | 'engine',
  findings: Findings | null,
  profile: Profile | null,
  diff: ProfileDiff | null = null,
): FileAnnotations {
  if (origin === 'engine') {
    return profile?.target.kind === 'engine'
      ? engineFile(file, profile, diff)
      : { file, functions: [], heat: [] };
  }
  const heat = profile === null || profile.target.kind === 'engine' ? [] : heatOf(file, profile, diff);
  if (findings === null) return { file, functions: [], heat };
  const changes = functionChanges(diff);
  const shareOf = projectShares(findings, profile);
  const functions = findings.functions.filter((f) => f.file === file).sort((a, b) => a.line - b.line);
  const inner = (line: number): FunctionInfo | undefined =>
    functions.findLast((f) => f.line <= line && line <= f.endLine);
  const groupByFunction = <T extends { readonly line: number; readonly file: string }>(
    rows: readonly T[],
  ): Map<string, T[]> => {
    const groups = new Map<string, T[]>();
    for (const row of rows) {
      const owner = row.file === file ? inner(row.line) : undefined;
      if (owner === undefined) continue;
      const group = groups.get(owner.id);
      if (group === undefined) groups.set(owner.id, [row]);
      else group.push(row);
    }
    return groups;
  };
  const atomics = groupByFunction(findings.atomics);
  const counters = groupByFunction(findings.counters);
  const reads = groupByFunction(findings.gates);
  const annotated = functions.map((f): FunctionAnnotation => {
    const share = shareOf(f);
    const sites = atomics.get(f.id) ?? [];
    const plain = counters.get(f.id) ?? [];
    const guarded = new Set([f.id, ...sites.map((s) => s.id), ...plain.map((c) => c.id)]);
    const readHere = reads.get(f.id) ?? [];
    const gates = findings.gates.filter(
      (g) => readHere.includes(g) || g.guards.some((id) => guarded.has(id)),
    );
    const change = changes.get(`${file}\0${sourceName(f.name)}`);
    return {
      function: share === null ? f : { ...f, category: share.category },
      selfPercent: share?.percent ?? null,
      bySymbol: share?.bySymbol ?? null,
      ...(share?.totalPercent === undefined ? {} : { totalPercent: share.totalPercent }),
      ...(change === undefined ? {} : { change }),
      atomics: sites,
      counters: plain,
      gates,
    };
  });
  return { file, functions: annotated, heat };
}
