/** Marks under atomics by class, under gates and counters; what does not run is dimmed. */
import * as vscode from 'vscode';
import type { AtomicClass, AtomicSite, Counter, Findings, Gate } from '../model.ts';
import { shiftRange, type Range } from './edits.ts';
import { compileGates, gateUsesIn } from './gate-uses.ts';
import { colors } from './ids.ts';
import { registerOverlay } from './overlay.ts';
import { isProjectDocument, placeOf } from './places.ts';
import type { Store } from './store.ts';

/** Line style is the second channel beside colour. */
const styles: Readonly<Record<AtomicClass, string>> = {
  telemetry: 'dashed',
  correctness: 'solid',
  unknown: 'dotted',
};

const dimmed = '0.65';

/** A border below the text: unlike `text-decoration` it takes a theme colour of its own. */
function underline(
  color: string,
  style: string,
  inactive: boolean,
  ruler: boolean,
): vscode.DecorationRenderOptions {
  return {
    borderColor: new vscode.ThemeColor(color),
    borderStyle: style,
    borderWidth: style === 'double' ? '0 0 3px 0' : '0 0 1px 0',
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    ...(inactive ? { opacity: dimmed } : {}),
    ...(ruler
      ? {
          overviewRulerColor: new vscode.ThemeColor(color),
          overviewRulerLane: vscode.OverviewRulerLane.Left,
        }
      : {}),
  };
}

type Mark = `${AtomicClass}${'' | 'Off'}` | 'gate' | 'gateUse' | 'counter' | 'counterOff';

const markOf = (s: AtomicSite): Mark => (s.activity.state === 'inactive' ? `${s.class}Off` : s.class);

/** Where `word` is written on its line, from `column` if it is there; otherwise the call or the rest at `column`. */
function wordRange(word: string | null, line: number, column: number, lineText: string): Range {
  const after = word === null ? -1 : lineText.indexOf(word, column - 1);
  const found = after < 0 && word !== null ? lineText.indexOf(word) : after;
  const start = found < 0 ? column : found + 1;
  const rest = lineText.slice(column - 1);
  const call = /^\w+\s*\([^()]*\)/.exec(rest)?.[0] ?? rest.replace(/[\s;]+$/, '');
  const end = start + (found < 0 || word === null ? call.length : word.length);
  return { start: { line, column: start }, end: { line, column: end } };
}

/** Where a gate's name is written. */
export const gateRange = (g: Gate, lineText: string): Range => wordRange(g.name, g.line, g.column, lineText);

/** Where a counter's expression is written, otherwise its line without the indentation. */
export const counterRange = (c: Counter, lineText: string): Range =>
  wordRange(c.target, c.line, 1 + lineText.length - lineText.trimStart().length, lineText);

export class Underlines implements vscode.Disposable {
  readonly #store: Store;
  readonly #types: ReadonlyMap<Mark, vscode.TextEditorDecorationType>;

  constructor(store: Store) {
    this.#store = store;
    const make = vscode.window.createTextEditorDecorationType;
    const types = new Map<Mark, vscode.TextEditorDecorationType>();
    for (const cls of ['telemetry', 'correctness', 'unknown'] as const) {
      types.set(cls, make(underline(colors[cls], styles[cls], false, true)));
      types.set(`${cls}Off`, make(underline(colors[cls], styles[cls], true, false)));
    }
    types.set('gate', make(underline(colors.gate, 'double', false, true)));
    types.set('gateUse', make(underline(colors.gate, 'solid', false, false)));
    types.set('counter', make(underline(colors.counter, 'dotted', false, false)));
    types.set('counterOff', make(underline(colors.counter, 'dotted', true, false)));
    this.#types = types;
  }

  static register(store: Store): vscode.Disposable {
    const underlines = new Underlines(store);
    return vscode.Disposable.from(
      underlines,
      registerOverlay(store, (editor) => underlines.paint(editor)),
    );
  }

  paint(editor: vscode.TextEditor): void {
    const { document } = editor;
    const place = placeOf(document.uri);
    if (place?.origin !== 'project' || !isProjectDocument(document)) return;
    const findings = this.#store.folder(place.root).findings;
    const edits = this.#store.journal.since(document.uri.toString());
    const ranges = new Map<Mark, vscode.Range[]>();
    const add = (mark: Mark, analysed: Range): void => {
      const now = shiftRange(analysed, edits);
      if (now === null || now.end.line > document.lineCount) return;
      const range = new vscode.Range(
        now.start.line - 1,
        now.start.column - 1,
        now.end.line - 1,
        now.end.column - 1,
      );
      const list = ranges.get(mark);
      if (list === undefined) ranges.set(mark, [range]);
      else list.push(range);
    };
    for (const s of findings?.atomics ?? []) {
      if (s.file !== place.file) continue;
      add(markOf(s), {
        start: { line: s.line, column: s.column },
        end: { line: s.endLine, column: s.endColumn },
      });
    }
    ranges.set('gateUse', this.#gateUses(document, findings));
    // Names and lines are looked up in the text that was analysed: while edits are pending it is not at hand.
    if (edits.length === 0) {
      const text = (line: number): string =>
        line <= document.lineCount ? document.lineAt(line - 1).text : '';
      for (const g of findings?.gates ?? [])
        if (g.file === place.file) add('gate', gateRange(g, text(g.line)));
      for (const c of findings?.counters ?? []) {
        if (c.file !== place.file) continue;
        add(c.activity.state === 'inactive' ? 'counterOff' : 'counter', counterRange(c, text(c.line)));
      }
    }
    for (const [mark, type] of this.#types) {
      const keep = edits.length > 0 && (mark === 'gate' || mark.startsWith('counter'));
      if (!keep) editor.setDecorations(type, ranges.get(mark) ?? []);
    }
  }

  /** Compile gates in `#if` lines, read off the text as it is. */
  #gateUses(document: vscode.TextDocument, findings: Findings | null): vscode.Range[] {
    const gates = compileGates(findings?.gates ?? []);
    const ranges: vscode.Range[] = [];
    for (let line = 0; gates.size > 0 && line < document.lineCount; line++) {
      for (const use of gateUsesIn(document.lineAt(line).text, gates)) {
        ranges.push(new vscode.Range(line, use.start, line, use.end));
      }
    }
    return ranges;
  }

  dispose(): void {
    for (const type of this.#types.values()) type.dispose();
  }
}
