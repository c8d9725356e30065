/** The command line's entry: composition, signals and exit status. */
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EngineCosts } from '../../engine/host/costs.ts';
import { readManifest } from '../../engine/host/manifest.ts';
import { engineSide } from '../../engine/host/pair-side.ts';
import { EnginePair } from '../../engine/host/pair-target.ts';
import { EngineSoakRunner } from '../../engine/host/soak.ts';
import { EngineTarget } from '../../engine/host/target.ts';
import { CommanderError } from 'commander';
import { type AnalyzeOptions, analyzePaths } from '../analysis/analyze.ts';
import { cacheFolder, costsFolder, stampOf } from '../analysis/cache.ts';
import { appendRecord, ledgerOf } from '../experiment/ledger.ts';
import { nodeLedger } from '../experiment/ledger-files.ts';
import { type PlanParts, runPlan } from '../experiment/run-plan.ts';
import { TargetPair } from '../experiment/target-pair.ts';
import { type Target, UserError } from '../model.ts';
import { NativeCosts } from '../native/costs.ts';
import { type ExactCommand, exactText } from '../native/build.ts';
import { ConfiguredTarget } from '../native/configured.ts';
import { discoverAllocators, knownAllocators } from '../native/discover.ts';
import { nativeTargetNamed } from '../native/named.ts';
import { readPerfData } from '../native/perf-data.ts';
import { functionSymbols } from '../native/symbols.ts';
import { recordTrace } from '../native/trace-record.ts';
import { type WorkspaceTargets, workspaceTargets } from '../native/workspace-targets.ts';
import { keepCosts, readCosts } from '../profile/cost-file.ts';
import { thisHost } from '../profile/cost-host.ts';
import { profileFromBench } from '../profile/from-bench.ts';
import { readMachineState } from '../profile/machine-state.ts';
import { requireExists } from './files.ts';
import { processOutput } from './output.ts';
import { createProgram } from './program.ts';
import type { CostServices, Services } from './services.ts';
import { quoted } from './values.ts';

const distDir = path.dirname(fileURLToPath(import.meta.url));
const cancelled = 130;
/** After this many milliseconds a cancelled command is not waited for any longer. */
const grace = 5000;

function packageVersion(): string {
  const text = readFileSync(path.join(distDir, '..', 'package.json'), 'utf8');
  const parsed: unknown = JSON.parse(text);
  const version: unknown =
    typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'version') : '';
  return typeof version === 'string' ? version : '';
}

function nativeCache(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CACHE_HOME ?? '';
  return path.join(path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'), 'alloc-lens');
}

/** Commands that take the names of targets. */
const takingTargets: readonly string[] = ['bench', 'compare-allocators', 'experiment', 'record'];

function targetNamed(name: string, folder: WorkspaceTargets, onLine: (line: string) => void): Target {
  if (name === 'engine') return new EngineTarget({ distDir });
  const places = {
    cacheDir: nativeCache(process.env),
    harness: path.join(distDir, 'native', 'harness.c'),
  };
  const own = folder.targets.find((t) => t.config.name === name);
  if (own !== undefined) {
    const approve = async (commands: readonly ExactCommand[]): Promise<void> => {
      // The build's own commands are told as they run.
      const last = commands.at(-1);
      if (last !== undefined) onLine(`${name} (${own.origin}) runs: ${exactText(last)}`);
    };
    return new ConfiguredTarget({ target: own, ...places, approve, onLine });
  }
  if (name.includes('/') || /\.so(\.\d+)*$/.test(name)) requireExists(name, '--target');
  const target = nativeTargetNamed(name, places);
  if (target === null) {
    const [problem] = folder.problems;
    if (problem !== undefined) throw new UserError(problem);
    const here = folder.targets.map((t) => t.config.name);
    throw new UserError(
      `--target ${quoted(name)}: expected engine, system, ${[...knownAllocators, ...here].join(', ')}, or the path of a preload library`,
    );
  }
  return target;
}

/** Lines of files below the checkout, the profiled engine's own sources among them. */
function sourceReader(): Services['sourceText'] {
  const cache = new Map<string, readonly string[]>();
  return (file, line) => {
    let lines = cache.get(file);
    if (lines === undefined) {
      try {
        lines = readFileSync(path.resolve(distDir, '..', file), 'utf8').split('\n');
      } catch {
        lines = [];
      }
      cache.set(file, lines);
    }
    return lines[line - 1] ?? null;
  };
}

/** Both kinds of runner, and what this machine remembers of its noise. */
function planParts(target: (name: string) => Target): PlanParts {
  const folder = costsFolder();
  return {
    engine: new EnginePair({ distDir }),
    apart: new TargetPair(target, (spec) =>
      spec.target === 'engine'
        ? engineSide(spec)
        : { variant: spec.variant, env: spec.env, flags: spec.flags },
    ),
    machine: readMachineState,
    calibrations: folder === null ? null : path.join(folder, 'calibrations.jsonl'),
  };
}

/** One line for a person, and the exit status that goes with it. */
function explain(error: unknown): { readonly line: string; readonly status: number } {
  if (error instanceof CommanderError) {
    const help = 'try alloc-lens --help';
    return { line: `${error.message.replace(/^error: /, '').split('\n')[0]}; ${help}`, status: 2 };
  }
  const message = error instanceof Error ? error.message : String(error);
  const line = message.split('\n').find((l) => l.trim() !== '') ?? 'failed without a message';
  if (error instanceof UserError) return { line, status: error.exitCode };
  return { line: `unexpected failure: ${line}`, status: 3 };
}

/** Parse workers and kept results: only the bundle has the first, and a name for the second. */
function analysisSetup(): Pick<AnalyzeOptions, 'grammarDir' | 'parseWorker' | 'cache'> {
  const grammarDir = path.join(distDir, 'grammars');
  const program = fileURLToPath(import.meta.url);
  const folder = cacheFolder();
  return {
    grammarDir,
    parseWorker: path.join(distDir, 'parse-worker.js'),
    ...(folder === null || !program.endsWith('.js') || !existsSync(grammarDir)
      ? {}
      : { cache: { folder, stamp: stampOf(program, grammarDir) } }),
  };
}

function costServices(): CostServices {
  const folder = costsFolder();
  const host = thisHost();
  return {
    native: new NativeCosts({
      source: path.join(distDir, 'native', 'costs.c'),
      cacheDir: nativeCache(process.env),
    }),
    engine: new EngineCosts({ distDir }),
    host: host.name,
    kept: () => (folder === null ? null : readCosts(folder, host)),
    keep: (table) => (folder === null ? null : keepCosts(folder, host, table)),
  };
}

async function main(): Promise<void> {
  const output = processOutput(process.stdout, process.stderr, process.env);
  const controller = new AbortController();
  const cancel = (): void => {
    if (controller.signal.aborted) process.exit(cancelled);
    controller.abort();
    setTimeout(() => process.exit(cancelled), grace).unref();
  };
  process.on('SIGINT', cancel);
  process.on('SIGTERM', cancel);
  const fail = (error: unknown): void => {
    if (controller.signal.aborted) {
      output.say('alloc-lens: cancelled');
      process.exitCode = cancelled;
      return;
    }
    if (error instanceof CommanderError && error.exitCode === 0) return;
    const { line, status } = explain(error);
    output.say(`alloc-lens: ${line}`);
    if (process.env.ALLOC_LENS_DEBUG === '1' && error instanceof Error)
      process.stderr.write(`${error.stack}\n`);
    process.exitCode = status;
  };
  process.on('uncaughtException', (error) => {
    fail(error);
    process.exit();
  });
  process.on('unhandledRejection', (error) => {
    fail(error);
    process.exit();
  });
  let folder: WorkspaceTargets = { targets: [], problems: [] };
  // Of a build's output what a compiler complained about; a failure's first line is in its message.
  const worthSaying = /^\$ |\bruns: |(?:warning|error): |undefined reference|\*\*\*/;
  const target = (name: string): Target =>
    targetNamed(name, folder, (line) => {
      if (worthSaying.test(line)) output.say(line);
    });
  const services: Services = {
    output,
    signal: controller.signal,
    version: packageVersion(),
    analyze: (paths, options) => analyzePaths(paths, { ...options, ...analysisSetup() }),
    target,
    installed: async () => (await discoverAllocators()).map((a) => a.name),
    profileFromBench,
    readPerfData: (file, options) => readPerfData(file, options),
    sourceText: sourceReader(),
    costs: costServices(),
    htmlAssets: () => ({
      script: readFileSync(path.join(distDir, 'webview.js'), 'utf8'),
      style: readFileSync(path.join(distDir, 'webview.css'), 'utf8'),
    }),
    experiment: (plan, hooks, { maxProcesses, calibrate }) =>
      runPlan(planParts(target), plan, { maxProcesses, calibrate, hooks }),
    appendToLedger: async (record, file) => {
      await appendRecord(file === undefined || file === null ? ledgerOf('.') : nodeLedger(file), record);
    },
    machine: () => readMachineState({ pinned: null, flags: [] }),
    engineFunctions: () => readManifest(distDir).functions.map((f) => f.name),
    soakRunner: new EngineSoakRunner({ distDir }),
    functionSymbols: (file) => functionSymbols(file, controller.signal),
    recordTrace: (options) =>
      recordTrace({
        ...options,
        ...{ cwd: process.cwd(), output: 'inherit', cacheDir: nativeCache(process.env) },
        source: path.join(distDir, 'native', 'recorder.c'),
      }),
  };
  const program = createProgram(services, (status) => {
    process.exitCode = status;
  });
  program.hook('preAction', async (_program, command) => {
    if (takingTargets.includes(command.name())) folder = await workspaceTargets(process.cwd(), undefined);
  });
  try {
    if (process.argv.length <= 2) {
      process.stderr.write(program.helpInformation());
      process.exitCode = 2;
    } else {
      await program.parseAsync(process.argv);
    }
  } catch (error) {
    fail(error);
  } finally {
    output.endProgress();
  }
}

await main();
