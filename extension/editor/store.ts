/** What the window knows: findings by workspace folder, runs, profiles. Views read it and follow it. */
import * as vscode from 'vscode';
import type { BenchResult, CompareResult, FileAnnotations, Findings, Profile } from '../model.ts';
import type { CostTable } from '../model-costs.ts';
import type { ProfileDiff } from '../model-profile.ts';
import { annotateFile } from '../profile/annotate.ts';
import { withCosts } from '../profile/cost-estimates.ts';
import { diffProfiles } from '../profile/diff.ts';
import type { Edit } from './edits.ts';
import { EditJournal } from './journal.ts';
import type { Place } from './places.ts';
import { ProfileEdits } from './profile-edits.ts';

export type AnalysisState = 'none' | 'running' | 'noCode' | 'noAllocator' | 'failed' | 'ready';

export interface FolderState {
  readonly state: AnalysisState;
  /** For a person; why it failed, or what is running. */
  readonly message: string;
  /** The last good result; kept while a new analysis runs or fails. */
  readonly findings: Findings | null;
}

const untouched: FolderState = { state: 'none', message: '', findings: null };

/** Which part changed; what a view may skip. */
export type StoreChange = 'findings' | 'profile' | 'state' | 'costs';

export interface LoadedRun {
  readonly result: BenchResult;
  /** ISO 8601. */
  readonly recordedAt: string;
}

/** A profile with its paths on the files of each workspace folder, by the folder's URI. */
export type MappedProfiles = ReadonlyMap<string, Profile>;

/** A profile of this window. */
export interface KnownProfile {
  readonly id: string;
  /** As it was recorded. */
  readonly profile: Profile;
  readonly mapped: MappedProfiles;
  /** The run that it was made in, null for recordings and imports. */
  readonly run: BenchResult | null;
  /** File that it was imported from, null for those made here. */
  readonly file: string | null;
}

/** Runs that are kept for the report. */
const runsKept = 50;
/** Profiles are large; the oldest goes first. */
const profilesKept = 20;
const comparisonsKept = 10;

export class Store implements vscode.Disposable {
  readonly journal = new EditJournal();
  readonly profileEdits = new ProfileEdits();
  readonly #folders = new Map<string, FolderState>();
  readonly #changed = new vscode.EventEmitter<StoreChange>();
  #runs: readonly LoadedRun[] = [];
  #comparisons: readonly CompareResult[] = [];
  #profiles: readonly KnownProfile[] = [];
  #loaded: string | null = null;
  #baseline: string | null = null;
  #lastId = 0;
  #diffs = new Map<string, ProfileDiff>();
  #costs: CostTable | null = null;

  readonly onDidChange = this.#changed.event;

  folder(root: vscode.Uri): FolderState {
    return this.#folders.get(root.toString()) ?? untouched;
  }

  /** Folders that were touched by an analysis, in order of the first time. */
  folders(): readonly { readonly root: vscode.Uri; readonly state: FolderState }[] {
    return [...this.#folders].map(([uri, state]) => ({ root: vscode.Uri.parse(uri), state }));
  }

  setState(root: vscode.Uri, state: AnalysisState, message = ''): void {
    this.#folders.set(root.toString(), { ...this.folder(root), state, message });
    this.#changed.fire('state');
  }

  setFindings(root: vscode.Uri, findings: Findings): void {
    const state = verdictOn(findings);
    this.#folders.set(root.toString(), { state, message: '', findings: withCosts(findings, this.#costs) });
    this.#changed.fire('findings');
  }

  /** What things cost on this machine, null before any calibration. */
  get costs(): CostTable | null {
    return this.#costs;
  }

  /** Candidates of what was found already are estimated with them, too. */
  setCosts(costs: CostTable): void {
    this.#costs = costs;
    for (const [root, state] of this.#folders) {
      if (state.findings === null) continue;
      this.#folders.set(root, { ...state, findings: withCosts(state.findings, costs) });
    }
    this.#changed.fire('costs');
  }

  forgetFolder(root: vscode.Uri): void {
    if (this.#folders.delete(root.toString())) this.#changed.fire('findings');
  }

  // ------------------------------------------------------------------------------------------ profiles

  /** Newest first. */
  get profiles(): readonly KnownProfile[] {
    return this.#profiles;
  }

  /** The profile that everything shows, null when none is loaded. */
  get loaded(): KnownProfile | null {
    return this.#known(this.#loaded);
  }

  /** What the loaded profile is compared with. */
  get baseline(): KnownProfile | null {
    return this.#known(this.#baseline);
  }

  get profile(): Profile | null {
    return this.loaded?.profile ?? null;
  }

  #known(id: string | null): KnownProfile | null {
    return this.#profiles.find((p) => p.id === id) ?? null;
  }

  get runs(): readonly LoadedRun[] {
    return this.#runs;
  }

  /** The newest run, whether or not it came with a profile. */
  get lastRun(): LoadedRun | null {
    return this.#runs.at(-1) ?? null;
  }

  /** The run that the loaded profile belongs to. */
  get profiledRun(): BenchResult | null {
    return this.loaded?.run ?? null;
  }

  /** A run without a profile leaves the loaded profile as it is. */
  addRun(run: LoadedRun, profile: Profile | null, mapped: MappedProfiles = new Map()): void {
    this.#runs = [...this.#runs, run].slice(-runsKept);
    if (profile === null) this.#changed.fire('profile');
    else this.addProfile({ profile, mapped, run: run.result, file: null });
  }

  /** Keeps a profile and loads it; gives its id. */
  addProfile(added: Omit<KnownProfile, 'id'>): string {
    const id = `profile-${++this.#lastId}`;
    this.#profiles = [{ ...added, id }, ...this.#profiles.slice(0, profilesKept - 1)];
    this.#loaded = id;
    this.#baseline = null;
    this.#changed.fire('profile');
    return id;
  }

  /** Puts better paths in place of a profile's, when files or the user's map have changed. */
  setMapped(id: string, mapped: MappedProfiles): void {
    if (this.#known(id) === null) return;
    this.#profiles = this.#profiles.map((p) => (p.id === id ? { ...p, mapped } : p));
    this.#diffs.clear();
    this.#changed.fire('profile');
  }

  loadProfile(id: string): void {
    if (this.#known(id) === null) return;
    this.#loaded = id;
    this.#baseline = null;
    this.#changed.fire('profile');
  }

  /** Loads `after` and shows what changed in it against `before`. */
  compareProfiles(before: string, after: string): void {
    if (before === after || this.#known(before) === null || this.#known(after) === null) return;
    this.#loaded = after;
    this.#baseline = before;
    this.#changed.fire('profile');
  }

  stopComparing(): void {
    this.#baseline = null;
    this.#changed.fire('profile');
  }

  removeProfile(id: string): void {
    this.#profiles = this.#profiles.filter((p) => p.id !== id);
    if (this.#baseline === id || this.#loaded === id) this.#baseline = null;
    if (this.#loaded === id) this.#loaded = null;
    this.#changed.fire('profile');
  }

  /** Newest first. */
  get comparisons(): readonly CompareResult[] {
    return this.#comparisons;
  }

  addComparison(result: CompareResult): void {
    this.#comparisons = [result, ...this.#comparisons].slice(0, comparisonsKept);
    this.#changed.fire('profile');
  }

  /** Nothing is measured any more; profiles stay in their view, to be loaded again. */
  clearProfile(): void {
    this.#loaded = null;
    this.#baseline = null;
    this.#runs = [];
    this.#changed.fire('profile');
  }

  /** The loaded profile with its paths on the files of a folder; as recorded for the engine and for no folder. */
  profileIn(root: vscode.Uri | null): Profile | null {
    const { loaded } = this;
    return loaded === null ? null : pathsIn(loaded, root);
  }

  /** What changed in the loaded profile against the one that it is compared with, null without such. */
  diffIn(root: vscode.Uri | null): ProfileDiff | null {
    const { loaded, baseline } = this;
    if (loaded === null || baseline === null) return null;
    const key = `${baseline.id} ${loaded.id} ${root?.toString() ?? ''}`;
    const known = this.#diffs.get(key);
    if (known !== undefined) return known;
    const diff = diffProfiles(pathsIn(baseline, root), pathsIn(loaded, root));
    this.#diffs.set(key, diff);
    return diff;
  }

  annotations(place: Place): FileAnnotations {
    const root = place.origin === 'project' ? place.root : null;
    const findings = root === null ? null : this.folder(root).findings;
    return annotateFile(place.file, place.origin, findings, this.profileIn(root), this.diffIn(root));
  }

  /** Edits between the loaded profile's source and what an editor shows; null when they cannot be followed. */
  editsSinceProfile(uri: vscode.Uri): Edit[] | null {
    const { profile } = this;
    if (profile === null || profile.target.kind === 'engine') return [];
    return this.profileEdits.since(uri.toString(), Date.parse(profile.recordedAt));
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function pathsIn({ profile, mapped }: KnownProfile, root: vscode.Uri | null): Profile {
  return (root === null ? undefined : mapped.get(root.toString())) ?? profile;
}

function verdictOn(findings: Findings): AnalysisState {
  if (findings.files.length === 0) return 'noCode';
  const nothing = findings.atomics.length + findings.gates.length + findings.counters.length === 0;
  return nothing && findings.configuration.entries.length === 0 ? 'noAllocator' : 'ready';
}
