/** Opening a recording: it is imported, and a small page says what is in it and where to go from there. */
import * as vscode from 'vscode';
import type { Profile } from '../model.ts';
import { commands, internalCommands, profileEditor } from './ids.ts';
import type { ImportCommand } from './profile-import.ts';
import { percentText, sourceText } from './words.ts';

class RecordingDocument implements vscode.CustomDocument {
  constructor(
    readonly uri: vscode.Uri,
    /** Null when the import was cancelled. */
    readonly profile: Profile | null,
    readonly failure: string | null,
  ) {}

  dispose(): void {}
}

const functionsShown = 12;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (c) => escapes[c] ?? c);

const style = `
body { font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); color: var(--vscode-foreground); padding: 12px 20px; }
h1 { font-size: 1.3em; font-weight: 600; margin: 0 0 4px; }
p { margin: 0 0 12px; color: var(--vscode-descriptionForeground); overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: 0 0 12px; }
td, th { padding: 2px 16px 2px 0; text-align: left; vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
a { color: var(--vscode-textLink-foreground); margin-right: 16px; }
a:focus-visible { outline: 1px solid var(--vscode-focusBorder); }`;

const linked = [commands.openReport, internalCommands.hottestLine, commands.importProfile] as const;

const link = (command: string, text: string, args: readonly unknown[] = []): string =>
  `<a href="command:${command}${args.length === 0 ? '' : `?${encodeURIComponent(JSON.stringify(args))}`}">${escapeHtml(text)}</a>`;

/** The page: no script, nothing from the file but escaped text. Exposed for its test. */
export function recordingPage(name: string, profile: Profile | null, failure: string | null): string {
  const body: string[] = [`<h1>${escapeHtml(name)}</h1>`];
  if (profile === null) {
    body.push(`<p role="alert">${escapeHtml(failure ?? 'The import was cancelled.')}</p>`);
    body.push(`<p>${link(commands.importProfile, 'Import a file…')}</p>`);
  } else {
    const hot = [...profile.functions].sort((a, b) => b.selfPercent - a.selfPercent).slice(0, functionsShown);
    const totals = hot.some((f) => f.totalPercent !== undefined);
    const rows = hot.map((f) => {
      const total = f.totalPercent === undefined ? '–' : percentText(f.totalPercent);
      return `<tr><td class="n">${percentText(f.selfPercent)}</td>${totals ? `<td class="n">${total}</td>` : ''}<td>${escapeHtml(f.name)}</td><td>${f.category}</td></tr>`;
    });
    body.push(
      `<p>${escapeHtml(sourceText(profile))}. It is in the Profiles view and stands on the lines that it belongs to.</p>`,
      `<p>${link(internalCommands.hottestLine, 'Go to hottest line')}${link(commands.openReport, 'Open report')}</p>`,
      `<table><thead><tr><th class="n">Self</th>${totals ? '<th class="n">Total</th>' : ''}<th>Function</th><th>Category</th></tr></thead><tbody>${rows.join('')}</tbody></table>`,
      ...(profile.details?.notes ?? []).map((note) => `<p>${escapeHtml(note)}</p>`),
    );
  }
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escapeHtml(name)}</title><style>${style}</style></head><body>${body.join('\n')}</body></html>`;
}

export class ProfileEditor implements vscode.CustomReadonlyEditorProvider<RecordingDocument> {
  readonly #import: Pick<ImportCommand, 'one'>;
  readonly #log: vscode.LogOutputChannel;

  constructor(importer: Pick<ImportCommand, 'one'>, log: vscode.LogOutputChannel) {
    this.#import = importer;
    this.#log = log;
  }

  static register(importer: Pick<ImportCommand, 'one'>, log: vscode.LogOutputChannel): vscode.Disposable {
    return vscode.window.registerCustomEditorProvider(profileEditor, new ProfileEditor(importer, log), {
      supportsMultipleEditorsPerDocument: true,
    });
  }

  async openCustomDocument(uri: vscode.Uri): Promise<RecordingDocument> {
    try {
      return new RecordingDocument(uri, await this.#import.one(uri), null);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#log.warn(`${uri.fsPath}: ${message}`);
      return new RecordingDocument(uri, null, message.split('\n')[0] ?? message);
    }
  }

  resolveCustomEditor({ uri, profile, failure }: RecordingDocument, panel: vscode.WebviewPanel): void {
    panel.webview.options = { enableScripts: false, enableCommandUris: linked, localResourceRoots: [] };
    panel.webview.html = recordingPage(uri.path.slice(uri.path.lastIndexOf('/') + 1), profile, failure);
  }
}
