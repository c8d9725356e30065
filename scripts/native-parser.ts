/**
 * Builds the native tree-sitter binding for this machine (`npm run build:native-parser`): its published binary wants
 * a newer C++ runtime than Debian 12 has. Compiles against headers that are here already, or that an npm package
 * brings; nothing is fetched from anywhere else. Optional: without it the WebAssembly parser is used.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const prefix = path.resolve(path.dirname(process.execPath), '..');

/** A folder with `include/node/node.h` for the running version: the installation's, or an npm package's. */
function headers(work: string): string | { readonly reason: string } {
  if (existsSync(path.join(prefix, 'include/node/node.h'))) return prefix;
  const name = `node-${process.platform}-${process.arch}`;
  const done = spawnSync(
    'npm',
    ['install', '--no-save', '--ignore-scripts', '--prefix', work, `${name}@${process.versions.node}`],
    {
      encoding: 'utf8',
    },
  );
  const found = path.join(work, 'node_modules', name);
  if (done.status === 0 && existsSync(path.join(found, 'include/node/node.h'))) return found;
  return {
    reason: `no node.h for Node ${process.versions.node} at ${prefix}/include/node, and the npm package ${name} brought none`,
  };
}

/** node-gyp: the project's own, or the one inside npm. */
function nodeGyp(): string | null {
  const require = createRequire(path.join(root, 'package.json'));
  const candidates = [
    path.join(root, 'node_modules/node-gyp/bin/node-gyp.js'),
    path.join(prefix, 'lib/node_modules/npm/node_modules/node-gyp/bin/node-gyp.js'),
  ];
  try {
    candidates.push(
      path.join(path.dirname(require.resolve('npm/package.json')), 'node_modules/node-gyp/bin/node-gyp.js'),
    );
  } catch {
    // npm is not resolvable from here; its usual place was tried above.
  }
  const global = spawnSync('npm', ['root', '-g'], { encoding: 'utf8' });
  if (global.status === 0)
    candidates.push(path.join(global.stdout.trim(), 'npm/node_modules/node-gyp/bin/node-gyp.js'));
  return candidates.find((c) => existsSync(c)) ?? null;
}

/** Whether the three bindings load in a process of their own. */
function loads(): string | null {
  const probe = spawnSync(
    process.execPath,
    [
      '-e',
      "const P=require('tree-sitter');const p=new P();p.setLanguage(require('tree-sitter-c'));require('tree-sitter-cpp');if(p.parse('int x;').rootNode.type!=='translation_unit')process.exit(1)",
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (probe.status === 0) return null;
  const lines = probe.stderr.split('\n');
  return (lines.find((l) => /Error|GLIBC/.test(l)) ?? lines[0] ?? 'unknown').trim();
}

/** Builds the binding when it does not load. Returns null, or one line that says why it could not. */
export function buildNativeParser(log: (line: string) => void): string | null {
  if (loads() === null) return null;
  const gyp = nodeGyp();
  if (gyp === null) return 'node-gyp was found neither in the project nor inside npm.';
  const work = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-native-'));
  try {
    const where = headers(work);
    if (typeof where !== 'string') return where.reason;
    for (const name of ['tree-sitter', 'tree-sitter-c', 'tree-sitter-cpp']) {
      const dir = path.join(root, 'node_modules', name);
      if (!existsSync(dir)) return `node_modules/${name} is absent: run npm ci.`;
      log(`Building ${name}`);
      const built = spawnSync(process.execPath, [gyp, 'rebuild', `--nodedir=${where}`, '--silent'], {
        cwd: dir,
        encoding: 'utf8',
        timeout: 900_000,
        env: { ...process.env, npm_config_nodedir: where, CXXFLAGS: '-std=c++20' },
      });
      if (built.status !== 0) {
        const line =
          `${built.stdout}\n${built.stderr}`.split('\n').find((l) => /error/i.test(l)) ??
          'the compiler failed';
        return `${name} did not build: ${line.trim()}`;
      }
    }
    return loads();
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = buildNativeParser((line) => console.error(line));
  if (problem === null) console.log('The native parser loads.');
  else {
    console.error(`No native parser: ${problem}`);
    process.exitCode = 1;
  }
}
