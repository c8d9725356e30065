/** Code lenses over functions and on line 1. */
import * as vscode from 'vscode';
import type { FunctionInfo } from '../model.ts';
import type { Config } from './config.ts';
import { shiftLine } from './edits.ts';
import { commands, internalCommands } from './ids.ts';
import { type LensContext, type LensPart, lensRows, wideGates } from './lens-text.ts';
import { engineSelector, isProjectDocument, type Place, placeOf, projectSelector } from './places.ts';
import type { ProfileMarks } from './profile-marks.ts';
import type { Store } from './store.ts';
import { symbolAt } from './assembly-source.ts';
import { ageLasts, ageText, runName, sharesText } from './words.ts';

/** What is asked about a file of the loaded profile. */
export type Marks = Pick<ProfileMarks, 'caution' | 'onDidChange'>;

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
    case 'assembly': {
      const place = { uri: uri.toString(), line, function: action.function };
      return { title, tooltip, command: commands.openAssembly, arguments: [place] };
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
  readonly #marks: Marks | null;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #subscriptions: vscode.Disposable[];
  #ageTimer: NodeJS.Timeout | undefined;

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(store: Store, config: Config, marks: Marks | null = null) {
    this.#store = store;
    this.#config = config;
    this.#marks = marks;
    this.#subscriptions = [
      ...(marks === null ? [] : [marks.onDidChange(() => this.#changed.fire())]),
      // A running analysis changes no lens; only its result does.
      store.onDidChange((what) => {
        if (what !== 'state') this.#changed.fire();
      }),
      vscode.workspace.onDidChangeConfiguration((e) => {
        if (e.affectsConfiguration('allocLens')) this.#changed.fire();
      }),
    ];
  }

  static register(store: Store, config: Config, marks: Marks): vscode.Disposable {
    const provider = new LensProvider(store, config, marks);
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
      this.#context(place, document.uri, settings.coldFunctions),
    );
    const edits = this.#store.journal.since(document.uri.toString());
    return rows.flatMap((row) => {
      const line = row.line === 1 ? 1 : shiftLine(row.line, edits);
      if (line === null || line > document.lineCount) return [];
      const range = new vscode.Range(line - 1, 0, line - 1, 0);
      return row.parts.map((part) => new vscode.CodeLens(range, commandOf(part, document.uri, line)));
    });
  }

  #context(place: Place, uri: vscode.Uri, coldFunctions: boolean): LensContext {
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
      caution: this.#marks?.caution(uri) ?? null,
      symbolOf: (f) => this.#symbolOf(place, f),
      costs: this.#store.costs,
    };
  }

  /** Programs are started for a disassembly, so it is not offered where that is not allowed. */
  #symbolOf(place: Place, f: FunctionInfo): string | null {
    const profile = place.origin === 'project' ? this.#store.profileIn(place.root) : null;
    if (profile?.target.kind !== 'native' || !vscode.workspace.isTrusted) return null;
    return symbolAt(profile, f.file, f)?.name ?? null;
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
