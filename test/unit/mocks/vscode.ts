/**
 * The few parts of the `vscode` API that the editor's code touches, written by hand: enough to construct the adapters
 * and to see exactly what they would hand to VS Code. Everything a test sets lies in `mock`, reset by `resetMock()`.
 */

export class Disposable {
  readonly #dispose: () => void;
  constructor(dispose: () => void) {
    this.#dispose = dispose;
  }
  static from(...all: { dispose(): unknown }[]): Disposable {
    return new Disposable(() => {
      for (const d of all) d.dispose();
    });
  }
  dispose(): void {
    this.#dispose();
  }
}

export class EventEmitter<T> {
  readonly #listeners = new Set<(e: T) => unknown>();
  readonly event = (listener: (e: T) => unknown): Disposable => {
    this.#listeners.add(listener);
    return new Disposable(() => void this.#listeners.delete(listener));
  };
  fire(e: T): void {
    for (const listener of [...this.#listeners]) listener(e);
  }
  dispose(): void {
    this.#listeners.clear();
  }
}

export class Position {
  constructor(
    readonly line: number,
    readonly character: number,
  ) {}
}

export class Range {
  readonly start: Position;
  readonly end: Position;
  constructor(a: number | Position, b: number | Position, c?: number, d?: number) {
    this.start = typeof a === 'number' ? new Position(a, Number(b)) : a;
    this.end = typeof b === 'number' ? new Position(c ?? 0, d ?? 0) : b;
  }
  contains(p: Position): boolean {
    const after =
      p.line > this.start.line || (p.line === this.start.line && p.character >= this.start.character);
    const before = p.line < this.end.line || (p.line === this.end.line && p.character <= this.end.character);
    return after && before;
  }
}

export class Selection extends Range {
  get active(): Position {
    return this.end;
  }
}

export class Location {
  constructor(
    readonly uri: Uri,
    readonly range: Position | Range,
  ) {}
}

export class Uri {
  private constructor(
    readonly scheme: string,
    readonly path: string,
    readonly query = '',
  ) {}
  static file(path: string): Uri {
    return new Uri('file', path);
  }
  static from(parts: { scheme: string; path: string; query?: string }): Uri {
    return new Uri(parts.scheme, parts.path, parts.query);
  }
  static parse(text: string): Uri {
    const [, scheme = 'file', path = '', query] = /^([\w-]+):(?:\/\/)?([^?]*)(?:\?(.*))?$/s.exec(text) ?? [];
    return new Uri(scheme, path, query);
  }
  static joinPath(base: Uri, ...parts: string[]): Uri {
    return new Uri(base.scheme, [base.path.replace(/\/$/, ''), ...parts].join('/'));
  }
  get fsPath(): string {
    return this.path;
  }
  toString(): string {
    return `${this.scheme}://${this.path}${this.query === '' ? '' : `?${this.query}`}`;
  }
}

export class RelativePattern {
  constructor(
    readonly base: Uri,
    readonly pattern: string,
  ) {}
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class ThemeIcon {
  constructor(
    readonly id: string,
    readonly color?: ThemeColor,
  ) {}
}

export class MarkdownString {
  isTrusted: unknown;
  supportHtml = false;
  constructor(readonly value: string) {}
}

export class Hover {
  constructor(readonly contents: MarkdownString[]) {}
}

export interface Command {
  title: string;
  tooltip?: string;
  command: string;
  arguments?: unknown[];
}

export class CodeLens {
  constructor(
    readonly range: Range,
    readonly command: Command,
  ) {}
}

export class TreeItem {
  id: string | undefined;
  description: string | undefined;
  tooltip: string | undefined;
  iconPath: ThemeIcon | undefined;
  command: Command | undefined;
  accessibilityInformation: { label: string } | undefined;
  contextValue: string | undefined;
  constructor(
    readonly label: string,
    readonly collapsibleState: number,
  ) {}
}

export const TreeItemCollapsibleState = { None: 0, Collapsed: 1, Expanded: 2 };
export const OverviewRulerLane = { Left: 1, Center: 2, Right: 4, Full: 7 };
export const DecorationRangeBehavior = { OpenOpen: 0, ClosedClosed: 1, OpenClosed: 2, ClosedOpen: 3 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
export const TextEditorRevealType = { Default: 0, InCenter: 1, InCenterIfOutsideViewport: 2, AtTop: 3 };
export const QuickPickItemKind = { Separator: -1, Default: 0 };
export const ViewColumn = { Active: -1, Beside: -2, One: 1 };
export const ConfigurationTarget = { Global: 1, Workspace: 2, WorkspaceFolder: 3 };
export const FileType = { File: 1, Directory: 2 };

export class TextDocument {
  isDirty = false;
  isClosed = false;
  version = 1;
  #text: string;
  constructor(
    readonly uri: Uri,
    readonly languageId: string,
    text: string,
  ) {
    this.#text = text;
  }
  get lineCount(): number {
    return this.#text.split('\n').length;
  }
  getText(): string {
    return this.#text;
  }
  setText(text: string): void {
    this.#text = text;
    this.version += 1;
  }
  lineAt(line: number): { text: string; firstNonWhitespaceCharacterIndex: number } {
    const text = this.#text.split('\n')[line] ?? '';
    return { text, firstNonWhitespaceCharacterIndex: text.length - text.trimStart().length };
  }
  offsetAt(): number {
    return this.#text.length;
  }
  validatePosition(p: Position): Position {
    return p;
  }
}

export interface DecorationType {
  readonly options: Record<string, unknown>;
  dispose(): void;
}

export class TextEditor {
  selection = new Selection(0, 0, 0, 0);
  readonly decorations = new Map<DecorationType, readonly unknown[]>();
  constructor(readonly document: TextDocument) {}
  setDecorations(type: DecorationType, ranges: readonly unknown[]): void {
    this.decorations.set(type, ranges);
  }
  readonly revealed: Range[] = [];
  revealRange(range: Range): void {
    this.revealed.push(range);
  }
}

/** What was dropped: items by MIME type. */
export class DataTransfer {
  constructor(readonly items: [string, DataTransferItem][]) {}
  get(type: string): DataTransferItem | undefined {
    return this.items.find(([t]) => t === type)?.[1];
  }
  [Symbol.iterator](): Iterator<[string, DataTransferItem]> {
    return this.items[Symbol.iterator]();
  }
}

export class DataTransferItem {
  constructor(
    readonly text: string,
    readonly file?: { name: string; uri?: Uri; data(): Promise<Uint8Array> },
  ) {}
  async asString(): Promise<string> {
    return this.text;
  }
  asFile(): { name: string; uri?: Uri; data(): Promise<Uint8Array> } | undefined {
    return this.file;
  }
}

interface Folder {
  readonly uri: Uri;
  readonly name: string;
}

class MockState {
  settings: Record<string, unknown> = {};
  /** Text of the files that `workspace.fs` sees, by path. */
  files: Record<string, string> = {};
  /** When they were written, milliseconds since the epoch, by path. */
  written: Record<string, number> = {};
  folders: Folder[] = [];
  documents: TextDocument[] = [];
  visible: TextEditor[] = [];
  trusted = true;
  /** How many sources a search of the workspace finds. */
  sourceCount = 10;
  /** `kind: text` of every message shown. */
  messages: string[] = [];
  /** Small print of modal messages. */
  details: unknown[] = [];
  /** What the next messages and quick picks answer, in order. */
  answers: unknown[] = [];
  /** Items of every quick pick shown. */
  picks: unknown[][] = [];
  /** What was said about the texts typed into input boxes, in order. */
  validations: (string | undefined)[] = [];
  /** A file that a watcher follows changed. */
  fileChanged = new EventEmitter<Uri>();
  executed: unknown[][] = [];
  /** Diagnostics by collection and path. */
  diagnostics = new Map<string, Map<string, Diagnostic[]>>();
  registered = new Map<string, (...args: unknown[]) => unknown>();
  statusItem = { text: '', tooltip: '', name: '', command: '', shown: false };
  progress: { message?: string; increment?: number }[] = [];
  cancel = new EventEmitter<void>();
  opened = new EventEmitter<TextDocument>();
  saved = new EventEmitter<TextDocument>();
  closed = new EventEmitter<TextDocument>();
  typed = new EventEmitter<unknown>();
  configured = new EventEmitter<{ affectsConfiguration(section: string): boolean }>();
  visibleChanged = new EventEmitter<TextEditor[]>();
  moved = new EventEmitter<{ textEditor: TextEditor }>();
  /** Options of every open and save dialog shown. */
  dialogs: object[] = [];
  /** Titles of every progress shown. */
  progressTitles: string[] = [];
  /** What decides the text of virtual documents, by scheme. */
  providers = new Map<string, { provideTextDocumentContent(uri: Uri): unknown }>();
  foldersChanged = new EventEmitter<{ added: Folder[]; removed: Folder[] }>();
}

export const mock: { state: MockState } = { state: new MockState() };

export function resetMock(): MockState {
  mock.state = new MockState();
  return mock.state;
}

const show =
  (kind: string) =>
  async (text: string, options?: unknown): Promise<unknown> => {
    mock.state.messages.push(`${kind}: ${text}`);
    if (typeof options === 'object' && options !== null)
      mock.state.details.push(Reflect.get(options, 'detail'));
    return mock.state.answers.shift();
  };

const none = new EventEmitter<never>().event;

export const window = {
  get visibleTextEditors(): TextEditor[] {
    return mock.state.visible;
  },
  get activeTextEditor(): TextEditor | undefined {
    return mock.state.visible[0];
  },
  createTextEditorDecorationType: (options: Record<string, unknown>): DecorationType => ({
    options,
    dispose() {},
  }),
  onDidChangeVisibleTextEditors: (f: (e: TextEditor[]) => unknown) => mock.state.visibleChanged.event(f),
  showInformationMessage: show('information'),
  showErrorMessage: show('error'),
  showWarningMessage: show('warning'),
  showQuickPick: async (items: unknown[]): Promise<unknown> => {
    mock.state.picks.push(items);
    const answer = mock.state.answers.shift();
    return typeof answer === 'function' ? answer(items) : answer;
  },
  showInputBox: async (options: {
    validateInput?: (text: string) => string | undefined;
  }): Promise<string | undefined> => {
    const answer = mock.state.answers.shift();
    if (typeof answer !== 'string') return undefined;
    const complaint = options.validateInput?.(answer);
    mock.state.validations.push(complaint);
    // As in VS Code: what does not validate cannot be accepted.
    return complaint === undefined ? answer : undefined;
  },
  showTextDocument: async (target: unknown, options: unknown): Promise<TextEditor> => {
    mock.state.executed.push(['showTextDocument', target, options]);
    const known = mock.state.visible.find((e) => e.document === target);
    const document = target instanceof TextDocument ? target : new TextDocument(target as Uri, 'c', '');
    const editor = known ?? new TextEditor(document);
    // A virtual document stays open beside what it belongs to.
    if (known === undefined && mock.state.providers.has(document.uri.scheme)) mock.state.visible.push(editor);
    return editor;
  },
  showOpenDialog: async (options: object): Promise<unknown> => {
    mock.state.dialogs.push(options);
    return mock.state.answers.shift();
  },
  showSaveDialog: async (options: object): Promise<unknown> => {
    mock.state.dialogs.push(options);
    return mock.state.answers.shift();
  },
  onDidChangeTextEditorSelection: (f: (e: { textEditor: TextEditor }) => unknown) =>
    mock.state.moved.event(f),
  registerCustomEditorProvider: (): Disposable => new Disposable(() => {}),
  withProgress: async (
    options: { title?: string },
    task: (
      p: { report(r: { message?: string; increment?: number }): void },
      token: unknown,
    ) => Promise<unknown>,
  ): Promise<unknown> => {
    mock.state.progressTitles.push(options.title ?? '');
    return task(
      { report: (r) => void mock.state.progress.push(r) },
      { onCancellationRequested: (f: () => unknown) => mock.state.cancel.event(f) },
    );
  },
  createStatusBarItem: () => {
    const item = mock.state.statusItem;
    return Object.assign(item, {
      show: () => {
        item.shown = true;
      },
      hide: () => {
        item.shown = false;
      },
      dispose() {},
    });
  },
  createTreeView: () => ({ message: '', dispose() {} }),
};

export const workspace = {
  get isTrusted(): boolean {
    return mock.state.trusted;
  },
  get workspaceFolders(): Folder[] | undefined {
    return mock.state.folders.length === 0 ? undefined : mock.state.folders;
  },
  get textDocuments(): TextDocument[] {
    return mock.state.documents;
  },
  getWorkspaceFolder: (uri: Uri): Folder | undefined =>
    mock.state.folders.find((f) => uri.path === f.uri.path || uri.path.startsWith(`${f.uri.path}/`)),
  getConfiguration: () => ({
    get: (key: string): unknown => mock.state.settings[key],
    update: async (key: string, value: unknown): Promise<void> => {
      mock.state.settings[key] = value;
      mock.state.configured.fire({ affectsConfiguration: (s) => `allocLens.${key}`.startsWith(s) });
    },
  }),
  registerTextDocumentContentProvider: (
    scheme: string,
    provider: { provideTextDocumentContent(uri: Uri): unknown },
  ): Disposable => {
    mock.state.providers.set(scheme, provider);
    return new Disposable(() => void mock.state.providers.delete(scheme));
  },
  onDidChangeConfiguration: (f: (e: { affectsConfiguration(section: string): boolean }) => unknown) =>
    mock.state.configured.event(f),
  onDidOpenTextDocument: (f: (d: TextDocument) => unknown) => mock.state.opened.event(f),
  onDidSaveTextDocument: (f: (d: TextDocument) => unknown) => mock.state.saved.event(f),
  onDidCloseTextDocument: (f: (d: TextDocument) => unknown) => mock.state.closed.event(f),
  onDidChangeTextDocument: (f: (e: unknown) => unknown) => mock.state.typed.event(f),
  onDidChangeWorkspaceFolders: (f: (e: { added: Folder[]; removed: Folder[] }) => unknown) =>
    mock.state.foldersChanged.event(f),
  fs: {
    readFile: async (uri: Uri): Promise<Uint8Array> => {
      const text = mock.state.files[uri.path];
      if (text === undefined) throw new Error(`${uri.path} does not exist`);
      return new TextEncoder().encode(text);
    },
    stat: async (uri: Uri): Promise<object> => {
      if (mock.state.files[uri.path] === undefined) throw new Error(`${uri.path} does not exist`);
      const mtime = mock.state.written[uri.path];
      return mtime === undefined ? {} : { mtime };
    },
    createDirectory: async (): Promise<void> => {},
    writeFile: async (uri: Uri, data: Uint8Array): Promise<void> => {
      mock.state.files[uri.path] = new TextDecoder().decode(data);
    },
    readDirectory: async (uri: Uri): Promise<[string, number][]> =>
      Object.keys(mock.state.files)
        .filter((f) => f.startsWith(`${uri.path}/`))
        .map((f) => [f.slice(uri.path.length + 1), FileType.File]),
  },
  /** Names in a pattern (`**\/{a.c,b.h}`) are looked up among `files`; other patterns find `sourceCount` sources. */
  findFiles: async (pattern: unknown, _exclude: unknown, max: number): Promise<Uri[]> => {
    const { base, pattern: glob } = pattern as RelativePattern;
    const names = /^\*\*\/(?:\{(.*)\}|([\w.+@-]+))$/.exec(glob);
    if (names === null || glob.includes('*.')) {
      return Array.from({ length: Math.min(max, mock.state.sourceCount) }, (_, i) =>
        Uri.file(`/project/${i}.c`),
      );
    }
    const wanted = (names[1] ?? names[2] ?? '').split(',');
    return Object.keys(mock.state.files)
      .filter((f) => f.startsWith(`${base.path}/`) && wanted.includes(f.slice(f.lastIndexOf('/') + 1)))
      .map((f) => Uri.file(f));
  },
  createFileSystemWatcher: () => ({
    onDidChange: (f: (uri: Uri) => unknown) => mock.state.fileChanged.event(f),
    onDidCreate: none,
    onDidDelete: none,
    dispose() {},
  }),
  asRelativePath: (path: string): string => path.replace('/project/', ''),
  openTextDocument: async (uri: Uri): Promise<TextDocument> => {
    const known = mock.state.documents.find((d) => d.uri.toString() === uri.toString());
    if (known !== undefined) return known;
    const text = await mock.state.providers.get(uri.scheme)?.provideTextDocumentContent(uri);
    return new TextDocument(uri, 'c', typeof text === 'string' ? text : '');
  },
};

export const commands = {
  executeCommand: async (...args: unknown[]): Promise<void> => {
    mock.state.executed.push(args);
  },
  registerCommand: (id: string, handler: (...args: unknown[]) => unknown): Disposable => {
    mock.state.registered.set(id, handler);
    return new Disposable(() => void mock.state.registered.delete(id));
  },
};

export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };

export class Diagnostic {
  source: string | undefined;
  constructor(
    readonly range: Range,
    readonly message: string,
    readonly severity: number,
  ) {}
}

export const languages = {
  createDiagnosticCollection: (name: string) => {
    const entries = new Map<string, Diagnostic[]>();
    mock.state.diagnostics.set(name, entries);
    return {
      set: (uri: Uri, all: Diagnostic[]) => void entries.set(uri.path, all),
      clear: () => entries.clear(),
      dispose: () => entries.clear(),
    };
  },
  registerCodeLensProvider: (): Disposable => new Disposable(() => {}),
  registerHoverProvider: (): Disposable => new Disposable(() => {}),
};

export const l10n = {
  t: (text: string, ...args: readonly unknown[]): string =>
    text.replace(/\{(\d+)\}/g, (_, i: string) => String(args[Number(i)])),
};

/** A log that remembers, for `LogOutputChannel` parameters. */
export class MockLog {
  readonly lines: string[] = [];
  readonly #add = (level: string) => (text: string) => void this.lines.push(`${level}: ${text}`);
  trace = this.#add('trace');
  debug = this.#add('debug');
  info = this.#add('info');
  warn = this.#add('warn');
  error = this.#add('error');
  show(): void {
    this.lines.push('shown');
  }
}
