/** Reads the settings of a workspace folder and logs what could not be used, once. */
import * as vscode from 'vscode';
import { readSettings, type Settings } from './settings-values.ts';

export class Config {
  readonly #reported = new Set<string>();
  readonly #log: vscode.LogOutputChannel;

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  for(scope: vscode.Uri | null): Settings {
    const section = vscode.workspace.getConfiguration('allocLens', scope);
    const { settings, problems } = readSettings((key) => section.get(key));
    for (const problem of problems) {
      if (this.#reported.has(problem)) continue;
      this.#reported.add(problem);
      this.#log.warn(problem);
    }
    return settings;
  }
}
