/** `Alloc Lens: Analyze Workspace`, and its answers when there is nothing to find. */
import * as vscode from 'vscode';
import { type Findings, UserError } from '../model.ts';
import type { AnalysisController } from './analysis.ts';
import type { Store } from './store.ts';
import { counted } from './words.ts';

/** One sentence on what an analysis found, for a person. */
export function summary(name: string, state: string, findings: Findings): string {
  if (state === 'noCode') return `${name}: no C or C++ files.`;
  if (state === 'noAllocator') {
    return `${name}: no allocator code in ${counted(findings.files.length, 'file')} (no atomics, no environment gates, no malloc or free).`;
  }
  const broken = findings.files.filter((f) => f.parseErrors > 0).length;
  const notes =
    broken === 0
      ? ''
      : ` ${counted(broken, 'file')} did not parse completely; ${broken === 1 ? 'its' : 'their'} findings may have gaps.`;
  return `${name}: ${counted(findings.atomics.length, 'atomic site')}, ${counted(findings.gates.length, 'gate')} in ${counted(findings.files.length, 'file')}.${notes}`;
}

/** Analyses every workspace folder, with progress and cancel. Resolves when done or cancelled. */
export async function analyzeWorkspace(controller: AnalysisController, store: Store): Promise<void> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) {
    throw new UserError(
      'Open a folder with an allocator’s sources first; Alloc Lens analyses workspace folders.',
    );
  }
  const abort = new AbortController();
  const texts: string[] = [];
  try {
    await vscode.window.withProgress(
      {
        location: vscode.ProgressLocation.Notification,
        title: vscode.l10n.t('Alloc Lens: analyzing'),
        cancellable: true,
      },
      async (progress, token) => {
        token.onCancellationRequested(() => abort.abort());
        for (const folder of folders) {
          let reported = 0;
          const findings = await controller.analyzeFolder(folder.uri, {
            signal: abort.signal,
            onProgress: ({ message, fraction }) => {
              const percent = Math.max(reported, Math.min(100, (fraction * 100) / folders.length));
              progress.report({ message, increment: percent - reported });
              reported = percent;
            },
          });
          texts.push(summary(folder.name, store.folder(folder.uri).state, findings));
        }
      },
    );
  } catch (error) {
    if (abort.signal.aborted) return;
    throw error;
  }
  void vscode.window.showInformationMessage(texts.join(' '));
}
