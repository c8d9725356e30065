import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ReportMessage, SourceLocation } from '../../../extension/model.ts';
import { buildReport } from '../../../extension/report/build.ts';

type Listener = (value: unknown) => void;

class Emitter {
  readonly listeners = new Set<Listener>();
  readonly event = (listener: Listener, _self?: unknown, disposables?: { dispose(): void }[]): object => {
    this.listeners.add(listener);
    const disposable = { dispose: () => void this.listeners.delete(listener) };
    disposables?.push(disposable);
    return disposable;
  };
  fire(value?: unknown): void {
    for (const listener of [...this.listeners]) listener(value);
  }
}

/** The part of a webview panel that the report uses. */
class FakePanel {
  readonly received = new Emitter();
  readonly disposed = new Emitter();
  readonly posted: ReportMessage[] = [];
  readonly onDidDispose = this.disposed.event;
  readonly viewState = new Emitter();
  readonly onDidChangeViewState = this.viewState.event;
  visible = true;
  revealed = 0;
  readonly webview = {
    html: '',
    options: {},
    cspSource: 'https://example.vscode-cdn.net',
    onDidReceiveMessage: this.received.event,
    asWebviewUri: (uri: string) => `webview:${uri}`,
    postMessage: (m: ReportMessage) => void this.posted.push(m),
  };
  constructor(readonly options: unknown = {}) {}
  reveal(): void {
    this.revealed++;
  }
  dispose(): void {
    this.disposed.fire();
  }
}

const created: FakePanel[] = [];
vi.mock('vscode', () => ({
  ViewColumn: { Active: -1 },
  Uri: { joinPath: (base: string, name: string) => `${base}/${name}` },
  window: {
    createWebviewPanel: (_type: string, _title: string, _column: unknown, options: unknown) => {
      const panel = new FakePanel(options);
      created.push(panel);
      return panel;
    },
  },
}));

const { parseRequest, ReportPanel } = await import('../../../extension/report/panel.ts');

function setUp() {
  const changed = new Emitter();
  const opened: SourceLocation[] = [];
  const actions: string[] = [];
  let title = 'first';
  const options = {
    distUri: '/ext/dist',
    model: () => buildReport({ title, createdAt: '', findings: null, profile: null, runs: [] }),
    onDidChange: changed.event,
    open: (at: SourceLocation) => opened.push(at),
    act: (action: string) => actions.push(action),
  } as unknown as Parameters<typeof ReportPanel.show>[0];
  return { changed, opened, actions, options, retitle: (t: string) => (title = t) };
}

const titleOf = (m: ReportMessage): string | null => (m.type === 'model' ? m.model.title : null);

afterEach(() => {
  for (const panel of created.splice(0)) panel.dispose();
});

describe('report panel', () => {
  it('shows a page under a strict policy that may load from dist only', () => {
    const { options } = setUp();
    ReportPanel.show(options);
    const panel = created[0];
    expect(panel?.options).toMatchObject({ enableScripts: true, localResourceRoots: ['/ext/dist'] });
    const html = panel?.webview.html ?? '';
    const nonce = /nonce="([\w-]{24})" src="webview:\/ext\/dist\/webview.js"/.exec(html)?.[1] ?? 'none';
    expect(html).toContain(
      `default-src &#39;none&#39;; script-src &#39;nonce-${nonce}&#39;; style-src https://example.vscode-cdn.net &#39;nonce-${nonce}&#39;`,
    );
    expect(html).toContain('href="webview:/ext/dist/webview.css"');
    expect(html).not.toContain('unsafe');
  });

  it('is one panel: a second show reveals the first, a closed one is made anew', () => {
    const { options, changed } = setUp();
    ReportPanel.show(options);
    ReportPanel.show(options);
    expect(created.map((p) => p.revealed)).toEqual([1]);
    created[0]?.dispose();
    expect(changed.listeners.size).toBe(0);
    ReportPanel.show(options);
    expect(created).toHaveLength(2);
  });

  it('posts the model when the page is ready and after changes, once for a burst', async () => {
    vi.useFakeTimers();
    const { options, changed, retitle } = setUp();
    ReportPanel.show(options);
    const panel = created[0];
    changed.fire();
    await vi.runAllTimersAsync();
    expect(panel?.posted).toEqual([]);
    panel?.received.fire({ type: 'ready' });
    retitle('second');
    for (let i = 0; i < 10; i++) changed.fire();
    await vi.runAllTimersAsync();
    expect(panel?.posted.map(titleOf)).toEqual(['first', 'second']);
    if (panel !== undefined) panel.visible = false;
    changed.fire();
    await vi.runAllTimersAsync();
    expect(panel?.posted).toHaveLength(2);
    vi.useRealTimers();
  });

  it('opens source lines and runs the two commands', () => {
    const { options, opened, actions } = setUp();
    ReportPanel.show(options);
    const location = { origin: 'engine', file: 'engine/allocator/free.ts', line: 9 };
    created[0]?.received.fire({ type: 'open', location });
    created[0]?.received.fire({ type: 'runBenchmark' });
    created[0]?.received.fire({ type: 'analyze' });
    expect(opened).toEqual([location]);
    expect(actions).toEqual(['runBenchmark', 'analyze']);
  });

  it('goes to a place once its page is there, after the model, and only once', () => {
    const { options } = setUp();
    const place = { tab: 'experiments', id: 'e1' } as const;
    ReportPanel.show(options, place);
    const panel = created[0];
    expect(panel?.posted).toEqual([]);
    panel?.received.fire({ type: 'ready' });
    expect(panel?.posted.map((m) => m.type)).toEqual(['model', 'show']);
    expect(panel?.posted[1]).toEqual({ type: 'show', place });
    panel?.received.fire({ type: 'ready' });
    expect(panel?.posted.map((m) => m.type)).toEqual(['model', 'show', 'model']);
    ReportPanel.show(options, { tab: 'soak', id: null });
    expect(panel?.posted.at(-1)).toEqual({ type: 'show', place: { tab: 'soak', id: null } });
  });

  it('keeps a place for the page that replaces a hidden one', async () => {
    vi.useFakeTimers();
    const { options, changed } = setUp();
    ReportPanel.show(options);
    const panel = created[0];
    if (panel === undefined) throw new Error('no panel');
    panel.received.fire({ type: 'ready' });
    panel.visible = false;
    panel.viewState.fire();
    ReportPanel.show(options, { tab: 'experiments', id: 'e2' });
    panel.visible = true;
    panel.viewState.fire();
    changed.fire();
    await vi.runAllTimersAsync();
    expect(panel.posted).toHaveLength(1);
    panel.received.fire({ type: 'ready' });
    expect(panel.posted.slice(1).map((m) => m.type)).toEqual(['model', 'show']);
    vi.useRealTimers();
  });

  it('takes over a panel that the editor restores', async () => {
    const { options } = setUp();
    const restored = new FakePanel();
    created.push(restored);
    await ReportPanel.serializer(options).deserializeWebviewPanel(restored as never, undefined);
    expect(restored.webview.options).toMatchObject({ localResourceRoots: ['/ext/dist'] });
    restored.received.fire({ type: 'ready' });
    expect(restored.posted).toHaveLength(1);
    ReportPanel.show(options);
    expect(restored.revealed).toBe(1);
  });

  it.each(['runExperiment', 'runSoak', 'calibrateCosts', 'writeDocuments'])('takes the action %s', (type) => {
    expect(parseRequest({ type, more: 1 })).toEqual({ type });
  });

  it.each([
    null,
    'ready',
    {},
    { type: 'toString' },
    { type: 'model' },
    { type: 'exec' },
    { type: 'open' },
    { type: 'open', location: { origin: 'disk', file: 'a', line: 1 } },
    { type: 'open', location: { origin: 'project', file: 7, line: 1 } },
    { type: 'open', location: { origin: 'project', file: 'a', line: 1.5 } },
  ])('drops %j', (value) => {
    expect(parseRequest(value)).toBeNull();
  });
});
