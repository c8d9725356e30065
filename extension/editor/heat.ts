/** Line heat: background step, fixed-width percentage column, gutter bar, overview ruler. */
import * as vscode from 'vscode';
import type { LineHeat } from '../model.ts';
import type { Config } from './config.ts';
import { shiftLine } from './edits.ts';
import { columnText, gutterBar, heatStep, heatSteps, neighbourHotLine } from './heat-scale.ts';
import { colors, contexts } from './ids.ts';
import { registerOverlay } from './overlay.ts';
import { placeOf } from './places.ts';
import type { Store } from './store.ts';

/** The gutter's images are outside the theme's reach; one colour for dark grounds, one for light. */
const barColors = { dark: '#f0a44b', light: '#b35900' };

/** Steps from here on carry the strong text colour. */
const strongStep = 6;

function stepType(step: number): vscode.TextEditorDecorationType {
  const bar = (color: string): vscode.Uri => vscode.Uri.parse(gutterBar(step, color));
  return vscode.window.createTextEditorDecorationType({
    isWholeLine: true,
    backgroundColor: new vscode.ThemeColor(colors.heatBackground(step)),
    borderColor: new vscode.ThemeColor(colors.heatBorder),
    borderStyle: 'solid',
    borderWidth: '0 0 1px 0',
    overviewRulerColor: new vscode.ThemeColor(colors.heatRuler(step)),
    overviewRulerLane: vscode.OverviewRulerLane.Right,
    dark: { gutterIconPath: bar(barColors.dark) },
    light: { gutterIconPath: bar(barColors.light) },
    gutterIconSize: 'contain',
  });
}

export class HeatOverlay implements vscode.Disposable {
  readonly #store: Store;
  readonly #config: Config;
  readonly #steps: readonly vscode.TextEditorDecorationType[];
  readonly #column: vscode.TextEditorDecorationType;
  /** The user's toggle for this session; null follows the setting. */
  #shown: boolean | null = null;

  constructor(store: Store, config: Config) {
    this.#store = store;
    this.#config = config;
    this.#steps = Array.from({ length: heatSteps }, (_, i) => stepType(i + 1));
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

  /** Heat of the document's lines as they are now. */
  #heatOf(document: vscode.TextDocument): LineHeat[] {
    const place = placeOf(document.uri);
    if (place === null) return [];
    const { heat } = this.#store.annotations(place);
    const edits = this.#store.journal.since(document.uri.toString());
    return heat.flatMap(({ line, percent }) => {
      const now = shiftLine(line, edits);
      return now === null || now > document.lineCount ? [] : [{ line: now, percent }];
    });
  }

  paint(editor: vscode.TextEditor): void {
    const { document } = editor;
    const heat = this.shown ? this.#heatOf(document) : [];
    const ranges: vscode.Range[][] = this.#steps.map(() => []);
    const columns: vscode.DecorationOptions[] = [];
    const byLine = new Map(heat.map((h) => [h.line, h.percent]));
    // Every line gets the column, also an empty one, so that the code stays aligned.
    for (let line = 1; heat.length > 0 && line <= document.lineCount; line++) {
      const percent = byLine.get(line) ?? null;
      const step = percent === null ? 0 : heatStep(percent);
      const range = new vscode.Range(line - 1, 0, line - 1, 0);
      ranges[step - 1]?.push(range);
      const color = step >= strongStep ? colors.heatStrongText : colors.heatText;
      columns.push({
        range,
        renderOptions: { before: { contentText: columnText(percent), color: new vscode.ThemeColor(color) } },
      });
    }
    this.#steps.forEach((type, i) => {
      editor.setDecorations(type, ranges[i] ?? []);
    });
    editor.setDecorations(this.#column, columns);
  }

  /** Moves the cursor to the next (1) or previous (-1) hot line; says so when there is none. */
  async goTo(direction: 1 | -1): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return;
    const line = neighbourHotLine(this.#heatOf(editor.document), editor.selection.active.line + 1, direction);
    if (line === null) {
      await vscode.window.showInformationMessage(
        vscode.l10n.t(
          'No line of this file was measured. Line heat is on the engine’s own sources: “Alloc Lens: Open Engine Source”.',
        ),
      );
      return;
    }
    const column = editor.document.lineAt(line - 1).firstNonWhitespaceCharacterIndex;
    const at = new vscode.Position(line - 1, column);
    editor.selection = new vscode.Selection(at, at);
    editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  dispose(): void {
    this.#overlay?.dispose();
    for (const type of this.#steps) type.dispose();
    this.#column.dispose();
  }
}
