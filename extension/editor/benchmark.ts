/** `Alloc Lens: Run Benchmark…`: asks, runs in the target's own process with progress and cancel, loads the result. */
import * as vscode from 'vscode';
import type { WorkspaceTarget } from '../model-profile.ts';
import { type BenchResult, type Profile, type Target, UserError } from '../model.ts';
import {
  type BenchmarkChoice,
  benchmarkRequest,
  engineVariants,
  parseBenchmarkArgs,
  targetOffer,
  workloadProfiles,
} from './benchmark-args.ts';
import type { Config } from './config.ts';
import { commands } from './ids.ts';
import type { Measuring } from './measuring.ts';
import type { NativeTargets } from './native-targets.ts';
import type { Store } from './store.ts';
import { speedText, workloadText } from './words.ts';

export interface BenchmarkDeps {
  readonly store: Store;
  readonly config: Config;
  readonly measuring: Measuring;
  readonly engine: Target;
  /** Native targets, by name; offered and run only in a trusted workspace. */
  readonly native: readonly Target[];
  /** Of the workspace, preferred to all others; absent where there can be none. */
  readonly workspace?: Pick<NativeTargets, 'list' | 'named'>;
  readonly toProfile: (result: BenchResult, recordedAt: string) => Profile | null;
  readonly log: vscode.LogOutputChannel;
}

interface TargetItem extends vscode.QuickPickItem {
  readonly target: string;
  readonly variant: string;
}

export class BenchmarkCommand {
  readonly #deps: BenchmarkDeps;

  constructor(deps: BenchmarkDeps) {
    this.#deps = deps;
  }

  #natives(): readonly Target[] {
    return vscode.workspace.isTrusted ? this.#deps.native : [];
  }

  async #ask(own: readonly WorkspaceTarget[]): Promise<BenchmarkChoice | null> {
    const workload = await vscode.window.showQuickPick(
      workloadProfiles.map((p) => ({
        label: `random_mixed: ${p.name}`,
        description: p.about,
        profile: p.name,
      })),
      {
        title: vscode.l10n.t('Run Benchmark (1/2): workload'),
        placeHolder: vscode.l10n.t('Random allocations and frees; which sizes?'),
        matchOnDescription: true,
      },
    );
    if (workload === undefined) return null;
    const items: TargetItem[] = own.map((t) => ({
      ...targetOffer(t),
      target: t.config.name,
      variant: 'native',
    }));
    for (const v of engineVariants) {
      items.push({ label: `engine: ${v.name}`, description: v.about, target: 'engine', variant: v.name });
    }
    for (const t of this.#natives()) {
      items.push({
        label: t.name,
        description: vscode.l10n.t('native: speed only, no shares yet'),
        target: t.name,
        variant: 'native',
      });
    }
    const target = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Run Benchmark (2/2): target'),
      placeHolder: vscode.l10n.t('The built-in engine needs nothing to be installed'),
      matchOnDescription: true,
    });
    if (target === undefined) return null;
    return {
      workload: 'random_mixed',
      profile: workload.profile,
      target: target.target,
      variant: target.variant,
      iterations: null,
    };
  }

  /**
   * @param args `{workload, profile, target, variant, iterations}`, each optional: runs at once, without questions
   * @returns the result, or undefined when the user cancelled
   */
  async run(args?: unknown): Promise<BenchResult | undefined> {
    this.#deps.measuring.require();
    const own = vscode.workspace.isTrusted ? ((await this.#deps.workspace?.list()) ?? []) : [];
    const names = ['engine', ...own.map((t) => t.config.name), ...this.#natives().map((t) => t.name)];
    const choice = parseBenchmarkArgs(args, names, own[0]?.config.name) ?? (await this.#ask(own));
    return choice === null ? undefined : this.#measure(choice);
  }

  async #measure(choice: BenchmarkChoice): Promise<BenchResult | undefined> {
    const { store, config, engine, measuring, log } = this.#deps;
    const target =
      choice.target === 'engine'
        ? engine
        : (this.#natives().find((t) => t.name === choice.target) ??
          (vscode.workspace.isTrusted ? await this.#deps.workspace?.named(choice.target) : null) ??
          undefined);
    if (target === undefined) throw new UserError(`The target ${choice.target} needs a trusted workspace.`);
    const scope = vscode.workspace.workspaceFolders?.[0]?.uri ?? null;
    const request = benchmarkRequest(choice, config.for(scope).env);
    const title = `${workloadText(`${choice.workload}:${choice.profile}`)} · ${choice.target}${choice.target === 'engine' ? ` ${choice.variant}` : ''}`;
    log.info(`Benchmark ${title}: ${JSON.stringify(request)}`);
    const result = await measuring.run('A benchmark', title, log, ({ signal, onProgress }) =>
      target.run(request, {
        signal,
        onProgress: ({ message, fraction }) => onProgress(message, fraction),
      }),
    );
    if (result === undefined) return undefined;
    const recordedAt = new Date().toISOString();
    store.addRun({ result, recordedAt }, this.#deps.toProfile(result, recordedAt));
    log.info(`Benchmark ${title}: ${speedText(result.median)}`);
    void this.#offer(result);
    return result;
  }

  async #offer(result: BenchResult): Promise<void> {
    const report = vscode.l10n.t('Open Report');
    const source = vscode.l10n.t('Open Engine Source');
    const who = result.target === 'engine' ? `engine ${result.variant}` : result.target;
    const text = `${workloadText(result.workload)} · ${who}: ${speedText(result.median)}`;
    const actions = result.profile === null ? [report] : [report, source];
    const chosen = await vscode.window.showInformationMessage(text, ...actions);
    if (chosen === report) await vscode.commands.executeCommand(commands.openReport);
    if (chosen === source) await vscode.commands.executeCommand(commands.openEngineSource);
  }
}
