/** Importing recordings: progress, events, messages, and the sources that are not where they were. */
import type * as vscode from 'vscode';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  ImportCommand,
  openHottestLine,
  type ReadOptions,
  sourceMapEntry,
} from '../../../extension/editor/profile-import.ts';
import { fileNames, ProfileLoader, textMap } from '../../../extension/editor/profile-loader.ts';
import { recordingPage, ProfileEditor } from '../../../extension/editor/profile-editor.ts';
import { type Profile, UserError } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';
import { engineProfile } from './builders.ts';
import { type Harness, harness, real, root } from './harness.ts';
import { details, native, project } from './native.ts';

const elsewhere = (profile: Profile = native()): Profile => ({
  ...profile,
  lines: profile.lines.map((l) => ({ ...l, file: l.file.replace('/project/core/', '/build/hak/source/') })),
  functions: profile.functions.map((f) => ({
    ...f,
    file: f.file?.replace('/project/core/', '/build/hak/source/') ?? null,
  })),
});

let h: Harness;
let kept: Map<string, unknown>;
let asked: (string | null)[];
beforeEach(() => {
  h = harness('', project(), 'core/a.c');
  h.state.files = { '/project/core/a.c': '', '/project/core/b.h': '' };
  kept = new Map();
  asked = [];
});

const memento = (): vscode.Memento =>
  ({
    keys: () => [...kept.keys()],
    get: (key: string): unknown => kept.get(key),
    update: async (key: string, value: unknown) => void kept.set(key, value),
  }) as vscode.Memento;

function importer(read: (file: string, options: ReadOptions) => Promise<Profile>): ImportCommand {
  return new ImportCommand({
    store: h.store,
    loader: new ProfileLoader({ store: h.store, log: real.log(h.log) }),
    read: async (file, options) => {
      asked.push(options.event);
      return read(file, options);
    },
    dropFolder: real.uri(mocked.Uri.file('/storage/dropped')),
    memento: memento(),
    log: real.log(h.log),
  });
}

const file = real.uri(mocked.Uri.file('/r/perf.data'));

describe('Import Profile', () => {
  it('asks for files, shows progress, loads the profile and says what came of it', async () => {
    h.state.answers = [[file]];
    const command = importer(async (name, { onProgress }) => {
      expect(name).toBe('/r/perf.data');
      onProgress(0.5);
      onProgress(0.25);
      onProgress(1);
      return native();
    });
    await command.pick();
    expect(h.state.progress.map((p) => p.increment)).toEqual([50, 0, 50]);
    expect(h.state.progressTitles).toEqual(['Alloc Lens: importing perf.data']);
    expect(h.store.loaded).toMatchObject({ file: '/r/perf.data', run: null });
    expect(h.state.messages).toEqual([
      'information: perf.data: perf cpu-clock, 12,345 samples; 80.0% on lines of this workspace.',
    ]);
    expect(h.log.lines).toContain('info: /r/perf.data: cycles are not counted here: cpu-clock was used');
  });

  it('asks for the analysis of a folder whose lines were measured, and of no other', async () => {
    const measured: string[] = [];
    const loader = new ProfileLoader({
      store: h.store,
      measured: (folder) => measured.push(folder.path),
      log: real.log(h.log),
    });
    await loader.add(native({ lines: [{ file: './malloc/malloc.c', line: 1, percent: 99 }] }), null);
    expect(measured).toEqual([]);
    await loader.add(native(), null);
    expect(measured).toEqual(['/project']);
  });

  it('dismissed or cancelled changes nothing and says nothing', async () => {
    await importer(async () => native()).pick();
    expect(asked).toEqual([]);
    const cancelled = importer(async (_file, { signal }) => {
      h.state.cancel.fire();
      expect(signal.aborted).toBe(true);
      throw new DOMException('aborted', 'AbortError');
    });
    expect(await cancelled.one(file)).toBeNull();
    expect(h.store.profiles).toEqual([]);
    expect(h.state.messages).toEqual([]);
  });

  it('asks which event when there are several, and reads again for another than the first', async () => {
    const events = ['cpu-clock', 'page-faults'].map(
      (name) => ({ name, unit: 'events', samples: 5, weight: 5 }) as const,
    );
    const command = importer(async (_file, { event }) => {
      const chosen = events.find((e) => e.name === event) ?? events[0];
      if (chosen === undefined) throw new Error('no event');
      return native({ details: details({ events, event: chosen }) });
    });
    h.state.answers = [(items: { label: string }[]) => items[1]];
    await command.one(file);
    expect(asked).toEqual([null, 'page-faults']);
    expect(h.store.profile?.details?.event.name).toBe('page-faults');
    h.state.answers = [undefined];
    expect(await command.one(file)).toBeNull();
    expect(h.store.profiles).toHaveLength(1);
  });

  it('imports every selected file of the explorer, and refuses what is on no disk', async () => {
    const names: string[] = [];
    const command = importer(async (name) => {
      names.push(name);
      return native();
    });
    const second = mocked.Uri.file('/r/b.folded');
    await command.fromExplorer(file, [file, second]);
    await command.fromExplorer(second, undefined);
    expect(names).toEqual(['/r/perf.data', '/r/b.folded', '/r/b.folded']);
    const remote = real.uri(mocked.Uri.from({ scheme: 'vscode-vfs', path: '/x.folded' }));
    await expect(command.one(remote)).rejects.toThrow(UserError);
  });

  it('keeps what was dropped without a path as a file whose name is harmless', async () => {
    const names: string[] = [];
    const command = importer(async (name) => {
      names.push(name);
      return native();
    });
    await command.bytes('../../$(touch x).folded', new TextEncoder().encode('main 1'));
    expect(names).toEqual(['/storage/dropped/.._.._touch_x_.folded']);
    expect(h.state.files[names[0] ?? '']).toBe('main 1');
  });
});

describe('sources that are elsewhere', () => {
  it('are asked for once a workspace, put on files by their common end, and remembered', async () => {
    const folder = mocked.Uri.file('/project/core');
    h.state.answers = ['Locate Sources…', [folder]];
    // The first answer goes to the import's own message.
    h.state.answers.unshift(undefined);
    const renamed = elsewhere(native());
    const other = {
      ...renamed,
      lines: renamed.lines.map((l) => ({ ...l, file: l.file.replace('/a.c', '/x/a.c') })),
      functions: renamed.functions.map((f) => ({ ...f, file: f.file?.replace('/a.c', '/x/a.c') ?? null })),
    };
    h.state.files = {
      '/project/core/a.c': '',
      '/project/core/b.h': '',
      '/project/old/a.c': '',
      '/project/old/b.h': '',
    };
    const command = importer(async () => other);
    await command.one(file);
    await vi.waitFor(() => expect(h.state.settings.sourceMap).toEqual({ '/build/hak/source/x': 'core' }));
    expect(h.state.messages[1]).toMatch(
      /^warning: 80\.0% of the samples are in 2 files that are not in this workspace, such as \/build\/hak\/source\/x\/a\.c\./,
    );
    await vi.waitFor(() =>
      expect(
        h.store
          .annotations({ origin: 'project', root: real.uri(root), file: 'core/a.c' })
          .heat.find((l) => l.line === 8)?.percent,
      ).toBe(40),
    );
    await command.one(file);
    expect(h.state.messages.filter((m) => m.startsWith('warning'))).toHaveLength(1);
  });

  it('are found without a question where names and folders leave no doubt', async () => {
    await importer(async () => elsewhere()).one(file);
    expect(h.state.messages.filter((m) => m.startsWith('warning'))).toEqual([]);
    expect(h.store.profileIn(real.uri(root))?.lines.map((l) => l.file)).toContain('core/a.c');
  });

  it('of the system alone are no reason to ask', async () => {
    const libc = native({
      lines: [{ file: './malloc/malloc.c', line: 1, percent: 99 }],
      functions: [
        { name: 'free', category: 'library', selfPercent: 99, file: './malloc/malloc.c', line: null },
      ],
    });
    await importer(async () => libc).one(file);
    expect(h.state.messages).toEqual([
      'information: perf.data: perf cpu-clock, 12,345 samples; no line of this workspace was seen in it.',
    ]);
    await expect(importer(async () => libc).locate(undefined)).rejects.toThrow(UserError);
  });

  it('that are not below the folder are said to be missing there', async () => {
    h.state.files = {};
    h.store.setFindings(real.uri(root), { ...project(), files: [] });
    kept.set('askedForSources', true);
    const command = importer(async () => elsewhere());
    await command.one(file);
    h.state.answers = [[mocked.Uri.file('/project/other')]];
    await expect(command.locate(undefined)).rejects.toThrow('/project/other has no file that');
    expect(h.state.settings.sourceMap).toBeUndefined();
  });

  it('give an entry that holds for their neighbours too', async () => {
    h.state.files = { '/project/core/front/a.c': '' };
    const folder = real.uri(mocked.Uri.file('/project/core'));
    expect(await sourceMapEntry(real.uri(root), folder, '/build/hak/core/front/a.c')).toEqual({
      from: '/build/hak',
      to: '.',
    });
    expect(await sourceMapEntry(real.uri(root), folder, '/build/hak/core/{a,b}.c')).toBeNull();
  });

  it('are looked for by names that a glob reads as they are', () => {
    const lines = ['/x/a.c', '/x/{b,c}.c', 'C:\\y\\d.cpp', '/x/*.c', '/x/e.c'].map((name, i) => ({
      file: name,
      line: 1,
      percent: i,
    }));
    expect(fileNames(native({ lines, functions: [] }))).toEqual(['e.c', 'd.cpp', 'a.c']);
    expect(textMap({ '/a': 'b', '': 'c', '/d': 4 })).toEqual({ '/a': 'b' });
    expect(textMap(['x'])).toEqual({});
  });
});

describe('the hottest line', () => {
  it('is opened where the workspace has it', async () => {
    await importer(async () => native()).one(file);
    await openHottestLine(h.store);
    expect(h.state.executed.at(-1)).toEqual([
      'allocLens.internal.openLocation',
      { origin: 'project', root: root.toString(), file: 'core/a.c', line: 8, column: 1 },
    ]);
  });

  it('does not exist for the engine', async () => {
    h.store.addProfile({ profile: engineProfile({ malloc: 1 }), mapped: new Map(), run: null, file: null });
    await expect(openHottestLine(h.store)).rejects.toThrow(UserError);
  });
});

describe('the page of an opened recording', () => {
  it('has figures, notes and links, and nothing of the file as markup', () => {
    const hostile = native({
      functions: [
        {
          name: '<img src=x onerror=alert(1)>',
          category: 'core',
          selfPercent: 60,
          totalPercent: 61,
          file: null,
          line: null,
        },
      ],
    });
    const page = recordingPage('<b>.data', hostile, null);
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;b&gt;.data');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('perf cpu-clock, 12,345 samples');
    expect(page).toContain('<td class="n">60.0%</td><td class="n">61.0%</td>');
    expect(page).toContain('command:allocLens.openReport');
  });

  it('imports, and shows one clear line when that fails', async () => {
    const editor = new ProfileEditor(
      importer(async () => {
        throw new UserError('perf.data is cut off: record it again.');
      }),
      real.log(h.log),
    );
    const document = await editor.openCustomDocument(file);
    const panel = { webview: { options: {}, html: '' } };
    editor.resolveCustomEditor(document, panel as unknown as vscode.WebviewPanel);
    expect(panel.webview.html).toContain('perf.data is cut off: record it again.');
    expect(panel.webview.options).toMatchObject({ enableScripts: false });
    const good = new ProfileEditor(
      importer(async () => native()),
      real.log(h.log),
    );
    good.resolveCustomEditor(await good.openCustomDocument(file), panel as unknown as vscode.WebviewPanel);
    expect(panel.webview.html).toContain('40.0%');
    expect(h.store.profiles).toHaveLength(1);
  });
});
