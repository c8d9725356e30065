/**
 * Keeps the findings in step with what is typed: a first analysis when a document looks like allocator code, then one
 * request at a time for the documents that changed, answered by the worker. The extension host only moves text.
 */
import path from 'node:path';
import * as vscode from 'vscode';
import { withUpdate } from '../analysis/provisional.ts';
import { type BenchProgress, type FileUpdate, type Findings, UserError } from '../model.ts';
import type { Config } from './config.ts';
import type { Edit } from './edits.ts';
import { isProjectDocument, placeOf, sourceGlob } from './places.ts';
import type { Store } from './store.ts';

/** What the controller needs of `AnalysisClient`. */
export interface Analyzer {
  analyze(
    root: string,
    config: {
      defines: Record<string, string>;
      env: Record<string, string>;
      entries: readonly string[];
      compileCommands?: string;
    },
    hooks: { onProgress?: (p: BenchProgress) => void; signal?: AbortSignal },
  ): Promise<Findings>;
  /** The rows of one file, at once; the findings of the whole folder follow through `whenSettled`. */
  update(root: string, file: string, text: string): Promise<FileUpdate>;
  whenSettled(listener: (root: string, findings: Findings) => void): void;
}

/** Text that an allocator's sources contain; anything else is not worth a background analysis. */
const plausible = /\b(?:malloc|calloc|realloc|free|getenv)\s*\(|atomic|__sync_/;

/** Longer documents are analysed when saved, not while typing, and the longest not at all, as on disk. */
const typedCharacters = 2_000_000;
const analysedCharacters = 4_000_000;

/** A folder with more sources is no allocator: it is analysed when asked for, not because a file in it was opened. */
const automaticFiles = 5000;

const lengthOf = (document: vscode.TextDocument): number =>
  document.offsetAt(new vscode.Position(document.lineCount, 0));

/** The rows of one file come back within a keystroke: this only joins what one stroke or paste sets off. */
const typingDelay = 20;
const diskDelay = 1500;

/** The compilation database of a folder: the one that the setting names, else where build tools leave it. */
async function commandsBelow(root: vscode.Uri, setting: string): Promise<string | null> {
  if (setting === 'none') return null;
  if (setting !== '') {
    return path.isAbsolute(setting) ? setting : vscode.Uri.joinPath(root, setting).fsPath;
  }
  for (const place of ['compile_commands.json', 'build/compile_commands.json']) {
    const uri = vscode.Uri.joinPath(root, place);
    try {
      await vscode.workspace.fs.stat(uri);
      return uri.fsPath;
    } catch {
      // Not there.
    }
  }
  return null;
}

interface FolderWork {
  /** Documents whose text the worker has not seen, by path. */
  readonly dirty: Map<string, vscode.TextDocument>;
  busy: boolean;
  timer: NodeJS.Timeout | undefined;
}

export class AnalysisController implements vscode.Disposable {
  readonly #store: Store;
  readonly #config: Config;
  readonly #analyzer: Analyzer;
  readonly #log: vscode.LogOutputChannel;
  readonly #work = new Map<string, FolderWork>();
  readonly #subscriptions: vscode.Disposable[] = [];
  #diskTimer: NodeJS.Timeout | undefined;
  /** Folders that were looked at once for a first analysis. */
  readonly #considered = new Set<string>();
  readonly #staleRoots = new Map<string, vscode.Uri>();

  constructor(store: Store, config: Config, analyzer: Analyzer, log: vscode.LogOutputChannel) {
    this.#store = store;
    this.#config = config;
    this.#analyzer = analyzer;
    this.#log = log;
  }

  static register(
    store: Store,
    config: Config,
    analyzer: Analyzer,
    log: vscode.LogOutputChannel,
  ): AnalysisController {
    const controller = new AnalysisController(store, config, analyzer, log);
    controller.#listen();
    return controller;
  }

  #listen(): void {
    const { workspace } = vscode;
    const watcher = workspace.createFileSystemWatcher(sourceGlob);
    const onDisk = (uri: vscode.Uri): void => this.changedOnDisk(uri);
    this.#subscriptions.push(
      watcher,
      watcher.onDidChange(onDisk),
      watcher.onDidCreate(onDisk),
      watcher.onDidDelete(onDisk),
      workspace.onDidOpenTextDocument((d) => this.opened(d)),
      workspace.onDidSaveTextDocument((d) => this.saved(d)),
      workspace.onDidCloseTextDocument((d) => this.#store.journal.forget(d.uri.toString())),
      workspace.onDidChangeTextDocument((e) => this.typed(e)),
      workspace.onDidChangeWorkspaceFolders((e) => {
        for (const { uri } of e.removed) {
          this.#considered.delete(uri.toString());
          this.#store.forgetFolder(uri);
        }
      }),
      workspace.onDidChangeConfiguration((e) => {
        const keys = ['defines', 'env', 'entries', 'compileCommands'].map((k) => `allocLens.${k}`);
        if (!keys.some((k) => e.affectsConfiguration(k))) return;
        for (const { root, state } of this.#store.folders()) {
          if (state.findings !== null) void this.#inBackground(root);
        }
      }),
    );
    this.#analyzer.whenSettled((path, findings) => this.#settled(path, findings));
    for (const document of workspace.textDocuments) this.opened(document);
  }

  /** The worker has read the whole folder again; newer text of any file is then already on its way to it. */
  #settled(path: string, findings: Findings): void {
    for (const { root, state } of this.#store.folders()) {
      if (root.fsPath !== path || state.findings === null) continue;
      const work = this.#work.get(root.toString());
      if (work === undefined || (work.dirty.size === 0 && !work.busy))
        this.#store.setFindings(root, findings);
    }
  }

  /** First analysis of the folder, if the document looks like allocator code. */
  opened(document: vscode.TextDocument): void {
    const place = isProjectDocument(document) ? placeOf(document.uri) : null;
    if (place?.origin !== 'project' || this.#store.folder(place.root).state !== 'none') return;
    if (!this.#config.for(place.root).automatic || !plausible.test(document.getText())) return;
    void this.#first(place.root);
  }

  /** Analyses a folder that something else has turned out to be about, unless the user does not want that. */
  async ensure(root: vscode.Uri): Promise<void> {
    if (root.scheme !== 'file' || this.#store.folder(root).state !== 'none') return;
    if (this.#config.for(root).automatic) await this.#first(root);
  }

  async #first(root: vscode.Uri): Promise<void> {
    const key = root.toString();
    if (this.#considered.has(key)) return;
    this.#considered.add(key);
    if ((await this.#countSources(root)) > automaticFiles) {
      this.#log.info(`${root.fsPath}: more than ${automaticFiles} sources; analyzed only on command.`);
      return;
    }
    if (this.#store.folder(root).state === 'none') await this.#inBackground(root);
  }

  async #countSources(root: vscode.Uri): Promise<number> {
    try {
      const pattern = new vscode.RelativePattern(root, sourceGlob);
      return (await vscode.workspace.findFiles(pattern, undefined, automaticFiles + 1)).length;
    } catch (error) {
      this.#log.warn(`${root.fsPath}: could not be searched: ${String(error)}`);
      return 0;
    }
  }

  saved(document: vscode.TextDocument): void {
    const place = isProjectDocument(document) ? placeOf(document.uri) : null;
    if (place?.origin !== 'project') return;
    if (this.#store.folder(place.root).findings === null) this.opened(document);
    else if (lengthOf(document) <= analysedCharacters) this.#enqueue(place.root, place.file, document, 0);
  }

  typed(event: vscode.TextDocumentChangeEvent): void {
    const { document, contentChanges } = event;
    const place = isProjectDocument(document) ? placeOf(document.uri) : null;
    if (place?.origin !== 'project' || contentChanges.length === 0) return;
    if (this.#store.folder(place.root).findings === null) return;
    const edits = contentChanges.map(
      (c): Edit => ({
        start: { line: c.range.start.line + 1, column: c.range.start.character + 1 },
        end: { line: c.range.end.line + 1, column: c.range.end.character + 1 },
        text: c.text,
      }),
    );
    this.#store.journal.record(document.uri.toString(), document.version, edits);
    if (!this.#config.for(place.root).onType) return;
    if (lengthOf(document) > typedCharacters) return;
    this.#enqueue(place.root, place.file, document, typingDelay);
  }

  /** A checkout or a build changed files that no editor shows: analyse the folder again, once it is quiet. */
  changedOnDisk(uri: vscode.Uri): void {
    const place = placeOf(uri);
    if (place?.origin !== 'project' || this.#store.folder(place.root).findings === null) return;
    if (vscode.workspace.textDocuments.some((d) => d.uri.toString() === uri.toString())) return;
    this.#staleRoots.set(place.root.toString(), place.root);
    clearTimeout(this.#diskTimer);
    this.#diskTimer = setTimeout(() => {
      const roots = [...this.#staleRoots.values()];
      this.#staleRoots.clear();
      for (const root of roots) void this.#inBackground(root);
    }, diskDelay);
  }

  async #inBackground(root: vscode.Uri): Promise<void> {
    try {
      await this.analyzeFolder(root, {});
    } catch (error) {
      // Already in the store and the log; nobody asked, so nobody is interrupted.
      this.#log.debug(`Background analysis ended: ${String(error)}`);
    }
  }

  /**
   * Analyses a whole folder, then the unsaved documents in it.
   *
   * @throws UserError with one clear line, or an AbortError when cancelled
   */
  async analyzeFolder(
    root: vscode.Uri,
    hooks: { onProgress?: (p: BenchProgress) => void; signal?: AbortSignal },
  ): Promise<Findings> {
    if (root.scheme !== 'file') {
      throw new UserError(
        'Alloc Lens analyses files on disk; this folder is virtual. Open a local or remote copy.',
      );
    }
    const { defines, env, entries, compileCommands } = this.#config.for(root);
    const database = await commandsBelow(root, compileCommands);
    const before = this.#store.folder(root);
    const versions = new Map(this.#openDocuments(root).map((d) => [d, d.version]));
    this.#store.setState(root, 'running', vscode.l10n.t('Analyzing…'));
    try {
      const findings = await this.#analyzer.analyze(
        root.fsPath,
        {
          defines: { ...defines },
          env: { ...env },
          entries,
          ...(database === null ? {} : { compileCommands: database }),
        },
        hooks,
      );
      for (const [document, version] of versions)
        this.#store.journal.settle(document.uri.toString(), version);
      this.#store.setFindings(root, findings);
      this.#log.info(
        `${root.fsPath}: ${findings.files.length} files, ${findings.atomics.length} atomic sites, ${findings.gates.length} gates in ${Math.round(findings.timing.totalMs)} ms`,
      );
      for (const d of findings.diagnostics) this.#log.debug(`${d.file}:${d.line}: ${d.message}`);
      for (const document of versions.keys()) {
        const unsaved = document.isDirty && lengthOf(document) <= analysedCharacters;
        const place = unsaved ? placeOf(document.uri) : null;
        if (place?.origin === 'project') this.#enqueue(root, place.file, document, 0);
      }
      return findings;
    } catch (error) {
      const aborted = hooks.signal?.aborted === true;
      const message = error instanceof Error ? error.message : String(error);
      if (aborted)
        this.#store.setState(root, before.state === 'running' ? 'none' : before.state, before.message);
      else {
        this.#store.setState(root, 'failed', message);
        this.#log.error(`${root.fsPath}: ${message}`);
      }
      throw error;
    }
  }

  #openDocuments(root: vscode.Uri): vscode.TextDocument[] {
    return vscode.workspace.textDocuments.filter((d) => {
      const place = isProjectDocument(d) ? placeOf(d.uri) : null;
      return place?.origin === 'project' && place.root.toString() === root.toString();
    });
  }

  #enqueue(root: vscode.Uri, file: string, document: vscode.TextDocument, delay: number): void {
    const key = root.toString();
    const work = this.#work.get(key) ?? { dirty: new Map(), busy: false, timer: undefined };
    this.#work.set(key, work);
    work.dirty.set(file, document);
    clearTimeout(work.timer);
    work.timer = setTimeout(() => void this.#drain(root, work), delay);
  }

  /**
   * One request at a time: while one runs, newer text waits and replaces older, so that answers arrive in order and
   * none is of text that the worker has since been told about.
   */
  async #drain(root: vscode.Uri, work: FolderWork): Promise<void> {
    if (work.busy) return;
    work.busy = true;
    try {
      for (let next = work.dirty.entries().next(); !next.done; next = work.dirty.entries().next()) {
        const [file, document] = next.value;
        work.dirty.delete(file);
        if (document.isClosed) continue;
        const { version } = document;
        const update = await this.#analyzer.update(root.fsPath, file, document.getText());
        const { findings } = this.#store.folder(root);
        if (findings === null) continue;
        this.#store.journal.settle(document.uri.toString(), version);
        this.#store.setFindings(root, withUpdate(findings, update));
      }
    } catch (error) {
      this.#log.error(`${root.fsPath}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      work.busy = false;
    }
  }

  dispose(): void {
    clearTimeout(this.#diskTimer);
    for (const work of this.#work.values()) clearTimeout(work.timer);
    for (const s of this.#subscriptions) s.dispose();
  }
}
