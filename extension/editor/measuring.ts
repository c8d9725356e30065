/** One measurement at a time, with progress, a cancel button and a clear end. */
import * as vscode from 'vscode';
import { UserError } from '../model.ts';

export interface Measured {
  readonly onProgress: (message: string, fraction: number) => void;
  readonly signal: AbortSignal;
}

export class Measuring {
  #running: string | null = null;

  /**
   * Runs `task` under `title`; `what` names it to whoever starts a second one. Gives undefined when the user cancelled,
   * whatever the task made of it.
   *
   * @throws UserError while another measurement runs
   */
  async run<T>(
    what: string,
    title: string,
    log: vscode.LogOutputChannel,
    task: (hooks: Measured) => Promise<T>,
  ): Promise<T | undefined> {
    this.require();
    this.#running = what;
    const abort = new AbortController();
    try {
      return await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: `Alloc Lens: ${title}`, cancellable: true },
        async (progress, token) => {
          token.onCancellationRequested(() => abort.abort());
          let reported = 0;
          return task({
            signal: abort.signal,
            onProgress: (message, fraction) => {
              const percent = Math.max(reported, Math.min(100, fraction * 100));
              progress.report({ message, increment: percent - reported });
              reported = percent;
            },
          });
        },
      );
    } catch (error) {
      if (!abort.signal.aborted) throw error;
      log.info(`${title}: cancelled`);
      return undefined;
    } finally {
      this.#running = null;
    }
  }

  /** Throws `UserError` while something runs: before questions are asked in vain. */
  require(): void {
    if (this.#running !== null) {
      throw new UserError(`${this.#running} is already running: two at once would slow each other.`);
    }
  }
}

/** Programs are started for this; what a workspace brings along must not start them. */
export function requireTrust(what: string): void {
  if (!vscode.workspace.isTrusted) {
    throw new UserError(`${what} only runs in a trusted workspace: use Manage Workspace Trust first.`);
  }
}

/** The folder whose ledger takes what is measured: the active editor's, else the first. */
export function ledgerFolder(what: string): vscode.Uri {
  const active = vscode.window.activeTextEditor?.document.uri;
  const own = active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active)?.uri;
  const folder = own ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  if (folder === undefined || folder.scheme !== 'file') {
    throw new UserError(`${what} is kept in a ledger of the workspace: open a folder on disk first.`);
  }
  return folder;
}
