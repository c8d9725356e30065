/** The Experiments view: what the ledger holds, newest first. */
import * as vscode from 'vscode';
import type { Experiment, Verdict } from '../model-experiment.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import type { SoakSummary } from '../model-soak.ts';
import type { ReportPlace } from '../model.ts';
import { experimentText, soakText } from './experiment-words.ts';
import type { LedgerWatch } from './experiment-ledger.ts';
import { colors, internalCommands, views } from './ids.ts';
import { type TreeRow, treeItem } from './tree-item.ts';

interface Entry extends TreeRow {
  readonly folder: vscode.Uri;
  readonly at: string;
  readonly place: ReportPlace;
  readonly id: string;
}

/** A long ledger is read in the report; a tree of thousands is of no use. */
const mostShown = 200;

/** Shapes differ, so that colour is not needed. */
const icons: Readonly<Record<Verdict, { readonly icon: string; readonly color: string | null }>> = {
  GO: { icon: 'pass-filled', color: colors.verdictGo },
  'NO-GO': { icon: 'error', color: colors.verdictNoGo },
  NEUTRAL: { icon: 'dash', color: colors.verdictNeutral },
  'NO-OP': { icon: 'circle-slash', color: colors.verdictNoOp },
  INCONCLUSIVE: { icon: 'question', color: colors.verdictInconclusive },
};

const day = (at: string): string => at.slice(0, 10);

function experimentEntry(folder: vscode.Uri, e: Experiment): Entry {
  const effect = experimentText(e);
  return {
    folder,
    id: `experiment/${e.id}`,
    at: e.finishedAt,
    label: e.title,
    description: `${effect} · ${day(e.finishedAt)}`,
    tooltip: [effect, e.reason, ...e.warnings].join('\n'),
    ...icons[e.verdict],
    place: { tab: 'experiments', id: e.id },
  };
}

function soakEntry(folder: vscode.Uri, s: SoakSummary): Entry {
  return {
    folder,
    id: `soak/${s.id}`,
    at: s.finishedAt,
    label: `Soak of ${s.work.workload}`,
    description: `${soakText(s)} · ${day(s.finishedAt)}`,
    tooltip: s.sides.map((side) => side.label).join('\n'),
    icon: s.passed ? 'pulse' : 'warning',
    color: null,
    place: { tab: 'soak', id: s.id },
  };
}

function entryOf(folder: vscode.Uri, record: LedgerRecord): Entry[] {
  if (record.kind === 'experiment') return [experimentEntry(folder, record.experiment)];
  if (record.kind === 'soak') return [soakEntry(folder, record.soak)];
  return [];
}

export class ExperimentsTree implements vscode.TreeDataProvider<Entry> {
  readonly #ledger: LedgerWatch;
  readonly #changed = new vscode.EventEmitter<undefined>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(ledger: LedgerWatch) {
    this.#ledger = ledger;
  }

  static register(ledger: LedgerWatch): vscode.Disposable {
    const tree = new ExperimentsTree(ledger);
    const view = vscode.window.createTreeView(views.experiments, { treeDataProvider: tree });
    return vscode.Disposable.from(
      view,
      tree.#changed,
      ledger.onDidChange(() => {
        tree.#changed.fire(undefined);
        view.message = tree.message() ?? '';
      }),
    );
  }

  /** Says that the ledger has lines that could not be read; undefined shows none. */
  message(): string | undefined {
    const n = this.#folders().reduce((sum, f) => sum + this.#ledger.contents(f).problems.length, 0);
    if (n === 0) return undefined;
    return n === 1
      ? vscode.l10n.t('1 line of the ledger could not be used; the report says which.')
      : vscode.l10n.t('{0} lines of the ledger could not be used; the report says which.', n);
  }

  #folders(): readonly vscode.Uri[] {
    return (vscode.workspace.workspaceFolders ?? []).map((f) => f.uri);
  }

  getChildren(element?: Entry): Entry[] {
    if (element !== undefined) return [];
    return this.#folders()
      .flatMap((folder) => this.#ledger.contents(folder).records.flatMap((r) => entryOf(folder, r)))
      .sort((a, b) => b.at.localeCompare(a.at))
      .slice(0, mostShown);
  }

  getTreeItem(entry: Entry): vscode.TreeItem {
    const id = `${entry.folder.toString()}/${entry.id}`;
    const item = treeItem(entry, id, vscode.TreeItemCollapsibleState.None);
    item.command = {
      title: vscode.l10n.t('Open'),
      command: internalCommands.showRecord,
      arguments: [entry.place, entry.folder.toString()],
    };
    return item;
  }
}
