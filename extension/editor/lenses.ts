/** Code lenses over functions and on line 1. */
import * as vscode from 'vscode';
import type { Config } from './config.ts';
import { shiftLine } from './edits.ts';
import { commands, internalCommands } from './ids.ts';
import { type LensContext, type LensPart, lensRows, wideGates } from './lens-text.ts';
import { engineSelector, isProjectDocument, type Place, placeOf, projectSelector } from './places.ts';
import type { Store } from './store.ts';
import { ageLasts, ageText, runName, sharesText } from './words.ts';

const nothing = { env: {}, defines: {} };

function commandOf(part: LensPart, uri: vscode.Uri, line: number): vscode.Command {
  const { title, tooltip, action } = part;
  switch (action.kind) {
    case 'report':
      return { title, tooltip, command: commands.openReport };
    case 'runBenchmark':
      return { title, tooltip, command: commands.runBenchmark };
    case 'rows':
      return {
        title,
        tooltip,
        command: internalCommands.showRows,
        arguments: [uri.toString(), line, action.ids],
      };
    case 'engine': {
      const place = { origin: 'engine', file: action.file, line: action.line, column: 1 };
      return { title, tooltip, command: internalCommands.openLocation, arguments: [place] };
    }
    case 'gate':
      return {
        title,
        tooltip,
        command: internalCommands.showRows,
        arguments: [uri.toString(), line, [action.id]],
      };
  }
}

export class LensProvider implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #store: Store;
  readonly #config: Config;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  #ageTimer: NodeJS.Timeout | undefined;

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(store: Store, config: Config) {
    this.#store = store;
    this.#config = config;
    this.#subscriptions = [
      // A running analysis changes no lens; only its result does.
      store.onDidChange((what) => {
        if (what !== 'state') this.#changed.fire();
      }),
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration('allocLens')) this.#changed.fire();
      }),
    ];
  }

  static register(store: Store, config: Config): vscode.Disposable {
    const provider = new LensProvider(store, config);
    return vscode.Disposable.from(
      provider,
      vscode.languages.registerCodeLensProvider([...projectSelector, engineSelector], provider),
    );
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const place = placeOf(document.uri);
    if (place === null || (place.origin === 'project' && !isProjectDocument(document))) return [];
    const settings = this.#config.for(place.origin === 'project' ? place.root : null);
    if (!settings.lensEnabled) return [];
    const findings = place.origin === 'project' ? this.#store.folder(place.root).findings : null;
    const here = <T extends { readonly file: string }>(rows: readonly T[] | undefined): T[] =>
      (rows ?? []).filter((r) => r.file === place.file);
    const rows = lensRows(
      this.#store.annotations(place),
      here(findings?.atomics),
      here(findings?.gates),
      this.#context(place, settings.coldFunctions),
    );
    const edits = this.#store.journal.since(document.uri.toString());
    return rows.flatMap((row) => {
      const line = row.line === 1 ? 1 : shiftLine(row.line, edits);
      if (line === null || line > document.lineCount) return [];
      const range = new vscode.Range(line - 1, 0, line - 1, 0);
      return row.parts.map((part) => new vscode.CodeLens(range, commandOf(part, document.uri, line)));
    });
  }

  #context(place: Place, coldFunctions: boolean): LensContext {
    const findings = place.origin === 'project' ? this.#store.folder(place.root).findings : null;
    const { env, defines } = findings?.configuration ?? nothing;
    return {
      gates: findings?.gates ?? [],
      wideGates: findings === null ? new Set() : wideGates(findings),
      env,
      defines,
      coldFunctions,
      engineSource: (name) => this.#engineSource(name),
      run: this.#run(),
      shares: this.#store.profile === null ? '' : sharesText(this.#store.profile),
      costs: this.#store.costs,
    };
  }

  #engineSource(name: string): { readonly file: string; readonly line: number } | null {
    const { profile } = this.#store;
    const f = profile?.target.kind === 'engine' ? profile.functions.find((c) => c.name === name) : undefined;
    return f === undefined || f.file === null ? null : { file: f.file, line: f.line ?? 1 };
  }

  /** Names the run with its age, and asks again when that age has passed. */
  #run(): string | null {
    const { profile, profiledRun } = this.#store;
    if (profile === null) return null;
    const now = Date.now();
    clearTimeout(this.#ageTimer);
    this.#ageTimer = setTimeout(() => this.#changed.fire(), ageLasts(profile.recordedAt, now));
    return `${runName(profiledRun, profile)}, ${ageText(profile.recordedAt, now)}`;
  }

  dispose(): void {
    clearTimeout(this.#ageTimer);
    for (const s of this.#subscriptions) s.dispose();
    this.#changed.dispose();
  }
}
