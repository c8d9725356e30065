/** Line heat: background step, fixed-width percentage column, gutter bar, overview ruler. */
import * as vscode from 'vscode';
import type { LineHeat } from '../model.ts';
import type { Config } from './config.ts';
import { shiftLine } from './edits.ts';
import { changeStep, changeText, heatStep, neighbourHotLine, sharesColumn } from './heat-scale.ts';
import { changeTypes, heatTypes } from './heat-types.ts';
import { colors, contexts } from './ids.ts';
import { registerOverlay } from './overlay.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** Steps from here on carry the strong text colour. */
const strongStep = 6;
const strongChange = 3;

/** What one line gets: the column's text and colour, and a step's type. */
interface Mark {
  readonly text: string;
  readonly color: string;
  readonly type: vscode.TextEditorDecorationType | undefined;
}

export class HeatOverlay implements vscode.Disposable {
  readonly #store: Store;
  readonly #config: Config;
  readonly #steps: readonly vscode.TextEditorDecorationType[] = heatTypes();
  readonly #changes: ReadonlyMap<number, vscode.TextEditorDecorationType> = changeTypes();
  readonly #column: vscode.TextEditorDecorationType;
  /** The user's toggle for this session; null follows the setting. */
  #shown: boolean | null = null;

  constructor(store: Store, config: Config) {
    this.#store = store;
    this.#config = config;
    this.#column = vscode.window.createTextEditorDecorationType({
      before: { margin: '0 1.5ch 0 0' },
      rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    });
  }

  static register(store: Store, config: Config): HeatOverlay & vscode.Disposable {
    const heat = new HeatOverlay(store, config);
    heat.#overlay = registerOverlay(store, (editor) => heat.paint(editor));
    heat.#announce();
    return heat;
  }

  #overlay: vscode.Disposable | undefined;

  get shown(): boolean {
    return this.#shown ?? this.#config.for(null).heatEnabled;
  }

  toggle(): void {
    this.#shown = !this.shown;
    for (const editor of vscode.window.visibleTextEditors) this.paint(editor);
    this.#announce();
  }

  #announce(): void {
    void vscode.commands.executeCommand('setContext', contexts.heatShown, this.shown);
  }

  /** Heat of the document's lines as they are now; none where edits cannot be followed any more. */
  #heatOf(document: vscode.TextDocument): LineHeat[] {
    const place = placeOf(document.uri);
    if (place === null) return [];
    const { heat } = this.#store.annotations(place);
    const edits = this.#store.editsSinceProfile(document.uri);
    if (edits === null) return [];
    return heat.flatMap((h) => {
      const now = shiftLine(h.line, edits);
      return now === null || now > document.lineCount ? [] : [{ ...h, line: now }];
    });
  }

  #mark(heat: LineHeat | null, comparing: boolean, callSites: boolean): Mark {
    if (comparing) {
      const change = heat?.change ?? null;
      const step = change === null ? 0 : changeStep(change);
      const strong = Math.abs(step) >= strongChange;
      return {
        text: changeText(change),
        color: strong ? colors.heatStrongText : step < 0 ? colors.coolerText : colors.heatText,
        type: this.#changes.get(step),
      };
    }
    const step = heat === null ? 0 : heatStep(heat.percent);
    return {
      text: sharesColumn(heat, callSites),
      color: step >= strongStep ? colors.heatStrongText : colors.heatText,
      type: this.#steps[step - 1],
    };
  }

  paint(editor: vscode.TextEditor): void {
    const { document } = editor;
    const heat = this.shown ? this.#heatOf(document) : [];
    const ranges = new Map<vscode.TextEditorDecorationType, vscode.Range[]>();
    for (const type of [...this.#steps, ...this.#changes.values()]) ranges.set(type, []);
    const columns: vscode.DecorationOptions[] = [];
    const comparing = this.#store.baseline !== null;
    const callSites = heat.some((h) => (h.callSitePercent ?? 0) > 0);
    const byLine = new Map(heat.map((h) => [h.line, h]));
    // Every line gets the column, also an empty one, so that the code stays aligned.
    for (let line = 1; heat.length > 0 && line <= document.lineCount; line++) {
      const mark = this.#mark(byLine.get(line) ?? null, comparing, callSites);
      const range = new vscode.Range(line - 1, 0, line - 1, 0);
      if (mark.type !== undefined) ranges.get(mark.type)?.push(range);
      columns.push({
        range,
        renderOptions: { before: { contentText: mark.text, color: new vscode.ThemeColor(mark.color) } },
      });
    }
    for (const [type, at] of ranges) editor.setDecorations(type, at);
    editor.setDecorations(this.#column, columns);
  }

  /** Moves the cursor to the next (1) or previous (-1) hot line; says so when there is none. */
  async goTo(direction: 1 | -1): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return;
    const line = neighbourHotLine(this.#heatOf(editor.document), editor.selection.active.line + 1, direction);
    if (line === null) {
      await vscode.window.showInformationMessage(this.#nothingHere());
      return;
    }
    const column = editor.document.lineAt(line - 1).firstNonWhitespaceCharacterIndex;
    const at = new vscode.Position(line - 1, column);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  #nothingHere(): string {
    return (this.#store.profile?.target.kind ?? 'engine') === 'engine'
      ? vscode.l10n.t(
          'No line of this file was measured. Line heat is on the engine’s own sources: “Alloc Lens: Open Engine Source”.',
        )
      : vscode.l10n.t('No line of this file was measured. The report lists the files that were.');
  }

  dispose(): void {
    this.#overlay?.dispose();
    for (const type of [...this.#steps, ...this.#changes.values()]) type.dispose();
    this.#column.dispose();
  }
}
