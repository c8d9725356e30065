/** What paints on editors: applied to every visible one, again whenever the store or the settings change. */
import * as vscode from 'vscode';
import type { Store } from './store.ts';

/** Calls `paint` for the visible editors now and after each change that could alter the picture. */
export function registerOverlay(store: Store, paint: (editor: vscode.TextEditor) => void): vscode.Disposable {
  const all = (): void => {
    for (const editor of vscode.window.visibleTextEditors) paint(editor);
  };
  all();
  return vscode.Disposable.from(
    vscode.window.onDidChangeVisibleTextEditors((editors) => {
      for (const editor of editors) paint(editor);
    }),
    store.onDidChange((what) => {
      if (what !== 'state') all();
    }),
    vscode.workspace.onDidChangeConfiguration((e) => {
      if (e.affectsConfiguration('allocLens')) all();
    }),
  );
}
