/** What the report shows, from the store, and where its rows lead. */
import * as vscode from 'vscode';
import type { ReportModel } from '../model.ts';
import { buildReport } from '../report/build.ts';
import { ReportPanel, type ReportPanelOptions } from '../report/panel.ts';
import { commands } from './ids.ts';
import type { Navigation } from './navigation.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** While someone types, the report follows with this pause in milliseconds: its model may be large. */
const followDelay = 400;

export class Report implements vscode.Disposable {
  readonly #store: Store;
  readonly #options: ReportPanelOptions;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscription: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;
  /** The project that the report was opened on, null for whichever has findings. */
  #root: vscode.Uri | null = null;

  constructor(store: Store, navigation: Navigation, distUri: vscode.Uri) {
    this.#store = store;
    this.#subscription = store.onDidChange((what) => {
      if (what === 'state') return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#changed.fire(), followDelay);
    });
    this.#options = {
      distUri,
      model: () => this.#model(),
      onDidChange: this.#changed.event,
      open: (location) =>
        navigation.openLocation({ ...location, root: this.#project()?.root.toString() ?? null }),
      runBenchmark: () => vscode.commands.executeCommand(commands.runBenchmark),
      analyze: () => vscode.commands.executeCommand(commands.analyzeWorkspace),
    };
  }

  static register(store: Store, navigation: Navigation, distUri: vscode.Uri): Report & vscode.Disposable {
    const report = new Report(store, navigation, distUri);
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

  #project(): ReturnType<Store['folders']>[number] | null {
    const known = this.#store.folders().filter((f) => f.state.findings !== null);
    return known.find((f) => f.root.toString() === this.#root?.toString()) ?? known[0] ?? null;
  }

  #model(): ReportModel {
    const project = this.#project();
    const name = project === null ? null : vscode.workspace.getWorkspaceFolder(project.root)?.name;
    return buildReport({
      title: name == null ? 'Alloc Lens' : `Alloc Lens: ${name}`,
      createdAt: new Date().toISOString(),
      findings: project?.state.findings ?? null,
      profile: this.#store.profile,
      runs: this.#store.runs.map((r) => r.result),
    });
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#subscription.dispose();
    this.#restored?.dispose();
    this.#changed.dispose();
  }
}
