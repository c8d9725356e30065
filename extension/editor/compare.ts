/** `Alloc Lens: Compare Allocators…`: one workload on the engine and native allocators, interleaved, into the report. */
import * as vscode from 'vscode';
import { type Comparand, compareAllocators } from '../experiment/compare-allocators.ts';
import type { BenchRequest, CompareResult, ReportPlace, Target } from '../model.ts';
import { UserError } from '../model.ts';
import type { ExperimentWork } from '../model-experiment.ts';
import { compareText } from '../report/text-compare.ts';
import { workName, workOffers } from './experiment-choice.ts';
import { type Measuring, requireTrust } from './measuring.ts';
import type { Store } from './store.ts';

export interface CompareDeps {
  readonly store: Store;
  readonly measuring: Measuring;
  readonly engine: Target;
  /** The workspace's own, the system's and the installed ones. */
  readonly natives: () => Promise<readonly Target[]>;
  readonly showReport: (place: ReportPlace, folder: vscode.Uri | null) => unknown;
  readonly log: vscode.LogOutputChannel;
}

const roundOffers = [3, 5, 10] as const;

/** Everything but the variant, which each target has its own of. */
export function compareRequest(work: ExperimentWork): Omit<BenchRequest, 'variant'> {
  const { workload, profile, trace, iterations, workingSet, min, max, seed, threads } = work;
  return {
    ...{ workload, profile, trace, iterations, workingSet, min, max, seed, threads },
    ...{ env: {}, flags: {}, runs: 1, sample: false, counters: false, latency: false, verify: false },
  };
}

interface ComparandItem extends vscode.QuickPickItem {
  readonly comparand: Comparand;
}

export class CompareCommand {
  readonly #deps: CompareDeps;

  constructor(deps: CompareDeps) {
    this.#deps = deps;
  }

  async #items(): Promise<ComparandItem[]> {
    const { engine, natives } = this.#deps;
    const item = (target: Target, variant: string, picked: boolean): ComparandItem => ({
      label: target.name === 'engine' ? `engine: ${variant}` : target.name,
      description: target.name === 'engine' ? vscode.l10n.t('built in') : vscode.l10n.t('native'),
      picked,
      comparand: { target, variant },
    });
    return [
      ...engine.variants
        .filter((v) => v === 'fast' || v === 'fast-calls' || v === 'standard')
        .map((v) => item(engine, v, v !== 'standard')),
      ...(await natives()).map((t) => item(t, t.variants[0] ?? 'native', true)),
    ];
  }

  /** Gives the table, or undefined when the user dismissed a question or cancelled. */
  async run(): Promise<CompareResult | undefined> {
    const { measuring } = this.#deps;
    requireTrust(vscode.l10n.t('Comparing allocators'));
    measuring.require();
    const work = await vscode.window.showQuickPick(
      workOffers().map((offer) => ({
        label: offer.label,
        description: offer.description,
        work: offer.value,
      })),
      { title: vscode.l10n.t('Compare Allocators (1/3): workload'), matchOnDescription: true },
    );
    if (work === undefined) return undefined;
    const chosen = await vscode.window.showQuickPick(await this.#items(), {
      title: vscode.l10n.t('Compare Allocators (2/3): allocators'),
      placeHolder: vscode.l10n.t('The first one is the baseline of the ratios'),
      canPickMany: true,
    });
    if (chosen === undefined) return undefined;
    if (chosen.length < 2) throw new UserError('Choose at least two allocators to compare.');
    const rounds = await vscode.window.showQuickPick(
      roundOffers.map((n) => ({ label: vscode.l10n.t('{0} rounds', n), rounds: n })),
      {
        title: vscode.l10n.t('Compare Allocators (3/3): rounds'),
        placeHolder: vscode.l10n.t('A round is a fresh process of each allocator'),
      },
    );
    if (rounds === undefined) return undefined;
    return this.#measure(
      work.work,
      chosen.map((c) => c.comparand),
      rounds.rounds,
    );
  }

  async #measure(
    work: ExperimentWork,
    comparands: readonly Comparand[],
    rounds: number,
  ): Promise<CompareResult | undefined> {
    const { store, measuring, showReport, log } = this.#deps;
    const title = vscode.l10n.t('allocators on {0}', workName(work));
    const result = await measuring.run('A comparison', title, log, (hooks) =>
      compareAllocators(comparands, compareRequest(work), rounds, hooks),
    );
    if (result === undefined) return undefined;
    store.addComparison(result);
    log.info(`Allocators:\n${compareText(result)}`);
    showReport({ tab: 'allocators', id: null }, null);
    return result;
  }
}
