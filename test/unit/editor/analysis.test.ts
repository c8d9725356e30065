import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AnalysisController, type Analyzer } from '../../../extension/editor/analysis.ts';
import { analyzeWorkspace, summary } from '../../../extension/editor/analyze-command.ts';
import { type FileUpdate, type Findings, UserError } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import { findings, site } from './builders.ts';
import { type Harness, harness, real, root } from './harness.ts';

/** Answers when told to, and remembers what it was asked. */
class FakeAnalyzer implements Analyzer {
  readonly asked: string[] = [];
  settled: (root: string, findings: Findings) => void = () => {};
  readonly #waiting: ((result: Findings | Error) => void)[] = [];

  analyze(at: string, config: unknown, hooks: { signal?: AbortSignal }): Promise<Findings> {
    this.asked.push(`analyze ${at} ${JSON.stringify(config)}`);
    return this.#wait(hooks.signal);
  }

  async update(at: string, file: string, text: string): Promise<FileUpdate> {
    this.asked.push(`update ${at} ${file} ${text}`);
    return { ...(await this.#wait()), file };
  }

  whenSettled(listener: (root: string, findings: Findings) => void): void {
    this.settled = listener;
  }

  #wait(signal?: AbortSignal): Promise<Findings> {
    return new Promise((resolve, reject) => {
      const answer = (result: Findings | Error): void => {
        if (result instanceof Error) reject(result);
        else resolve(result);
      };
      if (signal?.aborted === true) answer(new Error('aborted'));
      signal?.addEventListener('abort', () => answer(new Error('aborted')));
      this.#waiting.push(answer);
    });
  }

  async answer(result: Findings | Error): Promise<void> {
    // The folder's compilation database is looked for first.
    await vi.advanceTimersByTimeAsync(0);
    this.#waiting.shift()?.(result);
    await vi.advanceTimersByTimeAsync(0);
  }
}

const withSites = (n: number): Findings =>
  findings({ atomics: Array.from({ length: n }, (_, i) => site({ line: i + 1 })) });

interface Rig extends Harness {
  readonly analyzer: FakeAnalyzer;
  readonly controller: AnalysisController;
  readonly type: (text: string) => void;
}

async function rig(text: string, analysed: Findings | null = null, sources = 10): Promise<Rig> {
  const h = harness(text, analysed);
  h.state.sourceCount = sources;
  const analyzer = new FakeAnalyzer();
  const controller = AnalysisController.register(h.store, h.config, analyzer, real.log(h.log));
  const type = (next: string): void => {
    h.document.setText(next);
    h.document.isDirty = true;
    const start = new mocked.Position(0, 0);
    h.state.typed.fire({
      document: h.document,
      contentChanges: [{ range: new mocked.Range(start, start), text: next.slice(0, 1) }],
    });
  };
  await vi.advanceTimersByTimeAsync(0);
  return { ...h, analyzer, controller, type };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const allocatorText = 'void* my_alloc(size_t n) { return malloc(n); }';

describe('a first analysis', () => {
  it('starts when a document that looks like allocator code is open', async () => {
    const r = await rig(allocatorText);
    expect(r.analyzer.asked).toEqual(['analyze /project {"defines":{},"env":{},"entries":[]}']);
    expect(r.store.folder(real.uri(root)).state).toBe('running');
    await r.analyzer.answer(withSites(2));
    expect(r.store.folder(real.uri(root))).toMatchObject({
      state: 'ready',
      findings: { atomics: { length: 2 } },
    });
  });

  it('runs once for two documents, with the configured gates', async () => {
    const r = await rig('int main(void) { return 0; }');
    expect(r.analyzer.asked).toEqual([]);
    r.state.settings = { defines: { A: 1 }, env: { HAKMEM_X: '1' }, entries: ['my_alloc'] };
    for (const name of ['x.c', 'y.c']) {
      r.state.opened.fire(new mocked.TextDocument(mocked.Uri.joinPath(root, name), 'c', allocatorText));
    }
    await vi.advanceTimersByTimeAsync(0);
    expect(r.analyzer.asked).toEqual([
      'analyze /project {"defines":{"A":"1"},"env":{"HAKMEM_X":"1"},"entries":["my_alloc"]}',
    ]);
  });

  it.each([
    ['another language', 'python', '/project/a.py', {}],
    ['a file outside the workspace', 'c', '/elsewhere/a.c', {}],
    ['when switched off', 'c', '/project/b.c', { 'analysis.automatic': false }],
  ])('does not start for %s', async (_name, language, path, settings) => {
    const r = await rig('int x;');
    r.state.settings = settings;
    r.state.opened.fire(new mocked.TextDocument(mocked.Uri.file(path), language, allocatorText));
    await vi.advanceTimersByTimeAsync(0);
    expect(r.analyzer.asked).toEqual([]);
  });

  it('takes a source by its name where VS Code knows no language for it', async () => {
    const r = await rig('int x;');
    r.state.opened.fire(
      new mocked.TextDocument(mocked.Uri.file('/project/a.inc'), 'plaintext', allocatorText),
    );
    await vi.advanceTimersByTimeAsync(0);
    expect(r.analyzer.asked).toHaveLength(1);
  });

  it('is left to the command in a folder too large for an allocator', async () => {
    const r = await rig(allocatorText, null, 5001);
    expect(r.analyzer.asked).toEqual([]);
    expect(r.log.lines).toEqual(['info: /project: more than 5000 sources; analyzed only on command.']);
    const done = analyzeWorkspace(r.controller, r.store);
    await r.analyzer.answer(withSites(2));
    await done;
    expect(r.store.folder(real.uri(root)).state).toBe('ready');
  });

  it('that fails in the background interrupts nobody, and is in the log and the view', async () => {
    const r = await rig(allocatorText);
    await r.analyzer.answer(new UserError('grammar missing'));
    expect(r.store.folder(real.uri(root))).toMatchObject({ state: 'failed', message: 'grammar missing' });
    expect(r.log.lines.filter((l) => l.startsWith('error'))).toEqual(['error: /project: grammar missing']);
    expect(r.state.messages).toEqual([]);
  });

  it.each([
    ['noCode', findings({ files: [] })],
    ['noAllocator', findings()],
  ] as const)('ends as %s', async (state, result) => {
    const r = await rig(allocatorText);
    await r.analyzer.answer(result);
    expect(r.store.folder(real.uri(root)).state).toBe(state);
  });
});

describe('the compilation database', () => {
  const asked = async (settings: Record<string, unknown>, files: readonly string[]): Promise<string> => {
    const r = await rig('int main(void) { return 0; }');
    r.state.settings = settings;
    for (const f of files) r.state.files[f] = '[]';
    r.state.opened.fire(new mocked.TextDocument(mocked.Uri.joinPath(root, 'x.c'), 'c', allocatorText));
    await vi.advanceTimersByTimeAsync(0);
    const config = r.analyzer.asked[0]?.replace('analyze /project ', '') ?? '{}';
    return String((JSON.parse(config) as { compileCommands?: string }).compileCommands);
  };

  it('is the one that the setting names, else the one that build tools leave', async () => {
    const both = ['/project/compile_commands.json', '/project/build/compile_commands.json'];
    expect(await asked({}, [])).toBe('undefined');
    expect(await asked({}, both)).toBe('/project/compile_commands.json');
    expect(await asked({}, both.slice(1))).toBe('/project/build/compile_commands.json');
    expect(await asked({ compileCommands: 'out/cc.json' }, both)).toBe('/project/out/cc.json');
    expect(await asked({ compileCommands: 'none' }, both)).toBe('undefined');
  });
});

describe('typing', () => {
  it('asks once it pauses, and settles the edits that the answer has seen', async () => {
    const r = await rig('int x;', withSites(1));
    r.type('aint x;');
    r.type('abint x;');
    await vi.advanceTimersByTimeAsync(19);
    expect(r.analyzer.asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(r.analyzer.asked).toEqual(['update /project a.c abint x;']);
    expect(r.store.journal.since(r.document.uri.toString())).toHaveLength(2);
    await r.analyzer.answer(withSites(3));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(3);
    expect(r.store.journal.since(r.document.uri.toString())).toEqual([]);
  });

  it('while an answer is awaited sends only the newest text, and keeps its edits on screen', async () => {
    const r = await rig('int x;', withSites(1));
    r.type('1int x;');
    await vi.advanceTimersByTimeAsync(150);
    r.type('2int x;');
    await vi.advanceTimersByTimeAsync(150);
    r.type('3int x;');
    await vi.advanceTimersByTimeAsync(150);
    expect(r.analyzer.asked).toHaveLength(1);
    await r.analyzer.answer(withSites(2));
    expect(r.store.journal.since(r.document.uri.toString())).toHaveLength(2);
    expect(r.analyzer.asked.slice(1)).toEqual(['update /project a.c 3int x;']);
    await r.analyzer.answer(withSites(4));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(4);
    expect(r.analyzer.asked).toHaveLength(2);
  });

  it('takes the findings of the whole folder when the typing rests, unless newer text is on its way', async () => {
    const r = await rig('int x;', withSites(1));
    r.type('1int x;');
    await vi.advanceTimersByTimeAsync(150);
    r.analyzer.settled('/project', withSites(7));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(1);
    await r.analyzer.answer(withSites(2));
    r.analyzer.settled('/elsewhere', withSites(9));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(2);
    r.analyzer.settled('/project', withSites(7));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(7);
  });

  it('goes on after an answer failed', async () => {
    const r = await rig('int x;', withSites(1));
    r.type('1int x;');
    await vi.advanceTimersByTimeAsync(150);
    await r.analyzer.answer(new Error('worker gone'));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(1);
    r.type('2int x;');
    await vi.advanceTimersByTimeAsync(150);
    await r.analyzer.answer(withSites(5));
    expect(r.store.folder(real.uri(root)).findings?.atomics).toHaveLength(5);
  });

  it('waits for the save when switched off, or in a huge document', async () => {
    const r = await rig('int x;', withSites(1));
    r.state.settings['analysis.onType'] = false;
    r.type('aint x;');
    await vi.advanceTimersByTimeAsync(1000);
    r.state.settings = {};
    r.type('/'.repeat(2_000_001));
    await vi.advanceTimersByTimeAsync(1000);
    expect(r.analyzer.asked).toEqual([]);
    r.document.setText('saved');
    r.state.saved.fire(r.document);
    await vi.advanceTimersByTimeAsync(0);
    expect(r.analyzer.asked).toEqual(['update /project a.c saved']);
  });
});

describe('Analyze Workspace', () => {
  it('answers with what was found', async () => {
    const r = await rig('int x;');
    const done = analyzeWorkspace(r.controller, r.store);
    await r.analyzer.answer(withSites(2));
    await done;
    expect(r.state.messages).toEqual(['information: project: 2 atomic sites, 0 gates in 1 file.']);
  });

  it('analyses unsaved documents after the files on disk', async () => {
    const r = await rig('unsaved');
    r.document.isDirty = true;
    const done = analyzeWorkspace(r.controller, r.store);
    await r.analyzer.answer(withSites(2));
    await done;
    await vi.advanceTimersByTimeAsync(0);
    expect(r.analyzer.asked.at(-1)).toBe('update /project a.c unsaved');
  });

  it('cancelled leaves everything as it was', async () => {
    const r = await rig('int x;', withSites(1));
    const done = analyzeWorkspace(r.controller, r.store);
    r.state.cancel.fire();
    await done;
    expect(r.store.folder(real.uri(root))).toMatchObject({
      state: 'ready',
      findings: { atomics: { length: 1 } },
    });
    expect(r.state.messages).toEqual([]);
  });

  it('without a folder, or on one that is not on disk, says what to do', async () => {
    const r = await rig('int x;');
    r.state.folders = [];
    await expect(analyzeWorkspace(r.controller, r.store)).rejects.toThrow('Open a folder');
    r.state.folders = [{ uri: mocked.Uri.from({ scheme: 'vscode-vfs', path: '/repo' }), name: 'repo' }];
    await expect(analyzeWorkspace(r.controller, r.store)).rejects.toThrow('this folder is virtual');
  });

  it.each([
    ['noCode', findings({ files: [] }), 'p: no C or C++ files.'],
    [
      'noAllocator',
      findings(),
      'p: no allocator code in 1 file (no atomics, no environment gates, no malloc or free).',
    ],
    [
      'ready',
      findings({
        files: [{ path: 'a.c', language: 'c', lines: 1, bytes: 1, parseErrors: 2 }],
        atomics: [site()],
      }),
      'p: 1 atomic site, 0 gates in 1 file. 1 file did not parse completely; its findings may have gaps.',
    ],
  ])('says it in one sentence: %s', (state, result, text) => {
    expect(summary('p', state, result)).toBe(text);
  });
});
