/** What the report shows, from the store, and where its rows lead. */
import * as vscode from 'vscode';
import type { Findings, ReportModel } from '../model.ts';
import { buildReport } from '../report/build.ts';
import { ReportPanel, type ReportPanelOptions } from '../report/panel.ts';
import { commands } from './ids.ts';
import type { Navigation } from './navigation.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** The project that the report is about: the active editor's, otherwise the first with findings. */
function subject(store: Store): { readonly root: vscode.Uri; readonly findings: Findings } | null {
  const active = vscode.window.activeTextEditor;
  const place = active === undefined ? null : placeOf(active.document.uri);
  const own = place?.origin === 'project' ? store.folder(place.root).findings : null;
  if (place?.origin === 'project' && own !== null) return { root: place.root, findings: own };
  for (const { root, state } of store.folders()) {
    if (state.findings !== null) return { root, findings: state.findings };
  }
  return null;
}

export class Report {
  readonly #options: ReportPanelOptions;

  constructor(store: Store, navigation: Navigation, distUri: vscode.Uri) {
    let root: vscode.Uri | null = null;
    this.#options = {
      distUri,
      model: (): ReportModel => {
        const found = subject(store);
        root = found?.root ?? null;
        const name = root === null ? null : (vscode.workspace.getWorkspaceFolder(root)?.name ?? null);
        return buildReport({
          title: name === null ? 'Alloc Lens' : `Alloc Lens: ${name}`,
          createdAt: new Date().toISOString(),
          findings: found?.findings ?? null,
          profile: store.profile,
          runs: store.runs.map((r) => r.result),
        });
      },
      onDidChange: store.onDidChange,
      open: (location) => navigation.openLocation({ ...location, root: root?.toString() ?? null }),
      runBenchmark: () => vscode.commands.executeCommand(commands.runBenchmark),
      analyze: () => vscode.commands.executeCommand(commands.analyzeWorkspace),
    };
  }

  /** Brings an open report back after the window was reloaded. */
  register(): vscode.Disposable {
    return vscode.window.registerWebviewPanelSerializer(
      ReportPanel.viewType,
      ReportPanel.serializer(this.#options),
    );
  }

  show(): void {
    ReportPanel.show(this.#options);
  }
}
