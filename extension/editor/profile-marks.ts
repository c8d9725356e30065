/** Follows what is typed and saved, so that marks of a profile stay on their lines, and says which files have changed. */
import * as vscode from 'vscode';
import type { Edit } from './edits.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** A save is seen by its event a moment before or after the disk has its time. */
const clockSlack = 2000;

export class ProfileMarks implements vscode.Disposable {
  readonly #store: Store;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  /** When files on disk were written, milliseconds since the epoch, by URI. */
  readonly #written = new Map<string, number>();

  /** A file was found to be newer than it was known to be. */
  readonly onDidChange = this.#changed.event;

  constructor(store: Store) {
    this.#store = store;
    const { workspace } = vscode;
    this.#subscriptions = [
      workspace.onDidChangeTextDocument((e) => this.typed(e)),
      workspace.onDidSaveTextDocument((d) => {
        store.profileEdits.saved(d.uri.toString(), Date.now());
        void this.look(d.uri);
      }),
      workspace.onDidCloseTextDocument((d) => store.profileEdits.closed(d.uri.toString())),
      workspace.onDidOpenTextDocument((d) => void this.look(d.uri)),
      store.onDidChange((what) => {
        if (what === 'profile') for (const d of workspace.textDocuments) void this.look(d.uri);
      }),
    ];
  }

  typed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0 || placeOf(document.uri)?.origin !== 'project') return;
    const edits = contentChanges.map(
      (c): Edit => ({
        start: { line: c.range.start.line + 1, column: c.range.start.character + 1 },
        end: { line: c.range.end.line + 1, column: c.range.end.character + 1 },
        text: c.text,
      }),
    );
    this.#store.profileEdits.record(document.uri.toString(), edits);
  }

  /** Asks the disk when a file was written; only for files that the loaded profile could mark. */
  async look(uri: vscode.Uri): Promise<void> {
    const { profile } = this.#store;
    const place = placeOf(uri);
    if (profile === null || profile.target.kind === 'engine' || place?.origin !== 'project') return;
    try {
      const { mtime } = await vscode.workspace.fs.stat(uri);
      const key = uri.toString();
      if (mtime === this.#written.get(key)) return;
      this.#written.set(key, mtime);
      this.#changed.fire();
    } catch {
      // Deleted meanwhile: there is nothing to mark.
    }
  }

  /**
   * Why marks of the loaded profile may be off in this file; null when they are not. What was typed here is followed
   * and only said; a file written by something else cannot be.
   */
  caution(uri: vscode.Uri): string | null {
    const { profile } = this.#store;
    if (profile === null || profile.target.kind === 'engine') return null;
    const recordedAt = Date.parse(profile.recordedAt);
    const known = Math.max(recordedAt, this.#store.profileEdits.lastSaved(uri.toString()));
    const written = this.#written.get(uri.toString()) ?? 0;
    const edits = this.#store.editsSinceProfile(uri);
    if (edits === null || written > known + clockSlack) {
      return vscode.l10n.t('file is newer than the recording: lines may be off');
    }
    return edits.length > 0 ? vscode.l10n.t('edited since the recording') : null;
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    this.#changed.dispose();
  }
}
