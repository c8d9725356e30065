/**
 * A lock between processes, for a moment's work on one file. The lock is a symbolic link whose target names its owner: it
 * comes into being whole or not at all, so that a process killed at any instruction leaves either no lock or one
 * that says whose it is. Where links cannot be made (Windows without the privilege, FAT) it is a file with that text.
 *
 * A lock is stale when its owner ran on this machine, in this namespace of processes, and is no more; or when the same
 * owner has been seen for `patience` without a change, whatever the clocks of two machines say. Only the holder of a
 * second lock beside it may remove a stale one, after looking again, so that two who find the same lock stale do not
 * remove each other's.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, readlink, symlink, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LockTimes {
  /** Milliseconds after which an owner that cannot be asked counts as gone; the work takes a few. */
  readonly patience: number;
  /** Milliseconds after which waiting is given up. */
  readonly limit: number;
}

const usual: LockTimes = { patience: 10_000, limit: 60_000 };

/** The lock could not be had: `code` of the file system, or ELOCKED. */
export class LockError extends Error {
  override readonly name = 'LockError';
  constructor(
    message: string,
    readonly code: string,
  ) {
    super(message);
  }
}

export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Where a process number means something: the host, its boot and, on Linux, the namespace of processes. */
function place(): string {
  const hash = createHash('sha256').update(os.hostname());
  const add = (read: () => string): void => {
    try {
      hash.update(`\n${read()}`);
    } catch {
      // Not Linux.
    }
  };
  add(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  add(() => readlinkSync('/proc/self/ns/pid'));
  return hash.digest('hex').slice(0, 16);
}

async function create(lock: string, token: string): Promise<boolean> {
  try {
    await symlink(token, lock);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
  }
  try {
    await writeFile(lock, token, { flag: 'wx' });
    return true;
  } catch (error) {
    // Windows answers EPERM for a name that is being removed.
    if (codeOf(error) === 'EEXIST' || (process.platform === 'win32' && codeOf(error) === 'EPERM'))
      return false;
    throw new LockError(error instanceof Error ? error.message : String(error), codeOf(error));
  }
}

/** The owner's token, null when there is no lock (any more). */
async function owner(lock: string): Promise<string | null> {
  try {
    return await readlink(lock);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
  }
  try {
    return await readFile(lock, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    return '';
  }
}

function isDead(token: string, here: string): boolean {
  const [, where, pid] = /^([0-9a-f]{16})-(\d{1,10})-[0-9a-f]+$/.exec(token) ?? [];
  if (where !== here || pid === undefined || Number(pid) === 0) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

async function remove(lock: string): Promise<void> {
  try {
    await unlink(lock);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw new LockError(error instanceof Error ? error.message : String(error), codeOf(error));
    }
  }
}

/** Remembers since when the same token has been seen. */
function watcher(patience: number): (token: string) => boolean {
  let last = '';
  let since = 0;
  return (token) => {
    const now = performance.now();
    if (token !== last || since === 0) {
      last = token;
      since = now;
    }
    return now - since >= patience;
  };
}

/** Does `work` while no other process that asks for the same lock does; rejects with `LockError` when it cannot. */
export async function withLock<T>(
  lock: string,
  work: () => Promise<T>,
  times: LockTimes = usual,
): Promise<T> {
  const here = place();
  const token = `${here}-${process.pid}-${randomBytes(6).toString('hex')}`;
  const guard = `${lock}.steal`;
  const seen = watcher(times.patience);
  const seenGuard = watcher(times.patience);
  const deadline = performance.now() + times.limit;
  while (!(await create(lock, token))) {
    const holder = await owner(lock);
    if (holder === null) continue;
    const patienceOver = seen(holder);
    if (isDead(holder, here) || patienceOver) {
      if (await create(guard, token)) {
        try {
          if ((await owner(lock)) === holder) await remove(lock);
        } finally {
          await remove(guard);
        }
        continue;
      }
      const stealer = await owner(guard);
      if (stealer !== null) {
        const guardOver = seenGuard(stealer);
        if ((isDead(stealer, here) || guardOver) && (await owner(guard)) === stealer) await remove(guard);
      }
    }
    if (performance.now() > deadline) {
      throw new LockError(
        `${lock} has been held by another process for ${Math.round(times.limit / 1000)} s: remove it when nothing else is running`,
        'ELOCKED',
      );
    }
    await sleep(1 + Math.random() * 15);
  }
  try {
    return await work();
  } finally {
    // Whoever lost patience with us may have given it to another. A lock that stays is found stale by the next.
    if ((await owner(lock)) === token) await remove(lock).catch(() => {});
  }
}
