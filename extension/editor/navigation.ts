/** Commands behind lenses, hovers and tree items. Their arguments come from links: checked before use. */
import * as vscode from 'vscode';
import type { Findings } from '../model.ts';
import type { EngineSources } from './engine-source.ts';
import { placeOf, projectUri } from './places.ts';
import type { Store } from './store.ts';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0;

/** A path that stays below its root. */
const isInside = (file: string): boolean =>
  !file.startsWith('/') && !/^[A-Za-z]:/.test(file) && !file.split(/[/\\]/).includes('..');

export class Navigation {
  readonly #store: Store;
  readonly #engine: EngineSources;

  constructor(store: Store, engine: EngineSources) {
    this.#store = store;
    this.#engine = engine;
  }

  /** `{origin, root, file, line, column}`; without a root the first analysed folder is meant. */
  async openLocation(value: unknown): Promise<void> {
    if (!isRecord(value)) return;
    const { origin, file, line } = value;
    if (typeof file !== 'string' || !isInside(file) || !isPositive(line)) return;
    const column = isPositive(value.column) ? value.column : 1;
    if (origin === 'engine') {
      await this.#engine.open(file, line, column);
      return;
    }
    const root = this.#root(value.root);
    if (root === null) return;
    const document = await vscode.workspace.openTextDocument(projectUri(root, file));
    const at = document.validatePosition(new vscode.Position(line - 1, column - 1));
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
  }

  #root(value: unknown): vscode.Uri | null {
    const known = this.#store.folders().map((f) => f.root);
    if (typeof value !== 'string') return known[0] ?? null;
    return known.find((r) => r.toString() === value) ?? null;
  }

  /** Shows the rows with these ids: one is opened with its hover, several are peeked where the user is. */
  async showRows(uriText: unknown, line: unknown, ids: unknown): Promise<void> {
    if (typeof uriText !== 'string' || !isPositive(line) || !Array.isArray(ids)) return;
    const uri = vscode.Uri.parse(uriText);
    const place = placeOf(uri);
    const findings = place?.origin === 'project' ? this.#store.folder(place.root).findings : null;
    if (place?.origin !== 'project' || findings === null) return;
    const locations = rowLocations(findings, new Set<unknown>(ids)).map(
      (r) =>
        new vscode.Location(projectUri(place.root, r.file), new vscode.Position(r.line - 1, r.column - 1)),
    );
    const [only] = locations;
    if (only === undefined) return;
    if (locations.length === 1) {
      await vscode.window.showTextDocument(only.uri, { selection: only.range });
      await vscode.commands.executeCommand('editor.action.showHover');
      return;
    }
    const from = new vscode.Position(line - 1, 0);
    await vscode.commands.executeCommand('editor.action.peekLocations', uri, from, locations, 'peek');
  }
}

/** Places of the rows with these ids, in order of file and line. */
export function rowLocations(
  findings: Findings,
  ids: ReadonlySet<unknown>,
): { readonly file: string; readonly line: number; readonly column: number }[] {
  return [...findings.atomics, ...findings.gates, ...findings.counters.map((c) => ({ ...c, column: 1 }))]
    .filter((r) => ids.has(r.id))
    .map(({ file, line, column }) => ({ file, line, column }))
    .sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line || a.column - b.column);
}
