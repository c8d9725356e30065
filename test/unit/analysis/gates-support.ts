/** Findings of made-up sources, without a file on disk. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findingsOf } from '../../../extension/analysis/findings.ts';
import { languageOf } from '../../../extension/analysis/discover.ts';
import { Workspace } from '../../../extension/analysis/workspace.ts';
import type { Options } from '../../../extension/analysis/build.ts';
import type { Findings, Gate } from '../../../extension/model.ts';
import { loadWasmParser } from '../../../grammars/wasm.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');
const parser = loadWasmParser(grammarDir);

export async function findings(
  sources: string | Readonly<Record<string, string>>,
  options: Partial<Options> = {},
): Promise<Findings> {
  const workspace = new Workspace('/project', await parser);
  const files = typeof sources === 'string' ? { 'a.c': sources } : sources;
  for (const [file, text] of Object.entries(files)) workspace.add(file, text, languageOf(file, text), true);
  workspace.linkAll();
  return findingsOf(workspace, { defines: {}, env: {}, entries: [], ...options }, []).findings;
}

/** Rows of the environment. */
export async function gates(
  sources: string | Readonly<Record<string, string>>,
  options: Partial<Options> = {},
): Promise<Gate[]> {
  return (await findings(sources, options)).gates.filter((g) => g.kind === 'env');
}

/** `NAME=default read`, sorted. */
export function brief(rows: readonly Gate[]): string[] {
  return rows.map((g) => `${g.name ?? '?'}=${g.default ?? '?'} ${g.read}${g.hot ? ' hot' : ''}`).sort();
}
