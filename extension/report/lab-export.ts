/** Writes the laboratory's documents into a folder, without ever writing over what a person wrote. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { cumulative } from '../experiment/cumulative.ts';
import { reasonOf } from '../experiment/ledger-files.ts';
import { UserError } from '../model.ts';
import type { Experiment } from '../model-experiment.ts';
import { cumulativeDocument } from './cumulative-document.ts';
import { documentMark, experimentDocument } from './lab-documents.ts';
import { cumulativeName, documentNames } from './lab-names.ts';

/** Names inside the folder. */
export interface Written {
  readonly written: readonly string[];
  /** There already, and not made by an export: left as they are. */
  readonly kept: readonly string[];
}

/** Whether a document may be written: there is none, or an export made it. */
function isOurs(file: string): boolean {
  const entry = statSync(file, { throwIfNoEntry: false });
  if (entry === undefined) return true;
  if (!entry.isFile()) return false;
  const handle = openSync(file, 'r');
  try {
    const head = Buffer.alloc(Buffer.byteLength(documentMark));
    readSync(handle, head, 0, head.length, 0);
    return head.toString('utf8') === documentMark;
  } finally {
    closeSync(handle);
  }
}

/** Whole or not at all. */
function write(file: string, text: string): void {
  const temporary = path.join(path.dirname(file), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * A document for the newest record of each id, and the cumulative summary.
 *
 * @param id only the document about this experiment and the summary; null for all
 * @throws UserError when the folder or a file in it cannot be written
 */
export function writeDocuments(
  experiments: readonly Experiment[],
  folder: string,
  id: string | null,
): Written {
  const written: string[] = [];
  const kept: string[] = [];
  let at = folder;
  try {
    mkdirSync(folder, { recursive: true });
    const put = (name: string, text: string): void => {
      at = path.join(folder, name);
      if (isOurs(at)) {
        write(at, text);
        written.push(name);
      } else kept.push(name);
    };
    for (const [name, experiment] of documentNames(experiments)) {
      if (id === null || experiment.id === id) put(name, experimentDocument(experiment));
    }
    put(cumulativeName, cumulativeDocument(cumulative(experiments)));
  } catch (error) {
    throw new UserError(`cannot write ${at}: ${reasonOf(error)}`);
  }
  return { written, kept };
}
