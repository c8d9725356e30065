/** A soak's child process, seen from its parent: started once, asked for an epoch at a time, killed at the end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { UserError } from '../../extension/model.ts';
import { abortError, type ChildOptions, childEnvironment } from './child.ts';
import type { ChildMessage, SoakEpochOrder, SoakEpochResult, SoakJob } from './protocol.ts';

interface Waiting {
  readonly resolve: (result: SoakEpochResult | null) => void;
  readonly reject: (error: Error) => void;
}

export class SoakChild {
  readonly #child: ChildProcess;
  readonly #signal: AbortSignal | undefined;
  #waiting: Waiting | null = null;
  #failure: Error | null = null;
  #stderr = '';

  private constructor(options: ChildOptions, signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#child = spawn(
      options.nodePath,
      [...options.nodeFlags, path.join(options.distDir, 'engine-runner.js')],
      { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env: childEnvironment(options.extraEnv) },
    );
    signal?.addEventListener('abort', this.#abort, { once: true });
    this.#child.stderr?.on('data', (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-2000);
    });
    this.#child.on('error', (error) =>
      this.#fail(new UserError(`the engine's process could not start: ${error.message}`, 3)),
    );
    this.#child.on('exit', (code, killer) => {
      const how = killer === null ? `with status ${code}` : `by ${killer}`;
      const last = this.#stderr.trim().split('\n').at(-1);
      this.#fail(new UserError(`the engine's process ended ${how} in a soak${last ? ` (${last})` : ''}`, 3));
    });
  }

  /**
   * Resolves when the process is ready to work. Rejects with `UserError` when it cannot be, with an AbortError when the
   * signal fires, which kills it now or later.
   */
  static async start(
    job: SoakJob,
    options: ChildOptions,
    signal: AbortSignal | undefined,
  ): Promise<SoakChild> {
    if (!existsSync(path.join(options.distDir, 'engine-runner.js'))) {
      throw new UserError(
        `${path.join(options.distDir, 'engine-runner.js')} is missing: run \`npm run build\``,
        3,
      );
    }
    if (signal?.aborted) throw abortError();
    const child = new SoakChild(options, signal);
    const waiting = child.#reply();
    child.#child.on('message', (raw) => child.#take(raw as ChildMessage, job));
    await waiting;
    return child;
  }

  async epoch(order: SoakEpochOrder): Promise<SoakEpochResult> {
    const reply = this.#reply();
    if (this.#failure === null) {
      this.#child.send(order, (error) => {
        if (error !== null)
          this.#fail(new UserError("the engine's process cannot be reached: start the soak again", 3));
      });
    }
    const result = await reply;
    if (result === null) throw new Error('the child answered another question');
    return result;
  }

  end(): void {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#failure ??= new Error('the soak has ended');
    this.#child.kill('SIGKILL');
  }

  readonly #abort = (): void => {
    this.#fail(abortError());
    this.#child.kill('SIGKILL');
  };

  #reply(): Promise<SoakEpochResult | null> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) reject(this.#failure);
      else this.#waiting = { resolve, reject };
    });
  }

  #settle(result: SoakEpochResult | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(result);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(this.#failure);
  }

  #take(message: ChildMessage, job: SoakJob): void {
    if (message.type === 'ready') this.#child.send(job);
    else if (message.type === 'waiting') this.#settle(null);
    else if (message.type === 'epoch') this.#settle(message.result);
    else if (message.type === 'error') {
      const { message: text, exitCode } = message;
      this.#fail(exitCode === null ? new Error(text) : new UserError(text, exitCode));
    }
  }
}
