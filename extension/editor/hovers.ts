/** Hovers on atomics, gates, counters, and on measured lines. */
import * as vscode from 'vscode';
import type { Findings, LineHeat } from '../model.ts';
import { symbolOfLine } from './assembly-source.ts';
import { compileGates, gateUsesIn } from './gate-uses.ts';
import { type Range, shiftLine, shiftRange } from './edits.ts';
import {
  counterHover,
  gateHover,
  type HoverContext,
  type HoverLinks,
  heatHover,
  siteHover,
} from './hover-text.ts';
import { commands, internalCommands } from './ids.ts';
import type { Marks } from './lenses.ts';
import { engineSelector, type Place, placeOf, projectSelector } from './places.ts';
import type { Store } from './store.ts';
import { gateRange } from './underlines.ts';
import { runName } from './words.ts';

const linkedCommands = [
  internalCommands.openLocation,
  internalCommands.showRows,
  commands.openReport,
  commands.calibrateCosts,
  commands.openAssembly,
];

const commandLink = (command: string, args: readonly unknown[]): string =>
  `command:${command}?${encodeURIComponent(JSON.stringify(args))}`;

function markdown(text: string): vscode.MarkdownString {
  const value = new vscode.MarkdownString(text, true);
  value.supportHtml = true;
  // Only these may run from a hover, whatever the user's sources contain.
  value.isTrusted = { enabledCommands: linkedCommands };
  return value;
}

export class HoverProvider implements vscode.HoverProvider {
  readonly #store: Store;
  readonly #marks: Marks | null;

  constructor(store: Store, marks: Marks | null = null) {
    this.#store = store;
    this.#marks = marks;
  }

  static register(store: Store, marks: Marks): vscode.Disposable {
    const provider = new HoverProvider(store, marks);
    return vscode.languages.registerHoverProvider([...projectSelector, engineSelector], provider);
  }

  provideHover(document: vscode.TextDocument, position: vscode.Position): vscode.Hover | null {
    const place = placeOf(document.uri);
    if (place === null) return null;
    const texts = place.origin === 'project' ? this.#projectTexts(document, position, place) : [];
    const heat = this.#heatText(position.line + 1, document, place);
    const all = heat === null ? texts : [...texts, heat];
    return all.length === 0 ? null : new vscode.Hover(all.map(markdown));
  }

  #heatText(line: number, document: vscode.TextDocument, place: Place): string | null {
    const { profile, profiledRun, baseline } = this.#store;
    if (profile === null) return null;
    const annotations = this.#store.annotations(place);
    const edits = this.#store.editsSinceProfile(document.uri);
    const heat = edits === null ? undefined : annotations.heat.find((h) => shiftLine(h.line, edits) === line);
    if (heat === undefined) return null;
    return heatHover(heat.line, annotations, profile, runName(profiledRun, profile), {
      assembly: this.#assembly(document.uri, place, heat),
      caution: this.#marks?.caution(document.uri) ?? null,
      baseline: baseline === null ? null : runName(baseline.run, baseline.profile),
    });
  }

  /** Programs are started for a disassembly, so it is not offered where that is not allowed. */
  #assembly(uri: vscode.Uri, place: Place, heat: LineHeat): string | null {
    const profile = place.origin === 'project' ? this.#store.profileIn(place.root) : null;
    if (profile === null || profile.target.kind === 'engine' || !vscode.workspace.isTrusted) return null;
    const symbol = symbolOfLine(profile, place.file, heat, this.#store.annotations(place).functions);
    return symbol === null
      ? null
      : commandLink(commands.openAssembly, [
          { uri: uri.toString(), line: heat.line, function: symbol.name, recorded: true },
        ]);
  }

  #projectTexts(
    document: vscode.TextDocument,
    position: vscode.Position,
    place: Place & { readonly origin: 'project' },
  ): string[] {
    const findings = this.#store.folder(place.root).findings;
    if (findings === null) return [];
    const ctx: HoverContext = {
      findings,
      links: this.#links(place.root, document, position),
      costs: this.#store.costs,
    };
    const annotations = this.#store.annotations(place);
    const edits = this.#store.journal.since(document.uri.toString());
    const holds = (range: Range): boolean => {
      const now = shiftRange(range, edits);
      if (now === null) return false;
      return new vscode.Range(
        now.start.line - 1,
        now.start.column - 1,
        now.end.line - 1,
        now.end.column - 1,
      ).contains(position);
    };
    const texts: string[] = [];
    const lineOf = (line: number): string =>
      line <= document.lineCount ? document.lineAt(line - 1).text : '';
    for (const s of this.#inFile(findings.atomics, place.file)) {
      if (
        !holds({ start: { line: s.line, column: s.column }, end: { line: s.endLine, column: s.endColumn } })
      )
        continue;
      texts.push(
        siteHover(
          s,
          ctx,
          annotations.functions.find((a) => a.atomics.includes(s)),
        ),
      );
    }
    for (const g of this.#inFile(findings.gates, place.file)) {
      if (holds(gateRange(g, lineOf(shiftLine(g.line, edits) ?? g.line)))) texts.push(gateHover(g, ctx));
    }
    for (const use of gateUsesIn(lineOf(position.line + 1), compileGates(findings.gates))) {
      const { character } = position;
      if (use.start <= character && character <= use.end) texts.push(gateHover(use.gate, ctx));
    }
    const line = position.line + 1;
    for (const c of this.#inFile(findings.counters, place.file)) {
      if (shiftLine(c.line, edits) !== line) continue;
      texts.push(
        counterHover(
          c,
          ctx,
          annotations.functions.find((a) => a.counters.includes(c)),
        ),
      );
    }
    return [...new Set(texts)].slice(0, 4);
  }

  #inFile<T extends Findings['atomics' | 'gates' | 'counters'][number]>(
    rows: readonly T[],
    file: string,
  ): T[] {
    return rows.filter((r) => r.file === file);
  }

  #links(root: vscode.Uri, document: vscode.TextDocument, position: vscode.Position): HoverLinks {
    return {
      location: (file, line, column = 1) =>
        commandLink(internalCommands.openLocation, [
          { origin: 'project', root: root.toString(), file, line, column },
        ]),
      rows: (ids) =>
        commandLink(internalCommands.showRows, [document.uri.toString(), position.line + 1, ids]),
      report: commandLink(commands.openReport, []),
      calibrate: commandLink(commands.calibrateCosts, []),
    };
  }
}
