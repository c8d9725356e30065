/**
 * Brings profiles into the store with their paths on the files of this workspace, and again whenever the files or the
 * user's map change.
 */
import * as vscode from 'vscode';
import type { BenchResult, Profile } from '../model.ts';
import { mapPaths } from '../profile/path-map.ts';
import type { LoadedRun, MappedProfiles, Store } from './store.ts';

/** Base names that are looked for on disk, the hottest first; the analysis knows the rest. */
const mostNames = 200;
const filesPerSearch = 2000;
const baseName = (file: string): string =>
  file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1);

/** Base names of a profile's files, the hottest first; those that a glob would misread are left out. */
export function fileNames(profile: Profile): string[] {
  const shares = new Map<string, number>();
  const add = (file: string | null, percent: number): void => {
    if (file !== null) shares.set(baseName(file), (shares.get(baseName(file)) ?? 0) + percent);
  };
  for (const l of profile.lines) add(l.file, l.percent);
  for (const f of profile.functions) add(f.file, f.selfPercent);
  return [...shares]
    .filter(([name]) => /^[\w.+@-]+$/.test(name))
    .sort((a, b) => b[1] - a[1])
    .slice(0, mostNames)
    .map(([name]) => name);
}

export interface LoaderDeps {
  readonly store: Store;
  /** Lines of this folder were measured: what stands around them is wanted, too. */
  readonly measured?: (root: vscode.Uri) => unknown;
  readonly log: vscode.LogOutputChannel;
}

export class ProfileLoader implements vscode.Disposable {
  readonly #deps: LoaderDeps;
  readonly #subscriptions: vscode.Disposable[];
  /** Folders whose analysis was there when profiles were mapped last. */
  #analysed = '';

  constructor(deps: LoaderDeps) {
    this.#deps = deps;
    this.#subscriptions = [
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration('allocLens.sourceMap')) void this.remap();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.remap()),
      deps.store.onDidChange((what) => {
        // The first analysis of a folder knows files that a search by name may not have found.
        if (what !== 'findings') return;
        const known = deps.store.folders().filter((f) => f.state.findings !== null);
        const now = known.map((f) => f.root.toString()).join('\n');
        if (now === this.#analysed) return;
        this.#analysed = now;
        void this.remap();
      }),
    ];
  }

  /** Keeps a recording or an import and loads it; gives its id and the paths that were found. */
  async add(
    profile: Profile,
    file: string | null,
  ): Promise<{ readonly id: string; readonly mapped: MappedProfiles }> {
    const mapped = await this.#placed(profile);
    return { id: this.#deps.store.addProfile({ profile, mapped, run: null, file }), mapped };
  }

  async addRun(result: BenchResult, recordedAt: string, profile: Profile | null): Promise<void> {
    const run: LoadedRun = { result, recordedAt };
    this.#deps.store.addRun(run, profile, profile === null ? new Map() : await this.#placed(profile));
  }

  /** Looks for the files of all profiles again. */
  async remap(): Promise<void> {
    for (const { id, profile } of this.#deps.store.profiles) {
      if (profile.target.kind !== 'engine') this.#deps.store.setMapped(id, await this.#mapped(profile));
    }
  }

  async #placed(profile: Profile): Promise<MappedProfiles> {
    const mapped = await this.#mapped(profile);
    for (const [key, of] of mapped) if (sharePlaced(of) > 0) this.#deps.measured?.(vscode.Uri.parse(key));
    return mapped;
  }

  async #mapped(profile: Profile): Promise<MappedProfiles> {
    const mapped = new Map<string, Profile>();
    if (profile.target.kind === 'engine') return mapped;
    for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
      const files = new Set([
        ...(this.#deps.store.folder(uri).findings?.files.map((f) => f.path) ?? []),
        ...(await this.#search(uri, fileNames(profile))),
      ]);
      const map = vscode.workspace.getConfiguration('allocLens', uri).get<unknown>('sourceMap');
      mapped.set(
        uri.toString(),
        mapPaths(profile, { root: uri.fsPath, files: [...files], map: textMap(map) }),
      );
    }
    return mapped;
  }

  async #search(root: vscode.Uri, names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return [];
    const glob = names.length === 1 ? `**/${names[0]}` : `**/{${names.join(',')}}`;
    try {
      const found = await vscode.workspace.findFiles(
        new vscode.RelativePattern(root, glob),
        '**/{node_modules,.git}/**',
        filesPerSearch,
      );
      const base = root.path.endsWith('/') ? root.path : `${root.path}/`;
      return found.filter((f) => f.path.startsWith(base)).map((f) => f.path.slice(base.length));
    } catch (error) {
      this.#deps.log.warn(`${root.fsPath}: could not be searched: ${String(error)}`);
      return [];
    }
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
  }
}

/** Entries of the setting that are texts; a setting may hold anything. */
export function textMap(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((e): e is [string, string] => e[0] !== '' && typeof e[1] === 'string'),
  );
}

/** Share of a mapped profile's samples on lines of the workspace, percent. */
export function sharePlaced(mapped: Profile): number {
  const elsewhere = new Set((mapped.details?.unmapped ?? []).map((u) => u.file));
  return mapped.lines
    .filter((l) => !elsewhere.has(l.file) && !l.file.startsWith('/'))
    .reduce((sum, l) => sum + l.percent, 0);
}

/** The hottest line of the workspace, null when the profile has none. */
export function hottestPlace(store: Store): { root: vscode.Uri; file: string; line: number } | null {
  let best: { root: vscode.Uri; file: string; line: number; percent: number } | null = null;
  const { loaded } = store;
  for (const [key, mapped] of loaded?.mapped ?? []) {
    const elsewhere = new Set((mapped.details?.unmapped ?? []).map((u) => u.file));
    for (const { file, line, percent } of mapped.lines) {
      if (elsewhere.has(file) || file.startsWith('/') || percent <= (best?.percent ?? 0)) continue;
      best = { root: vscode.Uri.parse(key), file, line, percent };
    }
  }
  return best === null ? null : { root: best.root, file: best.file, line: best.line };
}
