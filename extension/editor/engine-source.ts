/** The engine's own sources, shipped with the extension, as read-only documents that line heat can stand on. */
import * as vscode from 'vscode';
import { engineScheme } from './ids.ts';
import { engineUri } from './places.ts';
import type { Store } from './store.ts';
import { percentText } from './words.ts';

const allocatorFolder = 'engine/allocator';
const workloadsFolder = 'engine/workloads';

/** Only files below the engine's folders: the address may come from anywhere. */
const isEngineFile = (file: string): boolean =>
  [allocatorFolder, workloadsFolder].some((folder) => file.startsWith(`${folder}/`)) &&
  file.endsWith('.ts') &&
  !file.split('/').includes('..');

interface SourceItem extends vscode.QuickPickItem {
  readonly file: string;
  readonly line: number;
  readonly share: number;
}

export class EngineSources implements vscode.TextDocumentContentProvider {
  readonly #extensionUri: vscode.Uri;
  readonly #store: Store;

  constructor(extensionUri: vscode.Uri, store: Store) {
    this.#extensionUri = extensionUri;
    this.#store = store;
  }

  static register(extensionUri: vscode.Uri, store: Store): EngineSources & vscode.Disposable {
    const sources = new EngineSources(extensionUri, store);
    const registration = vscode.workspace.registerTextDocumentContentProvider(engineScheme, sources);
    return Object.assign(sources, { dispose: () => void registration.dispose() });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const file = uri.path.replace(/^\//, '');
    if (!isEngineFile(file)) throw new Error(vscode.l10n.t('{0} is not a source of the engine.', file));
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(this.#extensionUri, file));
    return new TextDecoder().decode(bytes);
  }

  async open(file: string, line: number, column = 1): Promise<void> {
    const document = await vscode.workspace.openTextDocument(engineUri(file));
    const at = new vscode.Position(Math.min(line, document.lineCount) - 1, Math.max(0, column - 1));
    const selection = new vscode.Range(at, at);
    await vscode.window.showTextDocument(document, { selection, preview: true });
  }

  /** Asks for one of the engine's files, the hottest first, and opens it at its hottest line. */
  async pick(): Promise<void> {
    const allocator = await this.#items(allocatorFolder);
    const workloads = await this.#items(workloadsFolder);
    if (allocator.length === 0) {
      await vscode.window.showErrorMessage(
        vscode.l10n.t('The engine’s sources are missing from this installation. Reinstall Alloc Lens.'),
      );
      return;
    }
    const line = (label: string): vscode.QuickPickItem => ({
      label,
      kind: vscode.QuickPickItemKind.Separator,
    });
    const items: (vscode.QuickPickItem | SourceItem)[] = [
      line(vscode.l10n.t('allocator')),
      ...allocator,
      line(vscode.l10n.t('benchmark loops')),
      ...workloads,
    ];
    const chosen = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Open Engine Source'),
      placeHolder: vscode.l10n.t('Sources of the built-in engine, hottest first'),
      matchOnDescription: true,
    });
    if (chosen !== undefined && 'file' in chosen) await this.open(chosen.file, chosen.line);
  }

  async #items(folder: string): Promise<SourceItem[]> {
    const { profile } = this.#store;
    const engine = profile?.target.kind === 'engine' ? profile : null;
    const files = await this.#files(folder);
    return files
      .map((file) => {
        const functions = (engine?.functions ?? []).filter((f) => f.file === file);
        const share = functions.reduce((sum, f) => sum + f.selfPercent, 0);
        const lines = (engine?.lines ?? []).filter((l) => l.file === file);
        const hottest = lines.reduce((best, l) => (l.percent > best.percent ? l : best), {
          line: 1,
          percent: 0,
        });
        const names = functions.map((f) => f.name).join(', ');
        return {
          label: file.slice(folder.length + 1),
          description: share > 0 ? `${percentText(share)} · ${names}` : '',
          file,
          line: hottest.line,
          share,
        };
      })
      .sort((a, b) => b.share - a.share || a.file.localeCompare(b.file));
  }

  async #files(folder: string): Promise<string[]> {
    const out: string[] = [];
    try {
      const entries = await vscode.workspace.fs.readDirectory(
        vscode.Uri.joinPath(this.#extensionUri, folder),
      );
      for (const [name, type] of entries) {
        const at = `${folder}/${name}`;
        if (type === vscode.FileType.Directory) out.push(...(await this.#files(at)));
        else if (isEngineFile(at)) out.push(at);
      }
    } catch {
      // A missing folder is an empty one; the caller says so.
    }
    return out;
  }
}
