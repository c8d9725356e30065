/** The Findings view. */
import * as vscode from 'vscode';
import { contexts, internalCommands, views } from './ids.ts';
import type { AnalysisState, Store } from './store.ts';
import { treeItem } from './tree-item.ts';
import { findingsTree, type TreeNode } from './tree-model.ts';

interface Element {
  readonly node: TreeNode;
  readonly root: vscode.Uri | null;
}

export class FindingsTree implements vscode.TreeDataProvider<Element> {
  readonly #store: Store;
  readonly #changed = new vscode.EventEmitter<undefined>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(store: Store) {
    this.#store = store;
  }

  static register(store: Store): vscode.Disposable {
    const tree = new FindingsTree(store);
    const view = vscode.window.createTreeView(views.findings, {
      treeDataProvider: tree,
      showCollapseAll: true,
    });
    const refresh = (): void => {
      tree.#changed.fire(undefined);
      view.message = tree.message() ?? '';
      void vscode.commands.executeCommand('setContext', contexts.state, tree.state());
      void vscode.commands.executeCommand('setContext', contexts.hasProfile, store.profile !== null);
    };
    refresh();
    return vscode.Disposable.from(view, tree.#changed, store.onDidChange(refresh));
  }

  /** The most telling state of all folders: decides which welcome text stands in an empty view. */
  state(): AnalysisState {
    const states = this.#store.folders().map((f) => f.state.state);
    const order: readonly AnalysisState[] = ['ready', 'running', 'failed', 'noAllocator', 'noCode'];
    return order.find((s) => states.includes(s)) ?? 'none';
  }

  message(): string | undefined {
    const failed = this.#store.folders().filter((f) => f.state.state === 'failed');
    return failed.length === 0 ? undefined : failed.map((f) => f.state.message).join('\n');
  }

  getChildren(element?: Element): Element[] {
    if (element !== undefined) {
      return (element.node.children?.() ?? []).map((node) => ({ node, root: element.root }));
    }
    const known = this.#store.folders().filter((f) => f.state.findings !== null);
    const [only] = known;
    if (only === undefined || known.length === 1) {
      const root = only?.root ?? null;
      return findingsTree(only?.state.findings ?? null, this.#store.profileIn(root)).map((node) => ({
        node,
        root,
      }));
    }
    return known.map(({ root, state }) => ({
      root,
      node: {
        id: root.toString(),
        label: vscode.workspace.getWorkspaceFolder(root)?.name ?? root.path,
        description: '',
        tooltip: root.fsPath,
        icon: 'root-folder',
        color: null,
        place: null,
        children: () => findingsTree(state.findings, this.#store.profileIn(root)),
        expanded: true,
      },
    }));
  }

  getTreeItem({ node, root }: Element): vscode.TreeItem {
    const { TreeItemCollapsibleState: collapsible } = vscode;
    const closed = node.expanded ? collapsible.Expanded : collapsible.Collapsed;
    const id = `${root?.toString() ?? ''}/${node.id}`;
    const item = treeItem(node, id, node.children === null ? collapsible.None : closed);
    const { place } = node;
    if (place !== null && (place.origin === 'engine' || root !== null)) {
      item.command = {
        title: vscode.l10n.t('Open'),
        command: internalCommands.openLocation,
        arguments: [{ ...place, root: root?.toString() ?? null }],
      };
    }
    return item;
  }
}
