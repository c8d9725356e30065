/** Starts the real VS Code of vscode-install.ts on a folder, with settings, extensions and ports of its own. */
import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { duration, endGroup, run, tail } from './process.ts';
import { ensureServer, type Log, type ServerInstall } from './vscode-install.ts';

export interface ServerOptions {
  /** The workspace folder to open. */
  readonly folder: string;
  /** A packaged extension to install first; null for none. */
  readonly vsix: string | null;
  /** Contents of the user's settings.json. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Added to the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly log?: Log;
}

export interface RunningServer {
  /** Address of the workbench with the folder open. */
  readonly url: string;
  /** What the server and its extension hosts have printed so far goes here. */
  readonly logFile: string;
  /** VS Code's own logs, one folder per window (`exthost1/…`). */
  readonly logsDir: string;
  readonly settingsFile: string;
  /** Where extensions are installed, a folder each. */
  readonly extensionsDir: string;
  /** Ends the server and removes its folders. */
  readonly stop: () => Promise<void>;
}

/** Quiet defaults: nothing that pops up, moves or phones home while a test looks. */
export const calmSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'workbench.colorTheme': 'Dark Modern',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.editor.enablePreview': false,
  'workbench.reduceMotion': 'on',
  'chat.disableAIFeatures': true,
  'chat.commandCenter.enabled': false,
  'editor.minimap.enabled': false,
  'editor.cursorBlinking': 'solid',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'npm.autoDetect': 'off',
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.confirmBeforeClose': 'never',
};

/** A port of the loopback interface that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('no free port')),
      );
    });
  });
}

interface Places {
  readonly home: string;
  readonly user: string;
  readonly extensions: string;
  readonly config: string;
  readonly log: string;
}

function makePlaces(settings: Readonly<Record<string, unknown>>): Places {
  const home = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-vscode-'));
  const places = {
    home,
    user: path.join(home, 'user-data'),
    extensions: path.join(home, 'extensions'),
    config: path.join(home, 'config.yaml'),
    log: path.join(home, 'server.log'),
  };
  mkdirSync(path.join(places.user, 'User'), { recursive: true });
  mkdirSync(places.extensions);
  writeFileSync(places.config, '');
  writeFileSync(
    path.join(places.user, 'User/settings.json'),
    JSON.stringify({ ...calmSettings, ...settings }, null, 2),
  );
  return places;
}

function commonArguments(install: ServerInstall, places: Places): string[] {
  return [
    install.entry,
    ...['--config', places.config],
    ...['--user-data-dir', places.user],
    ...['--extensions-dir', places.extensions],
  ];
}

/** Installs a packaged extension into a server's folders. @throws Error with the end of VS Code's answer. */
async function installExtension(
  install: ServerInstall,
  places: Places,
  env: NodeJS.ProcessEnv,
  vsix: string,
): Promise<void> {
  const result = await run(
    install.node,
    [...commonArguments(install, places), '--install-extension', vsix, '--force'],
    { env, logFile: places.log, timeoutMs: 120_000 },
  );
  if (result.code !== 0 || !/successfully installed/i.test(result.output)) {
    throw new Error(`VS Code did not install ${path.basename(vsix)}:\n${tail(result.output, 15)}`);
  }
}

async function waitUntilReady(base: string, logFile: string, ended: () => boolean): Promise<void> {
  const until = Date.now() + 90_000;
  while (Date.now() < until && !ended()) {
    try {
      const answer = await fetch(`${base}/healthz`, { signal: AbortSignal.timeout(2000) });
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(200);
  }
  const printed = existsSync(logFile) ? tail(readFileSync(logFile, 'utf8'), 15) : '';
  throw new Error(`VS Code ${ended() ? 'ended at once' : 'did not answer within 90 s'}:\n${printed}`);
}

/** Starts a fresh VS Code; resolves when it answers. The caller must call `stop`. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const install = await ensureServer(options.log);
  const places = makePlaces(options.settings ?? {});
  const { VSCODE_IPC_HOOK_CLI: _hook, ELECTRON_RUN_AS_NODE: _electron, ...inherited } = process.env;
  const env = { ...inherited, ...options.env };
  const remove = (): void => rmSync(places.home, { recursive: true, force: true, maxRetries: 5 });
  try {
    if (options.vsix !== null) await installExtension(install, places, env, options.vsix);
    const port = await freePort();
    const child = spawn(
      install.node,
      [
        ...commonArguments(install, places),
        ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
        ...['--disable-telemetry', '--disable-update-check', '--disable-workspace-trust'],
        ...['--disable-getting-started-override'],
        options.folder,
      ],
      { env, cwd: places.home, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    const log = createWriteStream(places.log, { flags: 'a' });
    let ended = false;
    child.on('error', () => {
      ended = true;
    });
    child.on('exit', () => {
      ended = true;
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    // A test run that is interrupted must not leave a server behind.
    const onExit = (): void => {
      if (child.pid !== undefined && !ended) process.kill(-child.pid, 'SIGKILL');
    };
    process.once('exit', onExit);
    const stop = async (): Promise<void> => {
      process.off('exit', onExit);
      await endGroup(child);
      log.end();
      remove();
    };
    const base = `http://127.0.0.1:${port}`;
    try {
      await waitUntilReady(base, places.log, () => ended);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      url: `${base}/?folder=${encodeURIComponent(options.folder)}`,
      logFile: places.log,
      logsDir: path.join(places.user, 'logs'),
      settingsFile: path.join(places.user, 'User/settings.json'),
      extensionsDir: places.extensions,
      stop,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** `tsx scripts/vscode-server.ts [FOLDER [VSIX]]`: makes the install; with a folder, serves it until interrupted. */
async function main(): Promise<void> {
  const [folder, vsix] = process.argv.slice(2);
  const say: Log = (line) => console.error(line);
  const started = Date.now();
  const install = await ensureServer(say);
  console.log(install.dir);
  if (folder === undefined) return;
  const server = await startServer({
    folder: path.resolve(folder),
    vsix: vsix === undefined ? null : path.resolve(vsix),
    log: say,
  });
  console.log(`${server.url} (ready in ${duration(Date.now() - started)}; Ctrl+C ends it)`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  await server.stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
