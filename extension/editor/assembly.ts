/**
 * `Alloc Lens: Open Assembly`: the disassembled function at the cursor beside its source, read-only, with the share of
 * each instruction; the cursor's line on one side lights up what belongs to it on the other.
 */
import * as vscode from 'vscode';
import { type Profile, UserError } from '../model.ts';
import { PathMapper } from '../profile/path-map.ts';
import {
  type AssemblyRow,
  type Listing,
  listingLines,
  listingOf,
  listingText,
  sourceAt,
  symbolAt,
  symbolCandidates,
  symbolOfLine,
  type SymbolPlace,
} from './assembly-source.ts';
import { type Edit, shiftLine } from './edits.ts';
import { heatStep } from './heat-scale.ts';
import { heatTypes } from './heat-types.ts';
import { assemblyScheme } from './ids.ts';
import { requireTrust } from './measuring.ts';
import { type Place, placeOf, projectUri } from './places.ts';
import { textMap } from './profile-loader.ts';
import type { Store } from './store.ts';
import { sourceText } from './words.ts';

/** A disassembler. Rejects with a `UserError` when there is no such symbol or no tool. */
export type Disassemble = (
  object: string,
  functionName: string,
  signal?: AbortSignal,
) => Promise<{ readonly rows: readonly AssemblyRow[] }>;

export interface AssemblyDeps {
  readonly store: Store;
  readonly disassemble: Disassemble;
  readonly log: vscode.LogOutputChannel;
}

interface Open {
  readonly listing: Listing;
  /** Folder that the listing's files are relative to. */
  readonly root: vscode.Uri;
}

/** Where the command is to look: a line of a source, and the symbol if it is known already. */
interface Request {
  readonly uri: vscode.Uri;
  /** 1-based; as the editor shows it, or as it was recorded. */
  readonly line: number;
  readonly recorded: boolean;
  readonly function: string | null;
}

type ProjectPlace = Place & { readonly origin: 'project' };

/** Arguments come from links: anything that does not fit means the cursor. Exposed for its test. */
export function parseRequest(value: unknown): Request | null {
  const editor = vscode.window.activeTextEditor;
  if (typeof value === 'object' && value !== null) {
    const { uri, line, function: name, recorded } = value as Partial<Record<string, unknown>>;
    if (typeof uri === 'string' && typeof line === 'number' && Number.isInteger(line) && line > 0) {
      return {
        uri: vscode.Uri.parse(uri),
        line,
        recorded: recorded === true,
        function: typeof name === 'string' ? name : null,
      };
    }
  }
  if (editor === undefined) return null;
  const { document, selection } = editor;
  return { uri: document.uri, line: selection.active.line + 1, recorded: false, function: null };
}

/** The line of the recording that is now at `line`. */
function recordedLine(line: number, edits: readonly Edit[], lineCount: number): number {
  if (edits.length === 0) return line;
  for (let at = 1; at <= lineCount + edits.length; at++) if (shiftLine(at, edits) === line) return at;
  return line;
}

export class AssemblyView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  readonly #deps: AssemblyDeps;
  readonly #open = new Map<string, Open>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #steps = heatTypes();
  readonly #linked: vscode.TextEditorDecorationType;
  readonly #subscriptions: vscode.Disposable[] = [];

  readonly onDidChange = this.#changed.event;

  constructor(deps: AssemblyDeps) {
    this.#deps = deps;
    this.#linked = vscode.window.createTextEditorDecorationType({
      isWholeLine: true,
      backgroundColor: new vscode.ThemeColor('editor.rangeHighlightBackground'),
      borderColor: new vscode.ThemeColor('focusBorder'),
      borderStyle: 'solid',
      borderWidth: '0 0 0 3px',
      overviewRulerColor: new vscode.ThemeColor('focusBorder'),
      overviewRulerLane: vscode.OverviewRulerLane.Left,
    });
  }

  static register(deps: AssemblyDeps): AssemblyView {
    const view = new AssemblyView(deps);
    view.#subscriptions.push(
      vscode.workspace.registerTextDocumentContentProvider(assemblyScheme, view),
      vscode.window.onDidChangeTextEditorSelection((e) => view.follow(e.textEditor)),
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) view.paint(editor);
      }),
      vscode.workspace.onDidCloseTextDocument((d) => void view.#open.delete(d.uri.toString())),
    );
    return view;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    const open = this.#open.get(uri.toString());
    // After a reload of the window the address is all that is left, and nothing is started for an address.
    return open === undefined
      ? `; ${vscode.l10n.t('Open it again from its source with “Alloc Lens: Open Assembly”.')}\n`
      : listingText(open.listing);
  }

  /** @param args `{uri, line, function}` from lenses and hovers; anything else means the cursor */
  async open(args?: unknown): Promise<void> {
    requireTrust(vscode.l10n.t('Opening assembly starts a disassembler, which'));
    const request = parseRequest(args);
    const place = request === null ? null : placeOf(request.uri);
    if (request === null || place?.origin !== 'project') {
      throw new UserError(
        'Open Assembly works on a source file of the workspace: put the cursor into a function.',
      );
    }
    const profile = this.#deps.store.profileIn(place.root);
    if (profile === null || profile.target.kind === 'engine') {
      throw new UserError(
        'Open Assembly needs a profile of the program that this source was built into: run Alloc Lens: Profile Native Target first.',
      );
    }
    const symbol = this.#symbol(request, place, profile);
    const abort = new AbortController();
    const found = await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: `Alloc Lens: ${vscode.l10n.t('assembly of {0}', symbol.name)}`,
        cancellable: true,
      },
      async (_progress, token) => {
        token.onCancellationRequested(() => abort.abort());
        try {
          return await this.#first(symbolCandidates(profile, symbol), abort.signal);
        } catch (error) {
          if (abort.signal.aborted) return null;
          throw error;
        }
      },
    );
    if (found === null) return;
    const listing = await this.#listing(found.symbol, found.rows, profile, place.root);
    await this.#show(listing, place.root, request);
  }

  #symbol(request: Request, place: ProjectPlace, profile: Profile): SymbolPlace {
    const { store } = this.#deps;
    if (request.function !== null) {
      const named = profile.functions.find((f) => f.name === request.function && f.object?.startsWith('/'));
      if (named?.object !== undefined) return { name: named.name, object: named.object };
    }
    const annotations = store.annotations(place);
    const edits = store.editsSinceProfile(request.uri) ?? [];
    const document = vscode.workspace.textDocuments.find((d) => d.uri.toString() === request.uri.toString());
    const line = request.recorded
      ? request.line
      : recordedLine(request.line, edits, document?.lineCount ?? request.line);
    const heat = annotations.heat.find((h) => h.line === line);
    const atLine = heat === undefined ? null : symbolOfLine(profile, place.file, heat, annotations.functions);
    const around = annotations.functions.findLast(
      (a) => a.function.line <= line && line <= a.function.endLine,
    );
    const symbol = atLine ?? (around === undefined ? null : symbolAt(profile, place.file, around.function));
    if (symbol !== null) return symbol;
    throw new UserError(
      around === undefined
        ? 'Open Assembly: there is no function at the cursor.'
        : `Open Assembly: the loaded profile has no samples in ${around.function.name}, so its binary is not known.`,
    );
  }

  /** The first of the symbols that has code of its own. */
  async #first(
    candidates: readonly SymbolPlace[],
    signal: AbortSignal,
  ): Promise<{ symbol: SymbolPlace; rows: readonly AssemblyRow[] }> {
    let failure: unknown;
    for (const symbol of candidates) {
      try {
        const { rows } = await this.#deps.disassemble(symbol.object, symbol.name, signal);
        if (rows.length > 0) return { symbol, rows };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.#deps.log.debug(`${symbol.object}: ${symbol.name}: ${error.message}`);
        failure ??= error;
      }
    }
    const [wanted] = candidates;
    throw failure instanceof UserError
      ? failure
      : new UserError(`${wanted?.object ?? 'The binary'} has no code of ${wanted?.name ?? 'this function'}.`);
  }

  async #listing(
    symbol: SymbolPlace,
    rows: readonly AssemblyRow[],
    profile: Profile,
    root: vscode.Uri,
  ): Promise<Listing> {
    const { store } = this.#deps;
    const recorded = [...new Set(rows.flatMap((r) => (r.file === null ? [] : [r.file])))];
    const files = new Set([
      ...(store.folder(root).findings?.files.map((f) => f.path) ?? []),
      ...profile.lines.map((l) => l.file).filter((f) => !f.startsWith('/')),
    ]);
    const map = vscode.workspace.getConfiguration('allocLens', root).get<unknown>('sourceMap');
    const mapper = new PathMapper({ root: root.fsPath, files: [...files], map: textMap(map) });
    const fileOf = (file: string): string | null => mapper.map(file);
    const texts = new Map<string, readonly string[]>();
    for (const file of new Set(recorded.flatMap((r) => fileOf(r) ?? []))) {
      if (file.startsWith('/')) continue;
      try {
        const bytes = await vscode.workspace.fs.readFile(projectUri(root, file));
        texts.set(file, new TextDecoder().decode(bytes).split(/\r?\n/));
      } catch {
        // The listing then names the line without its text.
      }
    }
    const caution = (await this.#isNewer(symbol.object, profile))
      ? vscode.l10n.t('the binary is newer than the recording: shares may stand on the wrong instructions')
      : null;
    const points = profile.details?.addresses.find((a) => a.object === symbol.object)?.points ?? [];
    return listingOf(symbol, rows, {
      source: sourceText(profile),
      caution,
      shares: new Map(points),
      fileOf,
      textOf: (file, line) => texts.get(file)?.[line - 1] ?? null,
    });
  }

  async #isNewer(object: string, profile: Profile): Promise<boolean> {
    try {
      const { mtime } = await vscode.workspace.fs.stat(vscode.Uri.file(object));
      return mtime > Date.parse(profile.recordedAt);
    } catch {
      return false;
    }
  }

  async #show(listing: Listing, root: vscode.Uri, request: Request): Promise<void> {
    const name = listing.symbol.name.replace(/[^\w.$@-]+/g, '_').slice(0, 80);
    const uri = vscode.Uri.from({ scheme: assemblyScheme, path: `/${name}.s`, query: listing.symbol.object });
    this.#open.set(uri.toString(), { listing, root });
    this.#changed.fire(uri);
    const document = await vscode.workspace.openTextDocument(uri);
    const place = placeOf(request.uri);
    const wanted =
      place?.origin === 'project' ? listingLines(listing, place.file, request.line)[0] : undefined;
    const at = new vscode.Position((wanted ?? hottestLine(listing)) - 1, 0);
    const editor = await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: true,
      selection: new vscode.Range(at, at),
    });
    this.paint(editor);
    for (const source of vscode.window.visibleTextEditors) {
      if (source.document.uri.toString() === request.uri.toString()) this.follow(source);
    }
  }

  /** Heat of a listing's instructions. */
  paint(editor: vscode.TextEditor): void {
    const open = this.#open.get(editor.document.uri.toString());
    if (open === undefined) return;
    const ranges: vscode.Range[][] = this.#steps.map(() => []);
    open.listing.lines.forEach((line, i) => {
      if (line.kind === 'instruction') ranges[heatStep(line.percent) - 1]?.push(new vscode.Range(i, 0, i, 0));
    });
    this.#steps.forEach((type, i) => {
      editor.setDecorations(type, ranges[i] ?? []);
    });
  }

  /** Lights up, in the other visible editors, what belongs to the line that the cursor is on. */
  follow(editor: vscode.TextEditor): void {
    const line = editor.selection.active.line + 1;
    const own = this.#open.get(editor.document.uri.toString());
    if (own !== undefined) {
      this.#toSource(own, line);
      return;
    }
    const place = placeOf(editor.document.uri);
    if (place?.origin !== 'project' || this.#open.size === 0) return;
    const edits = this.#deps.store.editsSinceProfile(editor.document.uri) ?? [];
    const recorded = recordedLine(line, edits, editor.document.lineCount);
    editor.setDecorations(this.#linked, []);
    for (const other of vscode.window.visibleTextEditors) {
      const open = this.#open.get(other.document.uri.toString());
      if (open === undefined || open.root.toString() !== place.root.toString()) continue;
      this.#light(other, listingLines(open.listing, place.file, recorded));
    }
  }

  #toSource({ listing, root }: Open, line: number): void {
    const at = sourceAt(listing, line);
    for (const other of vscode.window.visibleTextEditors) {
      const place = placeOf(other.document.uri);
      if (place?.origin !== 'project' || place.root.toString() !== root.toString()) continue;
      const edits = this.#deps.store.editsSinceProfile(other.document.uri) ?? [];
      const now = at === null || at.file !== place.file ? null : shiftLine(at.line, edits);
      this.#light(other, now === null ? [] : [now]);
    }
  }

  #light(editor: vscode.TextEditor, lines: readonly number[]): void {
    const ranges = lines
      .filter((l) => l <= editor.document.lineCount)
      .map((l) => new vscode.Range(l - 1, 0, l - 1, 0));
    editor.setDecorations(this.#linked, ranges);
    const [first] = ranges;
    if (first !== undefined) {
      editor.revealRange(first, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    }
  }

  dispose(): void {
    for (const s of this.#subscriptions) s.dispose();
    for (const type of this.#steps) type.dispose();
    this.#linked.dispose();
    this.#changed.dispose();
  }
}

/** 1-based line of the hottest instruction, the first line where nothing was sampled. */
function hottestLine({ lines }: Listing): number {
  let best = 0;
  let percent = 0;
  lines.forEach((line, i) => {
    if (line.kind === 'instruction' && line.percent > percent) {
      best = i;
      percent = line.percent;
    }
  });
  return best + 1;
}
