/** Composition root: makes the parts and hands them to each other. No logic, and no work before something asks. */
import * as vscode from 'vscode';
import { EngineCosts } from '../engine/host/costs.ts';
import { EngineTarget } from '../engine/host/target.ts';
import { costsFolder } from './analysis/cache.ts';
import { AnalysisClient } from './analysis/client.ts';
import { AnalysisController } from './editor/analysis.ts';
import { AssemblyView } from './editor/assembly.ts';
import { BenchmarkCommand } from './editor/benchmark.ts';
import { targetOffer } from './editor/benchmark-args.ts';
import { CalibrateCommand } from './editor/calibrate-command.ts';
import { registerCommands, showFailure } from './editor/commands.ts';
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
import { readyChoice, workspaceChoices } from './editor/native-offers.ts';
import { NativeTargets } from './editor/native-targets.ts';
import { Navigation } from './editor/navigation.ts';
import { ProfileCommands } from './editor/profile-commands.ts';
import { ProfileEditor } from './editor/profile-editor.ts';
import { ImportCommand } from './editor/profile-import.ts';
import { ProfileLoader } from './editor/profile-loader.ts';
import { ProfileMarks } from './editor/profile-marks.ts';
import { ProfilesTree } from './editor/profiles-tree.ts';
import { profileExporter, recordingReader } from './editor/recordings.ts';
import { Report } from './editor/report.ts';
import { SoakCommand } from './editor/soak.ts';
import { RecordTraceCommand } from './editor/record-trace.ts';
import { registerStatus } from './editor/status.ts';
import { Store } from './editor/store.ts';
import { FindingsTree } from './editor/tree.ts';
import { Underlines } from './editor/underlines.ts';
import { NativeCosts } from './native/costs.ts';
import { disassemble } from './native/disassemble.ts';
import { discoverAllocators } from './native/discover.ts';
import { nativeTargetNamed } from './native/named.ts';
import { NativeTarget } from './native/target.ts';
import { recordLimits, recordTrace } from './native/trace-record.ts';
import { profileFromBench } from './profile/from-bench.ts';
import { ImportClient } from './profile/import/client.ts';

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
  const marks = new ProfileMarks(store);
  const analysis = AnalysisController.register(store, config, analyzer, log);
  const loader = new ProfileLoader({ store, measured: (root) => analysis.ensure(root), log });
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
    loader,
    engine: engineTarget,
    native: async () => [
      ...(await workspaceChoices(workspace, (t) => targetOffer(t).description.replace(/^native: /, ''))),
      ...(await discoverAllocators()).map(({ name, path }) =>
        readyChoice(new NativeTarget({ name, preload: path, cacheDir, harness }), 'installed', path),
      ),
      readyChoice(system, 'system'),
    ],
    toProfile: profileFromBench,
    log,
  });
  const importer = new ImportCommand({
    store,
    loader,
    read: recordingReader({
      client: new ImportClient({ workerPath: inDist('import-worker.js') }),
      perfClient: new ImportClient({ workerPath: inDist('perf-data-worker.js') }),
    }),
    dropFolder: vscode.Uri.joinPath(context.globalStorageUri, 'dropped'),
    memento: context.workspaceState,
    log,
  });
  const assembly = AssemblyView.register({ store, disassemble, log });
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
    marks,
    loader,
    LensProvider.register(store, config, marks),
    Underlines.register(store),
    HoverProvider.register(store, marks),
    FindingsTree.register(store),
    ProfilesTree.register(store, importer, (error) => void showFailure(error, log)),
    ProfileEditor.register(importer, log),
    assembly,
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
      assembly,
      importer,
      profiles: new ProfileCommands(store, profileExporter(`Alloc Lens ${version}`)),
      openReport: () => report.show(),
      openReportAt: report.showAt.bind(report),
      log,
    }),
  );
  void loader.remap();
  log.info(`Alloc Lens ${version} on VS Code ${vscode.version}`);
}
