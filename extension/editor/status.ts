/** The one status bar item: what is loaded, or what is going on. */
import * as vscode from 'vscode';
import { commands } from './ids.ts';
import type { Store } from './store.ts';
import { counted, sharesText, speedText, workloadText } from './words.ts';

/** Text and tooltip of the item; null hides it. */
export function statusText(store: Store): { readonly text: string; readonly tooltip: string } | null {
  const folders = store.folders();
  if (folders.some((f) => f.state.state === 'running')) {
    return { text: '$(sync~spin) Alloc Lens', tooltip: 'Alloc Lens is analyzing the workspace.' };
  }
  const { lastRun, profile } = store;
  if (lastRun !== null) {
    const { workload, target, variant, median, cv } = lastRun.result;
    const spread = cv === null ? '' : ` ±${(cv * 100).toFixed(1)}%`;
    const who = target === 'engine' ? `${target} ${variant}` : target;
    const shares = profile === null ? 'No profile is loaded.' : sharesText(profile);
    return {
      text: `$(flame) ${workloadText(workload)} · ${who} · ${speedText(median)}${spread}`,
      tooltip: `Alloc Lens: the last run. ${shares} Click for the report.`,
    };
  }
  const sites = folders.reduce((n, f) => n + (f.state.findings?.atomics.length ?? 0), 0);
  if (sites === 0) return null;
  return {
    text: `$(flame) ${counted(sites, 'atomic')}`,
    tooltip: 'Alloc Lens: analyzed, not measured. Click for the report.',
  };
}

export function registerStatus(store: Store): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('allocLens.status', vscode.StatusBarAlignment.Left, 20);
  item.name = 'Alloc Lens';
  item.command = commands.openReport;
  const refresh = (): void => {
    const status = statusText(store);
    if (status === null) {
      item.hide();
      return;
    }
    item.text = status.text;
    item.tooltip = status.tooltip;
    item.accessibilityInformation = { label: `Alloc Lens: ${status.text.replace(/\$\([^)]*\)\s*/, '')}` };
    item.show();
  };
  refresh();
  return vscode.Disposable.from(item, store.onDidChange(refresh));
}
