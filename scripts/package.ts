/**
 * Makes the VSIX from what `npm run build` left: exactly one `alloc-lens-VERSION.vsix` at the root, checked for what
 * it must hold and must not. Prints its size and what the size is made of.
 */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readFlips } from '../engine/host/flips.ts';
import { readManifest } from '../engine/host/manifest.ts';
import { buildFlips, missingFlips } from './build-flips.ts';
import { run, tail } from './process.ts';
import { type ZipEntry, zipEntries } from './zip.ts';
import { nativeFiles } from '../extension/native/harness.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Each must match at least one file below `extension/` in the package. */
export const expected: readonly RegExp[] = [
  /^package\.json$/,
  /^readme\.md$/i,
  /^changelog\.md$/i,
  /^license(\.\w+)?$/i,
  /^dist\/extension\.cjs$/,
  /^dist\/analysis-worker\.js$/,
  /^dist\/import-worker\.js$/,
  /^dist\/perf-data-worker\.js$/,
  /^dist\/engine-runner\.js$/,
  /^dist\/webview\.js$/,
  /^dist\/webview\.css$/,
  /^dist\/engine\/fast\.wasm$/,
  /^dist\/engine\/costs\.wasm$/,
  /^dist\/engine\/flips\.json$/,
  /^dist\/engine\/flips\.br$/,
  /^dist\/grammars\/web-tree-sitter\.wasm$/,
  /^dist\/grammars\/tree-sitter-c\.wasm$/,
  /^dist\/grammars\/tree-sitter-cpp\.wasm$/,
  /^dist\/grammars\/[^/]+\.scm$/,
  ...nativeFiles.map((name) => new RegExp(`(^|/)native/${name.replace('.', '\\.')}$`)),
  /^engine\/allocator\/[^/]+\.ts$/,
  /^engine\/workloads\/[^/]+\.ts$/,
];

/** None may match any. */
export const unwanted: readonly RegExp[] = [
  /(^|\/)node_modules\//,
  /(^|\/)\.git/,
  /^(test|scripts|bench|samples|\.ci)\//,
  /^(extension|webview|grammars)\/.*\.ts$/,
  /\.(c?js|css)\.map$/,
  /\.vsix$/,
];

/** What is wrong with a package's contents; names are relative to its `extension/` folder. */
export function problemsIn(names: readonly string[]): readonly string[] {
  return [
    ...expected
      .filter((pattern) => !names.some((n) => pattern.test(n)))
      .map((p) => `missing: nothing matches ${p.source}`),
    ...names.filter((n) => unwanted.some((p) => p.test(n))).map((n) => `should not be packed: ${n}`),
  ];
}

/** Pictures that a Markdown text shows from the package itself. */
export function picturesOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/!\[[^\]]*\]\(([^)\s]+)\)/g)]
    .map((m) => m[1] ?? '')
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/** More than this is more than a download should be. */
const mostBytes = 3 * 2 ** 20;

const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

/** Sizes by top folder (`dist/engine`, `engine/allocator`, …), largest first. */
export function sizesByFolder(
  entries: readonly ZipEntry[],
): readonly { folder: string; packed: number; files: number }[] {
  const sums = new Map<string, { packed: number; files: number }>();
  for (const { name, packed } of entries) {
    const parts = name.split('/');
    const folder = parts.length === 1 ? '.' : parts.slice(0, Math.min(2, parts.length - 1)).join('/');
    const sum = sums.get(folder) ?? { packed: 0, files: 0 };
    sums.set(folder, { packed: sum.packed + packed, files: sum.files + 1 });
  }
  return [...sums].map(([folder, s]) => ({ folder, ...s })).sort((a, b) => b.packed - a.packed);
}

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  await buildFlips((line) => console.log(line));
  const vsce = createRequire(import.meta.url).resolve('@vscode/vsce/vsce');
  // Below the root, so that the finished file can be renamed into place.
  const temporary = mkdtempSync(path.join(root, 'dist/packing-'));
  try {
    const out = path.join(temporary, `alloc-lens-${version}.vsix`);
    const result = await run(
      process.execPath,
      [
        vsce,
        'package',
        '--no-dependencies',
        '--allow-missing-repository',
        '--no-rewrite-relative-links',
        ...['--out', out],
      ],
      { cwd: root },
    );
    if (result.code !== 0) throw new Error(`vsce failed:\n${tail(result.output, 20)}`);
    const bytes = readFileSync(out);
    const entries = zipEntries(bytes)
      .filter((e) => e.name.startsWith('extension/'))
      .map((e) => ({ ...e, name: e.name.slice('extension/'.length) }));
    const names = entries.map((e) => e.name);
    const lost = picturesOf(readFileSync(path.join(root, 'README.md'), 'utf8')).filter(
      (p) => !names.includes(p),
    );
    const index = readFlips(path.join(root, 'dist'), readManifest(path.join(root, 'dist')).inputs);
    const problems = [
      ...problemsIn(names),
      ...lost.map((p) => `missing: README.md shows ${p}`),
      ...missingFlips(index ?? { modules: [] }).map((f) => `missing: a module of ${f}`),
      ...(bytes.length > mostBytes ? [`${kib(bytes.length)} is more than ${kib(mostBytes)}`] : []),
    ];
    for (const p of problems) console.error(p);
    if (problems.length > 0) throw new Error('the package is not what it should be (npm run build first?)');
    for (const old of readdirSync(root).filter((f) => /^alloc-lens-.*\.vsix$/.test(f))) {
      rmSync(path.join(root, old));
    }
    renameSync(out, path.join(root, path.basename(out)));
    for (const s of sizesByFolder(entries)) {
      console.log(`${kib(s.packed).padStart(12)}  ${s.folder} (${s.files} files)`);
    }
    console.log(`${path.basename(out)}: ${kib(bytes.length)}, ${entries.length} files`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
