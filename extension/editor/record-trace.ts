/** `Alloc Lens: Record Allocation Trace…`: runs a program of the user's under the recorder, leaves a `.trace.gz`. */
import path from 'node:path';
import * as vscode from 'vscode';
import { UserError } from '../model.ts';
import type { RecordedTrace, RecordOptions, Recording } from '../native/trace-record.ts';
import { type Measuring, ledgerFolder, requireTrust } from './measuring.ts';

export interface RecordTraceDeps {
  readonly measuring: Measuring;
  readonly record: (
    options: Pick<RecordOptions, 'command' | 'out' | 'cwd' | 'signal' | 'onProgress'>,
  ) => Promise<Recording>;
  readonly log: vscode.LogOutputChannel;
}

/**
 * A command line as an argument vector: blanks part, single and double quotes keep together, a backslash keeps the next
 * character. Nothing is expanded: no shell sees it.
 *
 * @throws UserError for a quote that does not end
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (quote === null && /\s/.test(c)) {
      if (word !== null) words.push(word);
      word = null;
      continue;
    }
    word ??= '';
    if (c === '\\' && quote !== "'") {
      i++;
      if (i === text.length) throw new UserError('The command ends in a backslash.');
      word += text.charAt(i);
    } else if (quote !== null) {
      if (c === quote) quote = null;
      else word += c;
    } else if (c === '"' || c === "'") quote = c;
    else word += c;
  }
  if (quote !== null) throw new UserError(`The command has a ${quote} that does not end.`);
  if (word !== null) words.push(word);
  return words;
}

/** The vector again as one line, for a person. */
export function commandLine(command: readonly string[]): string {
  return command
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

function summary(t: RecordedTrace): string {
  return vscode.l10n.t(
    '{0}: {1} operations on {2} threads',
    t.program,
    t.operations.toLocaleString('en-US'),
    t.threads,
  );
}

export class RecordTraceCommand {
  readonly #deps: RecordTraceDeps;

  constructor(deps: RecordTraceDeps) {
    this.#deps = deps;
  }

  /** Gives the trace's path, or undefined when the user dismissed a question or cancelled. */
  async run(): Promise<string | undefined> {
    const { measuring, record, log } = this.#deps;
    requireTrust(vscode.l10n.t('Recording a program'));
    measuring.require();
    const folder = ledgerFolder(vscode.l10n.t('A trace'));
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t('Record Allocation Trace: program and arguments'),
      placeHolder: 'python3 script.py',
      prompt: vscode.l10n.t('Started in {0}; no shell reads it, quotes keep words together', folder.fsPath),
      validateInput: (value) => {
        try {
          splitCommand(value);
          return undefined;
        } catch (error) {
          return error instanceof Error ? error.message : String(error);
        }
      },
    });
    const command = text === undefined ? [] : splitCommand(text);
    if (command.length === 0) return undefined;
    const suggested = `${path.basename(command[0] ?? 'program').replace(/[^\w.-]/g, '_')}.trace.gz`;
    const out = await vscode.window.showSaveDialog({
      defaultUri: vscode.Uri.joinPath(folder, suggested),
      filters: { [vscode.l10n.t('Allocation traces')]: ['trace.gz', 'gz'] },
      title: vscode.l10n.t('Record Allocation Trace: where to keep it'),
    });
    if (out === undefined) return undefined;
    const title = vscode.l10n.t('recording {0}', commandLine(command));
    log.info(`Recording ${commandLine(command)} into ${out.fsPath}`);
    const recording = await measuring.run('A recording', title, log, ({ signal, onProgress }) =>
      record({ command, out: out.fsPath, cwd: folder.fsPath, signal, onProgress }),
    );
    const trace = recording?.processes.find((p) => p.file !== null);
    if (recording === undefined || trace === undefined) return undefined;
    for (const p of recording.processes) log.info(`${summary(p)}${p.notes.map((n) => `; ${n}`).join('')}`);
    log.info(`The program ${recording.ended}`);
    const notes = trace.notes.length === 0 ? '' : ` (${trace.notes[0]})`;
    void vscode.window.showInformationMessage(
      vscode.l10n.t('{0}{1}. Replay it: alloc-lens bench --trace {2}', summary(trace), notes, out.fsPath),
    );
    return out.fsPath;
  }
}
