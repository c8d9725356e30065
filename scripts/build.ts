/** Builds everything into dist/: bundles (esbuild), grammars and queries (copied), engine modules (asc). */
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { nativeFiles } from '../extension/native/harness.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const dist = path.join(root, 'dist');
const require = createRequire(import.meta.url);

const node: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  // The native parser is optional and loaded by path at run time; it never enters a bundle.
  external: ['vscode', 'tree-sitter', 'tree-sitter-c', 'tree-sitter-cpp'],
};
/** web-tree-sitter and commander are CommonJS inside an ES module bundle: give them the `require` they expect. */
const esm: BuildOptions = {
  ...node,
  format: 'esm',
  banner: {
    js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
  },
};

export const bundles: readonly BuildOptions[] = [
  { ...node, format: 'cjs', entryPoints: ['extension/main.ts'], outfile: 'dist/extension.cjs' },
  { ...esm, entryPoints: ['extension/analysis/worker.ts'], outfile: 'dist/analysis-worker.js' },
  { ...esm, entryPoints: ['extension/analysis/parse-worker.ts'], outfile: 'dist/parse-worker.js' },
  { ...esm, entryPoints: ['extension/profile/import/worker.ts'], outfile: 'dist/import-worker.js' },
  { ...esm, entryPoints: ['extension/native/perf-data-worker.ts'], outfile: 'dist/perf-data-worker.js' },
  { ...esm, entryPoints: ['engine/host/runner.ts'], outfile: 'dist/engine-runner.js' },
  { ...esm, entryPoints: ['extension/cli/main.ts'], outfile: 'dist/cli.js' },
  {
    entryPoints: ['webview/main.ts'],
    outfile: 'dist/webview.js',
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    sourcemap: false,
    legalComments: 'none',
    logLevel: 'warning',
  },
];

function copyGrammars(): void {
  const out = path.join(dist, 'grammars');
  mkdirSync(out, { recursive: true });
  for (const id of [
    'web-tree-sitter/tree-sitter.wasm',
    'tree-sitter-c/tree-sitter-c.wasm',
    'tree-sitter-cpp/tree-sitter-cpp.wasm',
  ]) {
    const name = path.basename(id);
    copyFileSync(
      require.resolve(id),
      path.join(out, name === 'tree-sitter.wasm' ? 'web-tree-sitter.wasm' : name),
    );
  }
  const queries = path.join(root, 'grammars/queries');
  for (const f of readdirSync(queries).filter((f) => f.endsWith('.scm'))) {
    copyFileSync(path.join(queries, f), path.join(out, f));
  }
}

/** The native harness is compiled on the user's machine, so its source ships. */
function copyHarness(): void {
  mkdirSync(path.join(dist, 'native'), { recursive: true });
  for (const name of nativeFiles) {
    copyFileSync(path.join(root, 'extension/native', name), path.join(dist, 'native', name));
  }
}

async function main(): Promise<void> {
  const only = process.argv.slice(2);
  const wanted = (name: string): boolean => only.length === 0 || only.includes(name);
  mkdirSync(dist, { recursive: true });
  if (wanted('grammars')) copyGrammars();
  if (wanted('native')) copyHarness();
  if (wanted('bundles')) {
    for (const b of bundles) {
      const entry = (b.entryPoints as string[])[0] ?? '';
      if (existsSync(path.join(root, entry))) await build({ ...b, absWorkingDir: root });
    }
    const style = path.join(root, 'webview/style.css');
    if (existsSync(style)) copyFileSync(style, path.join(dist, 'webview.css'));
  }
  if (wanted('engine') && existsSync(path.join(root, 'scripts/build-engine.ts'))) {
    const { buildEngine } = (await import(`${'./build-engine.ts'}`)) as { buildEngine: () => Promise<void> };
    await buildEngine();
  }
}

await main();
