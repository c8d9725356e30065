/** The report inside the editor: a webview panel under a strict policy, fed by typed messages. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type {
  ReportAction,
  ReportMessage,
  ReportModel,
  ReportPlace,
  ReportRequest,
  SourceLocation,
} from '../model.ts';
import { renderPage } from './page.ts';

export interface ReportPanelOptions {
  /** Folder that holds `webview.js` and `webview.css` (the extension's `dist`). */
  readonly distUri: vscode.Uri;
  /** Builds the model that is shown now; called when the page is ready and after each `onDidChange`. */
  readonly model: () => ReportModel;
  /** Fires when `model()` would give something else. */
  readonly onDidChange: vscode.Event<unknown>;
  /** Opens a row's source line. */
  readonly open: (location: SourceLocation) => unknown;
  /** A button of the page. */
  readonly act: (action: ReportAction) => unknown;
}

const redrawDelay = 200;

const actions: Readonly<Record<ReportAction, true>> = {
  runBenchmark: true,
  analyze: true,
  runExperiment: true,
  compareAllocators: true,
  runSoak: true,
  calibrateCosts: true,
  writeDocuments: true,
};

const isAction = (value: unknown): value is ReportAction =>
  typeof value === 'string' && Object.hasOwn(actions, value);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Narrows what the page posted; anything else is dropped. Exported for its test. */
export function parseRequest(value: unknown): ReportRequest | null {
  if (!isObject(value)) return null;
  if (isAction(value.type)) return { type: value.type };
  switch (value.type) {
    case 'ready':
      return { type: 'ready' };
    case 'open': {
      const at = value.location;
      if (!isObject(at)) return null;
      const { origin, file, line } = at;
      if (origin !== 'project' && origin !== 'engine') return null;
      if (typeof file !== 'string' || typeof line !== 'number' || !Number.isInteger(line)) return null;
      return { type: 'open', location: { origin, file, line } };
    }
    default:
      return null;
  }
}

/**
 * One report panel a window. `ReportPanel.show(options)` opens it or brings it to the front;
 * `vscode.window.registerWebviewPanelSerializer(ReportPanel.viewType, ReportPanel.serializer(options))` brings it
 * back after a reload (needs the activation event `onWebviewPanel:allocLens.report`).
 */
export class ReportPanel implements vscode.Disposable {
  static readonly viewType = 'allocLens.report';
  /** The window's panel: VS Code itself keeps panels per window, this only remembers which one is ours. */
  static #current: ReportPanel | undefined;

  readonly #panel: vscode.WebviewPanel;
  readonly #options: ReportPanelOptions;
  readonly #disposables: vscode.Disposable[] = [];
  #ready = false;
  /** Where to go once the page is there. */
  #place: ReportPlace | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param place opens a tab of the page and selects a row of it; without one the page is where it was */
  static show(options: ReportPanelOptions, place: ReportPlace | null = null): ReportPanel {
    const open = ReportPanel.#current;
    if (open !== undefined) {
      open.#place = place;
      open.#panel.reveal();
      open.#postPlace();
      return open;
    }
    const panel = vscode.window.createWebviewPanel(
      ReportPanel.viewType,
      'Alloc Lens Report',
      { viewColumn: vscode.ViewColumn.Active, preserveFocus: false },
      ReportPanel.#webviewOptions(options),
    );
    const made = new ReportPanel(panel, options);
    made.#place = place;
    return made;
  }

  static serializer(options: ReportPanelOptions): vscode.WebviewPanelSerializer {
    return {
      deserializeWebviewPanel: async (panel) => {
        ReportPanel.#current?.dispose();
        panel.webview.options = ReportPanel.#webviewOptions(options);
        new ReportPanel(panel, options);
      },
    };
  }

  static #webviewOptions(options: ReportPanelOptions): vscode.WebviewOptions & vscode.WebviewPanelOptions {
    return { enableScripts: true, localResourceRoots: [options.distUri], enableFindWidget: true };
  }

  private constructor(panel: vscode.WebviewPanel, options: ReportPanelOptions) {
    this.#panel = panel;
    this.#options = options;
    ReportPanel.#current = this;
    const webview = panel.webview;
    webview.onDidReceiveMessage((value: unknown) => this.#receive(value), undefined, this.#disposables);
    panel.onDidDispose(() => this.#forget(), undefined, this.#disposables);
    // A hidden page is gone; what is posted before its successor says `ready` would be lost.
    panel.onDidChangeViewState(
      () => {
        if (!panel.visible) this.#ready = false;
      },
      undefined,
      this.#disposables,
    );
    options.onDidChange(() => this.#postSoon(), undefined, this.#disposables);
    const uri = (name: string): string =>
      webview.asWebviewUri(vscode.Uri.joinPath(options.distUri, name)).toString();
    webview.html = renderPage({
      title: 'Alloc Lens Report',
      nonce: randomBytes(18).toString('base64url'),
      source: webview.cspSource,
      script: { uri: uri('webview.js') },
      style: { uri: uri('webview.css') },
      model: null,
    });
  }

  dispose(): void {
    this.#panel.dispose();
  }

  #forget(): void {
    clearTimeout(this.#timer);
    if (ReportPanel.#current === this) ReportPanel.#current = undefined;
    for (const d of this.#disposables.splice(0)) d.dispose();
  }

  /** Findings change with every pause in typing; the page is redrawn at most that often. */
  #postSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#post(), redrawDelay);
  }

  /** A hidden page does not exist: it is rebuilt when it is shown and says `ready` again. */
  #post(): void {
    if (!this.#ready || !this.#panel.visible) return;
    const message: ReportMessage = { type: 'model', model: this.#options.model() };
    void this.#panel.webview.postMessage(message);
    this.#postPlace();
  }

  #postPlace(): void {
    if (!this.#ready || !this.#panel.visible || this.#place === null) return;
    const message: ReportMessage = { type: 'show', place: this.#place };
    this.#place = null;
    void this.#panel.webview.postMessage(message);
  }

  #receive(value: unknown): void {
    const request = parseRequest(value);
    if (request === null) return;
    switch (request.type) {
      case 'ready':
        this.#ready = true;
        this.#post();
        return;
      case 'open':
        this.#options.open(request.location);
        return;
      default:
        this.#options.act(request.type);
    }
  }
}
