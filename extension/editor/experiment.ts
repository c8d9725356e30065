/** `Alloc Lens: Run A/B Experiment…`: asks what to compare, measures with progress and cancel, keeps the result and shows it. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import { calibrationUnits } from '../experiment/calibration-history.ts';
import type { Calibration, Experiment, ExperimentWork } from '../model-experiment.ts';
import type { WorkspaceTarget } from '../model-profile.ts';
import { type Findings, type ReportPlace, UserError } from '../model.ts';
import { flagsRefusal } from '../native/substitute.ts';
import { targetOffer } from './benchmark-args.ts';
import type { Config } from './config.ts';
import {
  type FlagBuild,
  flagOffers,
  flagSides,
  gateOffers,
  gateSides,
  gateValues,
  newId,
  type Offer,
  parseGateValues,
  parseThreshold,
  planOf,
  presetOffers,
  presetSides,
  type Sides,
  thresholds,
  variantOffers,
  variantSides,
  variantSide,
  workName,
  workOffers,
} from './experiment-choice.ts';
import type { LedgerWatch } from './experiment-ledger.ts';
import { calibrationText, experimentText, noiseText } from './experiment-words.ts';
import type { Laboratory } from './laboratory.ts';
import { ledgerFolder, type Measured, type Measuring, requireTrust } from './measuring.ts';
import {
  gateOffersOf,
  nativeDifferences,
  type NativeDifference,
  nativeEnvSides,
  nativeFlagSides,
  otherOffers,
  otherSides,
  parseSetting,
} from './native-choice.ts';
import type { NativeTargets } from './native-targets.ts';

export interface LabDeps {
  readonly config: Config;
  readonly laboratory: Laboratory;
  readonly ledger: LedgerWatch;
  readonly measuring: Measuring;
  readonly showReport: (place: ReportPlace, folder: vscode.Uri) => unknown;
  readonly log: vscode.LogOutputChannel;
  /** Targets of the workspace, and what is known of its sources; absent where there can be none. */
  readonly workspace?: Pick<NativeTargets, 'list'>;
  readonly findings?: (folder: vscode.Uri) => Findings | null;
}

/** What the answers come to. */
interface Asked {
  readonly id: string;
  readonly title: string;
  readonly run: (hooks: Measured) => Promise<Experiment>;
}

type EngineDifference = 'flag' | 'fastFlag' | 'gate' | 'preset' | 'variant' | 'replay';
type Difference = EngineDifference | NativeDifference;

async function choose<T>(
  title: string,
  placeHolder: string,
  offers: readonly Offer<T>[],
): Promise<T | undefined> {
  const chosen = await vscode.window.showQuickPick(
    offers.map((offer) => ({ label: offer.label, description: offer.description, offer })),
    { title, placeHolder, matchOnDescription: true },
  );
  return chosen?.offer.value;
}

/** An input box that says what is wrong with what was typed. Undefined when it was dismissed. */
export async function enter<T>(
  title: string,
  prompt: string,
  value: string,
  parse: (text: string) => T,
): Promise<T | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    validateInput: (typed) => {
      try {
        parse(typed);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  });
  return text === undefined ? undefined : parse(text);
}

export class ExperimentCommand {
  readonly #deps: LabDeps;

  constructor(deps: LabDeps) {
    this.#deps = deps;
  }

  /** Two builds, two environments or two allocators of the user's own. */
  async #askNative(
    difference: NativeDifference,
    own: readonly WorkspaceTarget[],
    findings: Findings | null,
  ): Promise<Sides | undefined> {
    const title = vscode.l10n.t('Run A/B Experiment (2/4): what differs');
    const able = difference === 'native-flag' ? own.filter((t) => flagsRefusal(t) === null) : own;
    const [only] = able;
    const target =
      able.length === 1 && only !== undefined
        ? only.config.name
        : await choose(
            title,
            vscode.l10n.t('Which of your targets?'),
            able.map((t) => ({ ...targetOffer(t), value: t.config.name })),
          );
    if (target === undefined) return undefined;
    if (difference === 'native-other') {
      const other = await choose(title, vscode.l10n.t('Baseline'), otherOffers(own, target));
      return other === undefined ? undefined : otherSides(target, other);
    }
    const compile = difference === 'native-flag';
    const offers = gateOffersOf(findings, compile ? 'compile' : 'env');
    const typed: Offer<null> = { label: vscode.l10n.t('Other…'), description: 'NAME=VALUE', value: null };
    const gate = await choose(
      title,
      compile ? vscode.l10n.t('Compile flag') : vscode.l10n.t('Environment variable'),
      [...offers, typed],
    );
    if (gate === undefined) return undefined;
    if (gate === null) {
      const prompt = vscode.l10n.t('NAME=VALUE of the treatment; the baseline leaves it as it is');
      return enter(title, prompt, '', (text) => {
        const { name, value } = parseSetting(text);
        return compile ? nativeFlagSides(target, name, value) : nativeEnvSides(target, name, [null, value]);
      });
    }
    if (compile) {
      if (gate.default === '0' || gate.default === '1') {
        return nativeFlagSides(target, gate.name, String(1 - Number(gate.default)));
      }
      const prompt = vscode.l10n.t('Value of {0} in the treatment', gate.name);
      return enter(title, prompt, '', (text) =>
        nativeFlagSides(target, gate.name, parseSetting(`${gate.name}=${text}`).value),
      );
    }
    const pair = await choose(gate.name, vscode.l10n.t('Baseline → treatment'), gateValues);
    if (pair === undefined) return undefined;
    if (pair !== null) return nativeEnvSides(target, gate.name, pair);
    const prompt = vscode.l10n.t('Two values, the baseline’s first; - leaves {0} unset', gate.name);
    return enter(title, prompt, '', (text) => nativeEnvSides(target, gate.name, parseGateValues(text)));
  }

  async #askSides(difference: EngineDifference): Promise<Sides | undefined> {
    const title = vscode.l10n.t('Run A/B Experiment (2/4): what differs');
    switch (difference) {
      case 'flag':
      case 'fastFlag': {
        const build: FlagBuild = difference === 'flag' ? 'standard' : 'fast';
        const flag = await choose(title, vscode.l10n.t('Compile flag'), flagOffers(build));
        if (flag === undefined) return undefined;
        if (flag.value === 0 || flag.value === 1) return flagSides(flag.name, String(1 - flag.value), build);
        const prompt = vscode.l10n.t('Value of {0} in the treatment', flag.name);
        return enter(title, prompt, '', (text) => flagSides(flag.name, text, build));
      }
      case 'gate': {
        const gate = await choose(title, vscode.l10n.t('Environment gate'), gateOffers());
        if (gate === undefined) return undefined;
        const pair = await choose(gate, vscode.l10n.t('Baseline → treatment'), gateValues);
        if (pair === undefined) return undefined;
        if (pair !== null) return gateSides(gate, pair);
        const prompt = vscode.l10n.t('Two values, the baseline’s first; - leaves {0} unset', gate);
        return enter(title, prompt, '', (text) => gateSides(gate, parseGateValues(text)));
      }
      case 'preset':
      case 'variant': {
        const [offers, sides] =
          difference === 'preset' ? [presetOffers, presetSides] : [variantOffers, variantSides];
        const baseline = await choose(title, vscode.l10n.t('Baseline'), offers());
        if (baseline === undefined) return undefined;
        const treatment = await choose(title, vscode.l10n.t('Treatment'), offers(baseline));
        return treatment === undefined ? undefined : sides(baseline, treatment);
      }
      case 'replay':
        return undefined;
    }
  }

  async #askWork(sides: Sides): Promise<{ work: ExperimentWork; threshold: number } | undefined> {
    const work = await choose(vscode.l10n.t('Run A/B Experiment (3/4): workload'), sides.title, workOffers());
    if (work === undefined) return undefined;
    const title = vscode.l10n.t('Run A/B Experiment (4/4): threshold');
    const prompt = vscode.l10n.t('Effect on throughput, percent, that a decision needs');
    const threshold = await choose(title, prompt, thresholds);
    const value = threshold === null ? await enter(title, prompt, '0.5', parseThreshold) : threshold;
    return value === undefined ? undefined : { work, threshold: value };
  }

  async #ask(most: number, uri: vscode.Uri): Promise<Asked | undefined> {
    const { laboratory } = this.#deps;
    const folder = uri.fsPath;
    const own = (await this.#deps.workspace?.list()) ?? [];
    const offers: Offer<Difference>[] = [
      ...nativeDifferences(own),
      {
        label: vscode.l10n.t('Compile flag'),
        description: vscode.l10n.t('its default against another value'),
        value: 'flag',
      },
      {
        label: vscode.l10n.t('Compile flag of the speed build'),
        description: vscode.l10n.t('its value in fast, where every gate is a constant, against another'),
        value: 'fastFlag',
      },
      {
        label: vscode.l10n.t('Environment gate'),
        description: vscode.l10n.t('one value against another'),
        value: 'gate',
      },
      {
        label: vscode.l10n.t('Preset'),
        description: vscode.l10n.t('one bench preset against another'),
        value: 'preset',
      },
      {
        label: vscode.l10n.t('Variant'),
        description: vscode.l10n.t('one build of the engine against another'),
        value: 'variant',
      },
    ];
    if (laboratory.replays.length > 0) {
      offers.push({
        label: vscode.l10n.t('Replay'),
        description: vscode.l10n.t('an experiment of the documents, their figures beside ours'),
        value: 'replay',
      });
    }
    const difference = await choose(
      vscode.l10n.t('Run A/B Experiment (1/4): kind of difference'),
      vscode.l10n.t('What differs between the two sides?'),
      offers,
    );
    if (difference === undefined) return undefined;
    if (difference === 'replay') {
      const replay = await choose(
        vscode.l10n.t('Run A/B Experiment (2/2): which one'),
        vscode.l10n.t('Workload, repetitions and threshold are the document’s'),
        laboratory.replays.map((r) => ({ label: r.name, description: r.about, value: r })),
      );
      if (replay === undefined) return undefined;
      const id = this.#id(replay.name);
      return {
        id,
        title: `${replay.name}: ${replay.about}`,
        run: (hooks) => replay.run(id, most, folder, hooks),
      };
    }
    const native =
      difference === 'native-flag' || difference === 'native-env' || difference === 'native-other';
    const sides = native
      ? await this.#askNative(difference, own, this.#deps.findings?.(uri) ?? null)
      : await this.#askSides(difference);
    if (sides === undefined) return undefined;
    const how = await this.#askWork(sides);
    if (how === undefined) return undefined;
    const plan = planOf(this.#id('ab'), sides, how.work, how.threshold, laboratory.looks(most, native));
    this.#deps.log.info(`Experiment ${plan.id}: ${JSON.stringify(plan)}`);
    return {
      id: plan.id,
      title: plan.title,
      run: (hooks) => laboratory.experiment(plan, folder, hooks),
    };
  }

  #id(kind: string): string {
    return newId(kind, new Date(), randomUUID());
  }

  /** Gives the experiment, or undefined when the user cancelled: then nothing is kept. */
  async run(): Promise<Experiment | undefined> {
    const { config, ledger, measuring, showReport, log } = this.#deps;
    requireTrust(vscode.l10n.t('An experiment'));
    measuring.require();
    const folder = ledgerFolder(vscode.l10n.t('An experiment'));
    const asked = await this.#ask(config.for(folder).maxProcesses, folder);
    if (asked === undefined) return undefined;
    const experiment = await measuring.run('An experiment', asked.title, log, asked.run);
    if (experiment === undefined) return undefined;
    await ledger.keep(folder, {
      v: 1,
      kind: 'experiment',
      at: new Date().toISOString(),
      experiment,
    });
    log.info(`Experiment ${asked.id}: ${experimentText(experiment)}`);
    showReport({ tab: 'experiments', id: experiment.id }, folder);
    void this.#document(folder, experiment);
    return experiment;
  }

  /** `Calibrate Noise (A/A)…`: a build against itself. Undefined when a question was dismissed or the user cancelled. */
  async calibrate(): Promise<Calibration | undefined> {
    const { laboratory, ledger, measuring, log } = this.#deps;
    requireTrust(vscode.l10n.t('A calibration'));
    measuring.require();
    const folder = ledgerFolder(vscode.l10n.t('A calibration'));
    const variant = await choose(
      vscode.l10n.t('Calibrate Noise (1/2): build'),
      vscode.l10n.t('Measured against itself: what looks different then is noise'),
      variantOffers(),
    );
    if (variant === undefined) return undefined;
    const work = await choose(vscode.l10n.t('Calibrate Noise (2/2): workload'), variant, workOffers());
    if (work === undefined) return undefined;
    const side = variantSide(variant);
    const sides = { title: `${variant} against itself`, baseline: side, treatment: side };
    const plan = planOf(this.#id('aa'), sides, work, 0.5, laboratory.looks(calibrationUnits));
    const name = `${variant}, ${workName(work)}`;
    const calibration = await measuring.run(
      'A calibration of the noise',
      vscode.l10n.t('noise of {0}', name),
      log,
      (hooks) => laboratory.calibrate(plan, hooks),
    );
    if (calibration === undefined) return undefined;
    await ledger.keep(folder, { v: 1, kind: 'calibration', at: calibration.at, calibration });
    const text = vscode.l10n.t('Noise of {0}: {1}', name, calibrationText(calibration));
    log.info(text);
    void (calibration.passed
      ? vscode.window.showInformationMessage(text)
      : vscode.window.showWarningMessage(`Alloc Lens: ${text}`));
    return calibration;
  }

  /** The results document, beside the ledger: the method ends every experiment with one. */
  async #document(folder: vscode.Uri, experiment: Experiment): Promise<void> {
    const text = `${experiment.title}: ${experimentText(experiment)}`;
    let file: string | undefined;
    try {
      [file] = await this.#deps.laboratory.writeDocuments(folder.fsPath, experiment.id);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#deps.log.warn(`Results document of ${experiment.id}: ${why}`);
      await vscode.window.showWarningMessage(`Alloc Lens: ${text}. No document was written: ${why}`);
      return;
    }
    const open = vscode.l10n.t('Open Document');
    const actions = file === undefined ? [] : [open];
    const noise = noiseText(experiment);
    const chosen =
      noise === null
        ? await vscode.window.showInformationMessage(text, ...actions)
        : await vscode.window.showWarningMessage(`${text}; ${noise}`, ...actions);
    if (chosen === open && file !== undefined) {
      await vscode.commands.executeCommand('markdown.showPreview', vscode.Uri.file(file));
    }
  }

  /** Writes every document of the ledger anew. */
  async writeDocuments(): Promise<void> {
    const folder = ledgerFolder(vscode.l10n.t('A document'));
    const files = await this.#deps.laboratory.writeDocuments(folder.fsPath, null);
    if (files.length === 0) {
      throw new UserError('The ledger holds nothing to write about: run an experiment first.');
    }
    await vscode.window.showInformationMessage(
      files.length === 1
        ? vscode.l10n.t('1 document was written to {0}.', folderOf(files[0] ?? ''))
        : vscode.l10n.t('{0} documents were written to {1}.', files.length, folderOf(files[0] ?? '')),
    );
  }
}

function folderOf(file: string): string {
  return vscode.workspace.asRelativePath(file.replace(/[\\/][^\\/]*$/, ''));
}
