/** The ledgers of the workspace's folders, read when a view asks and again when a file changes, from whichever window. */
import * as vscode from 'vscode';
import type { LedgerRecord } from '../model-ledger.ts';
import type { Laboratory, LedgerContents } from './laboratory.ts';

const pattern = '.alloc-lens/**/*.{jsonl,json}';
/** Several records of another window come as one change, milliseconds. */
const settle = 150;
const nothing: LedgerContents = { records: [], problems: [] };

interface Known {
  contents: LedgerContents;
  /** Taken, but could not be written. */
  readonly unsaved: LedgerRecord[];
  readonly unsavedReasons: string[];
  /** A read is under way; another one is due after it. */
  reading: Promise<void> | null;
  again: boolean;
}

export class LedgerWatch implements vscode.Disposable {
  readonly #laboratory: Pick<Laboratory, 'readLedger' | 'append'>;
  readonly #log: vscode.LogOutputChannel;
  readonly #folders = new Map<string, Known>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #watcher: vscode.Disposable;
  #timer: NodeJS.Timeout | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(laboratory: Pick<Laboratory, 'readLedger' | 'append'>, log: vscode.LogOutputChannel) {
    this.#laboratory = laboratory;
    this.#log = log;
    const watcher = vscode.workspace.createFileSystemWatcher(`**/${pattern}`);
    const touched = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#readAgain(), settle);
    };
    this.#watcher = vscode.Disposable.from(
      watcher,
      watcher.onDidChange(touched),
      watcher.onDidCreate(touched),
      watcher.onDidDelete(touched),
    );
  }

  /** What is known of a folder's ledger; the first question begins to read it, and `onDidChange` says when that is done. */
  contents(folder: vscode.Uri): LedgerContents {
    const known = this.#folders.get(folder.toString());
    if (known === undefined) {
      if (folder.scheme === 'file') void this.read(folder);
      return nothing;
    }
    if (known.unsaved.length === 0) return known.contents;
    return {
      records: [...known.contents.records, ...known.unsaved],
      problems: [...known.contents.problems, ...known.unsavedReasons],
    };
  }

  /** Reads a folder's ledger now; two reads of one folder never overlap. */
  async read(folder: vscode.Uri): Promise<void> {
    const known = this.#known(folder);
    if (known.reading !== null) {
      known.again = true;
      return known.reading;
    }
    known.reading = this.#readWhile(folder, known);
    try {
      await known.reading;
    } finally {
      known.reading = null;
    }
  }

  /** Appends a record. One that cannot be written stays in this window, and the report says why. */
  async keep(folder: vscode.Uri, record: LedgerRecord): Promise<void> {
    const known = this.#known(folder);
    try {
      await this.#laboratory.append(folder.fsPath, record);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      known.unsaved.push(record);
      known.unsavedReasons.push(`A result of this window could not be written to the ledger: ${why}`);
      this.#log.error(`Ledger of ${folder.fsPath}: ${why}`);
      void vscode.window.showErrorMessage(
        `Alloc Lens: the result is shown but could not be written to the ledger: ${why}`,
      );
    }
    await this.read(folder);
  }

  #known(folder: vscode.Uri): Known {
    const key = folder.toString();
    const known = this.#folders.get(key);
    if (known !== undefined) return known;
    const made: Known = {
      contents: nothing,
      unsaved: [],
      unsavedReasons: [],
      reading: null,
      again: false,
    };
    this.#folders.set(key, made);
    return made;
  }

  async #readWhile(folder: vscode.Uri, known: Known): Promise<void> {
    do {
      known.again = false;
      try {
        known.contents = await this.#laboratory.readLedger(folder.fsPath);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#log.warn(`Ledger of ${folder.fsPath}: ${why}`);
        known.contents = { records: [], problems: [`The ledger could not be read: ${why}`] };
      }
    } while (known.again);
    this.#changed.fire();
  }

  async #readAgain(): Promise<void> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    await Promise.all(
      folders.filter((f) => this.#folders.has(f.uri.toString())).map((f) => this.read(f.uri)),
    );
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#watcher.dispose();
    this.#changed.dispose();
  }
}
