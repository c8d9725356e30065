/** Files that the user names: read and written with one clear line when that fails, and never half written. */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../model.ts';
import { quoted } from './values.ts';

const words: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'is a folder',
  ELOOP: 'too many symbolic links',
  ENOSPC: 'no space left',
  EROFS: 'the file system is read-only',
  ENAMETOOLONG: 'the name is too long',
};

/** What went wrong with a file, in words. */
export function fileProblem(error: unknown): string {
  const code =
    typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : '';
  return words[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Throws when `file` does not exist or cannot be looked at. */
export function requireExists(file: string, what: string): void {
  try {
    statSync(file);
  } catch (error) {
    throw new UserError(`${what} ${quoted(file)}: ${fileProblem(error)}`);
  }
}

/** Parses a JSON file of at most 512 MB. */
export function readJson(file: string, what: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new UserError(`${what} ${quoted(file)}: ${fileProblem(error)}`);
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UserError(
      `${what} ${quoted(file)}: not JSON; give a file that alloc-lens printed with --format json`,
    );
  }
}

/** Throws early, before any work, when `file` plainly cannot be written. */
export function requireWritable(file: string): void {
  const refuse = (reason: string): never => {
    throw new UserError(`cannot write ${quoted(file)}: ${reason}`);
  };
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) refuse('is a folder');
    accessSync(path.dirname(file), constants.W_OK);
  } catch (error) {
    if (error instanceof UserError) throw error;
    refuse(fileProblem(error));
  }
}

/** Writes through a temporary neighbour, so that an interrupted or failed write leaves the old file whole. */
export function writeWhole(file: string, text: string | Uint8Array): void {
  const temporary = path.join(
    path.dirname(file),
    `.${path.basename(file)}.${randomBytes(4).toString('hex')}.tmp`,
  );
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw Object.assign(new Error('is a folder'), { code: 'EISDIR' });
    }
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new UserError(`cannot write ${quoted(file)}: ${fileProblem(error)}`);
  }
}
