/** The file that a soak keeps its epochs in while it runs: an fsynced line an epoch. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { SoakRow } from '../model-soak.ts';
import { UserError } from '../model.ts';
import { LockError, type LockTimes, withLock } from './ledger-lock.ts';
import { readSoakCsv, type SoakFile, type SoakHead, soakCsvHead, soakCsvRow } from './soak-csv.ts';

/** An epoch takes some hundred bytes: more than a year's. */
const mostBytes = 2 ** 26;

function reason(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EEXIST: 'it is there already',
    ENOTDIR: 'a part of the path is not a folder',
    EISDIR: 'is a folder',
    ENOSPC: 'no space left',
    EROFS: 'the file system is read-only',
  };
  return words[code] ?? (code === '' ? 'unknown reason' : code);
}

/** The soak in a file, and when the file was written last. Throws `UserError` for what is none. */
export function readSoakFile(file: string): SoakFile & { readonly writtenAt: Date } {
  let text: string;
  let writtenAt: Date;
  try {
    const { size, mtime } = statSync(file);
    if (size > mostBytes) throw new UserError(`${file} is too large for a soak's file`);
    writtenAt = mtime;
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read the soak's file ${file}: ${reason(error)}`);
  }
  try {
    return { ...readSoakCsv(text), writtenAt };
  } catch (error) {
    if (error instanceof UserError) throw new UserError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The path of a new soak's file, its folder made. Throws `UserError` when that cannot be. */
export function soakFileIn(folder: string, id: string): string {
  const file = path.join(folder, `${id}.csv`);
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UserError(`cannot write ${file}: ${reason(error)}`);
  }
  return file;
}

/** Nobody waits for a soak's end, and however long it takes, only the death of its process ends its claim. */
const whole: LockTimes = { patience: Number.POSITIVE_INFINITY, limit: 0 };

/**
 * Does `work` as the only one that writes the soak's file, with a lock beside it. Rejects with `UserError` at once when
 * another process has it; what is left of a process that died is in nobody's way.
 */
export async function soakAlone<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = `${file}.lock`;
  try {
    return await withLock(lock, work, whole);
  } catch (error) {
    if (!(error instanceof LockError)) throw error;
    throw new UserError(
      error.code === 'ELOCKED'
        ? `${file}: this soak is running already: wait for its end, or remove ${path.basename(lock)} when it is not`
        : `cannot write ${lock}: ${reason(error)}`,
    );
  }
}

export class SoakJournal {
  readonly file: string;
  readonly #handle: number;

  private constructor(file: string, handle: number) {
    this.file = file;
    this.#handle = handle;
  }

  /** A new file. Throws `UserError` when it cannot be made. */
  static create(file: string, head: SoakHead): SoakJournal {
    try {
      const journal = new SoakJournal(file, openSync(file, 'wx'));
      journal.#write(soakCsvHead(head));
      return journal;
    } catch (error) {
      throw error instanceof UserError ? error : new UserError(`cannot write ${file}: ${reason(error)}`);
    }
  }

  /** Goes on in a file that `readSoakFile` has read: a torn last line is cut off, so that it cannot become half a figure. */
  static open(file: string): SoakJournal {
    try {
      truncateSync(file, readFileSync(file).lastIndexOf(0x0a) + 1);
      return new SoakJournal(file, openSync(file, 'a'));
    } catch (error) {
      throw new UserError(`cannot write ${file}: ${reason(error)}`);
    }
  }

  append(row: SoakRow): void {
    this.#write(soakCsvRow(row));
  }

  close(): void {
    closeSync(this.#handle);
  }

  #write(text: string): void {
    const bytes = Buffer.from(text);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#handle, bytes, at);
      fsyncSync(this.#handle);
    } catch (error) {
      throw new UserError(`cannot write ${this.file}: ${reason(error)}`, 3);
    }
  }
}
