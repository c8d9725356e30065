/** One project with one analysed document, for tests of the adapters. */
import type * as vscode from 'vscode';
import { Config } from '../../../extension/editor/config.ts';
import { Store } from '../../../extension/editor/store.ts';
import type { Findings } from '../../../extension/model.ts';
import * as mocked from '../mocks/vscode.ts';

/** The mocks have only what the code under test uses; this is the one place where they pass for the real API. */
export const real = {
  uri: (uri: mocked.Uri): vscode.Uri => uri as unknown as vscode.Uri,
  document: (document: mocked.TextDocument): vscode.TextDocument =>
    document as unknown as vscode.TextDocument,
  editor: (editor: mocked.TextEditor): vscode.TextEditor => editor as unknown as vscode.TextEditor,
  log: (log: mocked.MockLog): vscode.LogOutputChannel => log as unknown as vscode.LogOutputChannel,
  position: (p: mocked.Position): vscode.Position => p as unknown as vscode.Position,
};

export const root = mocked.Uri.file('/project');

export interface Harness {
  readonly state: ReturnType<typeof mocked.resetMock>;
  readonly log: mocked.MockLog;
  readonly store: Store;
  readonly config: Config;
  readonly document: mocked.TextDocument;
  readonly editor: mocked.TextEditor;
}

export function harness(text: string, findings: Findings | null = null, file = 'a.c'): Harness {
  const state = mocked.resetMock();
  state.folders = [{ uri: root, name: 'project' }];
  const document = new mocked.TextDocument(mocked.Uri.joinPath(root, file), 'c', text);
  const editor = new mocked.TextEditor(document);
  state.documents = [document];
  state.visible = [editor];
  const log = new mocked.MockLog();
  const store = new Store();
  if (findings !== null) store.setFindings(real.uri(root), findings);
  return { state, log, store, config: new Config(real.log(log)), document, editor };
}

/** `line:column-line:column`, 1-based, of what an adapter handed to VS Code. */
export function span(range: mocked.Range): string {
  const at = (p: mocked.Position): string => `${p.line + 1}:${p.character + 1}`;
  return `${at(range.start)}-${at(range.end)}`;
}
