/** Composition root: makes the parts and hands them to each other. No logic, and no work before something asks. */
import * as vscode from 'vscode';
import { EngineCosts } from '../engine/host/costs.ts';
import { EngineTarget } from '../engine/host/target.ts';
import { costsFolder } from './analysis/cache.ts';
import { AnalysisClient } from './analysis/client.ts';
import { AnalysisController } from './editor/analysis.ts';
import { BenchmarkCommand } from './editor/benchmark.ts';
import { CalibrateCommand } from './editor/calibrate-command.ts';
import { registerCommands } from './editor/commands.ts';
import { CompareCommand } from './editor/compare.ts';
import { Config } from './editor/config.ts';
import { engineLaboratory } from './editor/engine-laboratory.ts';
import { EngineSources } from './editor/engine-source.ts';
import { ExperimentCommand } from './editor/experiment.ts';
import { LedgerWatch } from './editor/experiment-ledger.ts';
import { ExperimentsTree } from './editor/experiment-tree.ts';
import { HeatOverlay } from './editor/heat.ts';
import { HoverProvider } from './editor/hovers.ts';
import { LensProvider } from './editor/lenses.ts';
import { registerMemory } from './editor/memory.ts';
import { Measuring } from './editor/measuring.ts';
import { NativeTargets } from './editor/native-targets.ts';
import { Navigation } from './editor/navigation.ts';
import { Report } from './editor/report.ts';
import { SoakCommand } from './editor/soak.ts';
import { RecordTraceCommand } from './editor/record-trace.ts';
import { registerStatus } from './editor/status.ts';
import { Store } from './editor/store.ts';
import { FindingsTree } from './editor/tree.ts';
import { Underlines } from './editor/underlines.ts';
import { NativeCosts } from './native/costs.ts';
import { discoverAllocators } from './native/discover.ts';
import { nativeTargetNamed } from './native/named.ts';
import { NativeTarget } from './native/target.ts';
import { recordLimits, recordTrace } from './native/trace-record.ts';
import { profileFromBench } from './profile/from-bench.ts';

export function activate(context: vscode.ExtensionContext): void {
  const version = String(context.extension.packageJSON.version);
  const log = vscode.window.createOutputChannel('Alloc Lens', { log: true });
  const distUri = vscode.Uri.joinPath(context.extensionUri, 'dist');
  const inDist = (name: string): string => vscode.Uri.joinPath(distUri, name).fsPath;
  const cacheDir = vscode.Uri.joinPath(context.globalStorageUri, 'native').fsPath;

  const store = new Store();
  const config = new Config(log);
  const analyzer = new AnalysisClient({
    workerPath: inDist('analysis-worker.js'),
    grammarDir: inDist('grammars'),
    parseWorker: inDist('parse-worker.js'),
    cacheFolder: vscode.Uri.joinPath(context.globalStorageUri, 'analysis').fsPath,
  });
  const analysis = AnalysisController.register(store, config, analyzer, log);
  const heat = HeatOverlay.register(store, config);
  const engine = EngineSources.register(context.extensionUri, store);
  const navigation = new Navigation(store, engine);
  const measuring = new Measuring();
  const engineDirs = {
    distDir: distUri.fsPath,
    cacheDir: vscode.Uri.joinPath(context.globalStorageUri, 'engine').fsPath,
  };
  const engineTarget = new EngineTarget(engineDirs);
  const harness = inDist('native/harness.c');
  const system = new NativeTarget({ name: 'system', preload: null, cacheDir, harness });
  const workspace = new NativeTargets({ memory: context.workspaceState, cacheDir, harness, log });
  const laboratory = engineLaboratory({
    ...engineDirs,
    folder: costsFolder(),
    target: async (name) => (await workspace.named(name)) ?? nativeTargetNamed(name, { cacheDir, harness }),
  });
  const ledger = new LedgerWatch(laboratory, log);
  const report = Report.register(store, navigation, distUri, { ledger, laboratory });
  const compare = new CompareCommand({
    ...{ store, measuring, engine: engineTarget, log },
    natives: async () => [
      ...(await workspace.targets()),
      system,
      ...(await discoverAllocators()).map(
        ({ name, path }) => new NativeTarget({ name, preload: path, cacheDir, harness }),
      ),
    ],
    showReport: report.showAt.bind(report),
  });
  const record = new RecordTraceCommand({
    ...{ measuring, log },
    record: (options) =>
      recordTrace({
        ...options,
        ...{ all: false, env: {}, limit: recordLimits.eventsDefault, output: 'ignore' },
        ...{ source: inDist('native/recorder.c'), cacheDir },
      }),
  });
  const benchmark = new BenchmarkCommand({
    store,
    config,
    measuring,
    engine: engineTarget,
    native: [system],
    workspace,
    toProfile: profileFromBench,
    log,
  });
  const lab = {
    config,
    laboratory,
    ledger,
    measuring,
    showReport: report.showAt.bind(report),
    log,
    workspace,
    findings: (folder: vscode.Uri) => store.folder(folder).findings,
  };

  const calibrate = new CalibrateCommand({
    store,
    native: new NativeCosts({ source: inDist('native/costs.c'), cacheDir }),
    engine: new EngineCosts({ distDir: distUri.fsPath }),
    folder: costsFolder(),
    measuring,
    appendToLedger: async (record) => {
      const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
      if (folder?.scheme === 'file') await ledger.keep(folder, record);
    },
    log,
  });
  void calibrate.load();

  context.subscriptions.push(
    log,
    store,
    analyzer,
    analysis,
    heat,
    workspace,
    engine,
    LensProvider.register(store, config),
    Underlines.register(store),
    HoverProvider.register(store),
    FindingsTree.register(store),
    ledger,
    ExperimentsTree.register(ledger),
    registerStatus(store),
    registerMemory(store, context.workspaceState, version),
    report,
    registerCommands({
      store,
      analysis,
      benchmark,
      calibrate,
      compare,
      recordTrace: record,
      engine,
      heat,
      navigation,
      experiment: new ExperimentCommand(lab),
      soak: new SoakCommand(lab),
      openReport: () => report.show(),
      openReportAt: report.showAt.bind(report),
      log,
    }),
  );
  log.info(`Alloc Lens ${version} on VS Code ${vscode.version}`);
}
