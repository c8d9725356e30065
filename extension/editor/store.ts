/** What the window knows: findings by workspace folder, the runs, the loaded profile. Views read it and follow it. */
import * as vscode from 'vscode';
import type { BenchResult, CompareResult, Findings, Profile } from '../model.ts';
import type { CostTable } from '../model-costs.ts';
import { annotateFile } from '../profile/annotate.ts';
import { withCosts } from '../profile/cost-estimates.ts';
import type { FileAnnotations } from '../model.ts';
import { EditJournal } from './journal.ts';
import type { Place } from './places.ts';

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

/** Runs that are kept for the report. */
const runsKept = 50;
const comparisonsKept = 10;

export class Store implements vscode.Disposable {
  readonly journal = new EditJournal();
  readonly #folders = new Map<string, FolderState>();
  readonly #changed = new vscode.EventEmitter<StoreChange>();
  #runs: readonly LoadedRun[] = [];
  #comparisons: readonly CompareResult[] = [];
  #profile: Profile | null = null;
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

  get profile(): Profile | null {
    return this.#profile;
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
    const at = this.#profile?.recordedAt;
    return this.#runs.find((r) => r.recordedAt === at)?.result ?? null;
  }

  /** A run without a profile leaves the loaded profile as it is. */
  addRun(run: LoadedRun, profile: Profile | null): void {
    this.#runs = [...this.#runs, run].slice(-runsKept);
    if (profile !== null) this.#profile = profile;
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

  clearProfile(): void {
    this.#profile = null;
    this.#runs = [];
    this.#changed.fire('profile');
  }

  annotations(place: Place): FileAnnotations {
    const findings = place.origin === 'project' ? this.folder(place.root).findings : null;
    return annotateFile(place.file, place.origin, findings, this.#profile);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

function verdictOn(findings: Findings): AnalysisState {
  if (findings.files.length === 0) return 'noCode';
  const nothing = findings.atomics.length + findings.gates.length + findings.counters.length === 0;
  return nothing && findings.configuration.entries.length === 0 ? 'noAllocator' : 'ready';
}
