/** Child processes for the scripts: argument vectors only, whole process groups, output kept for the error message. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Absolute path of `name` on PATH, or null. */
export function findProgram(name: string, env: NodeJS.ProcessEnv = process.env): string | null {
  if (path.isAbsolute(name)) return existsSync(name) ? name : null;
  for (const dir of (env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(dir, name);
    if (dir !== '' && existsSync(file) && statSync(file).isFile()) return file;
  }
  return null;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Appended with everything that the program prints. */
  readonly logFile?: string;
  /** Also shows the output as it comes. */
  readonly echo?: boolean;
  readonly timeoutMs?: number;
}

export interface RunResult {
  /** Null when a signal or the time limit ended it. */
  readonly code: number | null;
  readonly timedOut: boolean;
  /** Standard output and error, in order of arrival; only the last 4 MB are kept. */
  readonly output: string;
}

const keep = 4 * 1024 * 1024;

/** Ends a process group that this process started (`detached: true`): first politely, then for good. */
export async function endGroup(child: ChildProcess, graceMs = 3000): Promise<void> {
  const { pid } = child;
  if (pid === undefined) return;
  const signal = (name: NodeJS.Signals | 0): boolean => {
    try {
      process.kill(-pid, name);
      return true;
    } catch {
      return false;
    }
  };
  if (!signal('SIGTERM')) return;
  for (let waited = 0; waited < graceMs; waited += 50) {
    await sleep(50);
    if (!signal(0)) return;
  }
  signal('SIGKILL');
}

/** Runs a program to its end, without standard input. Never rejects for an exit code; rejects when it cannot start. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const log = options.logFile === undefined ? null : createWriteStream(options.logFile, { flags: 'a' });
    let output = '';
    let timedOut = false;
    const onInterrupt = (): void => {
      void endGroup(child).then(() => process.exit(130));
    };
    process.once('SIGINT', onInterrupt);
    process.once('SIGTERM', onInterrupt);
    const take = (chunk: string): void => {
      output = (output + chunk).slice(-keep);
      log?.write(chunk);
      if (options.echo === true) process.stdout.write(chunk);
    };
    child.stdout.setEncoding('utf8').on('data', take);
    child.stderr.setEncoding('utf8').on('data', take);
    const timer =
      options.timeoutMs === undefined
        ? null
        : setTimeout(() => {
            timedOut = true;
            void endGroup(child);
          }, options.timeoutMs);
    const done = (): void => {
      if (timer !== null) clearTimeout(timer);
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onInterrupt);
      log?.end();
    };
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (code) => {
      done();
      resolve({ code, timedOut, output });
    });
  });
}

/** The last `count` lines of a text that are not blank. */
export function tail(text: string, count: number): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-count)
    .join('\n');
}

/** `1.2 s`, `3 min 05 s`. */
export function duration(ms: number): string {
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  const whole = Math.round(s);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}
