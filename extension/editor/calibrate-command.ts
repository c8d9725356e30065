/** `Alloc Lens: Calibrate Costs`: measures in child processes, keeps the table, and shows what the user's rows cost. */
import * as vscode from 'vscode';
import { calibrate } from '../experiment/costs.ts';
import { UserError } from '../model.ts';
import type { CostTable } from '../model-costs.ts';
import type { LedgerRecord } from '../model-ledger.ts';
import { keepCosts, loadCosts } from '../profile/cost-file.ts';
import { thisHost } from '../profile/cost-host.ts';
import type { CostRunner } from '../profile/cost-measurement.ts';
import { readMachineState } from '../profile/machine-state.ts';
import { costsText } from '../report/text-costs.ts';
import { commands } from './ids.ts';
import type { Measuring } from './measuring.ts';
import type { Store } from './store.ts';

export interface CalibrateDeps {
  readonly store: Store;
  readonly native: CostRunner;
  readonly engine: CostRunner;
  /** Where tables are kept, null where nothing is. */
  readonly folder: string | null;
  readonly measuring: Measuring;
  readonly log: vscode.LogOutputChannel;
  /** Adds a record to the workspace's ledger; absent where there is none. */
  readonly appendToLedger?: (record: LedgerRecord) => Promise<void>;
}

const defaultSeconds = 30;

/** `{seconds}` of a keybinding or a task; anything else is as if nothing was given. */
function secondsOf(args: unknown): number {
  const given: unknown = typeof args === 'object' && args !== null ? Reflect.get(args, 'seconds') : undefined;
  if (given === undefined) return defaultSeconds;
  if (typeof given !== 'number' || !(given >= 1 && given <= 3600)) {
    throw new UserError(`Calibrate Costs: seconds has to be a number from 1 to 3600, not ${String(given)}`);
  }
  return given;
}

export class CalibrateCommand {
  readonly #deps: CalibrateDeps;

  constructor(deps: CalibrateDeps) {
    this.#deps = deps;
  }

  /** Takes up what was calibrated on this machine before, on the command line too. */
  async load(): Promise<void> {
    const { folder, store } = this.#deps;
    if (folder === null) return;
    // Activation goes on first; reading the machine's name asks the system, too.
    await new Promise((resolve) => setImmediate(resolve));
    const table = await loadCosts(folder, thisHost());
    // What was measured in the meantime is newer.
    if (table !== null && store.costs === null) store.setCosts(table);
  }

  /**
   * @param args `{seconds}`, optional
   * @returns the table, or undefined when the user cancelled
   */
  async run(args?: unknown): Promise<CostTable | undefined> {
    if (!vscode.workspace.isTrusted) {
      throw new UserError(
        'Calibrate Costs compiles and runs programs on this machine: trust the workspace first.',
      );
    }
    const { store, native, engine, folder, measuring, log } = this.#deps;
    const seconds = secondsOf(args);
    const host = thisHost();
    const table = await measuring.run(
      'A calibration of costs',
      vscode.l10n.t('calibrating costs'),
      log,
      async ({ signal, onProgress }) => {
        const measured = await calibrate(
          {
            ...{ native, engine, engineOnly: false, seconds, host: host.name },
            machine: () => readMachineState({ pinned: null, flags: [] }),
            now: () => new Date(),
          },
          { signal, onProgress: ({ message, fraction }) => onProgress(message, fraction) },
        );
        signal.throwIfAborted();
        return measured;
      },
    );
    if (table === undefined) return undefined;
    store.setCosts(table);
    log.info(`Costs:\n${costsText(table)}`);
    if (folder !== null) keepCosts(folder, host, table);
    await this.#deps.appendToLedger?.({ v: 1, kind: 'costs', at: table.at, costs: table });
    void this.#offer(table);
    return table;
  }

  async #offer(table: CostTable): Promise<void> {
    const showLog = vscode.l10n.t('Show Log');
    const add = table.costs.find((c) => !c.contended && c.name.endsWith('add'));
    const one =
      add === undefined
        ? ''
        : ` One more ${add.name} costs ${add.ns.toFixed(2)} ns/op (${add.interval[0].toFixed(2)} .. ${add.interval[1].toFixed(2)}).`;
    const text = `Costs calibrated: ${table.source}.${one} Lenses and hovers show what hot telemetry costs here.`;
    const chosen = await vscode.window.showInformationMessage(text, showLog);
    if (chosen === showLog) await vscode.commands.executeCommand(commands.showLog);
  }
}
