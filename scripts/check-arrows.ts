/**
 * Enforces the dependency arrows of docs/architecture.md: every relative import of the tree is resolved to the
 * layer that it lands in, and each layer lists the layers it may see. Exits 1 with one line per violation.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

interface Layer {
  readonly name: string;
  /** Folder or file below the root that the layer owns; the longest match wins. */
  readonly place: string;
  /** Layers it may import, besides itself and `model`. */
  readonly sees: readonly string[];
  readonly vscode?: boolean;
  readonly node?: boolean;
}

const lower = ['analysis', 'profile', 'experiment', 'native', 'engine-host'];

export const layers: readonly Layer[] = [
  { name: 'model', place: 'extension/model.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-costs.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-ledger.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-soak.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-experiment.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-profile.ts', sees: [], node: false },
  { name: 'model', place: 'extension/model-report.ts', sees: [], node: false },
  { name: 'grammars', place: 'grammars', sees: [] },
  { name: 'analysis', place: 'extension/analysis', sees: ['grammars'] },
  { name: 'profile', place: 'extension/profile', sees: [] },
  { name: 'experiment', place: 'extension/experiment', sees: ['profile'] },
  { name: 'native', place: 'extension/native', sees: ['profile'] },
  { name: 'engine-host', place: 'engine/host', sees: ['profile'] },
  { name: 'report', place: 'extension/report', sees: lower, vscode: true },
  { name: 'editor', place: 'extension/editor', sees: [...lower, 'report'], vscode: true },
  { name: 'cli', place: 'extension/cli', sees: [...lower, 'report'] },
  { name: 'main', place: 'extension/main.ts', sees: [...lower, 'report', 'editor'], vscode: true },
  { name: 'webview', place: 'webview', sees: [], node: false },
];

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

function layerOf(file: string): Layer | undefined {
  return layers
    .filter((l) => file === l.place || file.startsWith(`${l.place}/`))
    .sort((a, b) => b.place.length - a.place.length)[0];
}

const importPattern =
  /(?:^|[\s;])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|^import\s*['"]([^'"]+)['"]/gm;

/** Violations in one source text; `file` is relative to the root, with `/`. Exposed for its own test. */
export function violationsIn(file: string, text: string): Violation[] {
  const from = layerOf(file);
  if (from === undefined) return [];
  const out: Violation[] = [];
  for (const m of text.matchAll(importPattern)) {
    const spec = m[1] ?? m[2] ?? m[3] ?? '';
    // The match may begin with the line break before the statement.
    const line = text.slice(0, m.index + m[0].search(/[^\s;]/)).split('\n').length;
    const say = (message: string): void => void out.push({ file, line, message });
    if (spec.startsWith('.')) {
      const target = path.posix.normalize(path.posix.join(path.posix.dirname(file), spec));
      const to = layerOf(target) ?? layerOf(target.replace(/\.js$/, '.ts')) ?? layerOf(`${target}.ts`);
      if (to === undefined) say(`${from.name} imports ${spec}, which no layer owns`);
      else if (to !== from && to.name !== 'model' && !from.sees.includes(to.name)) {
        say(`${from.name} may not import ${to.name} (${spec})`);
      }
    } else if (spec === 'vscode') {
      if (from.vscode !== true) say(`${from.name} may not import vscode`);
    } else if (from.node === false && (spec.startsWith('node:') || builtinModules.includes(spec))) {
      say(`${from.name} may not import ${spec}: it has to run in a browser`);
    }
  }
  return out;
}

function* sources(dir: string): Generator<string> {
  for (const entry of readdirSync(path.join(root, dir), { withFileTypes: true })) {
    const at = `${dir}/${entry.name}`;
    if (entry.isDirectory()) yield* sources(at);
    else if (/\.tsx?$/.test(entry.name)) yield at;
  }
}

export function checkTree(): Violation[] {
  return ['grammars', 'extension', 'engine/host', 'webview'].flatMap((dir) =>
    [...sources(dir)].flatMap((file) => violationsIn(file, readFileSync(path.join(root, file), 'utf8'))),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = checkTree();
  for (const v of found) console.error(`${v.file}:${v.line}: ${v.message}`);
  console.error(
    found.length === 0 ? 'dependency arrows: clean' : `dependency arrows: ${found.length} violations`,
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
