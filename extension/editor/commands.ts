/** Registers every command; a failure becomes one clear message, with the details in the log. */
import * as vscode from 'vscode';
import { type BenchResult, type ReportPlace, UserError } from '../model.ts';
import type { AnalysisController } from './analysis.ts';
import type { AssemblyView } from './assembly.ts';
import { analyzeWorkspace } from './analyze-command.ts';
import type { BenchmarkCommand } from './benchmark.ts';
import type { CalibrateCommand } from './calibrate-command.ts';
import type { CompareCommand } from './compare.ts';
import type { EngineSources } from './engine-source.ts';
import type { ExperimentCommand } from './experiment.ts';
import type { HeatOverlay } from './heat.ts';
import { commands, internalCommands } from './ids.ts';
import type { Navigation } from './navigation.ts';
import type { ProfileCommands } from './profile-commands.ts';
import { type ImportCommand, openHottestLine } from './profile-import.ts';
import type { RecordTraceCommand } from './record-trace.ts';
import type { SoakCommand } from './soak.ts';
import type { Store } from './store.ts';

export interface CommandDeps {
  readonly store: Store;
  readonly analysis: AnalysisController;
  readonly benchmark: BenchmarkCommand;
  readonly calibrate: CalibrateCommand;
  readonly compare: CompareCommand;
  readonly recordTrace: RecordTraceCommand;
  readonly engine: EngineSources;
  readonly heat: HeatOverlay;
  readonly navigation: Navigation;
  readonly experiment: ExperimentCommand;
  readonly soak: SoakCommand;
  readonly assembly: Pick<AssemblyView, 'open'>;
  readonly importer: Pick<ImportCommand, 'pick' | 'fromExplorer' | 'locate'>;
  readonly profiles: ProfileCommands;
  readonly openReport: () => unknown;
  /** @param folder null for the folder that the report is about */
  readonly openReportAt: (place: ReportPlace, folder: vscode.Uri | null) => unknown;
  readonly log: vscode.LogOutputChannel;
}

/** Shows an error the user can act on; anything else is logged in full and named shortly. */
export async function showFailure(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  if (error instanceof UserError || (error instanceof Error && error.name === 'UserError')) {
    log.warn(error.message);
    await vscode.window.showErrorMessage(`Alloc Lens: ${error.message}`);
    return;
  }
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const showLog = vscode.l10n.t('Show Log');
  const what = error instanceof Error ? error.message : String(error);
  const chosen = await vscode.window.showErrorMessage(`Alloc Lens: ${what.split('\n')[0] ?? what}`, showLog);
  if (chosen === showLog) log.show();
}

const tabs: readonly ReportPlace['tab'][] = ['experiments', 'soak', 'costs', 'allocators'];

/** What the Experiments view hands over; null for anything else that runs the command. */
export function parsePlace(value: unknown): ReportPlace | null {
  if (typeof value !== 'object' || value === null) return null;
  const { tab, id } = value as Partial<Record<keyof ReportPlace, unknown>>;
  const known = tabs.find((t) => t === tab);
  return known !== undefined && (id === null || typeof id === 'string') ? { tab: known, id } : null;
}

/** A folder of this workspace, null for any other text. */
function workspaceFolder(value: unknown): vscode.Uri | null {
  return vscode.workspace.workspaceFolders?.find((f) => f.uri.toString() === value)?.uri ?? null;
}

export function registerCommands(deps: CommandDeps): vscode.Disposable {
  const { store, analysis, benchmark, engine, experiment, heat, importer, navigation, profiles, soak, log } =
    deps;
  const handlers: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> = {
    [commands.runBenchmark]: (args): Promise<BenchResult | undefined> => benchmark.run(args),
    [commands.openReport]: () => deps.openReport(),
    [commands.analyzeWorkspace]: () => analyzeWorkspace(analysis, store),
    [commands.clearProfile]: () => store.clearProfile(),
    [commands.openEngineSource]: () => engine.pick(),
    [commands.toggleHeat]: () => heat.toggle(),
    [commands.nextHotLine]: () => heat.goTo(1),
    [commands.previousHotLine]: () => heat.goTo(-1),
    [commands.showLog]: () => log.show(),
    [commands.runExperiment]: () => experiment.run(),
    [commands.compareAllocators]: () => deps.compare.run(),
    [commands.recordTrace]: () => deps.recordTrace.run(),
    [commands.runSoak]: () => soak.run(),
    [commands.calibrateCosts]: (args) => deps.calibrate.run(args),
    [commands.calibrateNoise]: () => experiment.calibrate(),
    [commands.writeDocuments]: () => experiment.writeDocuments(),
    [commands.showExperiments]: () => deps.openReportAt({ tab: 'experiments', id: null }, null),
    [commands.profileNative]: (args): Promise<BenchResult | undefined> => benchmark.profileNative(args),
    [commands.openAssembly]: (place) => deps.assembly.open(place),
    [commands.importProfile]: () => importer.pick(),
    [commands.importFile]: (uri, all) => importer.fromExplorer(uri, all),
    [commands.loadProfile]: (row) => profiles.load(row),
    [commands.nextProfile]: () => profiles.next(),
    [commands.compareProfiles]: (row, all) => profiles.compare(row, all),
    [commands.stopComparing]: () => store.stopComparing(),
    [commands.removeProfile]: (row, all) => profiles.remove(row, all),
    [commands.exportProfile]: (row) => profiles.export(row),
    [commands.locateSources]: (row) => importer.locate(row),
    [internalCommands.hottestLine]: () => openHottestLine(store),
    [internalCommands.showRecord]: (place, folder) => {
      const parsed = parsePlace(place);
      return parsed === null ? undefined : deps.openReportAt(parsed, workspaceFolder(folder));
    },
    [internalCommands.openLocation]: (place) => navigation.openLocation(place),
    [internalCommands.showRows]: (uri, line, ids) => navigation.showRows(uri, line, ids),
  };
  return vscode.Disposable.from(
    ...Object.entries(handlers).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (...args: readonly unknown[]) => {
        try {
          return await handler(...args);
        } catch (error) {
          void showFailure(error, log);
          return undefined;
        }
      }),
    ),
  );
}
