/** What the report shows, from the store, and where its rows lead. */
import * as vscode from 'vscode';
import type { ReportAction, ReportModel, ReportPlace } from '../model.ts';
import { buildReport } from '../report/build.ts';
import { type LaboratoryPart, laboratoryPart } from '../report/laboratory.ts';
import { ReportPanel, type ReportPanelOptions } from '../report/panel.ts';
import type { LedgerWatch } from './experiment-ledger.ts';
import { commands } from './ids.ts';
import type { Laboratory } from './laboratory.ts';
import type { Navigation } from './navigation.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** While someone types, the report follows with this pause in milliseconds: its model may be large. */
const followDelay = 400;

const actionCommands: Readonly<Record<ReportAction, string>> = {
  runBenchmark: commands.runBenchmark,
  analyze: commands.analyzeWorkspace,
  runExperiment: commands.runExperiment,
  compareAllocators: commands.compareAllocators,
  runSoak: commands.runSoak,
  calibrateCosts: commands.calibrateCosts,
  writeDocuments: commands.writeDocuments,
};

/** Where the ledger's part comes from. */
export interface ReportLedger {
  readonly ledger: Pick<LedgerWatch, 'contents' | 'onDidChange'>;
  readonly laboratory: Pick<Laboratory, 'cumulative' | 'documents'>;
}

export class Report implements vscode.Disposable {
  readonly #store: Store;
  readonly #options: ReportPanelOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #from: ReportLedger;
  readonly #subscription: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;
  /** The project that the report was opened on, null for whichever has findings. */
  #root: vscode.Uri | null = null;

  constructor(store: Store, navigation: Navigation, distUri: vscode.Uri, from: ReportLedger) {
    this.#store = store;
    this.#from = from;
    this.#subscription = vscode.Disposable.from(
      store.onDidChange((what) => {
        if (what === 'state') return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#changed.fire(), followDelay);
      }),
      from.ledger.onDidChange(() => this.#changed.fire()),
    );
    this.#options = {
      distUri,
      model: () => this.#model(),
      onDidChange: this.#changed.event,
      open: (location) =>
        navigation.openLocation({ ...location, root: this.#project()?.root.toString() ?? null }),
      act: (action) => vscode.commands.executeCommand(actionCommands[action]),
    };
  }

  static register(
    store: Store,
    navigation: Navigation,
    distUri: vscode.Uri,
    from: ReportLedger,
  ): Report & vscode.Disposable {
    const report = new Report(store, navigation, distUri, from);
    const restored = vscode.window.registerWebviewPanelSerializer(
      ReportPanel.viewType,
      ReportPanel.serializer(report.#options),
    );
    report.#restored = restored;
    return report;
  }

  #restored: vscode.Disposable | undefined;

  show(): void {
    const active = vscode.window.activeTextEditor;
    const place = active === undefined ? null : placeOf(active.document.uri);
    if (place?.origin === 'project') this.#root = place.root;
    ReportPanel.show(this.#options);
    this.#changed.fire();
  }

  /** Opens the report on a result of a folder's ledger; null leaves the folder as it is. */
  showAt(place: ReportPlace, folder: vscode.Uri | null): void {
    if (folder !== null) this.#root = folder;
    ReportPanel.show(this.#options, place);
    this.#changed.fire();
  }

  #project(): ReturnType<Store['folders']>[number] | null {
    const known = this.#store.folders().filter((f) => f.state.findings !== null);
    return known.find((f) => f.root.toString() === this.#root?.toString()) ?? known[0] ?? null;
  }

  /** Of the folder that the report is about; of the first one while nothing is analysed. */
  #laboratory(project: vscode.Uri | null): LaboratoryPart | undefined {
    const folder = this.#root ?? project ?? vscode.workspace.workspaceFolders?.[0]?.uri ?? null;
    if (folder === null) return undefined;
    const { records, problems } = this.#from.ledger.contents(folder);
    const { cumulative, documents } = this.#from.laboratory;
    return laboratoryPart(records, problems, cumulative(records), documents);
  }

  #model(): ReportModel {
    const project = this.#project();
    const laboratory = this.#laboratory(project?.root ?? null);
    const name = project === null ? null : vscode.workspace.getWorkspaceFolder(project.root)?.name;
    return buildReport({
      title: name == null ? 'Alloc Lens' : `Alloc Lens: ${name}`,
      createdAt: new Date().toISOString(),
      findings: project?.state.findings ?? null,
      profile: this.#store.profileIn(project?.root ?? null),
      runs: this.#store.runs.map((r) => r.result),
      comparisons: this.#store.comparisons,
      ...(laboratory === undefined ? {} : { laboratory }),
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
    this.#restored?.dispose();
    this.#changed.dispose();
  }
}
