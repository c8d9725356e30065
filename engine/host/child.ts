/** Starts the runner as a child process, sends it one job and waits for the result. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import type { ChildMessage, Job, JobResult } from './protocol.ts';

export interface ChildOptions {
  readonly distDir: string;
  /** Node, or Electron run as Node. */
  readonly nodePath: string;
  readonly extraEnv: Readonly<Record<string, string>>;
  /** V8 flags that this Node takes. */
  readonly nodeFlags: readonly string[];
  /** A program that starts Node, with its arguments (`taskset -c 1`); none without it. */
  readonly launcher?: readonly string[];
}

export interface ChildHooks {
  readonly onProgress: (message: string, fraction: number) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Optimised code only, compiled before the first pass: a launch's speed must not depend on when V8 tiers up. And calls
 * stay calls: from version 12 on V8 inlines WebAssembly functions, which would make `fast-calls` a second `fast`.
 */
export const pinFlags: readonly string[] = [
  '--no-liftoff',
  '--no-wasm-lazy-compilation',
  '--no-wasm-inlining',
];

/** Of the runner's process. */
export function childEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  // NODE_OPTIONS of the surroundings (debuggers, loaders) would change what is measured.
  const { NODE_OPTIONS: _dropped, ...env } = process.env;
  return { ...env, ...extra, ELECTRON_RUN_AS_NODE: '1' };
}

export function abortError(): Error {
  return new DOMException('The benchmark was cancelled', 'AbortError');
}

/** Which of the flags this Node takes: one trial each, started and ended at once. */
export async function probeFlags(
  options: Omit<ChildOptions, 'nodeFlags'>,
  flags: readonly string[] = pinFlags,
): Promise<string[]> {
  const accepted = await Promise.all(
    flags.map(
      (flag) =>
        new Promise<boolean>((resolve) => {
          const child = spawn(options.nodePath, [flag, '-e', '0'], {
            stdio: 'ignore',
            env: childEnvironment(options.extraEnv),
          });
          child.on('error', () => resolve(false));
          child.on('exit', (code) => resolve(code === 0));
        }),
    ),
  );
  return flags.filter((_, i) => accepted[i]);
}

/**
 * Runs a job. Rejects with `UserError` when the child reports one or cannot run, with an AbortError when the signal
 * fires (the child is killed), with a plain `Error` for faults of our own.
 */
export function runJob(job: Job, options: ChildOptions, hooks: ChildHooks): Promise<JobResult> {
  const runner = path.join(options.distDir, 'engine-runner.js');
  if (!existsSync(runner)) {
    return Promise.reject(new UserError(`${runner} is missing: run \`npm run build\``, 3));
  }
  if (hooks.signal?.aborted) return Promise.reject(abortError());
  return new Promise<JobResult>((resolve, reject) => {
    const [program = '', ...before] = [...(options.launcher ?? []), options.nodePath];
    const child = spawn(program, [...before, ...options.nodeFlags, runner], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: childEnvironment(options.extraEnv),
    });
    let stderr = '';
    let settled = false;
    let answer: JobResult | null = null;
    const abort = (): void => {
      child.kill('SIGKILL');
      finish(() => reject(abortError()));
    };
    const finish = (settle: () => void): void => {
      if (settled) return;
      settled = true;
      hooks.signal?.removeEventListener('abort', abort);
      settle();
    };
    hooks.signal?.addEventListener('abort', abort, { once: true });
    child.stderr?.on('data', (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-2000);
    });
    child.on('message', (raw) => {
      const message = raw as ChildMessage;
      if (message.type === 'ready') child.send(job);
      else if (message.type === 'progress') hooks.onProgress(message.message, message.fraction);
      else if (message.type === 'result') {
        answer = message.result;
        // Its end is waited for, so that what it used counts as ours and nothing of it runs beside the next one.
        setTimeout(() => child.kill('SIGKILL'), 5000).unref();
      } else if (message.type === 'error')
        finish(() =>
          reject(
            message.exitCode === null
              ? new Error(message.message)
              : new UserError(message.message, message.exitCode),
          ),
        );
    });
    child.on('error', (error) =>
      finish(() => reject(new UserError(`the engine's process could not start: ${error.message}`, 3))),
    );
    child.on('exit', (code, signal) => {
      const result = answer;
      if (result !== null) {
        finish(() => resolve(result));
        return;
      }
      const how = signal === null ? `with status ${code}` : `by ${signal}`;
      const last = stderr.trim().split('\n').at(-1);
      finish(() =>
        reject(
          new UserError(
            `the engine's process ended ${how} before its result${last ? ` (${last})` : ''}: run it again, with a smaller workload if memory is short`,
            3,
          ),
        ),
      );
    });
  });
}
