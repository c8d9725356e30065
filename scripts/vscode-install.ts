/**
 * A real VS Code (code-server) below the cache, built from npm's packages with the Node that it wants. Built once per
 * machine in a folder beside its place and renamed when whole, so an interrupted build leaves nothing half usable.
 * Run as a program it makes the install and prints where it is.
 */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, withLock } from './cache.ts';
import { missing, missingLine } from './preflight.ts';
import { duration, findProgram, run, tail } from './process.ts';

export const codeServerVersion = '4.139.1';
export const serverNodeVersion = '24.21.0';

/** Where an install is and what starts it. */
export interface ServerInstall {
  readonly dir: string;
  /** The Node that code-server's native modules are built for. */
  readonly node: string;
  /** code-server's own start script. */
  readonly entry: string;
  readonly version: string;
}

const nativeModules = [
  '@vscode/spdlog',
  'node-pty',
  '@parcel/watcher',
  '@vscode/native-watchdog',
  '@vscode/fs-copyfile',
  '@vscode/sqlite3',
] as const;

const nodePackage = `node-linux-${process.arch}`;

function installAt(dir: string): ServerInstall {
  return {
    dir,
    node: path.join(dir, 'node_modules', nodePackage, 'bin/node'),
    entry: path.join(dir, 'node_modules/code-server/out/node/entry.js'),
    version: `${codeServerVersion}-${serverNodeVersion}`,
  };
}

export type Log = (line: string) => void;

/** npm's environment without what an outer `npm run` left in it, and with the headers of the server's own Node. */
function installEnv(nodeDir: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix|config_prefix|command)/i.test(name),
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${path.join(nodeDir, 'bin')}${path.delimiter}${process.env.PATH ?? ''}`,
    npm_config_nodedir: nodeDir,
    npm_config_update_notifier: 'false',
    npm_config_audit: 'false',
    npm_config_fund: 'false',
    npm_config_ignore_scripts: 'true',
    npm_config_fetch_retries: '5',
    npm_config_loglevel: 'error',
  };
}

/** npm's command line script and the node-gyp that it brings. */
function npmScripts(): { npm: string; gyp: string } {
  const onPath = findProgram('npm');
  const npm = process.env.npm_execpath?.endsWith('npm-cli.js')
    ? process.env.npm_execpath
    : onPath === null
      ? null
      : realNpm(onPath);
  if (npm === null) throw new Error('npm is not on PATH: install Node.js with npm');
  const gyp = path.resolve(path.dirname(npm), '../node_modules/node-gyp/bin/node-gyp.js');
  if (!existsSync(gyp)) throw new Error(`npm at ${npm} brings no node-gyp: install a complete npm`);
  return { npm, gyp };
}

function realNpm(file: string): string {
  const real = realpathSync(file);
  return real.endsWith('npm-cli.js')
    ? real
    : path.resolve(path.dirname(real), '../lib/node_modules/npm/bin/npm-cli.js');
}

async function build(dir: string, log: Log): Promise<void> {
  const started = Date.now();
  const logFile = path.join(dir, 'install.log');
  const nodeDir = path.join(dir, 'node_modules', nodePackage);
  const vscode = path.join(dir, 'node_modules/code-server/lib/vscode');
  const { npm, gyp } = npmScripts();
  const env = installEnv(nodeDir);
  let number = 0;
  const total = 4 + nativeModules.length;
  const step = async (title: string, args: readonly string[], cwd: string): Promise<void> => {
    number += 1;
    log(`[${number}/${total}] ${title} (${duration(Date.now() - started)} so far)`);
    const result = await run(process.execPath, args, { cwd, env, logFile, timeoutMs: 30 * 60_000 });
    if (result.code !== 0) {
      throw new Error(`${title} failed (log: ${logFile}):\n${tail(result.output, 20)}`);
    }
  };
  const npmStep = (title: string, cwd: string, args: readonly string[]): Promise<void> =>
    step(title, [npm, 'install', '--prefix', cwd, '--ignore-scripts', ...args], cwd);

  writeFileSync(path.join(dir, 'package.json'), '{ "name": "alloc-lens-vscode-server", "private": true }\n');
  await npmStep(`Node ${serverNodeVersion}`, dir, [`${nodePackage}@${serverNodeVersion}`]);
  await npmStep(`code-server ${codeServerVersion}`, dir, [`code-server@${codeServerVersion}`]);
  await npmStep("VS Code's modules", vscode, ['--omit=dev']);
  await npmStep("VS Code's built-in extensions' modules", path.join(vscode, 'extensions'), ['--omit=dev']);
  const asar = path.join(vscode, 'node_modules.asar');
  if (!existsSync(asar)) symlinkSync('node_modules', asar);
  for (const name of nativeModules) {
    const at = path.join(vscode, 'node_modules', name);
    await step(`native module ${name}`, [gyp, 'rebuild', `--nodedir=${nodeDir}`], at);
  }
  log(`VS Code ${codeServerVersion} built in ${duration(Date.now() - started)}`);
}

/** Whether the install is there already. */
export function haveServer(): boolean {
  return existsSync(path.join(cacheRoot(), 'vscode-server', `${codeServerVersion}-${serverNodeVersion}`));
}

/**
 * The install, made when it is absent (some minutes: downloads about 200 MB from the npm registry and compiles six
 * native modules).
 * @throws Error with one line that names missing system packages, or with the end of the failed step's output.
 */
export async function ensureServer(log: Log = (line) => console.error(line)): Promise<ServerInstall> {
  if (process.platform !== 'linux') throw new Error('the VS Code test install is made for Linux only');
  const parent = path.join(cacheRoot(), 'vscode-server');
  const place = installAt(path.join(parent, `${codeServerVersion}-${serverNodeVersion}`));
  if (existsSync(place.dir)) return place;
  return withLock(`${place.dir}.lock`, log, async () => {
    if (existsSync(place.dir)) return place;
    const lacks = missing(['g++', 'python3', 'make', 'libkrb5-dev']);
    if (lacks.length > 0) throw new Error(missingLine('VS Code cannot be built', lacks));
    const building = `building-${place.version}-`;
    // Builds that were interrupted: this process holds the lock, so nobody is at work in them.
    for (const left of readdirSync(parent).filter((f) => f.startsWith(building))) {
      rmSync(path.join(parent, left), { recursive: true, force: true });
    }
    log(`building VS Code in ${place.dir}, once for this machine`);
    const temporary = mkdtempSync(path.join(parent, building));
    try {
      await build(temporary, log);
      renameSync(temporary, place.dir);
    } catch (error) {
      const kept = path.join(os.tmpdir(), `alloc-lens-vscode-server-${process.pid}.log`);
      const written = path.join(temporary, 'install.log');
      if (existsSync(written)) writeFileSync(kept, readFileSync(written));
      rmSync(temporary, { recursive: true, force: true });
      throw new Error((error as Error).message.replace(written, kept));
    }
    return place;
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log((await ensureServer()).dir);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
