/** Writes the laboratory's documents. What somebody else wrote under their names stays. */
import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { cumulative } from '../experiment/cumulative.ts';
import type { Experiment } from '../model-experiment.ts';
import { cumulativeDocument } from './cumulative-document.ts';
import { documentMark, experimentDocument } from './lab-documents.ts';
import { cumulativeName, documentNames } from './lab-names.ts';

/** Whether a document may be written: there is none, or an export made it. */
function isOurs(file: string): boolean {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  if (!stat.isFile()) return false;
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(Buffer.byteLength(documentMark));
    readSync(handle, head, 0, head.length, 0);
    return head.toString('utf8') === documentMark;
  } finally {
    closeSync(handle);
  }
}

/** Through a temporary neighbour: an interrupted write leaves the old file whole. */
function writeWhole(file: string, text: string): void {
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

export interface WrittenDocuments {
  /** File names in the folder, the cumulative summary last. */
  readonly written: readonly string[];
  /** Names under which something stands that is not ours. */
  readonly kept: readonly string[];
}

/**
 * One document for each experiment and the cumulative summary, in `folder`.
 *
 * @param about only the documents of this experiment and the summary; null for all
 * @throws what the file system answers
 */
export function writeDocuments(
  experiments: readonly Experiment[],
  folder: string,
  about: string | null = null,
): WrittenDocuments {
  mkdirSync(folder, { recursive: true });
  const written: string[] = [];
  const kept: string[] = [];
  const write = (name: string, text: string): void => {
    const file = path.join(folder, name);
    if (!isOurs(file)) {
      kept.push(name);
      return;
    }
    writeWhole(file, text);
    written.push(name);
  };
  for (const [name, experiment] of documentNames(experiments)) {
    if (about === null || experiment.id === about) write(name, experimentDocument(experiment));
  }
  write(cumulativeName, cumulativeDocument(cumulative(experiments)));
  return { written, kept };
}
