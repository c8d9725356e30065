/** Where a ledger lies: the interface that its records are written and read through, and the one over a folder on disk. */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import path from 'node:path';
import { UserError } from '../model.ts';
import { codeOf, LockError, withLock } from './ledger-lock.ts';

export interface LedgerFiles {
  /** Of the JSON Lines, as messages name it. */
  readonly path: string;
  /** Of the folder with one file a record. */
  readonly recordsPath: string;
  /** Bytes of the JSON Lines, null when there are none. */
  size(): Promise<number | null>;
  /** The JSON Lines, piece by piece. */
  read(): AsyncIterable<Uint8Array>;
  /**
   * Adds a line durably, after a line end when the file has none; null where files can only be written whole. Throws
   * `CannotAppend` when nothing was written and a file of its own may still do.
   */
  readonly append: ((line: Uint8Array) => Promise<void>) | null;
  /** Names of the files with one record, empty when there is no such folder. */
  recordNames(): Promise<readonly string[]>;
  /** Rejects when it is longer than `limit` bytes. */
  readRecord(name: string, limit: number): Promise<Uint8Array>;
  /** Writes a new file whole and durably; false when that name is taken. */
  createRecord(name: string, content: Uint8Array): Promise<boolean>;
}

export class CannotAppend extends Error {
  override readonly name = 'CannotAppend';
}

/** `ENOSPC: no space left on device, write` as a person says it. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /^[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message;
}

/** Makes what happened to a folder's entries durable; file systems without that are none the worse. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'ENOSYS'].includes(codeOf(error))) throw error;
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let at = folder; at.length >= first.length; at = path.dirname(at)) await syncFolder(path.dirname(at));
}

async function requireRegular(file: string): Promise<number | null> {
  try {
    const entry = await stat(file);
    if (!entry.isFile()) throw new CannotAppend(`${file} is not a regular file`);
    return entry.size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Only while the lock is held. One write a record where the system takes it whole, each at the file's end. */
async function appendLine(file: string, line: Uint8Array): Promise<void> {
  await requireRegular(file);
  const handle = await open(file, 'a+').catch((error: unknown) => {
    throw new CannotAppend(reasonOf(error));
  });
  try {
    const { size } = await handle.stat();
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    // A torn tail, or a hand edit without a line end: what is there stays, ours begins afresh.
    const bytes = size === 0 || last[0] === 10 ? line : Buffer.concat([Buffer.from('\n'), line]);
    for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at)).bytesWritten;
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(path.dirname(file));
}

/**
 * Appends one line (with its line end) to a file durably: under a lock beside it, synced with its folder. For files in
 * the manner of the ledger. Rejects with `UserError`, or with `CannotAppend` when nothing was written.
 */
export async function appendDurably(file: string, line: Uint8Array): Promise<void> {
  try {
    await makeFolder(path.dirname(file));
    await withLock(`${file}.lock`, () => appendLine(file, line));
  } catch (error) {
    if (error instanceof CannotAppend) throw error;
    if (error instanceof LockError) throw new CannotAppend(reasonOf(error));
    throw new UserError(`cannot write ${file}: ${reasonOf(error)}`, 3);
  }
}

async function* pieces(file: string): AsyncIterable<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    if (!(await handle.stat()).isFile()) throw new CannotAppend(`${file} is not a regular file`);
    const buffer = Buffer.alloc(1 << 18);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) return;
      yield Uint8Array.prototype.slice.call(buffer, 0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** A whole new file or none: written under another name, synced, then given its own where no file has it. */
async function createDurably(file: string, content: Uint8Array): Promise<boolean> {
  await makeFolder(path.dirname(file));
  const temporary = path.join(path.dirname(file), `.${randomBytes(8).toString('hex')}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    try {
      await link(temporary, file);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      // No hard links here: a rename replaces, so look first; names hold 48 random bits.
      if (await lstat(file).catch(() => null)) return false;
      await rename(temporary, file);
    }
    await syncFolder(path.dirname(file));
    return true;
  } finally {
    await unlink(temporary).catch(() => {});
  }
}

/** The ledger in a file, by custom `.alloc-lens/ledger.jsonl`, and the folder `ledger` beside it. */
export function nodeLedger(file: string): LedgerFiles {
  const whole = path.resolve(file);
  const recordsPath = whole.endsWith('.jsonl') ? whole.slice(0, -'.jsonl'.length) : `${whole}.records`;
  return {
    path: whole,
    recordsPath,
    size: () => requireRegular(whole),
    read: () => pieces(whole),
    append: (line) => appendDurably(whole, line),
    recordNames: async () => {
      try {
        return await readdir(recordsPath);
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
        throw error;
      }
    },
    readRecord: async (name, limit) => {
      const at = path.join(recordsPath, name);
      const entry = await stat(at);
      if (!entry.isFile()) throw new Error('is not a regular file');
      if (entry.size > limit) throw new Error(`is ${entry.size} bytes long, ${limit} is the most`);
      const parts: Uint8Array[] = [];
      for await (const piece of pieces(at)) parts.push(piece);
      return Buffer.concat(parts);
    },
    createRecord: async (name, content) => {
      try {
        return await createDurably(path.join(recordsPath, name), content);
      } catch (error) {
        throw new UserError(`cannot write ${path.join(recordsPath, name)}: ${reasonOf(error)}`, 3);
      }
    },
  };
}
