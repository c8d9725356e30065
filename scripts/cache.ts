/** The project's cache outside the checkout, and a lock so that two builders of one entry do not meet. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** `${XDG_CACHE_HOME:-~/.cache}/alloc-lens`; not created here. A relative XDG_CACHE_HOME is ignored, as its specification asks. */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env, home: string = os.homedir()): string {
  const xdg = env.XDG_CACHE_HOME;
  return path.join(xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, '.cache'), 'alloc-lens');
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Takes `file` for this process, true on success. A file left by a process that is gone is taken over. */
export function tryLock(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(readFileSync(file, { encoding: 'utf8', flag: 'a+' }));
  // An empty file is one that its owner is just writing.
  if (owner === 0 || alive(owner)) return false;
  rmSync(file, { force: true });
  return tryLock(file);
}

/** Runs `body` while holding `file`; waits for another holder, telling so once through `log`. */
export async function withLock<T>(
  file: string,
  log: (line: string) => void,
  body: () => Promise<T>,
): Promise<T> {
  mkdirSync(path.dirname(file), { recursive: true });
  let told = false;
  while (!tryLock(file)) {
    if (!told) log(`waiting for another process that holds ${file}`);
    told = true;
    await sleep(1000);
  }
  try {
    return await body();
  } finally {
    rmSync(file, { force: true });
  }
}
