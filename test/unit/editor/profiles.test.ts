/** The Profiles view and its commands: show, compare, remove, export, drop. */
import { beforeEach, describe, expect, it } from 'vitest';
import { ProfileCommands } from '../../../extension/editor/profile-commands.ts';
import { ProfileEdits } from '../../../extension/editor/profile-edits.ts';
import { ProfilesTree } from '../../../extension/editor/profiles-tree.ts';
import type { Store } from '../../../extension/editor/store.ts';
import type * as vscode from 'vscode';
import * as mocked from '../mocks/vscode.ts';
import { benchResult, engineProfile } from './builders.ts';
import { type Harness, harness } from './harness.ts';
import { details, native } from './native.ts';

let h: Harness;
let dropped: unknown[] = [];
let failures: unknown[] = [];
beforeEach(() => {
  h = harness('');
  dropped = [];
  failures = [];
});

const importer = {
  files: async (uris: readonly vscode.Uri[]) => void dropped.push(uris.map((u) => u.path)),
  bytes: async (name: string, data: Uint8Array) => void dropped.push([name, new TextDecoder().decode(data)]),
};
const tree = (store: Store = h.store): ProfilesTree =>
  new ProfilesTree(store, importer, (error) => failures.push(error));
const commands = (): ProfileCommands =>
  new ProfileCommands(h.store, (profile, format) => ({
    file: new TextEncoder().encode(`${format} ${profile.workload}`),
    notes: ['Lines are left out.'],
  }));

const engine = engineProfile({ malloc: 60, free: 40 });
const imported = native({
  target: { kind: 'imported', name: 'perf.data', variant: null, sha256: null },
  recordedAt: '2026-11-19T08:00:00.000Z',
});

function three(): { engine: string; imported: string; native: string } {
  h.store.addRun({ result: benchResult(), recordedAt: engine.recordedAt }, engine);
  const first = h.store.loaded?.id ?? '';
  const second = h.store.addProfile({
    profile: imported,
    mapped: new Map(),
    run: null,
    file: '/tmp/x/perf.data',
  });
  const third = h.store.addProfile({ profile: native(), mapped: new Map(), run: null, file: null });
  return { engine: first, imported: second, native: third };
}

/** `icon label (description without the age) context` of each row. */
function shown(view: ProfilesTree): string[] {
  return view.getChildren().map((row) => {
    const item = view.getTreeItem(row);
    const said = String(item.description).replace(/ · [^·]*$/, '');
    return `${(item.iconPath as unknown as mocked.ThemeIcon).id} ${String(item.label)} (${said}) ${item.contextValue ?? ''}`;
  });
}

describe('the Profiles view', () => {
  it('lists what was measured and imported, newest first, and marks what is shown', () => {
    three();
    expect(shown(tree())).toEqual([
      'flame random_mixed · liba (shown · perf cpu-clock, 12,345 samples) profile.loaded.native',
      'file-symlink-file perf.data (perf cpu-clock, 12,345 samples) profile.other.imported',
      'graph random_mixed · engine fast (1,000 samples) profile.other.engine',
    ]);
  });

  it('loads a profile that is selected, and says both sides of a comparison', () => {
    const ids = three();
    const view = tree();
    const item = view.getTreeItem(view.getChildren()[1] ?? fail());
    expect(item.command).toMatchObject({ command: 'allocLens.loadProfile', arguments: [ids.imported] });
    h.store.compareProfiles(ids.imported, ids.native);
    expect(shown(view)[1]).toMatch(/^diff perf\.data \(compared with/);
    expect(view.message()).toBe('random_mixed · liba against perf.data: orange costs more, blue less.');
    h.store.stopComparing();
    expect(view.message()).toBeUndefined();
  });

  it('tells below a profile what is to know of it, and which files are not here', () => {
    const profile = native({
      details: details({
        events: [
          { name: 'cpu-clock', unit: 'samples', samples: 12_345, weight: 1 },
          { name: 'page-faults', unit: 'events', samples: 7, weight: 7 },
        ],
        threads: [
          { name: 'main', tid: 1, percent: 60 },
          { name: 'worker', tid: 2, percent: 40 },
        ],
        skipped: { count: 3, first: 'line 9: ???' },
        unmapped: [{ file: './malloc/malloc.c', percent: 20 }],
      }),
    });
    h.store.addProfile({ profile, mapped: new Map(), run: null, file: '/r/perf.data' });
    const view = tree();
    const rows = view.getChildren(view.getChildren()[0]);
    const items = rows.map((r) => view.getTreeItem(r));
    expect(items.map((i) => `${String(i.label)}: ${String(i.description)}`)).toEqual([
      'File: /r/perf.data',
      'Target: liba',
      'Event: cpu-clock',
      '2 threads: ',
      'cycles are not counted here: cpu-clock was used: ',
      '3 lines could not be read: line 9: ???',
      '1 file not in this workspace: 20.0%',
    ]);
    expect(items.at(-1)?.contextValue).toBe('unmapped');
    expect(view.getChildren(rows.at(-1)).map((r) => view.getTreeItem(r).label)).toEqual([
      '20.0% ./malloc/malloc.c',
    ]);
    expect(new Set(items.map((i) => i.id)).size).toBe(items.length);
  });

  it('sets what menus ask for, and refreshes with profiles alone', () => {
    const view = ProfilesTree.register(h.store, importer, () => {});
    const last = (key: string): unknown => h.state.executed.findLast((e) => e[1] === key)?.[2];
    expect(last('allocLens.profileCount')).toBe(0);
    const ids = three();
    expect([
      last('allocLens.profileCount'),
      last('allocLens.nativeProfile'),
      last('allocLens.comparing'),
    ]).toEqual([3, true, false]);
    h.store.compareProfiles(ids.imported, ids.native);
    expect(last('allocLens.comparing')).toBe(true);
    h.store.loadProfile(ids.engine);
    expect([last('allocLens.nativeProfile'), last('allocLens.comparing')]).toEqual([false, false]);
    view.dispose();
  });

  it('imports files that are dropped on it, by path, from the desktop, and by contents where there is no path', async () => {
    const drop = (items: [string, mocked.DataTransferItem][]): Promise<void> =>
      tree().handleDrop(undefined, new mocked.DataTransfer(items) as unknown as vscode.DataTransfer);
    const item = (text: string): mocked.DataTransferItem => new mocked.DataTransferItem(text);
    const data = async (): Promise<Uint8Array> => new TextEncoder().encode('main 1');
    await drop([
      ['text/uri-list', item('# list\r\nfile:///r/perf.data\r\nfile:///r/b.folded\r\nhttp://x/y')],
    ]);
    const uri = mocked.Uri.file('/home/u/c.pprof');
    await drop([['application/pprof', new mocked.DataTransferItem('', { name: 'c.pprof', uri, data })]]);
    await drop([['text/plain', new mocked.DataTransferItem('', { name: 'd.folded', data })]]);
    await drop([['text/plain', item('some text')]]);
    expect(dropped).toEqual([['/r/perf.data', '/r/b.folded'], ['/home/u/c.pprof'], ['d.folded', 'main 1']]);
    expect(failures).toEqual([]);
  });

  it('says when a drop cannot be imported', async () => {
    const view = new ProfilesTree(
      h.store,
      {
        ...importer,
        files: async () => {
          throw new Error('not a recording');
        },
      },
      (error) => failures.push(error),
    );
    const list = new mocked.DataTransferItem('file:///r/notes.txt');
    await view.handleDrop(
      undefined,
      new mocked.DataTransfer([['text/uri-list', list]]) as unknown as vscode.DataTransfer,
    );
    expect(failures).toEqual([new Error('not a recording')]);
  });
});

describe('commands on profiles', () => {
  const rowOf = (id: string): unknown => ({ kind: 'profile', known: { id } });

  it('show the next one, around the end', () => {
    const ids = three();
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      commands().next();
      order.push(h.store.loaded?.id);
    }
    expect(order).toEqual([ids.imported, ids.engine, ids.native, ids.imported]);
  });

  it('compare two selected rows, the older as what was before', async () => {
    const ids = three();
    await commands().compare(rowOf(ids.native), [rowOf(ids.native), rowOf(ids.imported)]);
    expect([h.store.baseline?.id, h.store.loaded?.id]).toEqual([ids.imported, ids.native]);
  });

  it('compare a row with what is shown, and ask for the other side otherwise', async () => {
    const ids = three();
    await commands().compare(rowOf(ids.imported));
    expect([h.store.baseline?.id, h.store.loaded?.id]).toEqual([ids.imported, ids.native]);
    h.store.stopComparing();
    h.state.answers = [(items: { label: string }[]) => items.find((i) => i.label === 'perf.data')];
    await commands().compare(undefined);
    expect(h.store.baseline?.id).toBe(ids.imported);
    expect(JSON.stringify(h.state.picks[0])).not.toContain('"label":"random_mixed · liba"');
  });

  it('refuse what has no lines in common, or another unit', async () => {
    const ids = three();
    await expect(commands().compare(rowOf(ids.engine))).rejects.toThrow('no lines in common');
    const counted = h.store.addProfile({
      profile: native({ unit: 'instructions' }),
      mapped: new Map(),
      run: null,
      file: null,
    });
    h.store.loadProfile(counted);
    await expect(commands().compare(rowOf(ids.native))).rejects.toThrow('cannot be compared');
    expect(h.store.baseline).toBeNull();
  });

  it('remove rows; removing what is shown leaves nothing shown', async () => {
    const ids = three();
    await commands().remove(rowOf(ids.imported), [rowOf(ids.imported), rowOf(ids.native)]);
    expect(h.store.profiles.map((p) => p.id)).toEqual([ids.engine]);
    expect(h.store.profile).toBeNull();
  });

  it('export in the format that is chosen, to the file that is chosen', async () => {
    const ids = three();
    h.state.answers = [
      (items: { label: string }[]) => items.find((i) => i.label === 'pprof'),
      mocked.Uri.file('/out/p.pb.gz'),
    ];
    await commands().export(rowOf(ids.native));
    expect(h.state.files['/out/p.pb.gz']).toBe('pprof random_mixed:mixed');
    expect(h.state.messages).toEqual(['information: Profile written to /out/p.pb.gz. Lines are left out.']);
    expect(h.state.dialogs).toMatchObject([{ defaultUri: { path: '/project/random_mixed-liba.pb.gz' } }]);
  });

  it('say that there is nothing yet', async () => {
    expect(() => commands().next()).toThrow('no profile in this window yet');
    await expect(commands().load(undefined)).rejects.toThrow('no other profile');
  });

  it('clearing unloads; the profile can be shown again', async () => {
    const ids = three();
    h.store.clearProfile();
    expect(h.store.profile).toBeNull();
    await commands().load(ids.native);
    expect(h.store.loaded?.id).toBe(ids.native);
  });
});

describe('the store', () => {
  it('keeps the newest twenty profiles', () => {
    for (let i = 0; i < 25; i++) {
      h.store.addProfile({
        profile: native({ workload: `w${i}` }),
        mapped: new Map(),
        run: null,
        file: null,
      });
    }
    expect(h.store.profiles).toHaveLength(20);
    expect(h.store.profiles.at(-1)?.profile.workload).toBe('w5');
    expect(h.store.profile?.workload).toBe('w24');
  });
});

describe('edits since a recording', () => {
  const edit = (text: string) => [{ start: { line: 1, column: 1 }, end: { line: 1, column: 1 }, text }];

  it('count when they were saved after it, or not yet: a build reads what is saved', () => {
    const edits = new ProfileEdits();
    edits.record('a', edit('one'));
    edits.saved('a', 100);
    edits.record('a', edit('two'));
    expect(edits.since('a', 50)?.map((e) => e.text)).toEqual(['one', 'two']);
    expect(edits.since('a', 150)?.map((e) => e.text)).toEqual(['two']);
    edits.closed('a');
    expect(edits.since('a', 150)).toEqual([]);
    expect(edits.since('a', 50)?.map((e) => e.text)).toEqual(['one']);
    expect(edits.lastSaved('a')).toBe(100);
  });

  it('are given up where they are too many, rather than followed wrongly', () => {
    const edits = new ProfileEdits();
    for (let i = 0; i <= 20_000; i++) edits.record('a', edit('x'));
    expect(edits.since('a', 0)).toBeNull();
    expect(edits.since('b', 0)).toEqual([]);
  });
});

const fail = (): never => {
  throw new Error('no row');
};
