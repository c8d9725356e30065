/** `Alloc Lens: Run Soak…` and `Alloc Lens: Calibrate Costs`: long measurements whose results the ledger keeps. */
import { randomUUID } from 'node:crypto';
import * as vscode from 'vscode';
import type { SoakSummary } from '../model-soak.ts';
import { enter, type LabDeps } from './experiment.ts';
import { newId, parseMinutes, presetSide, workName, workOffers } from './experiment-choice.ts';
import { soakText } from './experiment-words.ts';
import { ledgerFolder, requireTrust } from './measuring.ts';

/** As in Phase 57: speed first, and the production default. */
const soakPresets = ['MIXED_TINYV3_C7_SAFE', 'MIXED_TINYV3_C7_BALANCED'] as const;

const minuteOffers: readonly { readonly label: string; readonly minutes: number | null }[] = [
  { label: '10 minutes', minutes: 10 },
  { label: '1 minute', minutes: 1 },
  { label: '60 minutes', minutes: 60 },
  { label: 'Other…', minutes: null },
];

export class SoakCommand {
  readonly #deps: LabDeps;

  constructor(deps: LabDeps) {
    this.#deps = deps;
  }

  async #askMinutes(): Promise<number | undefined> {
    const title = vscode.l10n.t('Run Soak (2/2): how long');
    const placeHolder = vscode.l10n.t('Of both sides together: {0} and {1}', ...soakPresets);
    const chosen = await vscode.window.showQuickPick(minuteOffers, { title, placeHolder });
    if (chosen === undefined) return undefined;
    return chosen.minutes ?? enter(title, vscode.l10n.t('Minutes'), '5', parseMinutes);
  }

  /** Gives the soak, or undefined when the user dismissed a question or it ended without a summary. */
  async run(): Promise<SoakSummary | undefined> {
    const { laboratory, ledger, measuring, showReport, log } = this.#deps;
    requireTrust(vscode.l10n.t('A soak'));
    measuring.require();
    const folder = ledgerFolder(vscode.l10n.t('A soak'));
    const chosen = await vscode.window.showQuickPick(
      workOffers().map((offer) => ({ label: offer.label, description: offer.description, offer })),
      { title: vscode.l10n.t('Run Soak (1/2): workload'), matchOnDescription: true },
    );
    if (chosen === undefined) return undefined;
    const work = chosen.offer.value;
    const minutes = await this.#askMinutes();
    if (minutes === undefined) return undefined;
    const request = {
      id: newId('soak', new Date(), randomUUID()),
      minutes,
      work,
      baseline: presetSide(soakPresets[0]),
      treatment: presetSide(soakPresets[1]),
    };
    log.info(`Soak ${request.id}: ${JSON.stringify(request)}`);
    const done = await measuring.run('A soak', vscode.l10n.t('soak of {0}', workName(work)), log, (hooks) =>
      laboratory.soak(request, folder.fsPath, hooks),
    );
    if (done === undefined) return undefined;
    const { summary: soak, cancelled, file } = done;
    if (cancelled) {
      log.info(`Soak ${request.id}: cancelled, kept in ${file}`);
      void vscode.window.showInformationMessage(
        vscode.l10n.t('The soak was cancelled. It can go on: alloc-lens soak --resume {0}', file),
      );
      return undefined;
    }
    await ledger.keep(folder, { v: 1, kind: 'soak', at: new Date().toISOString(), soak });
    log.info(`Soak ${request.id}: ${soakText(soak)}`);
    showReport({ tab: 'soak', id: soak.id }, folder);
    void vscode.window.showInformationMessage(`${workName(work)}: soak ${soakText(soak)}`);
    return soak;
  }
}
