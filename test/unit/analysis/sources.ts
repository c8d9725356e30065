/** Findings of a few files given as text. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { analyzePaths } from '../../../extension/analysis/analyze.ts';
import type { Candidate, Findings } from '../../../extension/model.ts';

const grammarDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../dist/grammars');

export async function findingsOfText(
  files: Readonly<Record<string, string>> | string,
  options: {
    entries?: readonly string[];
    env?: Record<string, string>;
    defines?: Record<string, string>;
  } = {},
): Promise<Findings> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'alloc-lens-text-'));
  try {
    for (const [name, text] of Object.entries(typeof files === 'string' ? { 'a.c': files } : files)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    return await analyzePaths([folder], { grammarDir, ...options });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Temperature of every function by name. */
export async function temperaturesOf(
  files: Readonly<Record<string, string>> | string,
): Promise<Record<string, string>> {
  const f = await findingsOfText(files);
  return Object.fromEntries(f.functions.map((x) => [x.name, x.temperature]));
}

/** `letter function:line` of every candidate of a letter. */
export function rowsOf(f: Findings, letter: Candidate['letter']): string[] {
  return f.candidates.filter((c) => c.letter === letter).map((c) => `${c.function ?? ''}:${c.line}`);
}
