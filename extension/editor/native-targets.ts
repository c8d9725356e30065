/**
 * Targets of the workspace in the editor: found in settings, `alloc-lens.json` and the folder itself, asked for before what
 * they run is run for the first time, their compiler's words shown as problems. Nothing of it happens without trust.
 */
import { createHash } from 'node:crypto';
import * as vscode from 'vscode';
import type { BuildProblem, WorkspaceTarget } from '../model-profile.ts';
import { type Target, UserError } from '../model.ts';
import { type BuildReport, type ExactCommand, exactText } from '../native/build.ts';
import { ConfiguredTarget, type ConfiguredTargetOptions } from '../native/configured.ts';
import { type WorkspaceTargets, workspaceTargets } from '../native/workspace-targets.ts';

/** Key of the approved commands in the workspace's own memory. */
const approvedKey = 'allocLens.approvedCommands';
/** Old ones are forgotten, and asked for again. */
const mostApproved = 500;

/** What of `vscode.Memento` is needed. */
export interface Memory {
  get<T>(key: string, fallback: T): T;
  update(key: string, value: unknown): Thenable<void>;
}

export interface NativeTargetsOptions
  extends Pick<ConfiguredTargetOptions, 'cacheDir' | 'harness' | 'compiler'> {
  readonly memory: Memory;
  readonly log: vscode.LogOutputChannel;
  /** Default: what lies in the folder. */
  readonly find?: (folder: string, settings: unknown) => Promise<WorkspaceTargets>;
}

const severities: Readonly<Record<BuildProblem['severity'], vscode.DiagnosticSeverity>> = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};

/** A compiler's words at their place; the end of the word there is the editor's to find. */
export function diagnosticOf(problem: BuildProblem): vscode.Diagnostic {
  const [line, column] = [problem.line - 1, problem.column - 1];
  const range = new vscode.Range(line, column, line, column + 1);
  const diagnostic = new vscode.Diagnostic(range, problem.message, severities[problem.severity]);
  diagnostic.source = 'Alloc Lens build';
  return diagnostic;
}

const hashOf = (command: ExactCommand): string =>
  createHash('sha256').update(exactText(command)).digest('hex');

export class NativeTargets implements vscode.Disposable {
  readonly #options: NativeTargetsOptions;
  readonly #problems: vscode.DiagnosticCollection;
  readonly #reported = new Set<string>();

  constructor(options: NativeTargetsOptions) {
    this.#options = options;
    this.#problems = vscode.languages.createDiagnosticCollection('Alloc Lens build');
  }

  /** All of the workspace, the preferred one first; none without trust. */
  async list(): Promise<readonly WorkspaceTarget[]> {
    if (!vscode.workspace.isTrusted) return [];
    const find = this.#options.find ?? workspaceTargets;
    const targets: WorkspaceTarget[] = [];
    for (const folder of vscode.workspace.workspaceFolders ?? []) {
      if (folder.uri.scheme !== 'file') continue;
      const settings: unknown = vscode.workspace.getConfiguration('allocLens', folder.uri).get('targets');
      const found = await find(folder.uri.fsPath, settings);
      for (const problem of found.problems) {
        if (this.#reported.has(problem)) continue;
        this.#reported.add(problem);
        this.#options.log.warn(problem);
        void vscode.window.showWarningMessage(`Alloc Lens: ${problem}`);
      }
      for (const target of found.targets) {
        if (!targets.some((t) => t.config.name === target.config.name)) targets.push(target);
      }
    }
    return targets;
  }

  /** The target of that name, ready to be asked; null when the workspace has none. */
  async named(name: string): Promise<Target | null> {
    const target = (await this.list()).find((t) => t.config.name === name);
    return target === undefined ? null : this.#configured(target);
  }

  /** All of them, ready to be asked; `list` says what they are. */
  async targets(): Promise<readonly Target[]> {
    return (await this.list()).map((target) => this.#configured(target));
  }

  #configured(target: WorkspaceTarget): Target {
    const { cacheDir, harness, compiler, log } = this.#options;
    return new ConfiguredTarget({
      ...{ target, cacheDir, harness },
      ...(compiler === undefined ? {} : { compiler }),
      approve: (commands) => this.#approve(target, commands),
      onBuild: (report) => this.#built(report),
      onLine: (line) => log.info(line),
    });
  }

  /** Asks for commands that were never run here, all of them at once; rejects when they shall not run. */
  async #approve({ config, origin }: WorkspaceTarget, commands: readonly ExactCommand[]): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      throw new UserError(`${config.name} runs programs of this workspace: it needs a trusted one.`);
    }
    const { memory } = this.#options;
    const kept = memory.get<unknown>(approvedKey, []);
    const all: readonly unknown[] = Array.isArray(kept) ? kept : [];
    const approved = all.filter((hash) => typeof hash === 'string');
    const fresh = commands.filter((command) => !approved.includes(hashOf(command)));
    if (fresh.length === 0) return;
    const run = vscode.l10n.t('Run');
    const where =
      origin === 'settings'
        ? vscode.l10n.t('from the setting allocLens.targets')
        : origin === 'detected'
          ? vscode.l10n.t('found in this folder')
          : vscode.l10n.t('from alloc-lens.json');
    const chosen = await vscode.window.showWarningMessage(
      vscode.l10n.t('Run these commands for the target {0} ({1})?', config.name, where),
      { modal: true, detail: fresh.map(exactText).join('\n\n') },
      run,
    );
    if (chosen !== run) throw new UserError(`${config.name} was not run: its commands were not allowed.`);
    await memory.update(approvedKey, [...approved, ...fresh.map(hashOf)].slice(-mostApproved));
  }

  #built(report: BuildReport | null): void {
    this.#problems.clear();
    if (report === null) return;
    const byFile = new Map<string, vscode.Diagnostic[]>();
    for (const problem of report.problems) {
      const known = byFile.get(problem.file);
      if (known === undefined) byFile.set(problem.file, [diagnosticOf(problem)]);
      else known.push(diagnosticOf(problem));
    }
    for (const [file, diagnostics] of byFile) this.#problems.set(vscode.Uri.file(file), diagnostics);
  }

  dispose(): void {
    this.#problems.dispose();
  }
}
