/** `Run Benchmark…` and `Profile Native Target…`: ask, run in the target's own process with progress and cancel, load the result. */
import * as vscode from 'vscode';
import { type BenchResult, type Profile, type Target, UserError } from '../model.ts';
import {
  type BenchmarkChoice,
  benchmarkRequest,
  engineVariants,
  parseBenchmarkArgs,
  workloadProfiles,
} from './benchmark-args.ts';
import type { Config } from './config.ts';
import { commands, internalCommands } from './ids.ts';
import { type Measuring, requireTrust } from './measuring.ts';
import { choiceText, type NativeChoice, type NativeChoices, orderedChoices } from './native-offers.ts';
import { hottestPlace, type ProfileLoader } from './profile-loader.ts';
import type { Store } from './store.ts';
import { sourceText, speedText, workloadText } from './words.ts';

export interface BenchmarkDeps {
  readonly store: Store;
  readonly config: Config;
  readonly measuring: Measuring;
  readonly loader: Pick<ProfileLoader, 'addRun'>;
  readonly engine: Target;
  /** Native targets; offered and run only in a trusted workspace. */
  readonly native: NativeChoices;
  readonly toProfile: (result: BenchResult, recordedAt: string) => Profile | null;
  readonly log: vscode.LogOutputChannel;
}

interface TargetItem extends vscode.QuickPickItem {
  readonly target: string;
  readonly variant: string;
}

/** The folder whose targets are meant: the active editor's, else the first. */
function benchFolder(): vscode.Uri | null {
  const active = vscode.window.activeTextEditor?.document.uri;
  const own = active === undefined ? undefined : vscode.workspace.getWorkspaceFolder(active)?.uri;
  const folder = own ?? vscode.workspace.workspaceFolders?.[0]?.uri;
  return folder?.scheme === 'file' ? folder : null;
}

const nativeItem = (choice: NativeChoice): TargetItem => ({
  label: choice.name,
  description: choiceText(choice),
  target: choice.name,
  variant: 'native',
});

export class BenchmarkCommand {
  readonly #deps: BenchmarkDeps;

  constructor(deps: BenchmarkDeps) {
    this.#deps = deps;
  }

  async #natives(): Promise<readonly NativeChoice[]> {
    if (!vscode.workspace.isTrusted) return [];
    return orderedChoices(await this.#deps.native(benchFolder()));
  }

  /** Asks for a row of random_mixed's parameter table; null when dismissed. */
  async #askWorkload(title: string): Promise<string | null> {
    const chosen = await vscode.window.showQuickPick(
      workloadProfiles.map((p) => ({
        label: `random_mixed: ${p.name}`,
        description: p.about,
        profile: p.name,
      })),
      {
        title,
        placeHolder: vscode.l10n.t('Random allocations and frees; which sizes?'),
        matchOnDescription: true,
      },
    );
    return chosen?.profile ?? null;
  }

  async #askTarget(
    title: string,
    placeHolder: string,
    items: readonly TargetItem[],
  ): Promise<Pick<BenchmarkChoice, 'target' | 'variant'> | null> {
    const chosen = await vscode.window.showQuickPick(items, { title, placeHolder, matchOnDescription: true });
    return chosen === undefined ? null : { target: chosen.target, variant: chosen.variant };
  }

  async #ask(natives: readonly NativeChoice[]): Promise<BenchmarkChoice | null> {
    const profile = await this.#askWorkload(vscode.l10n.t('Run Benchmark (1/2): workload'));
    if (profile === null) return null;
    const engine = engineVariants.map(
      (v): TargetItem => ({
        label: `engine: ${v.name}`,
        description: v.about,
        target: 'engine',
        variant: v.name,
      }),
    );
    // What the workspace builds is what its author wants to know about.
    const own = natives.filter((n) => n.origin === 'workspace').map(nativeItem);
    const others = natives.filter((n) => n.origin !== 'workspace').map(nativeItem);
    const target = await this.#askTarget(
      vscode.l10n.t('Run Benchmark (2/2): target'),
      vscode.l10n.t('The built-in engine needs nothing to be installed'),
      [...own, ...engine, ...others],
    );
    return target === null ? null : { workload: 'random_mixed', profile, ...target, iterations: null };
  }

  /**
   * @param args `{workload, profile, target, variant, iterations}`, each optional: runs at once, without questions
   * @returns the result, or undefined when the user cancelled
   */
  async run(args?: unknown): Promise<BenchResult | undefined> {
    this.#deps.measuring.require();
    const natives = await this.#natives();
    const names = ['engine', ...natives.map((n) => n.name)];
    const own = natives.find((n) => n.origin === 'workspace')?.name;
    const choice = parseBenchmarkArgs(args, names, own) ?? (await this.#ask(natives));
    return choice === null ? undefined : this.#measure(choice, natives);
  }

  /**
   * `Profile Native Target…`: the same run over a native target, asked for in the order that matters there.
   *
   * @param args as for `run`; without a target the preferred one is taken
   */
  async profileNative(args?: unknown): Promise<BenchResult | undefined> {
    requireTrust(vscode.l10n.t('Profiling builds and starts programs of this workspace, so it'));
    this.#deps.measuring.require();
    const natives = await this.#natives();
    const [preferred] = natives;
    if (preferred === undefined) {
      throw new UserError(
        'There is no native target here: build a library in the workspace or describe it in allocLens.targets.',
      );
    }
    const names = natives.map((n) => n.name);
    const choice = parseBenchmarkArgs(args, names, preferred.name) ?? (await this.#askNative(natives));
    return choice === null ? undefined : this.#measure(choice, natives);
  }

  async #askNative(natives: readonly NativeChoice[]): Promise<BenchmarkChoice | null> {
    const target = await this.#askTarget(
      vscode.l10n.t('Profile Native Target (1/2): target'),
      vscode.l10n.t('Its library is preloaded under a benchmark program'),
      natives.map(nativeItem),
    );
    if (target === null) return null;
    const profile = await this.#askWorkload(vscode.l10n.t('Profile Native Target (2/2): workload'));
    return profile === null ? null : { workload: 'random_mixed', profile, ...target, iterations: null };
  }

  async #measure(
    choice: BenchmarkChoice,
    natives: readonly NativeChoice[],
  ): Promise<BenchResult | undefined> {
    const { config, engine, loader, measuring, log } = this.#deps;
    const native = natives.find((n) => n.name === choice.target);
    const target = choice.target === 'engine' ? engine : await native?.target();
    if (target == null) throw new UserError(`The target ${choice.target} needs a trusted workspace.`);
    const scope = vscode.workspace.workspaceFolders?.[0]?.uri ?? null;
    const request = benchmarkRequest(choice, config.for(scope).env);
    const title = `${workloadText(`${choice.workload}:${choice.profile}`)} · ${choice.target}${choice.target === 'engine' ? ` ${choice.variant}` : ''}`;
    log.info(`Benchmark ${title}: ${JSON.stringify(request)}`);
    // Of its start: what is edited and saved while it runs is not what was built.
    const recordedAt = new Date().toISOString();
    const result = await measuring.run('A benchmark', title, log, ({ signal, onProgress }) =>
      target.run(request, {
        signal,
        onProgress: ({ message, fraction }) => onProgress(message, fraction),
      }),
    );
    if (result === undefined) return undefined;
    const profile = this.#deps.toProfile(result, recordedAt);
    await loader.addRun(result, recordedAt, profile);
    log.info(`Benchmark ${title}: ${speedText(result.median)}`);
    for (const note of profile?.details?.notes ?? []) log.info(`Benchmark ${title}: ${note}`);
    void this.#offer(result, profile);
    return result;
  }

  async #offer(result: BenchResult, profile: Profile | null): Promise<void> {
    const report = vscode.l10n.t('Open Report');
    const source = vscode.l10n.t('Open Engine Source');
    const hottest = vscode.l10n.t('Go to Hottest Line');
    const engine = result.target === 'engine';
    const who = engine ? `engine ${result.variant}` : result.target;
    const text = [`${workloadText(result.workload)} · ${who}: ${speedText(result.median)}`];
    const actions = [report];
    if (profile !== null && engine) actions.push(source);
    if (profile !== null && !engine) {
      text.push(sourceText(profile), ...(profile.details?.notes.slice(0, 1) ?? []));
      if (hottestPlace(this.#deps.store) !== null) actions.push(hottest);
    }
    const chosen = await vscode.window.showInformationMessage(text.join(' · '), ...actions);
    if (chosen === report) await vscode.commands.executeCommand(commands.openReport);
    if (chosen === source) await vscode.commands.executeCommand(commands.openEngineSource);
    if (chosen === hottest) await vscode.commands.executeCommand(internalCommands.hottestLine);
  }
}
