import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LedgerWatch } from '../../../extension/editor/experiment-ledger.ts';
import { ExperimentsTree } from '../../../extension/editor/experiment-tree.ts';
import { internalCommands } from '../../../extension/editor/ids.ts';
import type { LedgerContents } from '../../../extension/editor/laboratory.ts';
import type { LedgerRecord } from '../../../extension/model-ledger.ts';
import * as mocked from '../mocks/vscode.ts';
import { experiment, ledgerOfAll, soak } from '../fixtures/experiments.ts';
import { harness, real, root } from './harness.ts';
import { labOf } from './laboratory.ts';

const at = '2026-11-21T21:00:00.000Z';
const record = (id: string): LedgerRecord => ({
  v: 1,
  kind: 'experiment',
  at,
  experiment: experiment({ id }),
});
const folder = real.uri(root);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the ledger of a folder', () => {
  it('is read when something asks, not before, and says when it is there', async () => {
    const h = harness('');
    const { ledger, records, reads } = labOf(h);
    records.set('/project', [record('a')]);
    let changes = 0;
    ledger.onDidChange(() => changes++);
    await vi.runAllTimersAsync();
    expect(reads()).toBe(0);
    expect(ledger.contents(folder).records).toEqual([]);
    await vi.runAllTimersAsync();
    expect([reads(), changes]).toEqual([1, 1]);
    expect(ledger.contents(folder).records).toEqual([record('a')]);
    expect(reads()).toBe(1);
  });

  it('follows another window, once for a burst, and only where it was asked for', async () => {
    const h = harness('');
    const { ledger, records, reads } = labOf(h);
    h.state.fileChanged.fire(mocked.Uri.file('/project/.alloc-lens/ledger.jsonl'));
    await vi.runAllTimersAsync();
    expect(reads()).toBe(0);
    ledger.contents(folder);
    await vi.runAllTimersAsync();
    records.set('/project', [record('a'), record('b')]);
    for (let i = 0; i < 5; i++)
      h.state.fileChanged.fire(mocked.Uri.file('/project/.alloc-lens/ledger.jsonl'));
    await vi.runAllTimersAsync();
    expect(reads()).toBe(2);
    expect(ledger.contents(folder).records).toHaveLength(2);
    ledger.dispose();
    h.state.fileChanged.fire(mocked.Uri.file('/project/.alloc-lens/ledger.jsonl'));
    await vi.runAllTimersAsync();
    expect(reads()).toBe(2);
  });

  it('is read again after a read that was under way: what came meanwhile is not missed', async () => {
    harness('');
    const answers: ((contents: LedgerContents) => void)[] = [];
    const log = new mocked.MockLog();
    const ledger = new LedgerWatch(
      { readLedger: () => new Promise((resolve) => answers.push(resolve)), append: async () => {} },
      real.log(log),
    );
    const first = ledger.read(folder);
    const second = ledger.read(folder);
    expect(answers).toHaveLength(1);
    answers[0]?.({ records: [], problems: [] });
    await vi.waitFor(() => expect(answers).toHaveLength(2));
    answers[1]?.({ records: [record('a')], problems: [] });
    await Promise.all([first, second]);
    expect(ledger.contents(folder).records).toHaveLength(1);
  });

  it('that cannot be read is a problem, not a failure', async () => {
    harness('');
    const log = new mocked.MockLog();
    const ledger = new LedgerWatch(
      { readLedger: () => Promise.reject(new Error('EACCES')), append: async () => {} },
      real.log(log),
    );
    await ledger.read(folder);
    expect(ledger.contents(folder)).toEqual({
      records: [],
      problems: ['The ledger could not be read: EACCES'],
    });
  });

  it('of a folder that is not on disk is not read', async () => {
    const h = harness('');
    const { ledger, reads } = labOf(h);
    expect(ledger.contents(real.uri(mocked.Uri.from({ scheme: 'vscode-vfs', path: '/x' }))).records).toEqual(
      [],
    );
    await vi.runAllTimersAsync();
    expect(reads()).toBe(0);
  });
});

describe('the Experiments view', () => {
  async function tree(records: readonly LedgerRecord[], problems: readonly string[] = []) {
    const h = harness('');
    const lab = labOf(h, { problems });
    lab.records.set('/project', [...records]);
    const view = new ExperimentsTree(lab.ledger);
    view.getChildren();
    await vi.runAllTimersAsync();
    const items = view.getChildren().map((e) => view.getTreeItem(e) as unknown as mocked.TreeItem);
    return { view, items };
  }

  it('lists the ledger, newest first, each verdict with its own shape', async () => {
    const { items } = await tree([
      ...ledgerOfAll().map((e) => ({ v: 1, kind: 'experiment', at, experiment: e }) as const),
      { v: 1, kind: 'soak', at, soak: soak() },
    ]);
    expect(items.map((i) => [i.label, i.description, i.iconPath?.id])).toEqual([
      [
        'HAKMEM_TINY_LEGACY_DIRECT 0 → 1 (random_mixed:tiny)',
        'INCONCLUSIVE +0.60% [+0.12, +1.08] · 2026-11-21',
        'question',
      ],
      ['phase-64: prune backends', 'NO-GO -4.05% [-4.29, -3.81] · 2026-11-21', 'error'],
      ['phase-29: pool hotbox v2 stats', 'NO-OP · 2026-11-21', 'circle-slash'],
      ['phase-26: diagnostics', 'NEUTRAL -0.05% [-0.17, +0.07] · 2026-11-21', 'dash'],
      ['phase-25: free stats', 'GO +1.07% [+0.95, +1.19] · 2026-11-21', 'pass-filled'],
      [
        'Soak of random_mixed',
        'failed after 10 minutes: cv of engine standard, balanced · 2026-11-21',
        'warning',
      ],
      ['phase-24: class stats', 'GO +0.93% [+0.81, +1.05] · 2026-11-21', 'pass-filled'],
    ]);
    expect(new Set(items.map((i) => i.id)).size).toBe(items.length);
    expect(items[4]?.accessibilityInformation?.label).toBe(
      'phase-25: free stats, GO +1.07% [+0.95, +1.19] · 2026-11-21',
    );
  });

  it('opens the report on the record that was clicked', async () => {
    const { items } = await tree([record('a'), { v: 1, kind: 'soak', at, soak: soak() }]);
    expect(items.map((i) => i.command?.command)).toEqual([
      internalCommands.showRecord,
      internalCommands.showRecord,
    ]);
    expect(items.map((i) => i.command?.arguments)).toEqual([
      [{ tab: 'experiments', id: 'a' }, root.toString()],
      [{ tab: 'soak', id: soak().id }, root.toString()],
    ]);
  });

  it('says that lines could not be used', async () => {
    expect((await tree([])).view.message()).toBeUndefined();
    expect((await tree([], ['line 3'])).view.message()).toMatch(/^1 line of the ledger/);
    expect((await tree([], ['line 3', 'line 4'])).view.message()).toMatch(/^2 lines of the ledger/);
  });

  it('stays usable with a ledger of thousands', async () => {
    const { items } = await tree(Array.from({ length: 2000 }, (_, i) => record(`e${i}`)));
    expect(items).toHaveLength(200);
  });
});
